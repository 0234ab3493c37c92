"""A person asked for something about an entry of the journal: to take it back, or to do what it planned."""

from collections.abc import Sequence

from reactor.core.categories import Category, archiving_of, tag_of
from reactor.core.changes import ArchiveAssets, TagAsset, UnarchiveAssets, UntagAsset
from reactor.core.entry_orders import CarryOut, Undo
from reactor.core.errors import Gone
from reactor.core.events import ArchiveWanted, Event
from reactor.core.ids import AccountId, AssetId
from reactor.core.interventions import ApplyAsked, UndoAsked
from reactor.core.journal import Entry, EntryState
from reactor.core.labelling import stale_tags
from reactor.core.wanted import favouring_of, filling_of, planned_for, still_asking, wanted
from reactor.ports import Services
from reactor.routing import Outcome, Router
from reactor.stages.labelled import look_at, taken_back

router = Router()


def lane(event: Event) -> str:
    """Return the lane in which the entry's own change was made: one writer at a time, whoever asked."""
    assert isinstance(event, UndoAsked | ApplyAsked)
    match event.feature:
        case "tags" | "favourites":
            return f"tags:{event.subject}"
        case "archive" | "stacks":
            return f"stacks:{event.account}"
        case "albums":
            return f"albums:{event.account}"
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
    """Order what was planned or suggested; what an accepted tag asks for besides (the archive, an album) follows."""
    (event,) = events
    assert isinstance(event, ApplyAsked)
    entry = await services.journal.entry(event.entry)
    if entry is None:
        return Outcome()
    enabled = await _asking(entry, services)
    order = CarryOut(
        account=event.account,
        entry=event.entry,
        feature=event.feature,
        subjects=event.photos,
        tags=frozenset(one.tag for one in enabled),
        archiving=frozenset(one.name for one in enabled if one.action == "tag_and_archive"),
        favouring=favouring_of(enabled),
        albums=filling_of(enabled),
        stale=await _stale(entry, services),
    )
    return Outcome(events=await _follow_ups(event, entry, services), changes=(order,))


async def _asking(entry: Entry, services: Services) -> tuple[Category, ...]:
    """Return the enabled categories; of those that a plan names only such as still ask for it."""
    account = entry.change.account
    enabled = tuple(one for one in await _categories(account, services) if one.enabled)
    if (plan := planned_for(entry)) is None:
        return enabled
    assets, named = plan
    try:
        still = [await _still(account, asset, named, services) for asset in assets]
    except Gone:
        return enabled  # the plan itself says so
    return still_asking(enabled, named, still)


async def _still(account: AccountId, asset: AssetId, tags: frozenset[str], services: Services) -> frozenset[str]:
    """Return those of the tags that a category may ask for by now, or of which nothing can be said."""
    look = await look_at(account, asset, services.embedder.model, services)
    if look is None:
        return tags
    accepted = await services.labels.accepted(account, asset)
    return tags - set(stale_tags(tags, look.labels, look.catalogue, account, accepted))


async def _categories(account: AccountId, services: Services) -> tuple[Category, ...]:
    return (await services.rules.catalogue()).active(account)


async def _stale(entry: Entry, services: Services) -> frozenset[str] | None:
    """Return what of a planned retraction nothing asks for now either; None for any other entry."""
    match entry.change, entry.state:
        case (UntagAsset(by="rule") | UnarchiveAssets(by="rule")) as change, EntryState.PLANNED:
            assets = (change.asset,) if isinstance(change, UntagAsset) else change.assets
        case _:
            return None
    found: set[str] = set()
    for asset in assets:
        look = await look_at(change.account, asset, services.embedder.model, services, vectorless=True)
        if look is None:
            continue
        untagging, doubts = await taken_back(look, services)
        if isinstance(change, UntagAsset):
            found.update(tag for one in untagging if isinstance(one, UntagAsset) for tag in one.tags)
        elif doubts:
            found.add(asset)
    return frozenset(found)


async def _follow_ups(event: ApplyAsked, entry: Entry, services: Services) -> tuple[Event, ...]:
    match entry.change, entry.state:
        # It may have been carried out by a try that broke off before these were told.
        case TagAsset(reason=reason) as change, EntryState.SUGGESTED | EntryState.CARRIED_OUT if not reason.sure:
            archiving = archiving_of(change.tags, await _categories(event.account, services))
            archive = await _archiving((change.asset,), archiving, event.account, services)
            return (*archive, *await _more(change, services))
        case ArchiveAssets() as change, EntryState.PLANNED | EntryState.SUPERSEDED:
            categories = await _categories(event.account, services)
            archiving = archiving_of([tag_of(name) for name in change.categories], categories)
            if archiving and await _stacked_since(change, services):
                return await _archiving(change.assets, archiving, event.account, services)
    return ()


async def _stacked_since(change: ArchiveAssets, services: Services) -> bool:
    """Say whether a photo stands in a stack with others by now, of which the plan knew nothing."""
    library = services.library(change.account)
    try:
        for name in change.assets:
            asset = await library.asset(name)
            if asset.stack is not None and not (await library.stack(asset.stack)).members <= {*change.assets}:
                return True
    except Gone:
        return False  # the plan itself says so
    return False


async def _more(change: TagAsset, services: Services) -> tuple[Event, ...]:
    """Return what the categories of an accepted tag ask for beside tag and archive."""
    model = services.embedder.model
    accepted = [one for one in await _categories(change.account, services) if one.tag in change.tags]
    photos = await services.photos.embedded(change.account, (change.asset,), model)
    return tuple(
        event
        for photo in photos
        for event in wanted(change.account, change.asset, accepted, model=model, checksum=photo.checksum)
    )


async def _archiving(
    assets: Sequence[AssetId], archiving: tuple[str, ...], account: AccountId, services: Services
) -> tuple[Event, ...]:
    """Ask whether the photos are to be archived, for these categories."""
    if not archiving:
        return ()
    photos = await services.photos.embedded(account, assets, services.embedder.model)
    return tuple(
        ArchiveWanted(
            account=account,
            asset=AssetId(photo.asset),
            categories=archiving,
            model=services.embedder.model,
            checksum=photo.checksum,
        )
        for photo in photos
    )
