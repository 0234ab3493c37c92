"""A tag that we made is on no photo any more, and no category sets it: it need not stand in Immich's list."""

from collections.abc import Sequence

from reactor.core.changes import Reason, RemoveTag
from reactor.core.events import Event
from reactor.core.interventions import TagEmptied
from reactor.ports import Services
from reactor.routing import Outcome, Router

router = Router()


@router.on(TagEmptied, name="tidy")
async def tidy(events: Sequence[Event], services: Services) -> Outcome:
    """Wish for its deletion, unless a category sets it, or one below it, by now."""
    (event,) = events
    assert isinstance(event, TagEmptied)
    categories = (await services.rules.catalogue()).of(event.account)
    if any(f"{one.tag}/".startswith(f"{event.tag}/") for one in categories):
        return Outcome()
    change = RemoveTag(
        account=event.account,
        tag=event.tag,
        tag_id=event.tag_id,
        undoes=event.entry,
        reason=Reason(rule="made by us, on no photo and of no category any more"),
    )
    return Outcome(changes=(change,))
