"""Deliveries of runs beside the live one: apart from it, behind it, and following what becomes of their run."""

from datetime import timedelta

import asyncpg
import pytest

from reactor.core.events import AssetUploaded
from reactor.core.ids import AccountId, RunId
from reactor.core.settlement import Again, Shelved
from reactor.routing import Quiet

from ..runs.bench import embedded, nothing, uploaded
from ..working import AT_ONCE
from .test_log import Bench

SCAN, DRY = RunId("scan:1"), RunId("dry:1")


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


async def a_run(bench: Bench, run: RunId, *, state: str = "running", handlers: list[str] | None = None) -> None:
    await bench.pool.execute(
        """
        INSERT INTO runs (id, kind, state, handlers, request, finished_at)
        VALUES ($1, 'scan', $2, $3, '{}', CASE $2::text WHEN 'cancelled' THEN clock_timestamp() END)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, finished_at = excluded.finished_at
        """,
        run,
        state,
        handlers,
    )


async def test_a_run_asks_only_the_handlers_that_it_names(bench: Bench) -> None:
    await a_run(bench, SCAN, handlers=["embed", "stack"])
    await bench.log.append([uploaded("p")], SCAN, source="scan")
    (delivery,) = await bench.worker().claim("embed", 1)
    await bench.worker().done([delivery], [embedded("p")])
    assert await bench.states("stack") == ["waiting"]
    assert await bench.states("classify") == []


async def test_a_batch_is_of_one_run(bench: Bench) -> None:
    await a_run(bench, DRY)
    await bench.log.append([embedded("a"), embedded("b")], DRY)
    await bench.log.append([embedded("c")])
    first = await bench.worker().claim_batch("stack", AT_ONCE)
    await bench.worker().done(first, [])
    second = await bench.worker().claim_batch("stack", AT_ONCE)
    assert [[delivery.run for delivery in batch] for batch in (first, second)] == [["live"], [DRY, DRY]]


@pytest.mark.parametrize(("state", "found"), [("paused", "held"), ("cancelled", "cancelled"), ("running", "waiting")])
async def test_what_a_run_asks_for_or_tries_again_follows_its_state(bench: Bench, state: str, found: str) -> None:
    await a_run(bench, SCAN)
    await bench.log.append([uploaded("p")], SCAN)
    (delivery,) = await bench.worker().claim("embed", 1)
    await a_run(bench, SCAN, state=state)
    await bench.worker().failed([delivery], Again(wait=timedelta(0), why="no"))
    await bench.log.append([uploaded("q")], SCAN)
    assert await bench.states("embed") == [found, found]
    assert len(await bench.worker().claim("embed", 5)) == (2 if state == "running" else 0)


async def test_what_a_dead_worker_had_in_hand_follows_the_state_of_its_run(bench: Bench) -> None:
    await a_run(bench, SCAN)
    await bench.log.append([uploaded("p")], SCAN)
    await bench.worker().claim("embed", 1)
    await a_run(bench, SCAN, state="paused")
    assert await bench.worker().release(attempts=8) == 1
    assert await bench.states("embed") == ["held"]


async def test_what_is_shelved_is_neither_dead_nor_tried_again(bench: Bench) -> None:
    await bench.log.append([uploaded("p")])
    (delivery,) = await bench.worker().claim("embed", 1)
    await bench.worker().failed([delivery], Shelved(why="no preview"))
    assert await bench.states("embed") == ["shelved"]
    assert await bench.worker().claim("embed", 1) == ()
    assert await bench.log.pending(delivery.event.account, "p", "embed") is False


async def test_a_clock_that_was_set_back_by_an_hour_stops_nothing(bench: Bench) -> None:
    worker = bench.worker()
    await bench.log.append([uploaded("p"), uploaded("q")])
    await bench.log.append([embedded("s")])
    (held,) = await worker.claim("embed", 1)
    # What was written an hour ago by the clock of then bears times that are an hour ahead of the clock of now.
    await bench.pool.execute(
        """
        UPDATE deliveries SET run_at = run_at + interval '1 hour', created_at = created_at + interval '1 hour',
            lease_until = lease_until + interval '1 hour'
        """
    )
    assert await worker.claim("embed", 1) == ()
    assert await worker.mend_clock() == 4
    assert [delivery.event.subject for delivery in await worker.claim("embed", 5)] == ["q"]
    assert [delivery.event.subject for delivery in await worker.claim_batch("stack", AT_ONCE)] == ["s"]
    assert await worker.mend_clock() == 0
    await worker.done([held], [])


async def test_a_quiet_time_ends_although_the_clock_was_set_back(bench: Bench) -> None:
    calm = Quiet(quiet=timedelta(seconds=5), patience=timedelta(seconds=30), size=200)
    await bench.log.append([embedded("s")])
    assert await bench.worker().claim_batch("stack", calm) == ()
    await bench.pool.execute("UPDATE deliveries SET created_at = created_at + interval '1 hour'")
    assert len(await bench.worker().claim_batch("stack", calm)) == 1


async def test_a_batch_of_one_lane_is_of_one_account(bench: Bench) -> None:
    bench.router.reactions.clear()
    bench.router.on(AssetUploaded, name="faces", lane=lambda _: "frigate", batch=True)(nothing)
    await bench.log.append([uploaded("a"), uploaded("b", AccountId("you"))])
    first = await bench.worker().claim_batch("faces", AT_ONCE)
    assert await bench.worker().claim_batch("faces", AT_ONCE) == ()
    await bench.worker().done(first, [])
    second = await bench.worker().claim_batch("faces", AT_ONCE)
    assert [len(first), len(second)] == [1, 1]
