"""What the categories of a photo ask for beside its tags and the archive, and who still asks for what was planned."""

from collections.abc import Collection, Sequence

from reactor.core.categories import Category, tag_of
from reactor.core.changes import AddToAlbum, ArchiveAssets, FavouriteAsset, TagAsset
from reactor.core.events import Event
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import Entry, EntryState
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


def planned_for(entry: Entry) -> tuple[tuple[AssetId, ...], frozenset[str]] | None:
    """Return the photos of a plan, and the tags of the categories that asked for it; None where it is no such plan."""
    if entry.state is not EntryState.PLANNED:
        return None
    match entry.change:
        case TagAsset(asset=asset, tags=tags):
            return (asset,), frozenset(tags)
        case FavouriteAsset(asset=asset, categories=names) | AddToAlbum(asset=asset, categories=names):
            return (asset,), frozenset(map(tag_of, names))
        case ArchiveAssets(assets=assets, categories=names):
            return assets, frozenset(map(tag_of, names))
        case _:
            return None


def still_asking(
    enabled: Collection[Category], named: Collection[str], still: Sequence[Collection[str]]
) -> tuple[Category, ...]:
    """Return the enabled categories without those of the ``named`` tags that ask for a plan no more.

    ``still`` holds, for each photo of the plan, those of the tags that still ask for it. A stack goes to the archive
    where each of its photos is wanted there, by whatever category; where one is not, none asks for it any more.
    """
    asking = frozenset[str]().union(*still) if all(still) else frozenset[str]()
    return tuple(one for one in enabled if one.tag in asking or one.tag not in named)
