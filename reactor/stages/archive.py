"""A category wants a photo in the archive: archive it, a stack only as a whole."""

from collections.abc import Collection, Sequence

from reactor.core.archiving import archivable
from reactor.core.changes import ArchiveAssets, Reason
from reactor.core.errors import Gone, Held, Retryable
from reactor.core.events import ArchiveWanted, Event
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Asset
from reactor.ports import Library, Services
from reactor.routing import Outcome, Router

router = Router()

STACK_PATIENCE_S = 1.0


def lane(event: Event) -> str:
    """Return the lane of the account's stacks: a stack never grows while it is being archived."""
    return f"stacks:{event.account}"


@router.on(ArchiveWanted, name="archive", lane=lane, batch=True)
async def archive(events: Sequence[Event], services: Services) -> Outcome:
    """Wish for the archive of each photo or whole stack; raises Held until the photos' own stacks are decided."""
    wanted = {event.asset: event for event in events if isinstance(event, ArchiveWanted)}
    account = events[0].account
    for asset in wanted:
        if await services.backlog.pending(account, asset, "stack"):
            # A scan may keep the stacks busy for hours, so waiting for them must cost no try.
            raise Held("the photo's stack is not decided yet", after=STACK_PATIENCE_S)
    changes: list[ArchiveAssets] = []
    seen: set[AssetId] = set()
    for asset, event in wanted.items():
        if asset in seen:
            continue
        together = await _together(asset, services.library(account))
        seen |= {member.id for member in together}
        if assets := await _agreed(account, together, wanted, services):
            rule = f"wanted in the archive by {', '.join(event.categories)}"
            changes.append(ArchiveAssets(account=account, assets=assets, reason=Reason(rule=rule)))
    return Outcome(changes=tuple(changes))


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


async def _agreed(
    account: AccountId, together: Sequence[Asset], wanted: Collection[AssetId], services: Services
) -> tuple[AssetId, ...]:
    ids = [asset.id for asset in together]
    others = [asset for asset in ids if asset not in wanted]
    heard = await services.backlog.heard(account, others, ArchiveWanted.__name__) if others else frozenset()
    done = await services.journal.newest(account, "archive", ids)
    return archivable(together, {*wanted, *map(AssetId, heard)}, done)
