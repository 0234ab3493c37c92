"""A category wants a photo among the favourites, or in an album."""

from collections.abc import Sequence

from reactor.core.changes import AddToAlbum, FavouriteAsset, Reason
from reactor.core.events import Event
from reactor.core.label_events import AlbumWanted, FavouriteWanted
from reactor.core.wanted import favouring_of, filling_of
from reactor.ports import Services
from reactor.routing import Outcome, Router
from reactor.stages.labelled import asking

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
    found = favouring_of(await asking(event.account, event.asset, services))
    categories = tuple(sorted(found.intersection(event.categories)))
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
    filling = filling_of(await asking(event.account, event.asset, services))
    categories = tuple(sorted(name for name in event.categories if (name, event.album) in filling))
    if not categories:
        return Outcome()
    reason = Reason(rule=f"wanted in the album {event.album} by {', '.join(categories)}")
    change = AddToAlbum(
        account=event.account, asset=event.asset, album=event.album, categories=categories, reason=reason
    )
    return Outcome(changes=(change,))
