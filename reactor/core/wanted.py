"""What the categories of a photo ask for beside its tags and the archive."""

from collections.abc import Collection

from reactor.core.categories import Category
from reactor.core.events import Event
from reactor.core.ids import AccountId, AssetId
from reactor.core.label_events import AlbumWanted, FavouriteWanted


def wanted(
    account: AccountId, asset: AssetId, categories: Collection[Category], *, model: str, checksum: str
) -> tuple[Event, ...]:
    """Return what follows of the enabled categories that the photo surely belongs to.

    All that make it a favourite ask for that together, and so do all that put it into the same album.
    """
    enabled = [one for one in categories if one.enabled]
    favouring = tuple(sorted(one.name for one in enabled if one.favourite))
    found: list[Event] = []
    if favouring:
        found.append(
            FavouriteWanted(account=account, asset=asset, categories=favouring, model=model, checksum=checksum)
        )
    for album in sorted({one.album for one in enabled if one.album is not None}):
        filling = tuple(sorted(one.name for one in enabled if one.album == album))
        found.append(
            AlbumWanted(account=account, asset=asset, album=album, categories=filling, model=model, checksum=checksum)
        )
    return tuple(found)


def favouring_of(categories: Collection[Category]) -> frozenset[str]:
    """Return the names of the enabled categories that make favourites."""
    return frozenset(one.name for one in categories if one.enabled and one.favourite)


def filling_of(categories: Collection[Category]) -> frozenset[tuple[str, str]]:
    """Return the enabled categories that put photos into albums: the name of each, and its album."""
    return frozenset((one.name, one.album) for one in categories if one.enabled and one.album is not None)
