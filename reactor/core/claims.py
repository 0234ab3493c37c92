"""What we left standing outside, as the slow sweep compares it with what stands there now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reactor.core.ids import AccountId, AlbumId, AssetId, FaceId, TagId
from reactor.core.vetoes import MANY

HANDFUL = 5
"""Of portraits: so many are deleted by hand, though no other is left in Frigate then."""


@dataclass(frozen=True, kw_only=True)
class StackClaim:
    """A stack that ``entry`` left, and no later one touched.

    ``chosen`` are covers that a person has given to it since, the latest first, ``released`` those of which that was
    revoked; ``moved`` are those that we put on top since, for others that left the timeline.
    """

    entry: int
    cover: AssetId
    members: frozenset[AssetId]
    chosen: tuple[AssetId, ...] = ()
    released: frozenset[AssetId] = frozenset()
    moved: frozenset[AssetId] = frozenset()

    @property
    def expected(self) -> AssetId:
        """Return the cover that is no news."""
        return self.chosen[0] if self.chosen else self.cover


@dataclass(frozen=True, kw_only=True)
class AlbumClaim:
    """The photos that entries put into an album, each with the newest of those; ``name`` is what categories call it."""

    album: AlbumId
    name: str
    photos: Mapping[AssetId, int]


@dataclass(frozen=True, kw_only=True)
class PortraitClaim:
    """A file that ``entry`` put into Frigate's folder of a name."""

    account: AccountId
    entry: int
    face: FaceId
    name: str
    file: str


def gone_together(gone: Sequence[PortraitClaim], there: Collection[str]) -> bool:
    """Say whether so many portraits went at once that it is to be asked who did it.

    ``there`` are the files of all people: a Frigate that was set up anew has none.
    """
    return len(gone) >= MANY or (len(gone) > HANDFUL and not there)


@dataclass(frozen=True, kw_only=True)
class MadeTag:
    """A tag that ``entry`` made in Immich, and that nothing of ours leaves on a photo any more."""

    tag: str
    id: TagId
    entry: int


def leftover(made: Sequence[MadeTag], listed: Mapping[str, TagId], wanted: Collection[str]) -> tuple[MadeTag, ...]:
    """Return which tags of ours stand in Immich's list for nothing: those that no ``wanted`` one is, or lies below.

    One with another below it stays, whoever made that: Immich would delete it too. So does one that was deleted and
    made again, which has another id.
    """
    return tuple(
        one
        for one in made
        if listed.get(one.tag) == one.id
        and not any(tag.startswith(f"{one.tag}/") for tag in listed)
        and not any(f"{tag}/".startswith(f"{one.tag}/") for tag in wanted)
    )
