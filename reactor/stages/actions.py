"""A category wants a photo among the favourites, or in an album."""

from collections.abc import Collection, Sequence

from reactor.core.categories import tag_of
from reactor.core.changes import AddToAlbum, FavouriteAsset, Reason
from reactor.core.events import Event
from reactor.core.ids import AccountId, AssetId
from reactor.core.label_events import AlbumWanted, FavouriteWanted
from reactor.core.vetoes import vetoed_tags
from reactor.core.wanted import favouring_of, filling_of
from reactor.ports import Services
from reactor.routing import Outcome, Router

router = Router()


def lane(event: Event) -> str:
    """Return the lane of the photo's tags: one writer at a time."""
    return f"tags:{event.subject}"


# Apart from the tags, so that a limit that holds favourites holds no tag.
@router.on(FavouriteWanted, name="favour", lane=lane, concurrency=4)
async def favour(events: Sequence[Event], services: Services) -> Outcome:
    """Wish for the photo among the favourites, once, for all categories that want it."""
    (event,) = events
    assert isinstance(event, FavouriteWanted)
    asking = favouring_of((await services.rules.catalogue()).active(event.account)).intersection(event.categories)
    categories = await _wanting(event.account, event.asset, asking, services)
    if not categories:
        return Outcome()
    reason = Reason(rule=f"wanted as a favourite by {', '.join(categories)}")
    change = FavouriteAsset(account=event.account, asset=event.asset, categories=categories, reason=reason)
    return Outcome(changes=(change,))


def album_lane(event: Event) -> str:
    """Return the lane of the account's albums: two at once might both make the one that is missing."""
    return f"albums:{event.account}"


# Apart from the tags as well, so that a permission that is missing, or an album, holds no tag.
@router.on(AlbumWanted, name="album", lane=album_lane, concurrency=4)
async def album(events: Sequence[Event], services: Services) -> Outcome:
    """Wish for the photo in the album, for all categories that want it there."""
    (event,) = events
    assert isinstance(event, AlbumWanted)
    filling = filling_of((await services.rules.catalogue()).active(event.account))
    asking = [name for name in event.categories if (name, event.album) in filling]
    categories = await _wanting(event.account, event.asset, asking, services)
    if not categories:
        return Outcome()
    reason = Reason(rule=f"wanted in the album {event.album} by {', '.join(categories)}")
    change = AddToAlbum(
        account=event.account, asset=event.asset, album=event.album, categories=categories, reason=reason
    )
    return Outcome(changes=(change,))


async def _wanting(
    account: AccountId, asset: AssetId, categories: Collection[str], services: Services
) -> tuple[str, ...]:
    """Return the categories that still want it: not one whose tag the user took off the photo."""
    if not categories:
        return ()
    off = vetoed_tags((await services.journal.past(account, "tags", (asset,))).vetoes)
    return tuple(sorted(name for name in categories if tag_of(name) not in off))
