"""A category wants a photo in the archive: archive it, a stack only as a whole."""

from collections.abc import Sequence

from reactor.core.archiving import archivable
from reactor.core.changes import ArchiveAssets, Reason
from reactor.core.errors import Gone, Held, Retryable
from reactor.core.events import ArchiveWanted, Event
from reactor.core.ids import AssetId
from reactor.core.library import Asset
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
    together = await _together(event.asset, services.library(event.account))
    if not (assets := await _agreed(event, together, services)):
        return Outcome()
    reason = Reason(rule=f"wanted in the archive by {', '.join(event.categories)}")
    return Outcome(changes=(ArchiveAssets(account=event.account, assets=assets, reason=reason),))


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
    done = await services.journal.newest(event.account, "archive", ids)
    return archivable(together, {event.asset, *map(AssetId, heard)}, done)
