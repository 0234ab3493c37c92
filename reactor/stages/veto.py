"""The user undid something of ours: look again, and remember never to do it again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reactor.core.changes import FavouriteState, Feature, StackState, TagState, VisibilityState
from reactor.core.errors import Gone, Held, Retryable
from reactor.core.events import AssetChanged, Event
from reactor.core.gathering import taken_out, unfavoured
from reactor.core.ids import AccountId, AssetId, StackId
from reactor.core.interventions import AlbumDeleted, AlbumLeft, CoverChosen, PortraitDeleted, TagDeleted
from reactor.core.journal import Entry, EntryState
from reactor.core.library import StackNow
from reactor.core.moving import held_for
from reactor.core.past import SETTLES, Past, age_of, left_together
from reactor.core.standing import unarchived, unstacked, untagged
from reactor.core.vetoes import Veto, cover_chosen, left_alone, portrait_deleted
from reactor.ports import Library, Services
from reactor.routing import Outcome, Router

router = Router()

SOON_S = 1.0


# No lane: what is remembered is read between two equal looks at the journal with nothing of ours under way, so it does
# not matter what else is decided meanwhile; a wish that was decided on an older look is refused by acts, which looks
# for itself. Two who notice the same write it once (adapters/postgres/vetoes.py).
@router.on(AssetChanged, CoverChosen, TagDeleted, AlbumLeft, AlbumDeleted, PortraitDeleted, name="veto", concurrency=4)
async def veto(events: Sequence[Event], services: Services) -> Outcome:
    """Remember what is undone still; raises Held while a change of ours is under way, or is too young to conclude.

    Whether a portrait is gone the sweep of Frigate has seen for itself.
    """
    (event,) = events
    match event:
        case AssetChanged():
            await services.vetoes.remember(await _undone(event, services))
        case CoverChosen():
            await _cover(event, services)
        case TagDeleted():
            await _tag(event, services)
        case AlbumLeft():
            await services.vetoes.remember(await _left_album(event, services))
        case AlbumDeleted():
            await _album(event, services)
        case PortraitDeleted():
            await _portrait(event, services)
        case _:
            pass
    return Outcome()


async def _undone(event: AssetChanged, services: Services) -> tuple[Veto, ...]:
    found: list[Veto] = []
    if "tags" in event.fields:
        found += await _untagged(event, services)
    if "unarchived" in event.fields:
        found += await _unarchived(event, services)
    if "unfavoured" in event.fields:
        found += await _unfavoured(event, services)
    if "unstacked" in event.fields:
        found += await _unstacked(event, services)
    return tuple(found)


async def _untagged(event: AssetChanged, services: Services) -> tuple[Veto, ...]:
    look = _Look(event.account, "tags", (event.asset,), services)
    before = await look.past()
    if not before.tags:
        return ()
    asset = await services.library(event.account).asset(event.asset)
    await look.expect_same(before)
    return _old_enough(untagged(event.account, asset.id, TagState(tags=asset.tags), before), before, services)


async def _unarchived(event: AssetChanged, services: Services) -> tuple[Veto, ...]:
    look = _Look(event.account, "archive", (event.asset,), services)
    before = await look.past()
    if not before.newest:
        return ()
    asset = await services.library(event.account).asset(event.asset)
    await look.expect_same(before)
    now = VisibilityState(visibility=((asset.id, asset.visibility),) if not asset.trashed else ())
    return _old_enough(unarchived(event.account, now, before), before, services)


async def _unfavoured(event: AssetChanged, services: Services) -> tuple[Veto, ...]:
    look = _Look(event.account, "favourites", (event.asset,), services)
    before = await look.past()
    if not before.newest:
        return ()
    asset = await services.library(event.account).asset(event.asset)
    await look.expect_same(before)
    now = FavouriteState(favourite=asset.favourite)
    return _old_enough(unfavoured(event.account, asset.id, now, before), before, services)


async def _unstacked(event: AssetChanged, services: Services) -> tuple[Veto, ...]:
    past = await services.journal.past(event.account, "stacks", (event.asset,))
    members = left_together(past.newest.get(event.asset), event.asset)
    if members is None:
        return ()
    look = _Look(event.account, "stacks", tuple(sorted(members)), services)
    before = await look.past()
    now = await _stacks_of(sorted(members), services.library(event.account))
    await look.expect_same(before)
    if left_together(entry := before.newest.get(event.asset), event.asset) != members or entry is None:
        raise Held("a change of ours came in between", after=SOON_S)
    if not now.stacks and await _all_gone(members - {event.asset}, services.library(event.account)):
        return (left_alone(event.account, event.asset, entry.id),)
    about_it = replace(before, newest={event.asset: entry})
    return _old_enough(unstacked(event.account, sorted(members), now, about_it), about_it, services)


async def _all_gone(photos: Collection[AssetId], library: Library) -> bool:
    """Say whether none of the photos exists any more; those in the trash may come back."""
    for name in sorted(photos):
        try:
            await library.asset(name)
        except Gone:
            continue
        return False
    return True


async def _stacks_of(members: Sequence[AssetId], library: Library) -> StackState:
    """Return how the photos stand; those in the trash count as missing, for Immich shows them in no stack."""
    stacks: dict[StackId, StackNow] = {}
    missing: set[AssetId] = set()
    for name in members:
        if any(name in stack.members for stack in stacks.values()):
            continue
        try:
            asset = await library.asset(name)
        except Gone:
            missing.add(name)
            continue
        if asset.trashed or not asset.mine:
            missing.add(name)
        elif asset.stack is not None:
            stacks[asset.stack] = await _stack(asset.stack, library)
    found = tuple(sorted((stack.primary, stack.members) for stack in stacks.values()))
    return StackState(stacks=found, missing=frozenset(missing))


async def _stack(stack: StackId, library: Library) -> StackNow:
    try:
        return await library.stack(stack)
    except Gone as error:
        raise Retryable("a stack changed while it was read", after=SOON_S) from error


async def _cover(event: CoverChosen, services: Services) -> None:
    look = _Look(event.account, "stacks", (event.asset,), services)
    before = await look.past()
    entry = before.newest.get(event.asset)
    if entry is None or entry.id != event.entry:
        return  # what was chosen then does not stand any more
    library = services.library(event.account)
    asset = await library.asset(event.asset)
    if asset.trashed or asset.stack is None or asset.stack_primary != event.asset:
        return
    stack = await _stack(asset.stack, library)
    await look.expect_same(before)
    if held_for(event.asset, before) is not None:
        return  # we put it there ourselves, for one that left the timeline
    if stack.primary == event.asset and stack.members == left_together(entry, event.asset):
        chosen = (cover_chosen(event.account, event.asset, entry.id),)
        await services.vetoes.remember(_aged(chosen, {entry.id: entry}, services))


async def _tag(event: TagDeleted, services: Services) -> None:
    entry = await services.journal.entry(event.entry)
    if entry is None:
        return
    _expect_age(entry, services.now())
    if event.tag not in await services.library(event.account).tags():
        await services.vetoes.tag_deleted(event.account, event.tag)


async def _left_album(event: AlbumLeft, services: Services) -> tuple[Veto, ...]:
    look = _Look(event.account, "albums", (event.asset,), services)
    before = await look.past()
    if event.album not in before.albums:
        return ()
    library = services.library(event.account)
    await library.asset(event.asset)  # who was deleted left every album
    inside = {album for album, _ in await library.albums_of(event.asset)}
    await look.expect_same(before)
    return _old_enough(taken_out(event.account, event.asset, inside, before), before, services)


async def _album(event: AlbumDeleted, services: Services) -> None:
    entry = await services.journal.entry(event.entry)
    if entry is None:
        return
    _expect_age(entry, services.now())
    try:
        await services.library(event.account).album(event.album)
    except Gone:
        await services.vetoes.album_deleted(event.account, event.album)


async def _portrait(event: PortraitDeleted, services: Services) -> None:
    if await services.journal.busy(event.account, (event.face,)):
        raise Held("a change of ours is under way", after=SOON_S)
    entry = await services.journal.entry(event.entry)
    if entry is not None and entry.state is EntryState.DONE:
        gone = portrait_deleted(event.account, event.face, entry.id)
        await services.vetoes.remember((replace(gone, state="lost") if event.together else gone,))


class _Look:
    """What the journal says of photos, before and after Immich was asked."""

    def __init__(self, account: AccountId, feature: Feature, photos: tuple[AssetId, ...], services: Services) -> None:
        self._account = account
        self._feature = feature
        self._photos = photos
        self._services = services

    async def past(self) -> Past:
        return await self._services.journal.past(self._account, self._feature, self._photos)

    async def expect_same(self, before: Past) -> None:
        """Raise Held where we changed the photos while they were read, or may have.

        Asked in this order: what is open no more was settled before the second look.
        """
        busy = await self._services.journal.busy(self._account, self._photos)
        if busy or _numbers(await self.past()) != _numbers(before):
            raise Held("a change of ours is under way", after=SOON_S)


def _numbers(past: Past) -> tuple[Mapping[str, int], ...]:
    return tuple({of: entry.id for of, entry in one.items()} for one in (past.newest, past.tags, past.albums))


def _old_enough(found: tuple[Veto, ...], past: Past, services: Services) -> tuple[Veto, ...]:
    return _aged(
        found,
        {entry.id: entry for entry in (*past.newest.values(), *past.tags.values(), *past.albums.values())},
        services,
    )


def _aged(found: tuple[Veto, ...], entries: Mapping[int, Entry], services: Services) -> tuple[Veto, ...]:
    """Return what was found once all of it is old enough; Immich itself may lose what it wrote just now."""
    for one in found:
        if one.entry is not None:
            _expect_age(entries[one.entry], services.now())
    return found


def _expect_age(entry: Entry, now: datetime) -> None:
    young = SETTLES - age_of(entry.settled_at, now) if entry.settled_at is not None else SETTLES
    if young.total_seconds() > 0:
        raise Held("too soon after our change to say who undid it", after=young.total_seconds())
