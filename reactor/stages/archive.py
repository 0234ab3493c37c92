"""A category wants a photo in the archive: archive it, a stack only as a whole."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from reactor.core.archiving import archivable
from reactor.core.changes import ArchiveAssets, Reason, UnarchiveAssets
from reactor.core.errors import Gone, Held, Retryable
from reactor.core.events import ArchiveWanted, Event
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import Entry
from reactor.core.label_events import ArchiveDoubted
from reactor.core.library import Asset
from reactor.core.past import was_archived
from reactor.core.undo import undo_of
from reactor.core.vetoes import vetoed_subjects
from reactor.ports import Library, Services
from reactor.routing import Outcome, Router
from reactor.stages.labelled import asking

router = Router()

SWITCHED_OFF_S = 5.0


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
    wanting = (await _wanting(event.account, event.asset, services)).intersection(event.categories)
    if not wanting:
        return Outcome()
    together = await _together(event.asset, services.library(event.account))
    assets, others = await _agreed(event, together, services)
    if not assets:
        return Outcome()
    categories = tuple(sorted(wanting | others))
    reason = Reason(rule=f"wanted in the archive by {', '.join(categories)}")
    change = ArchiveAssets(account=event.account, assets=assets, categories=categories, reason=reason)
    return Outcome(changes=(change,))


@router.on(ArchiveDoubted, name="unarchive", lane=lane)
async def unarchive(events: Sequence[Event], services: Services) -> Outcome:
    """Bring the photo back that we archived for categories of which none wants it there any more; a stack whole.

    Nothing is brought back while a category that archives has its tag of ours there, nor of a stack of which the user
    archived a part. Raises Held while labelling is switched off: the doubt is told once.
    """
    (event,) = events
    assert isinstance(event, ArchiveDoubted)
    catalogue = await services.rules.catalogue()
    if not catalogue.enabled:
        raise Held("labelling is switched off", after=SWITCHED_OFF_S)
    tags, entry = await services.labels.left(event.account, event.asset)
    if entry is None:
        return Outcome()
    archiving = {one.tag for one in catalogue.of(event.account) if one.archives}
    if archiving.intersection(tags):
        return Outcome()
    together = await _together(event.asset, services.library(event.account))
    entries = {entry.id: entry}
    for asset in together:
        if asset.visibility != "archive":
            continue
        _, theirs = await services.labels.left(event.account, asset.id)
        if theirs is None or not was_archived(theirs, asset.id):
            return Outcome()
        entries[theirs.id] = theirs
    ids = {asset.id for asset in together}
    why = Reason(rule=f"no category wants it in the archive any more ({', '.join(event.categories)})")
    found = [await _bringing(entries[number], ids, services) for number in sorted(entries)]
    return Outcome(changes=tuple(replace(one, by="rule", reason=why) for one in found if one is not None))


async def _bringing(entry: Entry, together: Collection[AssetId], services: Services) -> UnarchiveAssets | None:
    """Return what brings back of an entry what stands together; who was taken out of the stack since stays."""
    change = undo_of(entry)
    if not isinstance(change, UnarchiveAssets):
        return None
    rest = [asset for asset in change.assets if asset not in together]
    left = [(await services.labels.left(change.account, asset))[1] for asset in rest]
    whole = not any(theirs is not None and theirs.id == entry.id for theirs in left)
    assets = tuple(asset for asset in change.assets if asset in together)
    return replace(change, assets=assets, whole=whole) if assets else None


async def _wanting(account: AccountId, asset: AssetId, services: Services) -> frozenset[str]:
    """Return the categories that want a photo in the archive now."""
    return frozenset(one.name for one in await asking(account, asset, services) if one.archives)


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
    event: ArchiveWanted, together: Sequence[Asset], services: Services
) -> tuple[tuple[AssetId, ...], frozenset[str]]:
    """Return what to archive, and who wants the others of the stack there; nothing where one is not wanted."""
    ids = [asset.id for asset in together]
    heard = {event.asset, *(await services.backlog.heard(event.account, ids, ArchiveWanted.__name__))}
    if not heard.issuperset(ids):
        return (), frozenset()
    wanting = {asset: await _wanting(event.account, asset, services) for asset in ids if asset != event.asset}
    past = await services.journal.past(event.account, "archive", ids)
    wanted = {event.asset, *(asset for asset, categories in wanting.items() if categories)}
    assets = archivable(together, wanted, past.newest, vetoed_subjects(past.vetoes, "archive"))
    return assets, frozenset[str]().union(*wanting.values())
