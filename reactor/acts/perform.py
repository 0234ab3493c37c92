"""The one path of every change: unknown ones first, veto, mode, limits, journal, call, read back, journal."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from reactor.acts.gate import Gate
from reactor.acts.hands import Hand, Untouched
from reactor.acts.keeping import follows, unkept_of
from reactor.acts.planned import WAITS, asked_for
from reactor.core.changes import (
    Change,
    Feature,
    RestoreStacks,
    StackAssets,
    StackState,
    State,
    by_rule,
    feature_of,
    subjects_of,
    undoes,
)
from reactor.core.entry_orders import CarryOut, KeepTags, Order, Undo
from reactor.core.errors import Blocked, Gone, Held, Permanent, Retryable, Stale
from reactor.core.ids import AccountId, AssetId, is_dry, is_ordered
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.keeping import WRITES
from reactor.core.modes import Modes
from reactor.core.past import Past, Refused, age_of
from reactor.core.portraits import NoFace
from reactor.core.restoration import completed, is_part
from reactor.core.standing import admissible, as_wished, satisfied, strangers
from reactor.core.undo import undo_of
from reactor.core.vetoes import by_undo
from reactor.ports import Journal, Memory

log = structlog.get_logger(__name__)


class Performer:
    """Carry out changes, each written down before and after."""

    def __init__(
        self,
        journal: Journal,
        vetoes: Memory,
        hands: Mapping[type[Change], Hand[Any]],
        *,
        modes: Modes,
        gate: Gate,
        now: Callable[[], datetime],
        conclusions: Mapping[type[Change], Callable[[Any], Awaitable[None]]] | None = None,
        unanswered: timedelta = timedelta(0),
        writes: timedelta = WRITES,
    ) -> None:
        """Take ``unanswered`` for how long a lost call may still take effect, ``writes`` until Immich has written."""
        self._journal = journal
        self._vetoes = vetoes
        self._hands = hands
        self._modes = modes
        self._gate = gate
        self._now = now
        self._conclusions = conclusions or {}
        self._unanswered = unanswered
        self._writes = writes

    async def carry_out(self, changes: Sequence[Change | Order], cause: Cause) -> None:
        """Perform all changes in order; the last of a kind that was made is concluded, where the kind asks for it.

        What the other side refuses for good keeps nothing else from being done; it is raised at the end. A photo that
        is gone, and a picture without a face, are no failure: there is nothing left to do.
        """
        made: dict[type[Change], Change] = {}
        try:
            await self._perform_all(changes, cause, made)
        except Exception:  # raised again: what was made is concluded first, whatever kept the rest from being made
            # A cancelled try (a deadline, a shutdown) has no time for it.
            await self._conclude(made)
            raise
        await self._conclude(made)

    async def _perform_all(
        self, changes: Sequence[Change | Order], cause: Cause, made: dict[type[Change], Change]
    ) -> None:
        refused: Permanent | None = None
        for change in changes:
            try:
                done = await self._do(change, cause)
                if isinstance(done, Change):
                    made[type(done)] = done
            except (Gone, NoFace) as error:
                log.info("nothing to do", change=type(change).__name__, why=str(error))
            except Permanent as error:
                refused = refused or error
        if refused is not None:
            raise refused

    async def _conclude(self, made: Mapping[type[Change], Change]) -> None:
        for kind, change in made.items():
            if (conclude := self._conclusions.get(kind)) is not None:
                await conclude(change)

    async def recover(self, handler: str, account: AccountId, subjects: Sequence[str], events: Sequence[int]) -> None:
        """Look at what earlier tries left unanswered about the subjects, or for the events, before it is decided."""
        for entry in await self._journal.unanswered(handler, account, subjects, events):
            # A person's undo of another feature may be under way in its own lane: each looks at its own (_undo).
            if type(entry.change) in self._hands and (undoes(entry.change) is None or by_rule(entry.change)):
                await self._resolve(self._hand(entry.change), entry)

    async def perform(self, change: Change | Order, cause: Cause) -> EntryState | None:
        """Carry out a change or an order and return how its entry ended; None where nothing was left to do.

        Raises Retryable when the delivery should be tried again (an open entry is then resolved first), Held when
        a limit is reached, Permanent when the other side refuses for good (journalled as failed).
        """
        done = await self._do(change, cause)
        return EntryState.DONE if isinstance(done, Change) else done

    async def _do(self, change: Change | Order, cause: Cause) -> Change | EntryState | None:
        """Return the change that was made, or else how its entry ended."""
        match change:
            case Undo():
                return await self._undo(change, cause)
            case CarryOut():
                return await self._carry_out_plan(change, cause)
            case KeepTags():
                return await self._keep(change)
            case _:
                return await self._wish(change, cause)

    async def _wish(self, change: Change, cause: Cause, *, ordered: bool = False) -> Change | EntryState | None:
        """Do what a decision wishes for; what a person ``ordered`` is done in any mode and counts for no limit."""
        hand = self._hand(change)
        await self._resolve_about(change.account, feature_of(change), subjects_of(change))
        now: State = await hand.read(change)
        past = await self._past(change)
        wished = admissible(change, now, past)
        if isinstance(wished, Refused):
            return await self._refuse(change, cause, now, wished)
        if satisfied(wished, now, past):
            return None
        # What only waits may stand on another plan, and is held against the stacks of then when it is carried out.
        if not ordered and (waits := self._waits(wished, cause)) is not None:
            await self._journal.write(wished, cause, now, waits)
            return waits
        if isinstance(wished, StackAssets) and isinstance(now, StackState) and strangers(wished, now, past):
            raise Stale("a stack was changed by somebody else meanwhile; decided anew", after=1.0)
        if not ordered:
            await self._gate.expect_room(wished, cause.run)
        return await self._make(hand, wished, cause, now)

    def _waits(self, change: Change, cause: Cause) -> EntryState | None:
        """Return as what a change waits that is not made now, None where it is made."""
        if not change.reason.sure:
            return EntryState.SUGGESTED
        observed = is_dry(cause.run) or self._modes.of(feature_of(change), change.account) == "observe"
        return EntryState.PLANNED if observed else None

    async def _refuse(self, change: Change, cause: Cause, now: State, refused: Refused) -> EntryState:
        if refused.noticed and not is_dry(cause.run):
            await self._vetoes.remember(refused.noticed)
        await self._journal.write(change, cause, now, refused.state, refused.why)
        return refused.state

    async def _undo(self, order: Undo, cause: Cause) -> Change | EntryState | None:
        """Take an entry back, where what it did is still as we left it; what it did is vetoed from then on."""
        await self._resolve_about(order.account, order.feature, order.subjects)
        entry = await self._journal.entry(order.entry)
        if entry is None or entry.state is not EntryState.DONE:
            return None
        if (change := undo_of(entry, order.tags)) is None:
            return None
        if await self._journal.undo_pending(cause.run, entry.id, order.feature, order.subjects):
            raise Held("a later change stands on it and is taken back first", after=1.0)
        if isinstance(change, RestoreStacks):
            known = await self._journal.acquainted(order.account, order.feature, change.members)
            change = replace(change, acquainted=tuple(AssetId(name) for name in sorted(known)))
        try:
            now: State = await self._hand(change).read(change)
        except Gone as error:
            await self._journal.close(entry.id, EntryState.UNDONE, f"nothing of it is left: {error}")
            return EntryState.UNDONE
        past = await self._past(change)
        change = completed(change, undo_of(entry), past)
        if satisfied(change, now, past):
            if is_part(change):
                await self._vetoes.remember(by_undo(change))
            else:
                await self._journal.close(entry.id, EntryState.UNDONE, "nothing of it was left", by_undo(change))
            return EntryState.UNDONE
        wished = admissible(change, now, past)
        if isinstance(wished, Refused):
            return await self._refuse(change, cause, now, wished)
        return await self._make(self._hand(wished), wished, cause, now)

    async def _carry_out_plan(self, order: CarryOut, cause: Cause) -> Change | EntryState | None:
        """Do what was planned, suggested, or lost by Immich, where it is still what the present asks for."""
        entry = await self._journal.entry(order.entry)
        if entry is None or entry.state not in (*WAITS, EntryState.DONE):
            return None
        waits = entry.state in WAITS
        made: Change | EntryState | None = EntryState.VETOED
        try:
            wanted = await asked_for(order, entry, self._journal, self._now())
            if wanted is not None:
                made = await self._wish(wanted, replace(entry.cause, run=cause.run), ordered=True)
        except Gone as error:
            made, note = EntryState.SUPERSEDED, f"it is gone: {error}"
        except Stale as error:
            made, note = EntryState.SUPERSEDED, str(error)
        else:
            note = "it stood so already" if made is None else ""
            if isinstance(made, Change):
                newest = await self._journal.newest(made.account, order.feature, order.subjects)
                note = f"carried out as {max((done.id for done in newest.values()), default=entry.id)}"
        if waits:
            ended = made if made in (EntryState.SUPERSEDED, EntryState.VETOED) else EntryState.CARRIED_OUT
            await self._journal.close(entry.id, EntryState(ended), note or "you undid this before; it stays undone")
        return made

    async def _keep(self, order: KeepTags) -> Change | EntryState | None:
        """Do again what Immich did not keep of an entry; it counts as part of that, and is stopped by no limit."""
        await self._resolve_about(order.account, "tags", (order.asset,))
        entry = await self._journal.entry(order.entry)
        if entry is not None and (is_ordered(entry.cause.run) or self._waits(entry.change, entry.cause) is None):
            match await unkept_of(entry, self._hand(entry.change), self._journal, self._now(), self._writes):
                case now, Refused() as refused:
                    return await self._refuse(entry.change, entry.cause, now, refused)
                case now, again:
                    return await self._make(self._hand(again), again, entry.cause, now)
        return None

    def _hand(self, change: Change) -> Hand[Any]:
        if (hand := self._hands.get(type(change))) is not None:
            return hand
        raise Permanent(f"nothing here can carry out {type(change).__name__}; is the feature configured?")

    async def _past(self, change: Change) -> Past:
        past = await self._journal.past(change.account, feature_of(change), subjects_of(change))
        return replace(past, now=self._now())

    async def _make(self, hand: Hand[Any], change: Change, cause: Cause, before: State) -> Change:
        entry = await self._journal.write(change, cause, before, EntryState.OPEN)
        try:
            after: State = await hand.call(change, before)
        except Untouched as error:
            await self._journal.settle(entry, EntryState.SUPERSEDED, before, f"nothing was changed: {error.why}")
            raise error.why from error
        except (Permanent, Blocked) as error:
            ended = EntryState.FAILED if isinstance(error, Permanent) else EntryState.SUPERSEDED
            if await self._still_as(hand, change, before):
                await self._journal.settle(entry, ended, before, f"refused: {error}")
            raise
        if not as_wished(change, after):
            await self._journal.settle(entry, EntryState.SUPERSEDED, after, "read back otherwise than wished")
            raise Retryable(f"{type(change).__name__} did not last: it was read back otherwise; decided anew")
        await self._done(entry, change, after)
        log.info("changed", change=type(change).__name__, subjects=subjects_of(change)[:4], entry=entry)
        return change

    async def _done(self, entry: int, change: Change, after: State, note: str = "") -> None:
        undone, told = None if is_part(change) else undoes(change), follows(entry, change)
        await self._journal.settle(
            entry, EntryState.DONE, after, note, undone=undone, vetoes=by_undo(change), told=told
        )

    async def _still_as(self, hand: Hand[Any], change: Change, before: State) -> bool:
        """Say whether a refusal left everything as it was; else the entry stays open, to be looked at again."""
        try:
            return bool(await hand.read(change) == before)
        except (Retryable, Permanent):
            return False

    async def _resolve_about(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> None:
        for entry in await self._journal.open_entries(account, feature, subjects):
            await self._resolve(self._hand(entry.change), entry)

    async def _resolve(self, hand: Hand[Any], entry: Entry) -> None:
        # Read too soon, a call on its way looks as if it never arrived; then what it does is nobody's in the journal.
        if (left := self._unanswered - age_of(entry.written_at, self._now())) > timedelta(0):
            wait = min(left, self._unanswered).total_seconds()
            raise Held(f"the call of entry {entry.id} is unanswered and may still take effect", after=wait)
        state: EntryState = EntryState.SUPERSEDED
        found: State | None = None
        note = "it is gone; nothing of ours is left"
        try:
            now: State = await hand.look(entry.change)
            state, found, note = await hand.recover(entry, now)
        except (Gone, NoFace) as error:
            note = f"{note} ({error})"
        if state is EntryState.DONE and found is not None:
            await self._done(entry.id, entry.change, found, note)
        else:
            await self._journal.settle(entry.id, state, found, note)
        log.info("an unanswered change was looked at again", entry=entry.id, state=state, note=note)
