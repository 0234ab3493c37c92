"""A category wants a photo among the favourites."""

from collections.abc import Collection, Sequence

from reactor.core.categories import tag_of
from reactor.core.changes import FavouriteAsset, Reason
from reactor.core.events import Event, FavouriteWanted
from reactor.core.ids import AccountId, AssetId
from reactor.core.vetoes import vetoed_tags
from reactor.core.wanted import favouring_of
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
    asking = favouring_of(services.categories(event.account)).intersection(event.categories)
    categories = await _wanting(event.account, event.asset, asking, services)
    if not categories:
        return Outcome()
    reason = Reason(rule=f"wanted as a favourite by {', '.join(categories)}")
    change = FavouriteAsset(account=event.account, asset=event.asset, categories=categories, reason=reason)
    return Outcome(changes=(change,))


async def _wanting(
    account: AccountId, asset: AssetId, categories: Collection[str], services: Services
) -> tuple[str, ...]:
    """Return the categories that still want it: not one whose tag the user took off the photo."""
    if not categories:
        return ()
    off = vetoed_tags((await services.journal.past(account, "tags", (asset,))).vetoes)
    return tuple(sorted(name for name in categories if tag_of(name) not in off))
