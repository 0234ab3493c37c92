"""The one path of every change: unknown ones first, veto, limits, mode, journal, call, read back, journal."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from reactor.acts.hands import Hand, Untouched
from reactor.core.changes import (
    Change,
    Feature,
    PortraitState,
    StackAssets,
    StackState,
    State,
    TagAsset,
    feature_of,
    subjects_of,
)
from reactor.core.errors import Blocked, Gone, Held, Permanent, Retryable
from reactor.core.ids import AccountId, is_dry
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.limits import LimitPolicy
from reactor.core.modes import Modes
from reactor.core.portraits import NoFace
from reactor.core.standing import TAG_SETTLES, Past, admissible, satisfied, strangers
from reactor.ports import Journal

log = structlog.get_logger(__name__)

HELD_S = 600.0


class Performer:
    """Carry out changes, each written down before and after."""

    def __init__(
        self,
        journal: Journal,
        hands: Mapping[type[Change], Hand[Any]],
        *,
        modes: Modes,
        limits: LimitPolicy,
        now: Callable[[], datetime],
        conclusions: Mapping[type[Change], Callable[[Any], Awaitable[None]]] | None = None,
    ) -> None:
        self._journal = journal
        self._hands = hands
        self._modes = modes
        self._limits = limits
        self._now = now
        self._conclusions = conclusions or {}
        self._held: set[tuple[AccountId, Feature]] = set()

    async def carry_out(self, changes: Sequence[Change], cause: Cause) -> None:
        """Perform all changes in order; the last of a kind that was made is concluded, where the kind asks for it.

        What the other side refuses for good keeps nothing else from being done; it is raised at the end. A photo that
        is gone, and a picture without a face, are no failure: there is nothing left to do.
        """
        made: dict[type[Change], Change] = {}
        try:
            await self._perform_all(changes, cause, made)
        except Exception:
            # What was made is concluded all the same; a cancelled try (a deadline, a shutdown) has no time for it.
            await self._conclude(made)
            raise
        await self._conclude(made)

    async def _perform_all(self, changes: Sequence[Change], cause: Cause, made: dict[type[Change], Change]) -> None:
        refused: Permanent | None = None
        for change in changes:
            try:
                if await self.perform(change, cause) is EntryState.DONE:
                    made[type(change)] = change
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

    async def recover(self, handler: str, account: AccountId, subjects: Sequence[str]) -> None:
        """Look at what an earlier try of the handler left unanswered, so that it decides on what really stands."""
        for entry in await self._journal.unanswered(handler, account, subjects):
            if (hand := self._hands.get(type(entry.change))) is not None:
                await self._resolve(hand, entry)

    async def perform(self, change: Change, cause: Cause) -> EntryState | None:
        """Carry out a change and return how its entry ended; None where nothing was left to do.

        Raises Retryable when the delivery should be tried again (an open entry is then resolved first), Held when
        a limit is reached, Permanent when the other side refuses for good (journalled as failed).
        """
        hand = self._hands.get(type(change))
        if hand is None:
            raise Permanent(f"nothing here can carry out {type(change).__name__}; is the feature configured?")
        for entry in await self._journal.open_entries(change):
            await self._resolve(hand, entry)
        now: State = await hand.read(change)
        past = await self._past(change)
        wished = admissible(change, now, past)
        if wished is None:
            await self._journal.write(change, cause, now, EntryState.VETOED, "you undid this before; it stays undone")
            return EntryState.VETOED
        if satisfied(wished, now, past):
            return None
        if isinstance(wished, StackAssets) and isinstance(now, StackState) and strangers(wished, now, past):
            raise Retryable("a stack was changed by somebody else meanwhile; decided anew", after=1.0)
        if is_dry(cause.run) or self._modes.of(feature_of(wished)) == "observe":
            await self._journal.write(wished, cause, now, EntryState.PLANNED)
            return EntryState.PLANNED
        await self._hold_if_too_many(wished)
        return await self._make(hand, wished, cause, now)

    async def _past(self, change: Change) -> Past:
        newest = await self._journal.newest(change.account, feature_of(change), subjects_of(change))
        if not isinstance(change, TagAsset):
            return Past(newest=newest)
        until = self._now() - TAG_SETTLES
        return Past(newest=newest, tags=await self._journal.tags_left(change.account, change.asset, until))

    async def _make(self, hand: Hand[Any], change: Change, cause: Cause, before: State) -> EntryState:
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
        if not _as_wished(change, after):
            await self._journal.settle(entry, EntryState.SUPERSEDED, after, "read back otherwise than wished")
            raise Retryable(f"{type(change).__name__} did not last: it was read back otherwise; decided anew")
        await self._journal.settle(entry, EntryState.DONE, after)
        log.info("changed", change=type(change).__name__, subjects=subjects_of(change)[:4], entry=entry)
        return EntryState.DONE

    async def _still_as(self, hand: Hand[Any], change: Change, before: State) -> bool:
        """Say whether a refusal left everything as it was; else the entry stays open, to be looked at again."""
        try:
            return bool(await hand.read(change) == before)
        except (Retryable, Permanent):
            return False

    async def _resolve(self, hand: Hand[Any], entry: Entry) -> None:
        state: EntryState = EntryState.SUPERSEDED
        found: State | None = None
        note = "it is gone; nothing of ours is left"
        try:
            now: State = await hand.read(entry.change)
            state, found, note = await hand.recover(entry, now)
        except Gone as error:
            note = f"{note} ({error})"
        await self._journal.settle(entry.id, state, found, note)
        log.info("an unanswered change was looked at again", entry=entry.id, state=state, note=note)

    async def _hold_if_too_many(self, change: Change) -> None:
        feature = feature_of(change)
        since = self._now() - self._limits.window
        changes, heard = await self._journal.count_since(change.account, feature, since)
        if self._limits.exceeded(changes, heard):
            why = (
                f"{changes} changes of {feature} within {self._limits.window} for {heard} photos heard: "
                f"held back (at most {self._limits.allowed(heard)})"
            )
            held = (change.account, feature)
            # Said once, not for each of the thousands that wait.
            (log.debug if held in self._held else log.warning)("a limit is reached", account=change.account, why=why)
            self._held.add(held)
            raise Held(why, after=HELD_S)
        self._held.discard((change.account, feature))


def _as_wished(change: Change, after: State) -> bool:
    if isinstance(after, PortraitState):
        return after.ours is not None
    return satisfied(change, after, Past())
