"""Races, clocks and outages that would lose a delivery, do it twice, or let one account weigh on another."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from reactor.adapters.postgres.eventlog import append_on
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.pruning import PostgresPruning
from reactor.core.ids import LIVE, AccountId, RunId
from reactor.core.settlement import Again, Shelved

from ..runs.bench import ME, embedded, uploaded
from .test_log import Bench
from .test_runs_of_the_log import DRY, SCAN, a_run

YOU = AccountId("you")


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


async def runs_asked(bench: Bench) -> set[str]:
    return {row["run"] for row in await bench.pool.fetch("SELECT run FROM deliveries")}


@pytest.mark.parametrize(("first", "second"), [(DRY, LIVE), (LIVE, SCAN), (LIVE, DRY)])
async def test_who_tells_in_the_same_moment_as_another_run_is_heard_too(
    bench: Bench, first: RunId, second: RunId
) -> None:
    await a_run(bench, SCAN)
    await a_run(bench, DRY)
    async with bench.pool.acquire() as connection:
        async with connection.transaction():
            await append_on(connection, bench.router, [uploaded("p")], first)
            other = asyncio.create_task(bench.log.append([uploaded("p")], second))
            waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')"
            while not await bench.pool.fetchval(waits):
                await asyncio.sleep(0.01)
        assert await other == ()
    assert await runs_asked(bench) == {first, second}
    assert await bench.log.append([uploaded("p")]) == ()
    assert len(await bench.states("embed")) == 2


async def test_two_who_tell_at_once_in_the_live_run_ask_once(bench: Bench) -> None:
    written = await asyncio.gather(*(bench.log.append([uploaded("p"), uploaded("q")]) for _ in range(12)))
    assert sum(len(new) for new in written) == 2
    assert await bench.states("embed") == ["waiting"] * 2


async def test_a_clock_that_jumps_past_the_lease_starts_no_second_try_beside_the_first(bench: Bench) -> None:
    await bench.log.append([uploaded("p")])
    queue = bench.worker()
    (held,) = await queue.claim("embed", 1)
    await bench.pool.execute("UPDATE deliveries SET lease_until = lease_until - interval '1 hour'")
    assert await queue.release(attempts=8, in_hand=[held], grace=timedelta(seconds=35)) == 0
    assert await queue.claim("embed", 1) == ()
    await queue.done([held], [])
    assert await bench.states("embed") == ["done"]


async def test_what_another_process_holds_past_its_lease_is_given_back(bench: Bench) -> None:
    await bench.log.append([uploaded("p")])
    (held,) = await bench.worker("dead").claim("embed", 1)
    await bench.pool.execute("UPDATE deliveries SET lease_until = lease_until - interval '1 hour'")
    assert await bench.worker("alive").release(attempts=8, in_hand=[held]) == 1


async def test_what_waits_for_an_account_says_nothing_about_the_limits_of_another(bench: Bench) -> None:
    await bench.log.append([uploaded("theirs", YOU)])
    await bench.pool.execute("UPDATE deliveries SET created_at = created_at - interval '60 days'")
    await bench.log.append([uploaded("old")])
    await bench.pool.execute("UPDATE events SET heard_at = heard_at - interval '30 days' WHERE subject = 'old'")
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert await PostgresLimits(bench.pool).count_since(ME, "tags", an_hour_ago) == (0, 0)


@pytest.mark.parametrize("how", ["asked", "failed", "taken back"])
async def test_what_a_cancelled_run_left_is_forgotten_in_time(bench: Bench, how: str) -> None:
    await a_run(bench, SCAN, state="cancelled" if how == "asked" else "running")
    await bench.log.append([uploaded("p")], SCAN)
    claimed = await bench.worker().claim("embed", 1)
    await a_run(bench, SCAN, state="cancelled")
    if how == "failed":
        await bench.worker().failed(claimed, Again(wait=timedelta(0), why="no"))
    elif how == "taken back":
        await bench.worker().release(attempts=8)
    assert await bench.states("embed") == ["cancelled"]
    assert await PostgresPruning(bench.pool).deliveries(timedelta(0)) == 1


async def test_what_was_put_aside_is_through_when_a_later_event_brought_it(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), uploaded("p", YOU), uploaded("q")])
    queue = bench.worker()
    await queue.failed(await queue.claim("embed", 3), Shelved(why="no preview"))
    await a_run(bench, SCAN)
    await bench.log.append([uploaded("p")], SCAN)
    await queue.done(await queue.claim("embed", 1), [embedded("p")])
    assert await bench.states("embed") == ["done", "shelved", "shelved", "done"]
