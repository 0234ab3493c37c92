"""We changed the tags of a photo: see to it that Immich keeps that."""

from collections.abc import Sequence

from reactor.core.entry_orders import KeepTags
from reactor.core.events import Event
from reactor.core.interventions import TagsWritten
from reactor.ports import Services
from reactor.routing import Outcome, Router

router = Router()


def lane(event: Event) -> str:
    """Return the lane of the photo's tags: one writer at a time."""
    return f"tags:{event.subject}"


@router.on(TagsWritten, name="keep", lane=lane, concurrency=4)
async def keep(events: Sequence[Event], services: Services) -> Outcome:
    """Order the look; what is to be done again is decided by what stands then."""
    (event,) = events
    assert isinstance(event, TagsWritten)
    return Outcome(changes=(KeepTags(account=event.account, asset=event.asset, entry=event.entry),))
