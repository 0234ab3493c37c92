"""A photo left the timeline or came back to it: nobody's photos may vanish behind the cover of their stack."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from reactor.core.changes import MoveCover
from reactor.core.errors import Gone, Retryable
from reactor.core.events import AssetChanged, Event
from reactor.core.hidden_stacks import company_of, to_move
from reactor.core.ids import AccountId, AssetId, StackId
from reactor.core.label_events import Unarchived
from reactor.core.library import Asset, StackNow
from reactor.core.moving import held_for, is_shown
from reactor.core.past import Past, left_together
from reactor.ports import Library, Services
from reactor.routing import Outcome, Router

router = Router()

MATTERS = frozenset({"trashed", "restored", "archived", "unarchived", "hidden", "shown"})
READS_AT_ONCE = 4
SOON_S = 1.0


def lane(event: Event) -> str:
    """Return the lane of the account's stacks: one writer at a time."""
    return f"stacks:{event.account}"


# No batch: it waits for no quiet time, since photos are hidden meanwhile.
@router.on(AssetChanged, Unarchived, name="cover", lane=lane)
async def cover(events: Sequence[Event], services: Services) -> Outcome:
    """Put another photo on top of a stack whose cover is not shown any more, whoever made the stack.

    Once the cover that its user had chosen is shown again, it comes back. Raises Retryable where the stack changes
    while it is read.
    """
    (event,) = events
    assert isinstance(event, AssetChanged | Unarchived)
    if isinstance(event, AssetChanged) and MATTERS.isdisjoint(event.fields):
        return Outcome()
    library = services.library(event.account)
    stack = await _stack_of(event, library, services)
    if stack is None:
        return Outcome()
    names = {event.asset, stack.primary, *stack.members}
    past = await _past(event.account, names, services)
    if held_for(stack.primary, stack.members, past) is None and is_shown(await _asset(stack.primary, library)):
        return Outcome()
    names |= _known_of(past)
    photos = await _photos(sorted(names), library)
    past = await _past(event.account, names, services)
    company = company_of(event.account, stack, photos, past)
    stored = await services.photos.embedded(event.account, company.shown, services.embedder.model)
    change = to_move(company, stored, past, services.stack_policy.cover)
    return Outcome(changes=(change,) if change is not None else ())


async def _stack_of(event: AssetChanged | Unarchived, library: Library, services: Services) -> StackNow | None:
    """Return the photo's stack; that of one which Immich shows no more (locked) is found by those we left it with."""
    names = [event.asset]
    if await _asset(event.asset, library) is None:
        names = sorted(_known_of(await _past(event.account, names, services)))
    for name in names:
        found = await _asset(name, library)
        if found is not None and found.mine and found.stack is not None:
            return await _stack(found.stack, library)
    return None


def _known_of(past: Past) -> frozenset[AssetId]:
    """Return all photos that entries of ours put together with one of the subjects."""
    left = [left_together(entry, AssetId(subject)) or frozenset() for subject, entry in past.newest.items()]
    moved = [entry.change.members for entry in past.moves.values() if isinstance(entry.change, MoveCover)]
    return frozenset[AssetId]().union(*left, *moved)


async def _past(account: AccountId, names: Iterable[AssetId], services: Services) -> Past:
    return await services.journal.past(account, "stacks", sorted(names))


async def _photos(names: Sequence[AssetId], library: Library) -> Mapping[AssetId, Asset | None]:
    found: dict[AssetId, Asset | None] = {}
    for start in range(0, len(names), READS_AT_ONCE):
        some = names[start : start + READS_AT_ONCE]
        found |= zip(some, await asyncio.gather(*(_asset(name, library) for name in some)), strict=True)
    return found


async def _asset(name: AssetId, library: Library) -> Asset | None:
    try:
        return await library.asset(name)
    except Gone:
        return None


async def _stack(stack: StackId, library: Library) -> StackNow:
    try:
        return await library.stack(stack)
    except Gone as error:
        raise Retryable("a stack changed while it was read", after=SOON_S) from error
