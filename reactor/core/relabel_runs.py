"""What is asked of a run that looks at stored labels again, and how far it is."""

from dataclasses import dataclass
from typing import Literal

from reactor.core.ids import AccountId


@dataclass(frozen=True, kw_only=True)
class RelabelRequest:
    """Hold stored photos against the categories of now; no picture is looked at again.

    ``tags`` are those that are looked for, None for all; a photo that is found is decided whole. Tags of ours that
    nothing asks for any more are taken off; with ``add`` what is missing is set, too. ``accounts`` None means all;
    ``dry`` plans and changes nothing. ``budget`` is the number of changes after which it asks whether to go on.
    """

    accounts: tuple[AccountId, ...] | None = None
    tags: tuple[str, ...] | None = None
    add: bool = False
    dry: bool = False
    budget: int | None = None

    @property
    def kind(self) -> Literal["relabel"]:
        return "relabel"


@dataclass(frozen=True, kw_only=True)
class RelabelProgress:
    """How far it is: ``done`` accounts, and behind which photo of the next one; ``looked`` at, of about ``photos``.

    ``waits_for`` are the deliveries (id, attempts) that may still set labels by the rules of before; None while they
    are not known yet.
    """

    waits_for: tuple[tuple[int, int], ...] | None = None
    done: tuple[AccountId, ...] = ()
    after: str = ""
    looked: int = 0
    photos: int | None = None
    differing: int = 0
    fed: bool = False


RELABELLERS = ("classify", "classify-faces", "retract", "archive", "unarchive", "favour", "album")
"""The only handlers that such a run asks."""


def relabel_title(request: RelabelRequest) -> tuple[str, ...]:
    """Say in parts what was asked for."""
    what = "Labels set and taken back by the categories of now" if request.add else "Labels that no category asks for"
    return (
        f"{'Dry look at: ' if request.dry else ''}{what}",
        f"of {' and '.join(request.accounts)}" if request.accounts else "",
        f"only {', '.join(request.tags)}" if request.tags is not None else "",
    )


def share_of_relabel(progress: RelabelProgress) -> float:
    """Return how much was asked for, 0 to 1."""
    if progress.fed:
        return 1.0
    return min(1.0, progress.looked / progress.photos) if progress.photos else 0.0
