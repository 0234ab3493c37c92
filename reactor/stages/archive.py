"""A category wants a photo in the archive: archive it, a stack only as a whole."""

from collections.abc import Sequence
from dataclasses import replace

from reactor.core.archiving import archivable
from reactor.core.categories import tag_of
from reactor.core.changes import ArchiveAssets, Reason, UnarchiveAssets
from reactor.core.errors import Gone, Held, Retryable
from reactor.core.events import ArchiveWanted, Event
from reactor.core.ids import AccountId, AssetId
from reactor.core.label_events import ArchiveDoubted
from reactor.core.library import Asset
from reactor.core.past import was_archived
from reactor.core.undo import undo_of
from reactor.core.vetoes import vetoed_subjects, vetoed_tags
from reactor.ports import Library, Services
from reactor.routing import Outcome, Router

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
    if not (categories := await _wanting(event, services)):
        return Outcome()
    together = await _together(event.asset, services.library(event.account))
    if not (assets := await _agreed(event, together, services)):
        return Outcome()
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
    entries = {entry.id: entry}
    for asset in await _together(event.asset, services.library(event.account)):
        if asset.visibility != "archive":
            continue
        _, theirs = await services.labels.left(event.account, asset.id)
        if theirs is None or not was_archived(theirs, asset.id):
            return Outcome()
        entries[theirs.id] = theirs
    why = Reason(rule=f"no category wants it in the archive any more ({', '.join(event.categories)})")
    found = [undo_of(entries[number]) for number in sorted(entries)]
    changes = tuple(replace(one, by="rule", reason=why) for one in found if isinstance(one, UnarchiveAssets))
    return Outcome(changes=changes)


async def _wanting(event: ArchiveWanted, services: Services) -> tuple[str, ...]:
    """Return the categories that still want it: that archive now, and whose tag the user did not take off the photo."""
    active = (await services.rules.catalogue()).active(event.account)
    archiving = {one.name for one in active if one.enabled and one.archives}
    off = vetoed_tags((await services.journal.past(event.account, "tags", (event.asset,))).vetoes)
    return tuple(name for name in event.categories if name in archiving and tag_of(name) not in off)


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
    wanted = {event.asset, *(await _wanted_still([AssetId(name) for name in heard], event.account, services))}
    return archivable(together, wanted, past.newest, vetoed_subjects(past.vetoes, "archive"))


async def _wanted_still(heard: Sequence[AssetId], account: AccountId, services: Services) -> set[AssetId]:
    """Return those that some category wanted in the archive and that the rules have not given up since."""
    given_up = await services.labels.retracted(account, heard)
    if not given_up:
        return set(heard)
    archiving = {one.tag for one in (await services.rules.catalogue()).of(account) if one.archives}
    left = {asset: (await services.labels.left(account, asset))[0] for asset in given_up}
    return set(heard) - {asset for asset, tags in left.items() if archiving.isdisjoint(tags)}
