"""The worker: one loop for each reaction."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from reactor.core.deliveries import Delivery, LeaseLost
from reactor.core.errors import Blocked, Gone, Held, NotReady, Permanent, Retryable, Unreachable
from reactor.core.events import Event
from reactor.core.ids import LIVE, AccountId, RunId
from reactor.core.journal import Cause
from reactor.core.settlement import Dead, RetryPolicy, Shelved, judge
from reactor.ports import Services
from reactor.routing import Quiet, Reaction, Router
from reactor.worker.needs import Acts, Bell, Queue, Waker

log = structlog.get_logger(__name__)

IDLE_S = 2.0
BATCH_POLL_S = 0.25
ROLE_S = 0.25
JANITOR_S = 5.0
STOP_S = 10.0
CLAIM_IN_FLIGHT = timedelta(seconds=35)
"""Longer than any statement may take: a claim this old that is not in hand got lost with its answer."""
RUN_PATIENCE = timedelta(minutes=10)
# A person waits for the end of what was ordered, and is told at once what only a person can mend.
BLOCKED = {"undo": "could not be taken back", "apply": "could not be carried out"}
SETTLE_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0)


@dataclass(frozen=True, kw_only=True)
class WorkerPolicy:
    """How the worker waits and gives up; ``deadline_s`` of one try is shorter than its lease."""

    quiet: Quiet
    deadline_s: float
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def retry_of(self, run: RunId) -> RetryPolicy:
        """Return the patience for a run: a scan of photos that are there already does not wait for hours for one."""
        if run == LIVE:
            return self.retry
        patience = min(self.retry.patience, RUN_PATIENCE)
        return replace(self.retry, patience=patience, blocked=BLOCKED.get(run.partition(":")[0]))


def every(_: str) -> bool:
    """Hold every role: this is the only process."""
    return True


class Worker:
    """Run every reaction of the router until cancelled; one that has a role only while this process ``holds`` it."""

    def __init__(
        self,
        *,
        queue: Queue,
        router: Router,
        services: Services,
        acts: Acts,
        wake: Waker,
        policy: WorkerPolicy,
        chance: random.Random,
        holds: Callable[[str], bool] = every,
    ) -> None:
        self._queue = queue
        self._router = router
        self._services = services
        self._acts = acts
        self._wake = wake
        self._policy = policy
        self._chance = chance
        self._holds = holds
        self._running: dict[asyncio.Task[None], tuple[Delivery, ...]] = {}
        self._turned_away: dict[str, set[AccountId]] = {name: set() for name in router.reactions}
        self._probed: set[str] = set()

    async def run(self) -> None:
        """Take back what this worker's former self left, then serve; on cancellation finish what is in hand."""
        await self._patiently(self._take_back)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._janitor())
                for reaction in self._router.reactions.values():
                    group.create_task(self._serve(reaction))
        finally:
            await self._finish()

    async def _take_back(self) -> None:
        if taken := await self._queue.release(attempts=self._policy.retry.attempts):
            log.info("took back what was in hand when the reactor ended", deliveries=taken)

    async def _finish(self) -> None:
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        # The process ends now; what could not be finished must not wait for its lease.
        try:
            await self._queue.release(attempts=self._policy.retry.attempts)
        except (Retryable, Permanent) as error:
            log.warning("what was in hand could not be given back; the next start does so", error=str(error))

    async def _janitor(self) -> None:
        while True:
            await asyncio.sleep(JANITOR_S)
            try:
                in_hand = [delivery for held in self._running.values() for delivery in held]
                if freed := await self._queue.release(
                    attempts=self._policy.retry.attempts, in_hand=in_hand, grace=CLAIM_IN_FLIGHT
                ):
                    log.warning("gave back deliveries that nobody holds", deliveries=freed)
                if mended := await self._queue.mend_clock():
                    log.warning("the clock was set back; what waited for it goes on now", deliveries=mended)
            except (Retryable, Permanent) as error:
                log.warning("expired deliveries could not be looked for", error=str(error))

    async def _serve(self, reaction: Reaction) -> None:
        with self._wake.bell(reaction.name) as bell:
            await self._serve_at(bell, reaction)

    async def _serve_at(self, bell: Bell, reaction: Reaction) -> None:
        mine: set[asyncio.Task[None]] = set()
        while True:
            bell.rung.clear()
            if reaction.role is not None and not self._holds(reaction.role):
                # Its deliveries are another process's; not even a claim may take them away from there.
                await asyncio.sleep(ROLE_S)
                continue
            try:
                claimed = await self._claim(reaction, reaction.concurrency - len(mine))
                wait = 0.0 if claimed else await self._pause(reaction, bell, busy=len(mine) >= reaction.concurrency)
            except (Retryable, Permanent) as error:
                log.warning("no work could be claimed", handler=reaction.name, error=str(error))
                claimed, wait = (), 1.0
            for deliveries in claimed:
                task = asyncio.create_task(self._try(reaction, deliveries), name=f"{reaction.name}")
                mine.add(task)
                self._running[task] = deliveries
                task.add_done_callback(mine.discard)
                task.add_done_callback(self._running.pop)
            if reaction.batch:
                # A lane that waits for quiet gets ready by time, not by being asked at every event.
                await asyncio.sleep(BATCH_POLL_S)
            if wait:
                await self._rest(mine, bell, wait)

    async def _claim(self, reaction: Reaction, free: int) -> tuple[tuple[Delivery, ...], ...]:
        if free <= 0:
            return ()
        if reaction.batch:
            batch = await self._queue.claim_batch(reaction.name, self._policy.quiet)
            return (batch,) if batch else ()
        return tuple((delivery,) for delivery in await self._claim_singles(reaction.name, free))

    async def _claim_singles(self, handler: str, free: int) -> tuple[Delivery, ...]:
        """Claim for the accounts that are served; of those that are turned away one delivery at a time, in turns.

        Thousands may wait for an account whose key is refused, and all of them are due before the others' new photos.
        """
        away = self._turned_away[handler]
        in_hand = (delivery for held in self._running.values() for delivery in held if delivery.handler == handler)
        probing = handler in self._probed or any(delivery.event.account in away for delivery in in_hand)
        self._probed.discard(handler)
        if away and not probing and (probe := await self._queue.claim(handler, 1, of=away)):
            self._probed.add(handler)
            return probe
        return await self._queue.claim(handler, free, but=away)

    async def _pause(self, reaction: Reaction, bell: Bell, *, busy: bool) -> float:
        bell.is_behind = False
        if busy:
            return IDLE_S
        due = await self._queue.next_due(reaction.name)
        if due is None:
            return IDLE_S
        # Overdue but not claimed: its lane is busy, or not quiet yet.
        bell.is_behind = due <= 0
        return min(IDLE_S, max(due, BATCH_POLL_S if due <= 0 else 0.02))

    async def _rest(self, mine: set[asyncio.Task[None]], bell: Bell, wait_s: float) -> None:
        rung = asyncio.create_task(bell.rung.wait())
        try:
            await asyncio.wait({rung, *mine}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rung.cancel()

    async def _try(self, reaction: Reaction, deliveries: tuple[Delivery, ...]) -> None:
        try:
            events = await self._react(reaction, deliveries)
            self._turned_away[reaction.name].discard(deliveries[0].event.account)
            await self._patiently(lambda: self._queue.done(deliveries, events))
        except LeaseLost as error:
            log.warning("a settlement came too late and was thrown away", handler=reaction.name, error=str(error))
        except Exception as error:  # noqa: BLE001 - the one place where every failure of a try is judged
            await self._settle_failure(reaction, deliveries, error)

    async def _patiently(self, settle: Callable[[], Awaitable[None]]) -> None:
        """Settle, also over a restart of the database: else the delivery would lie in hand until its lease runs out.

        A settlement whose answer was lost is fenced off when it is repeated, and ends as LeaseLost.
        """
        for wait in SETTLE_WAITS_S:
            try:
                return await settle()
            except Retryable as error:
                log.warning("a settlement waits for the database", error=str(error))
                await asyncio.sleep(wait)
        return await settle()

    async def _react(self, reaction: Reaction, deliveries: tuple[Delivery, ...]) -> tuple[Event, ...]:
        try:
            async with asyncio.timeout(self._policy.deadline_s):
                await self._recover(reaction, deliveries)
                outcome = await reaction.handle([delivery.event for delivery in deliveries], self._services)
                cause = Cause(handler=reaction.name, event=deliveries[-1].seq, run=deliveries[-1].run)
                await self._acts.carry_out(outcome.changes, cause)
        except TimeoutError as error:
            raise Retryable(f"{reaction.name} took longer than {self._policy.deadline_s:.0f} s") from error
        return outcome.events

    async def _recover(self, reaction: Reaction, deliveries: tuple[Delivery, ...]) -> None:
        """Learn what became of the calls of an earlier try: a stage must not take ours for the user's.

        Asked before every try, since the count of tries does not tell: an outage, which may have lost an answer, costs
        none, and the earlier try may have been another delivery's.
        """
        accounts: dict[AccountId, list[Delivery]] = {}
        for delivery in deliveries:
            accounts.setdefault(delivery.event.account, []).append(delivery)
        for account, theirs in accounts.items():
            subjects, events = [one.event.subject for one in theirs], [one.seq for one in theirs]
            await self._acts.recover(reaction.name, account, subjects, events)

    async def _settle_failure(self, reaction: Reaction, deliveries: tuple[Delivery, ...], error: Exception) -> None:
        if isinstance(error, Permanent) and len(deliveries) > 1:
            # One of many is at fault: all are decided again, and each alone after two tries.
            error = Retryable(str(error))
        verdict = judge(
            error,
            attempts=deliveries[0].attempts,
            age=max(delivery.waited for delivery in deliveries),
            policy=self._policy.retry_of(deliveries[0].run),
            jitter=self._chance.random(),
        )
        away = self._turned_away[reaction.name]
        waits = isinstance(error, Blocked | Unreachable) and not isinstance(verdict, Dead)
        (away.add if waits else away.discard)(deliveries[0].event.account)
        subjects = [delivery.event.subject for delivery in deliveries[:4]]
        expected = isinstance(error, NotReady | Held | Unreachable | Blocked | Gone) and not isinstance(verdict, Dead)
        say = log.info if isinstance(verdict, Shelved) else log.debug if expected else log.warning
        ours = not isinstance(error, Retryable | Permanent)
        say("a delivery failed", handler=reaction.name, subjects=subjects, verdict=repr(verdict), exc_info=ours)
        try:
            await self._patiently(lambda: self._queue.failed(deliveries, verdict))
        except (LeaseLost, Retryable, Permanent) as late:
            # The lease runs out and the delivery is tried again: nothing is lost.
            log.warning("a failure could not be settled", handler=reaction.name, error=str(late))
