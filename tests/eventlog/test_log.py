"""The event log and its deliveries on a real PostgreSQL."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.wake import Wake
from reactor.core.deliveries import LeaseLost
from reactor.core.events import AssetEmbedded, Event
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.settlement import Again, Dead
from reactor.routing import Quiet

from ..runs.bench import LEASE, ME, a_router, embedded, uploaded
from ..working import AT_ONCE


class Bench:
    """A log, and workers by name, over one database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.router = a_router()
        self.wake = Wake(pool)
        self.log = PostgresEventLog(pool, self.router, self.wake)

    def worker(self, name: str = "a", lease: timedelta = LEASE) -> PostgresQueue:
        return PostgresQueue(self.pool, self.router, self.wake, worker=name, lease=lease)

    async def states(self, handler: str) -> list[str]:
        rows = await self.pool.fetch("SELECT state FROM deliveries WHERE handler = $1 ORDER BY id", handler)
        return [row["state"] for row in rows]


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


async def test_the_same_photo_heard_of_four_times_is_one_event(bench: Bench) -> None:
    assert await bench.log.append([uploaded("p"), uploaded("p")], source="webhook") == (uploaded("p"),)
    assert await bench.log.append([uploaded("p")], source="poll") == ()
    written = await asyncio.gather(*(bench.log.append([uploaded("q")]) for _ in range(8)))
    assert sum(len(new) for new in written) == 1
    assert await bench.pool.fetchval("SELECT source FROM events WHERE subject = 'p'") == "webhook"
    assert await bench.states("embed") == ["waiting", "waiting"]


async def test_an_account_hears_nothing_of_another(bench: Bench) -> None:
    assert len(await bench.log.append([uploaded("p"), uploaded("p", AccountId("you"))])) == 2


async def test_a_replay_delivers_again_under_its_run_and_behind_live_ones(bench: Bench) -> None:
    await bench.log.append([uploaded("old")])
    (first,) = await bench.worker().claim("embed", 5)
    await bench.worker().done([first], [])
    assert await bench.log.append([uploaded("old")], RunId("replay:1")) == ()
    await bench.log.append([uploaded("new")])
    claimed = [(await bench.worker().claim("embed", 1))[0] for _ in range(2)]
    assert [(delivery.event.subject, delivery.run) for delivery in claimed] == [("new", "live"), ("old", "replay:1")]


async def test_follow_ups_commit_with_the_settlement_or_not_at_all(bench: Bench) -> None:
    await bench.log.append([uploaded("p")])
    (delivery,) = await bench.worker("a").claim("embed", 1)
    with pytest.raises(LeaseLost):
        await bench.worker("b").done([delivery], [embedded("p")])
    assert await bench.states("classify") == []
    await bench.worker("a").done([delivery], [embedded("p")])
    assert await bench.states("embed") == ["done"]
    assert await bench.states("classify") == ["waiting"]


async def test_a_late_worker_is_fenced_off(bench: Bench) -> None:
    await bench.log.append([uploaded("p")])
    slow = bench.worker("slow", lease=timedelta(0))
    (late,) = await slow.claim("embed", 1)
    assert await bench.worker("other").release(attempts=8) == 1
    (taken,) = await slow.claim("embed", 1)
    assert taken.attempts == 2
    with pytest.raises(LeaseLost):
        await slow.done([late], [])
    await slow.done([taken], [])


async def test_a_job_that_kills_its_worker_ends_among_the_dead_with_its_payload(bench: Bench) -> None:
    await bench.log.append([uploaded("bomb")])
    for _ in range(3):
        assert len(await bench.worker("me").claim("embed", 1)) == 1
        await bench.worker("me").release(attempts=3)
    assert await bench.worker("me").claim("embed", 1) == ()
    row = await bench.pool.fetchrow("SELECT d.state, d.error, e.subject FROM deliveries d JOIN events e ON seq = event")
    assert row is not None
    assert (row["state"], row["subject"]) == ("dead", "bomb")
    assert "ended while" in row["error"]


async def test_a_restart_takes_back_only_what_its_own_name_held(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), uploaded("q")])
    await bench.worker("a").claim("embed", 1)
    await bench.worker("b").claim("embed", 1)
    assert await bench.worker("a").release(attempts=8) == 1
    assert sorted(await bench.states("embed")) == ["running", "waiting"]


async def test_what_is_in_hand_or_on_its_way_is_not_given_back(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), uploaded("q")])
    (held,) = await bench.worker("a").claim("embed", 1)
    await bench.worker("a").claim("embed", 1)
    assert await bench.worker("a").release(attempts=8, in_hand=[held], grace=timedelta(seconds=35)) == 0
    assert await bench.worker("a").release(attempts=8, in_hand=[held]) == 1
    assert sorted(await bench.states("embed")) == ["running", "waiting"]


async def test_of_one_lane_never_two_run(bench: Bench) -> None:
    one = AssetEmbedded(account=ME, asset=AssetId("p"), model="m", checksum="1")
    two = AssetEmbedded(account=ME, asset=AssetId("p"), model="m", checksum="2")
    await bench.log.append([one, two, embedded("other")])
    claims = await asyncio.gather(*(bench.worker(name).claim("classify", 5) for name in "abcd"))
    claimed = [delivery for claim in claims for delivery in claim]
    assert sorted(delivery.event.subject for delivery in claimed) == ["other", "p"]
    assert await bench.worker("a").claim("classify", 5) == ()


async def test_a_lane_is_claimed_as_a_batch_after_a_quiet_time(bench: Bench) -> None:
    calm = Quiet(quiet=timedelta(seconds=30), patience=timedelta(seconds=60), size=3)
    worker = bench.worker()
    await bench.log.append([embedded("a"), embedded("b")])
    assert await worker.claim_batch("stack", calm) == ()
    await bench.log.append([embedded("c")])
    batch = await worker.claim_batch("stack", calm)
    assert [delivery.event.subject for delivery in batch] == ["a", "b", "c"]
    assert sorted(await bench.states("stack")) == ["joined", "joined", "running"]
    await bench.log.append([embedded("d")])
    assert await bench.worker("b").claim_batch("stack", AT_ONCE) == ()
    await worker.done(batch, [])
    assert [delivery.event.subject for delivery in await worker.claim_batch("stack", AT_ONCE)] == ["d"]


async def test_accounts_have_lanes_of_their_own(bench: Bench) -> None:
    await bench.log.append([embedded("a"), embedded("b", AccountId("you"))])
    first = await bench.worker().claim_batch("stack", AT_ONCE)
    second = await bench.worker().claim_batch("stack", AT_ONCE)
    assert [delivery.event.account for delivery in (*first, *second)] == ["me", "you"]


async def test_what_failed_twice_in_company_is_tried_alone(bench: Bench) -> None:
    worker = bench.worker()
    await bench.log.append([embedded(name) for name in "abc"])
    for _ in range(2):
        batch = await worker.claim_batch("stack", AT_ONCE)
        assert len(batch) == 3
        await worker.failed(batch, Again(wait=timedelta(0), why="no"))
    alone = []
    for _ in range(3):
        (delivery,) = await worker.claim_batch("stack", AT_ONCE)
        alone.append(delivery.event.subject)
        await worker.done([delivery], [])
    assert alone == ["a", "b", "c"]


async def test_a_retry_waits_and_a_held_one_costs_no_try(bench: Bench) -> None:
    worker = bench.worker()
    await bench.log.append([uploaded("p")])
    (delivery,) = await worker.claim("embed", 1)
    await worker.failed([delivery], Again(wait=timedelta(hours=1), why="later", counted=False))
    assert await worker.claim("embed", 1) == ()
    due = await worker.next_due("embed")
    assert due is not None
    assert 3500 < due <= 3600
    assert await bench.pool.fetchval("SELECT attempts FROM deliveries") == 0


async def test_the_dead_keep_error_and_payload(bench: Bench) -> None:
    worker = bench.worker()
    await bench.log.append([uploaded("p")])
    (delivery,) = await worker.claim("embed", 1)
    await worker.failed([delivery], Dead(why="no picture"))
    assert await bench.pool.fetchval("SELECT state FROM deliveries") == "dead"
    assert await bench.log.pending(ME, "p", "embed") is False


async def test_pending_tells_what_is_still_to_be_done(bench: Bench) -> None:
    await bench.log.append([embedded("p")])
    assert await bench.log.pending(ME, "p", "stack") is True
    batch = await bench.worker().claim_batch("stack", AT_ONCE)
    assert await bench.log.pending(ME, "p", "stack") is True
    await bench.worker().done(batch, [])
    assert await bench.log.pending(ME, "p", "stack") is False


async def test_a_waiter_is_woken_here_and_in_another_process(bench: Bench, database: str) -> None:
    other = await asyncpg.create_pool(database, min_size=1, max_size=2)
    there = Wake(other)
    listening = asyncio.create_task(there.listen())
    try:
        async with asyncio.timeout(10):
            while not await bench.pool.fetchval(
                """
                SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            ):
                await asyncio.sleep(0.02)
        with bench.wake.bell("embed") as here, there.bell("embed") as elsewhere:
            await bench.log.append([uploaded("p")])
            async with asyncio.timeout(5):
                await here.rung.wait()
                await elsewhere.rung.wait()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await other.close()


async def test_in_one_process_those_alone_are_woken_who_have_something_to_do(bench: Bench) -> None:
    with bench.wake.bell("embed") as busy, bench.wake.bell("stack") as other, bench.wake.bell("people") as behind:
        behind.is_behind = True
        await bench.log.append([uploaded("p")])
        assert (busy.rung.is_set(), other.rung.is_set(), behind.rung.is_set()) == (True, False, True)
        for bell in (busy, other, behind):
            bell.rung.clear()
        queue = bench.worker()
        await queue.done(await queue.claim("embed", 1), [embedded("p")])
        assert (busy.rung.is_set(), other.rung.is_set(), behind.rung.is_set()) == (False, True, True)
        other.rung.clear()
        behind.rung.clear()
        # A lane becomes free.
        await queue.done(await queue.claim_batch("stack", AT_ONCE), [])
        assert (busy.rung.is_set(), other.rung.is_set(), behind.rung.is_set()) == (False, False, True)


async def test_four_workers_share_a_backlog_without_doing_anything_twice(bench: Bench) -> None:
    events: list[Event] = [uploaded(f"p{number}") for number in range(200)]
    await bench.log.append(events)
    seen: list[int] = []

    async def work(queue: PostgresQueue) -> None:
        while claimed := await queue.claim("embed", 7):
            for delivery in claimed:
                seen.append(delivery.id)
                await queue.done([delivery], [embedded(delivery.event.subject)])

    await asyncio.gather(*(work(bench.worker(name)) for name in "abcd"))
    assert len(seen) == len(set(seen)) == 200
    assert await bench.pool.fetchval("SELECT count(*) FROM events") == 400
