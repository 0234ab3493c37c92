"""Runs: started once, joined, paused, resumed, cancelled; fed by one process at a time."""

import asyncio

import asyncpg
import pytest

from reactor.core.errors import Permanent
from reactor.core.ids import AccountId, RunId
from reactor.core.pace import Window
from reactor.core.runs import ReplayProgress, ReplayRequest, RunState, ScanRequest
from reactor.sources.scan import ScanFeed, ScanPace, Timeline

from .bench import Bench, embedded, uploaded
from .world import now

ALL = ReplayRequest(everything=True)


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


async def test_a_second_start_of_a_kind_joins_the_first_from_whatever_process(bench: Bench) -> None:
    starts = await asyncio.gather(*(bench.runs.start(ALL) for _ in range(8)))
    assert len({run.id for run in starts}) == 1
    assert sorted(run.joined for run in starts) == [False] + 7 * [True]
    other = await bench.runs.start(ScanRequest(only="stack"))
    assert (other.joined, other.id.partition(":")[0]) == (False, "scan")
    await bench.runs.pause(starts[0].id)
    joined = await bench.runs.start(ReplayRequest(kinds=("AssetEmbedded",)))
    assert (joined.joined, joined.id, joined.request) == (True, starts[0].id, ALL)
    await bench.runs.cancel(starts[0].id)
    assert (await bench.runs.start(ALL)).joined is False


async def test_a_dry_scan_is_named_so(bench: Bench) -> None:
    assert (await bench.runs.start(ScanRequest(dry=True))).id.startswith("dry:")


async def test_nothing_of_a_paused_run_is_begun_and_all_of_it_when_it_goes_on(bench: Bench) -> None:
    await bench.log.append([uploaded(f"p{number}") for number in range(6)])
    await bench.work()
    run = await bench.runs.start(ALL)
    feeder = bench.replays(window=Window(untried=3, unfinished=3))
    await feeder.turn()
    await feeder.turn()
    assert len(await bench.work(limit=1)) == 1
    (in_hand,) = await bench.queue.claim("embed", 1)
    paused = await bench.runs.pause(run.id)
    assert paused is not None
    assert paused.state is RunState.PAUSED
    assert await bench.work() == []
    await feeder.turn()
    # What is in hand is finished, and what follows from it is held with the others.
    await bench.queue.done([in_hand], [embedded(in_hand.event.subject)])
    assert sorted(state for *_, state in await bench.states(run.id)) == ["done", "done", "held", "held", "held"]
    await bench.runs.resume(run.id)
    ended = await bench.fed(feeder, run.id)
    assert (ended.state, ended.counts.asked, ended.counts.done) == (RunState.DONE, 8, 8)


async def test_a_cancelled_run_ends_and_what_waits_with_it(bench: Bench) -> None:
    await bench.log.append([uploaded(f"p{number}") for number in range(4)])
    await bench.work()
    run = await bench.runs.start(ALL)
    feeder = bench.replays()
    for _ in range(2):
        await feeder.turn()
    await bench.work(limit=1)
    await bench.runs.pause(run.id)
    ended = await bench.runs.cancel(run.id)
    assert ended is not None
    assert (ended.state, ended.counts.done, ended.counts.cancelled, ended.counts.open) == (RunState.CANCELLED, 1, 3, 0)
    assert ended.finished_at is not None
    assert await bench.work() == []
    await feeder.turn()
    assert (await bench.now(run.id)) == ended
    resumed = await bench.runs.resume(run.id)
    assert resumed == ended


@pytest.mark.parametrize(("state", "left", "found"), [("paused", "waiting", "held"), ("running", "held", "waiting")])
async def test_a_delivery_that_missed_the_turn_of_its_run_follows_it(
    bench: Bench, state: str, left: str, found: str
) -> None:
    await bench.log.append([uploaded("p")])
    await bench.work()
    run = await bench.runs.start(ALL)
    await bench.log.append([uploaded("p")], run.id)
    # As a statement leaves it that read the run before it changed, and wrote after.
    await bench.pool.execute("UPDATE runs SET state = $1", state)
    await bench.pool.execute("UPDATE deliveries SET state = $1 WHERE run = $2", left, run.id)
    await bench.feeding().follow()
    assert await bench.states(run.id) == [("p", "embed", run.id, found)]


async def test_of_many_feeders_one_feeds_and_another_goes_on_when_it_dies(bench: Bench) -> None:
    run = await bench.runs.start(ALL)
    feeders = [bench.feeding(name) for name in "abcd"]
    claims = await asyncio.gather(*(feeder.claim("replay") for feeder in feeders))
    ((first, _),) = [(feeder, claim) for feeder, claim in zip(feeders, claims, strict=True) if claim is not None]
    other = next(feeder for feeder in feeders if feeder is not first)
    assert await first.claim("replay") is not None
    assert await other.claim("replay") is None
    assert await first.save(run.id, ReplayProgress(last=9, at=3), "") is True
    # The first dies: its lease runs out, and what it had written down holds.
    await bench.pool.execute("UPDATE runs SET fed_until = clock_timestamp()")
    taken = await other.claim("replay")
    assert taken is not None
    assert taken.progress == ReplayProgress(last=9, at=3)
    assert await first.save(run.id, ReplayProgress(last=9, at=5), "") is False
    await first.renew(run.id)
    assert await first.claim("replay") is None


async def test_a_clock_that_was_set_back_keeps_no_run_from_being_fed(bench: Bench) -> None:
    await bench.runs.start(ALL)
    await bench.feeding("dead").claim("replay")
    await bench.pool.execute("UPDATE runs SET fed_until = clock_timestamp() + interval '1 hour'")
    assert await bench.feeding("other").claim("replay") is not None


async def test_runs_are_listed_newest_first_and_unknown_ones_are_none(bench: Bench) -> None:
    first = await bench.runs.start(ALL)
    await bench.runs.cancel(first.id)
    second = await bench.runs.start(ScanRequest())
    assert [run.id for run in await bench.runs.list(5)] == [second.id, first.id]
    assert [run.id for run in await bench.runs.list(1)] == [second.id]
    unknown = RunId("scan:none")
    assert [await turn(unknown) for turn in (bench.runs.get, bench.runs.pause, bench.runs.cancel)] == [None] * 3


async def test_what_a_finished_run_counted_stays_when_its_deliveries_are_forgotten(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), uploaded("q")])
    await bench.kill("embed", ["q"])
    run = await bench.runs.start(ALL)
    feeder = bench.replays()
    for _ in range(2):
        await feeder.turn()
    await bench.kill("embed", ["q"])
    ended = await bench.fed(feeder, run.id)
    assert (ended.counts.asked, ended.counts.done, ended.counts.failed) == (2, 1, 1)
    await bench.pool.execute("DELETE FROM deliveries")
    assert await bench.now(run.id) == ended


async def test_whether_a_reactor_runs_is_told_by_its_lock(bench: Bench, database: str) -> None:
    assert await bench.runs.service_runs() is False
    listening = asyncio.create_task(bench.wake.listen())
    try:
        async with asyncio.timeout(10):
            while not await bench.runs.service_runs():
                await asyncio.sleep(0.02)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    async with asyncio.timeout(10):
        while await bench.runs.service_runs():
            await asyncio.sleep(0.02)


async def test_a_run_of_another_release_is_said_and_can_be_cancelled(bench: Bench) -> None:
    run = await bench.runs.start(ALL)
    await bench.pool.execute("UPDATE runs SET progress = jsonb_build_object('at', 'nowhere')")
    with pytest.raises(Permanent, match="cancel it"):
        await bench.replays().turn()
    ended = await bench.runs.cancel(run.id)
    assert ended is not None
    assert ended.state is RunState.CANCELLED


async def test_a_scan_whose_hours_make_no_sense_fails_with_a_sentence(bench: Bench) -> None:
    run = await bench.runs.start(ScanRequest(quiet_hours="always"))
    feed = ScanFeed([], nobody, bench.log, pace=ScanPace(), faces=False, now=now)
    ended = await bench.fed(bench.scans(feed), run.id)
    assert (ended.state, ended.note) == (RunState.FAILED, "quiet hours are written like 22:00-07:00")


def nobody(account: AccountId) -> Timeline:
    raise Permanent(f"there is no account {account}")
