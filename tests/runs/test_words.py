"""How commands read days and moments, steer runs and say how they ended."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
import typer

from reactor.cli.history import event_words, follow_log
from reactor.cli.running import LOOK_S, Control, report, steer, the_one, told, watch
from reactor.cli.words import a_day, a_moment
from reactor.core.changes import Reason, TagAsset, TagState
from reactor.core.errors import StartError
from reactor.core.history import DeadFilter, EventFilter
from reactor.core.ids import AssetId
from reactor.core.journal import Cause, EntryState
from reactor.core.runs import AccountProgress, ReplayRequest, RunState, ScanProgress, ScanRequest

from ..household import eventually
from .bench import ME, YOU, Bench, uploaded
from .world import now

ALL = ReplayRequest(everything=True)
NOON = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


@pytest.mark.parametrize(
    "text", ["2026-06-02", "2026-06-02T10:20:30Z", "2026-06-02T10:20:30.123+02:00", " 2026-06-02 "]
)
def test_a_day_may_be_the_beginning_of_a_whole_time(text: str) -> None:
    assert a_day(text) == date(2026, 6, 2)


@pytest.mark.parametrize("text", ["02.06.2026", "2026-13-01", "2026-06", "yesterday", "2026-06-021"])
def test_what_is_no_day_is_said(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write it like 2026-06-01"):
        a_day(text)


def test_a_moment_is_a_time_or_so_long_ago() -> None:
    assert a_moment("2h", NOON) == NOON - timedelta(hours=2)
    assert a_moment("3d", NOON) == NOON - timedelta(days=3)
    assert a_moment("2026-06-01T12:00+02:00", NOON) == datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
    local = a_moment("2026-06-01T12:00", NOON)
    assert local is not None
    assert (local.hour, local.tzinfo is not None) == (12, True)
    assert (a_moment(None, NOON), a_day("")) == (None, None)
    for text in ("soon", "2 fortnights", "h", "999999w", "0001-01-01", "9999-12-31T23:00-12:00"):
        with pytest.raises(typer.BadParameter, match="or 2h, 3d ago"):
            a_moment(text, NOON)


def test_one_steering_option_at_a_time() -> None:
    none: dict[Control, bool] = {"status": False, "pause": False, "resume": False, "cancel": False}
    assert the_one(none) is None
    assert the_one(none | {"pause": True}) == "pause"
    with pytest.raises(typer.BadParameter, match="--pause and --cancel"):
        the_one(none | {"pause": True, "cancel": True})
    assert the_one(none | {"status": True}, "scan:x") == "status"
    with pytest.raises(typer.BadParameter, match="without one a new run is begun"):
        the_one(none, "scan:x")


async def test_a_run_is_steered_by_its_id_or_as_the_one_that_is_open(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StartError, match="no replay is running or paused"):
        await steer(bench.runs, "replay", "pause", None, as_json=False)
    assert await steer(bench.runs, "replay", "status", None, as_json=False) == 0
    assert capsys.readouterr().out == "there was no replay yet\n"
    run = await bench.runs.start(ALL)
    other = await bench.runs.start(ScanRequest())
    assert await steer(bench.runs, "replay", "pause", None, as_json=False) == 0
    assert capsys.readouterr().out.startswith(f"{run.id}  paused  0%")
    assert (await bench.now(other.id)).state is RunState.RUNNING
    assert await steer(bench.runs, "replay", "resume", run.id, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "running"
    assert await steer(bench.runs, "replay", "cancel", run.id, as_json=False) == 0
    assert await steer(bench.runs, "replay", "resume", run.id, as_json=False) == 1
    with pytest.raises(StartError, match="there is no run replay:x"):
        await steer(bench.runs, "replay", "status", "replay:x", as_json=False)


async def test_whoever_joins_is_told_and_need_not_wait(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    run = await bench.runs.start(ScanRequest(only="stack"))
    assert await told(bench.runs, run, once=False, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["joined"] is False
    again = await bench.runs.start(ScanRequest(only="classify"))
    assert await told(bench.runs, again, once=False, as_json=False) == 0
    said = capsys.readouterr()
    assert f"{run.id} was there already (Scan of all accounts, stacks only)" in said.err
    assert f"reactor scan {run.id} --status" in said.err
    assert said.out.startswith(run.id)


async def test_the_end_is_waited_for_and_a_failure_is_an_exit_code(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    await bench.log.append([uploaded("p"), uploaded("q")])
    await bench.work()
    run = await bench.runs.start(ALL)
    watching = asyncio.create_task(watch(bench.runs, run))
    feeder = bench.replays()
    for _ in range(2):
        await feeder.turn()
    await bench.kill("embed", ["q"])
    await bench.fed(feeder, run.id)
    ended = await watching
    assert ended.state is RunState.DONE
    assert await report(bench.runs, ended, as_json=False) == 1
    assert "1 of 2 done, 1 failed" in capsys.readouterr().out
    await bench.history.drop()
    fine = await bench.runs.start(ReplayRequest(asset=AssetId("p")))
    assert await report(bench.runs, await bench.fed(bench.replays(), fine.id), as_json=False) == 0


async def test_who_stops_waiting_is_told_that_the_run_goes_on(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    run = await bench.runs.start(ScanRequest())
    waiting = asyncio.create_task(told(bench.runs, run, once=True, as_json=False))
    await asyncio.wait({waiting}, timeout=LOOK_S)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert f"{run.id} has not ended, and goes on; `reactor scan {run.id} --cancel` ends it" in capsys.readouterr().err
    assert (await bench.now(run.id)).is_open


async def test_where_nobody_sees_a_bar_a_line_tells_once_what_holds_a_run_up(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await bench.runs.start(ScanRequest())
    watching = asyncio.create_task(watch(bench.runs, run))
    said = ""

    async def told() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return "me: the key is refused" in said

    held = AccountProgress(account=ME, note="the key is refused")
    feeding = bench.feeding()
    assert await feeding.claim("scan") is not None
    assert await feeding.save(run.id, ScanProgress(accounts=(held,)), "")
    await eventually(told, "it is said")
    await asyncio.wait({watching}, timeout=3 * LOOK_S)
    await bench.runs.cancel(run.id)
    await watching
    assert said + capsys.readouterr().err == f"{run.id}: me: the key is refused\n"


async def test_a_plan_says_what_where_and_why(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    run = await bench.runs.start(ScanRequest(dry=True))
    reason = Reason(rule="Receipts: like “a bill”", scores=(("Receipts", 0.31), ("pixels", 1920000.0)))
    change = TagAsset(account=ME, asset=AssetId("p"), tags=("Auto/Receipts",), reason=reason)
    journal = bench.journal
    for state in (EntryState.PLANNED, EntryState.VETOED):
        cause = Cause(handler="classify", event=1, run=run.id)
        await journal.write(change, cause, TagState(tags=frozenset()), state)
    assert await report(bench.runs, run, as_json=False) == 1, "it has not ended"
    said = capsys.readouterr().out
    assert "me: tag p: Auto/Receipts\n    Receipts: like “a bill” (Receipts 0.31, pixels 1920000)\n" in said
    assert "me: tag p: Auto/Receipts (undone by you before: stays as it is)\n" in said
    await report(bench.runs, run, as_json=True)
    first, second = json.loads(capsys.readouterr().out)["plan"]
    assert (first["kind"], first["subjects"], first["scores"]) == (
        "TagAsset",
        ["p"],
        {"Receipts": 0.31, "pixels": 1920000.0},
    )
    assert (first["undone"], second["undone"]) == (False, True)


async def test_events_and_the_dead_are_shown_in_words_and_as_json(bench: Bench) -> None:
    await bench.log.append([uploaded("p")], source="webhook")
    await bench.kill("embed", ["p"])
    (line,) = await bench.history.events(EventFilter(), 1)
    assert event_words(line).split()[3:] == ["webhook", "me", "AssetUploaded", "p", "embed:", "dead"]
    (letter,) = await bench.history.dead(DeadFilter())
    assert (letter.payload, letter.error) == ({"account": "me", "asset": "p"}, "no picture")


async def test_who_follows_is_shown_what_fits_since_a_time_and_from_now_on(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    await bench.log.append([uploaded("before")])
    since = now() - timedelta(days=1)
    following = asyncio.create_task(follow_log(bench.history, EventFilter(account=ME, since=since), 50, as_json=True))
    shown: list[str] = []
    try:
        for number in range(200):
            await bench.log.append([uploaded(f"p{number}"), uploaded(f"q{number}", YOU)])
            await asyncio.sleep(0.02)
            lines = [
                line for line in capsys.readouterr().out.splitlines() if line.startswith("{")
            ]  # not what is logged
            shown += [json.loads(line)["subject"] for line in lines]
            if len(shown) > 20:
                break
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert shown == ["before", *(f"p{number}" for number in range(int(shown[-1][1:]) + 1))]
    assert len(shown) > 20
