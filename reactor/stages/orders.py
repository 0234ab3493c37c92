"""A person asked for something about an entry of the journal: to take it back, or to do what it planned."""

from collections.abc import Sequence

from reactor.core.categories import archiving_of
from reactor.core.changes import CarryOut, TagAsset, Undo
from reactor.core.events import ArchiveWanted, Event
from reactor.core.ids import AssetId
from reactor.core.interventions import ApplyAsked, UndoAsked
from reactor.core.journal import EntryState
from reactor.ports import Services
from reactor.routing import Outcome, Router

router = Router()


def lane(event: Event) -> str:
    """Return the lane in which the entry's own change was made: one writer at a time, whoever asked."""
    assert isinstance(event, UndoAsked | ApplyAsked)
    match event.feature:
        case "tags":
            return f"tags:{event.subject}"
        case "archive" | "stacks":
            return f"stacks:{event.account}"
        case "faces":
            return "frigate"


@router.on(UndoAsked, name="undo", lane=lane, concurrency=4)
async def undo(events: Sequence[Event], services: Services) -> Outcome:
    """Order the undo; what may still be taken back is decided by what stands then."""
    (event,) = events
    assert isinstance(event, UndoAsked)
    order = Undo(
        account=event.account, entry=event.entry, feature=event.feature, subjects=event.photos, tags=event.tags
    )
    return Outcome(changes=(order,))


@router.on(ApplyAsked, name="apply", lane=lane, concurrency=4)
async def apply(events: Sequence[Event], services: Services) -> Outcome:
    """Order what was planned or suggested; a tag that was accepted brings its photo to the archive where it should."""
    (event,) = events
    assert isinstance(event, ApplyAsked)
    order = CarryOut(account=event.account, entry=event.entry, feature=event.feature, subjects=event.photos)
    return Outcome(events=await _follow_ups(event, services), changes=(order,))


async def _follow_ups(event: ApplyAsked, services: Services) -> tuple[Event, ...]:
    entry = await services.journal.entry(event.entry)
    # It may have been carried out by a try that broke off before these were told.
    if entry is None or entry.state not in (EntryState.SUGGESTED, EntryState.CARRIED_OUT):
        return ()
    if not isinstance(entry.change, TagAsset) or entry.change.reason.sure:
        return ()
    archiving = archiving_of(entry.change.tags, services.categories(event.account))
    if not archiving:
        return ()
    photos = await services.photos.embedded(event.account, (entry.change.asset,), services.embedder.model)
    return tuple(
        ArchiveWanted(
            account=event.account,
            asset=AssetId(photo.asset),
            categories=archiving,
            model=services.embedder.model,
            checksum=photo.checksum,
        )
        for photo in photos
    )
