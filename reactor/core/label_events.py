"""Facts about the labels of a photo: what its categories ask for, and what is doubted of what they asked for before."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from reactor.core.ids import AccountId, AssetId


@dataclass(frozen=True, kw_only=True)
class OfAsset:
    """What events about a photo or video share."""

    account: AccountId
    asset: AssetId

    @property
    def subject(self) -> str:
        return self.asset


@dataclass(frozen=True, kw_only=True)
class FavouriteWanted(OfAsset):
    """Categories that make favourites matched the photo."""

    categories: tuple[str, ...]
    model: str
    checksum: str

    @property
    def version(self) -> str:
        return f"{self.model}:{self.checksum}:{short_of(self.categories)}"


@dataclass(frozen=True, kw_only=True)
class AlbumWanted(OfAsset):
    """Categories that put what they match into this album (a name or an id) matched the photo."""

    album: str
    categories: tuple[str, ...]
    model: str
    checksum: str

    @property
    def version(self) -> str:
        return f"{self.model}:{self.checksum}:{short_of((self.album, *self.categories))}"


@dataclass(frozen=True, kw_only=True)
class FacesAwaited(OfAsset):
    """A photo fits a category that asks who is seen on it, which Immich has not said yet."""

    model: str
    checksum: str

    @property
    def version(self) -> str:
        return f"{self.model}:{self.checksum}"


@dataclass(frozen=True, kw_only=True)
class LabelsDoubted(OfAsset):
    """What labels are decided by changed, and the photo carries tags of ours that may not be asked for any more.

    ``why`` names the change; the same doubt is told once.
    """

    why: str

    @property
    def version(self) -> str:
        return self.why


@dataclass(frozen=True, kw_only=True)
class ArchiveDoubted(OfAsset):
    """We archived the photo for categories of which none wants it there any more; ``why`` is told once."""

    categories: tuple[str, ...]
    why: str

    @property
    def version(self) -> str:
        return self.why


@dataclass(frozen=True, kw_only=True)
class Unarchived(OfAsset):
    """By ``entry`` a rule brought the photo back from the archive; the cover of its stack may not be shown by now."""

    entry: int

    @property
    def version(self) -> str:
        return str(self.entry)


def short_of(names: Sequence[str]) -> str:
    """Return what tells lists of names apart, as short as the key of an event has to be."""
    return sha256("\0".join(names).encode()).hexdigest()[:16]
