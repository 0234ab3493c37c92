"""How a scan is fed: once, at its pace, past pauses and crashes and accounts that are in trouble."""

import asyncio
from datetime import datetime, timedelta

import pytest

from reactor.core.ids import AccountId
from reactor.core.pace import Window
from reactor.core.quiet_hours import quiet_hours
from reactor.core.runs import RunState, ScanRequest
from reactor.demo.phone import Phone, Shot
from reactor.sources.scan import ScanPace

from ..household import Household, eventually
from .bench import ME, YOU, uploaded
from .camera import frame, take, wall
from .scan_rig import Scans, a_journey


async def test_two_feeders_at_once_ask_nothing_twice(scans: Scans, home: Household) -> None:
    photos = await a_journey(home)
    run = await scans.bench.runs.start(ScanRequest())
    small = Window(untried=1, unfinished=1)
    feeders = [scans.feeder(name, small) for name in ("first", "second")]
    for _ in range(200):
        for feeder in feeders:
            await feeder.turn()
        await scans.bench.work()
    ended = await scans.bench.now(run.id)
    assert (ended.state, ended.counts.done) == (RunState.DONE, 6)
    assert await scans.asked() == photos


async def test_a_feeder_that_is_killed_midway_loses_nothing_and_the_next_goes_on(scans: Scans, home: Household) -> None:
    photos = await a_journey(home)
    run = await scans.bench.runs.start(ScanRequest())
    killed = scans.feeder("killed", Window(untried=1, unfinished=1))
    while (await scans.bench.now(run.id)).counts.done < 3:
        await killed.turn()
        await scans.bench.work()
    other = scans.feeder("other")
    await other.turn()
    assert (await scans.bench.now(run.id)).counts.asked == 3, "another feeds only when the lease has run out"
    # It had asked for the fourth, and died before it wrote that down.
    await scans.bench.log.append([uploaded(photos[3])], run.id, source="scan")
    await scans.bench.pool.execute("UPDATE runs SET fed_until = clock_timestamp()")
    ended = await scans.bench.fed(other, run.id)
    assert (ended.state, ended.counts.asked, ended.counts.done) == (RunState.DONE, 6, 6)
    assert await scans.asked() == photos


async def test_a_paused_scan_goes_on_where_it_was(scans: Scans, home: Household) -> None:
    photos = await a_journey(home)
    run = await scans.bench.runs.start(ScanRequest())
    feeder = scans.feeder(window=Window(untried=1, unfinished=1))
    while (await scans.bench.now(run.id)).counts.done < 2:
        await feeder.turn()
        await scans.bench.work()
    await scans.bench.runs.pause(run.id)
    for _ in range(5):
        await feeder.turn()
        assert await scans.bench.work() == []
    stood = await scans.bench.now(run.id)
    assert 0.0 < stood.share < 1.0
    await scans.bench.runs.resume(run.id)
    await scans.bench.fed(feeder, run.id)
    assert await scans.asked() == photos


async def test_what_is_asked_for_is_bounded_by_the_budget_of_a_minute(scans: Scans, home: Household) -> None:
    for number in range(8):
        await take(home, number, wall(2026, 6, 2, 12, number), settle=False)
    await home.rest()
    scans.pace = ScanPace(per_minute=2)
    run = await scans.bench.runs.start(ScanRequest())
    feeder = scans.feeder()
    counts = []
    for _ in range(4):
        for _ in range(6):
            assert await feeder.turn() <= 5.0
        counts.append(len(await scans.asked()))
        scans.clock.at += timedelta(seconds=31)
    assert counts == [1, 2, 3, 4]
    quicker = await scans.bench.runs.get(run.id)
    assert quicker is not None
    await scans.bench.runs.cancel(run.id)
    await scans.carried_out(ScanRequest(rate_per_minute=60_000))
    assert len(await scans.asked()) == 4 + 8


async def test_it_rests_in_quiet_hours_and_says_so(scans: Scans, home: Household) -> None:
    await take(home, 1, wall(2026, 6, 2, 12))
    night = datetime(2026, 6, 2, 23, 30).astimezone()
    scans.clock.at = night
    scans.pace = ScanPace(per_minute=600, rest=quiet_hours("22:00-07:00"))
    run = await scans.bench.runs.start(ScanRequest())
    feeder = scans.feeder()
    for _ in range(4):
        await feeder.turn()
    assert await scans.asked() == []
    assert (await scans.bench.now(run.id)).note == "quiet hours: rests until 07:00"
    scans.clock.at = night + timedelta(hours=8)
    ended = await scans.bench.fed(feeder, run.id)
    assert (ended.counts.done, ended.note) == (1, "")
    scans.clock.at = night
    ended = await scans.carried_out(ScanRequest(quiet_hours=""))
    assert ended.counts.done == 1, "the request's own word goes before the settings"


async def test_all_accounts_are_scanned_and_one_in_trouble_keeps_no_other_waiting(
    scans: Scans, home: Household
) -> None:
    mine = await take(home, 1, wall(2026, 6, 2, 12))
    you = home.immich.add_user("You", "you@example.com")
    async with Phone(home.immich.url, you.api_key) as phone:
        shot = Shot(file_name="2.jpg", data=frame(2, wall(2026, 6, 1, 12)), taken_at=wall(2026, 6, 1, 12))
        yours = await phone.upload(shot)
    await home.rest()
    scans.keys[YOU] = you.api_key
    scans.blocked.add(YOU)
    run = await scans.bench.runs.start(ScanRequest())
    feeder = scans.feeder()
    for _ in range(12):
        await feeder.turn()
        await scans.bench.work()
    waiting = await scans.bench.now(run.id)
    assert (waiting.state, waiting.words) == (RunState.RUNNING, "you: Immich refuses the key of you")
    assert await scans.asked() == [mine]
    scans.blocked.clear()
    scans.clock.at += timedelta(seconds=61)
    ended = await scans.bench.fed(feeder, run.id)
    assert (ended.state, ended.words) == (RunState.DONE, "")
    assert await scans.asked() == [mine, yours]
    again = await scans.carried_out(ScanRequest(accounts=(YOU,)))
    assert await scans.asked(again.id) == [yours]


async def test_an_account_that_is_not_there_any_more_fails_the_run_and_not_the_others(
    scans: Scans, home: Household
) -> None:
    mine = await take(home, 1, wall(2026, 6, 2, 12))
    ended = await scans.carried_out(ScanRequest(accounts=(ME, AccountId("gone"))))
    assert (ended.state, ended.words) == (RunState.FAILED, "gone: there is no such account (any more)")
    assert await scans.asked() == [mine]


async def test_a_step_that_takes_long_keeps_its_lease(
    scans: Scans, home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(home, 1, wall(2026, 6, 2, 12))
    monkeypatch.setattr("reactor.sources.feeding.RENEW_S", 0.05)
    run = await scans.bench.runs.start(ScanRequest())
    home.immich.fail("GET", "/api/users/me", hang=True)
    slow = asyncio.create_task(scans.feeder("slow").turn())

    async def held() -> bool:
        return bool(await scans.bench.pool.fetchval("SELECT feeder FROM runs"))

    await eventually(held, "the run is in hand")
    await scans.bench.pool.execute("UPDATE runs SET fed_until = clock_timestamp()")

    async def prolonged() -> bool:
        return bool(await scans.bench.pool.fetchval("SELECT fed_until > clock_timestamp() + interval '20 s' FROM runs"))

    await eventually(prolonged, "the lease is prolonged")
    assert await scans.bench.feeding("other").claim("scan") is None
    home.immich.heal()
    await slow
    await scans.bench.fed(scans.feeder("slow"), run.id)
