"""The worker over a real queue: what becomes of reactions that return, fail, wait, or are cut short."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import cast

import asyncpg
import pytest

from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.wake import Wake
from reactor.core.errors import Blocked, Gone, Held, NotReady, Permanent, Retryable, Unreachable
from reactor.core.events import AssetEmbedded, AssetUploaded, Event
from reactor.core.ids import AccountId, AssetId
from reactor.core.settlement import RetryPolicy
from reactor.ports import Services
from reactor.routing import Outcome, Router
from reactor.worker.worker import WorkerPolicy

from ..household import ME, eventually
from ..working import AT_ONCE, NoActs, a_worker

QUICK = RetryPolicy(attempts=3, first_s=0.01, longest_s=0.05, soon_s=0.01, soon_longest_s=0.02)


class Clock:
    """The only service that the worker itself asks."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Place:
    """A log, a queue, and a worker that runs while the test looks."""

    def __init__(self, pool: asyncpg.Pool, router: Router) -> None:
        self.pool = pool
        self.router = router
        self.acts = NoActs()
        self.wake = Wake(pool)
        self.log = PostgresEventLog(pool, router, self.wake)

    def working(self, *, deadline_s: float = 20.0) -> AbstractAsyncContextManager[asyncio.Task[None]]:
        policy = WorkerPolicy(quiet=AT_ONCE, deadline_s=deadline_s, retry=QUICK)
        return a_worker(self.pool, self.wake, self.router, cast(Services, Clock()), self.acts, policy)

    async def states(self) -> dict[str, str]:
        rows = await self.pool.fetch("SELECT subject, state FROM deliveries JOIN events ON seq = event")
        return {row["subject"]: row["state"] for row in rows}

    async def ends(self, **expected: str) -> None:
        async def reached() -> bool:
            return await self.states() == expected

        await eventually(reached, f"the deliveries end as {expected}")


def uploaded(*names: str) -> list[Event]:
    return [AssetUploaded(account=ME, asset=AssetId(name)) for name in names]


def failing(times: int, error: Callable[[], Exception]) -> tuple[Router, list[str]]:
    """Return a router whose reaction fails so often for each photo whose name begins with x."""
    router = Router()
    tries: list[str] = []

    @router.on(AssetUploaded, name="embed", concurrency=2)
    async def embed(events: Sequence[Event], services: Services) -> Outcome:
        (event,) = events
        tries.append(event.subject)
        if event.subject.startswith("x") and tries.count(event.subject) <= times:
            raise error()
        return Outcome()

    return router, tries


@pytest.mark.parametrize(
    ("error", "times", "end", "tried"),
    [
        (lambda: Retryable("slow"), 2, "done", 3),
        (lambda: Retryable("slow"), 99, "dead", 3),
        (lambda: ValueError("our own fault"), 99, "dead", 3),
        (lambda: Permanent("no picture"), 99, "dead", 1),
        (lambda: Gone("deleted"), 99, "done", 1),
        (lambda: NotReady("no preview"), 6, "done", 7),
        (lambda: Unreachable("Immich restarts"), 6, "done", 7),
        (lambda: Held("a limit"), 6, "done", 7),
    ],
    ids=lambda value: type(value()).__name__ if callable(value) else None,
)
async def test_how_a_delivery_ends(
    pool: asyncpg.Pool, error: Callable[[], Exception], times: int, end: str, tried: int
) -> None:
    router, tries = failing(times, error)
    place = Place(pool, router)
    await place.log.append(uploaded("x", "good"))
    async with place.working():
        await place.ends(x=end, good="done")
    assert tries.count("x") == tried


async def test_one_photo_at_fault_takes_no_other_of_its_batch_with_it(pool: asyncpg.Pool) -> None:
    router = Router()

    @router.on(AssetUploaded, name="stack", lane=lambda event: event.account, batch=True)
    async def stack(events: Sequence[Event], services: Services) -> Outcome:
        if any(event.subject == "bad" for event in events):
            raise Permanent("this one cannot be")
        return Outcome()

    place = Place(pool, router)
    await place.log.append(uploaded("a", "bad", "c"))
    async with place.working():
        await place.ends(a="done", bad="dead", c="done")
    assert ("stack", "a", "bad", "c") in place.acts.recovered


async def test_follow_ups_are_delivered(pool: asyncpg.Pool) -> None:
    router = Router()
    seen: list[str] = []

    @router.on(AssetUploaded, name="embed")
    async def embed(events: Sequence[Event], services: Services) -> Outcome:
        return Outcome(
            events=tuple(
                AssetEmbedded(account=ME, asset=AssetId(event.subject), model="m", checksum="c") for event in events
            )
        )

    @router.on(AssetEmbedded, name="classify")
    async def classify(events: Sequence[Event], services: Services) -> Outcome:
        seen.extend(event.subject for event in events)
        return Outcome()

    place = Place(pool, router)
    async with place.working():
        await place.log.append(uploaded("p"))

        async def classified() -> bool:
            return seen == ["p"]

        await eventually(classified, "the follow-up is delivered")


async def test_a_try_that_hangs_is_cut_and_tried_again(pool: asyncpg.Pool) -> None:
    router = Router()
    tries: list[str] = []

    @router.on(AssetUploaded, name="embed")
    async def embed(events: Sequence[Event], services: Services) -> Outcome:
        tries.append(events[0].subject)
        if len(tries) == 1:
            await asyncio.Event().wait()
        return Outcome()

    place = Place(pool, router)
    await place.log.append(uploaded("p"))
    async with place.working(deadline_s=0.2):
        await place.ends(p="done")
    assert tries == ["p", "p"]


async def test_what_is_in_hand_is_finished_when_the_worker_is_stopped(pool: asyncpg.Pool) -> None:
    router = Router()
    started, let_go = asyncio.Event(), asyncio.Event()

    @router.on(AssetUploaded, name="embed")
    async def embed(events: Sequence[Event], services: Services) -> Outcome:
        started.set()
        await let_go.wait()
        return Outcome()

    place = Place(pool, router)
    await place.log.append(uploaded("p"))
    async with place.working() as task:
        await asyncio.wait_for(started.wait(), 10)
        task.cancel()
        await asyncio.sleep(0)
        let_go.set()
        await asyncio.gather(task, return_exceptions=True)
    assert await place.states() == {"p": "done"}


async def test_a_backlog_brings_its_own_allowance(pool: asyncpg.Pool) -> None:
    router, _ = failing(0, lambda: Retryable("never"))
    place = Place(pool, router)
    await place.log.append(uploaded("a", "b"))
    limits = PostgresLimits(pool)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    for table, column in (("events", "heard_at"), ("deliveries", "created_at")):
        await pool.execute(f"UPDATE {table} SET {column} = {column} - interval '3 hours'")
    assert await limits.count_since(ME, "tags", an_hour_ago) == (0, 2)
    await pool.execute("UPDATE deliveries SET state = 'done'")
    assert await limits.count_since(ME, "tags", an_hour_ago) == (0, 0)


async def test_two_hundred_that_are_refused_hold_up_no_other_account(pool: asyncpg.Pool) -> None:
    router = Router()
    order: list[str] = []
    key_works = asyncio.Event()

    @router.on(AssetUploaded, name="embed", concurrency=4)
    async def embed(events: Sequence[Event], services: Services) -> Outcome:
        (event,) = events
        order.append(event.account)
        if event.account != ME and not key_works.is_set():
            raise Blocked("the key is refused", after=0.2)
        return Outcome()

    place = Place(pool, router)
    refused = [AssetUploaded(account=AccountId("you"), asset=AssetId(f"r{number}")) for number in range(200)]
    await place.log.append(refused)
    await place.log.append(uploaded(*(f"p{number}" for number in range(20))))
    done = "SELECT count(*) FROM deliveries WHERE account = $1 AND state = 'done'"
    async with place.working():

        async def served() -> bool:
            return bool(await pool.fetchval(done, ME) == 20)

        await eventually(served, "the account whose key works is served")
        last = len(order) - order[::-1].index(ME)
        assert order[:last].count("you") < 60
        key_works.set()

        async def all_served() -> bool:
            return bool(await pool.fetchval(done, "you") == 200)

        await eventually(all_served, "the other one is served once its key works")
