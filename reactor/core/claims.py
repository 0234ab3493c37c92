"""What we left standing outside, as the slow sweep compares it with what stands there now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reactor.core.ids import AccountId, AssetId, FaceId

GONE_SHARE = 0.2
GONE_LEAST = 3


@dataclass(frozen=True, kw_only=True)
class StackClaim:
    """A stack that ``entry`` left, and no later one touched.

    ``chosen`` are covers that a person has given to it since, the latest first, ``released`` those of which that was
    revoked.
    """

    entry: int
    cover: AssetId
    members: frozenset[AssetId]
    chosen: tuple[AssetId, ...] = ()
    released: frozenset[AssetId] = frozenset()

    @property
    def expected(self) -> AssetId:
        """Return the cover that is no news."""
        return self.chosen[0] if self.chosen else self.cover


@dataclass(frozen=True, kw_only=True)
class PortraitClaim:
    """A file that ``entry`` put into Frigate's folder of a name."""

    account: AccountId
    entry: int
    face: FaceId
    name: str
    file: str


def implausible(gone: Sequence[PortraitClaim], ours: Sequence[PortraitClaim], there: Collection[str]) -> str:
    """Say why nothing may be concluded from what is missing in Frigate, "" where it was deleted one by one.

    ``there`` are the files of all people: a Frigate that was set up anew has none, or only what came since.
    """
    if ours and not there:
        return (
            f"Frigate shows no faces at all, of {len(ours)} that we gave it; was it set up anew? nothing is concluded"
        )
    if len(gone) >= GONE_LEAST and len(gone) > GONE_SHARE * len(ours):
        return f"{len(gone)} of {len(ours)} faces that we gave Frigate are gone at once; nothing is concluded"
    return ""
