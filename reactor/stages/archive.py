"""A category wants a photo in the archive: archive it, a stack only as a whole."""

from collections.abc import Sequence

from reactor.core.archiving import archivable
from reactor.core.categories import tag_of
from reactor.core.changes import ArchiveAssets, Reason
from reactor.core.errors import Gone, Held, Retryable
from reactor.core.events import ArchiveWanted, Event
from reactor.core.ids import AssetId
from reactor.core.library import Asset
from reactor.core.vetoes import vetoed_subjects, vetoed_tags
from reactor.ports import Library, Services
from reactor.routing import Outcome, Router

router = Router()


def lane(event: Event) -> str:
    """Return the lane of the account's stacks: a stack never grows while it is being archived."""
    return f"stacks:{event.account}"


@router.on(ArchiveWanted, name="archive", lane=lane)
async def archive(events: Sequence[Event], services: Services) -> Outcome:
    """Wish for the archive of the photo or its whole stack; raises Held until the photo's own stack is decided."""
    (event,) = events
    assert isinstance(event, ArchiveWanted)
    if await services.backlog.pending(event.account, event.asset, "stack"):
        # A scan may keep the stacks busy for hours, so waiting for them must cost no try.
        raise Held("the photo's stack is not decided yet")
    if not (categories := await _wanting(event, services)):
        return Outcome()
    together = await _together(event.asset, services.library(event.account))
    if not (assets := await _agreed(event, together, services)):
        return Outcome()
    reason = Reason(rule=f"wanted in the archive by {', '.join(categories)}")
    change = ArchiveAssets(account=event.account, assets=assets, categories=categories, reason=reason)
    return Outcome(changes=(change,))


async def _wanting(event: ArchiveWanted, services: Services) -> tuple[str, ...]:
    """Return the categories that still want it: not one whose tag the user took off the photo."""
    off = vetoed_tags((await services.journal.past(event.account, "tags", (event.asset,))).vetoes)
    return tuple(name for name in event.categories if tag_of(name) not in off)


async def _together(asset: AssetId, library: Library) -> tuple[Asset, ...]:
    """Return the photo with the other members of its stack; nothing where it is gone."""
    try:
        photo = await library.asset(asset)
    except Gone:
        return ()
    if photo.stack is None:
        return (photo,)
    try:
        members = (await library.stack(photo.stack)).members - {asset}
        return (photo, *[await library.asset(member) for member in sorted(members)])
    except Gone as error:
        raise Retryable("a stack changed while it was read", after=1.0) from error


async def _agreed(event: ArchiveWanted, together: Sequence[Asset], services: Services) -> tuple[AssetId, ...]:
    ids = [asset.id for asset in together]
    heard = await services.backlog.heard(event.account, ids, ArchiveWanted.__name__)
    past = await services.journal.past(event.account, "archive", ids)
    wanted = {event.asset, *map(AssetId, heard)}
    return archivable(together, wanted, past.newest, vetoed_subjects(past.vetoes, "archive"))
