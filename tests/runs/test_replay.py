"""Replays: told beforehand, fed a page at a time, filtered, and of the dead each once."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from reactor.core.events import PersonRenamed
from reactor.core.history import DeadFilter
from reactor.core.ids import AssetId, PersonId, RunId
from reactor.core.interventions import UndoAsked
from reactor.core.pace import Window
from reactor.core.runs import BadRequest, ReplayRequest, RunState, check
from reactor.core.settlement import Again

from .bench import ME, YOU, Bench, embedded, named, nothing, uploaded

ALL = ReplayRequest(everything=True)


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


async def replayed(bench: Bench, request: ReplayRequest) -> list[tuple[str, str]]:
    """Return who was asked about what, in order of names, and expect that it was told beforehand."""
    told = await bench.runs.would_deliver(request)
    run = await bench.runs.start(request)
    assert run.joined is False
    ended = await bench.fed(bench.replays(), run.id)
    assert (ended.state, ended.share) == (RunState.DONE, 1.0)
    asked = sorted((subject, handler) for subject, handler, *_ in await bench.states(run.id))
    assert sum(number for *_, number in told.deliveries) == len(asked) == ended.counts.done
    return asked


async def test_everything_is_delivered_again_and_new_events_are_no_part_of_it(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), embedded("p")])
    await bench.work()
    run = await bench.runs.start(ALL)
    feeder = bench.replays()
    await feeder.turn()
    await bench.log.append([uploaded("later")])
    await bench.fed(feeder, run.id)
    asked = sorted((subject, handler) for subject, handler, *_ in await bench.states(run.id))
    assert asked == [("p", "classify"), ("p", "embed"), ("p", "stack")]


async def test_what_a_person_once_asked_for_is_asked_again_only_where_it_is_named(bench: Bench) -> None:
    bench.router.on(UndoAsked, name="undo")(nothing)
    order = UndoAsked(account=ME, entry=1, feature="tags", photos=("p",), run=RunId("undo:1"))
    await bench.log.append([uploaded("p"), order], RunId("undo:1"))
    await bench.work()
    assert await replayed(bench, ALL) == [("p", "embed")]
    assert await replayed(bench, ReplayRequest(handlers=("undo",))) == [("p", "undo")]


async def test_filters_choose_events_and_handlers(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), uploaded("q", YOU), embedded("p"), embedded("q", YOU)])
    await bench.pool.execute("UPDATE events SET heard_at = now() - interval '1 day' WHERE subject = 'q'")
    await bench.work()
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert await replayed(bench, ReplayRequest(kinds=("AssetUploaded",))) == [("p", "embed"), ("q", "embed")]
    assert await replayed(bench, ReplayRequest(account=YOU, handlers=("stack",))) == [("q", "stack")]
    assert await replayed(bench, ReplayRequest(asset=AssetId("p"), handlers=("embed", "classify"))) == [
        ("p", "classify"),
        ("p", "embed"),
    ]
    assert await replayed(bench, ReplayRequest(since=hour_ago, kinds=("AssetUploaded",))) == [("p", "embed")]
    assert await replayed(bench, ReplayRequest(until=hour_ago, handlers=("embed",))) == [("q", "embed")]


async def test_it_says_beforehand_what_it_would_deliver_and_writes_nothing(bench: Bench) -> None:
    await bench.log.append([uploaded(f"p{number}") for number in range(30)])
    await bench.log.append([embedded("p0")])
    await bench.work()
    before = await bench.states()
    told = await bench.runs.would_deliver(ALL)
    assert told.events == 31
    assert told.deliveries == (
        ("AssetEmbedded", "classify", 1),
        ("AssetEmbedded", "stack", 1),
        ("AssetUploaded", "embed", 30),
    )
    assert len(told.first) == 20
    assert told.first[0][1] == "AssetUploaded"
    assert await bench.states() == before
    assert await bench.runs.list() == ()


async def test_a_name_that_is_no_longer_so_is_not_told_again(bench: Bench) -> None:
    renamed = PersonRenamed(account=ME, person=PersonId("x"), name="Anna", before="Ann", revision=1)
    await bench.log.append([named("x", "Ann")])
    await bench.log.append([renamed, named("y", "Bob")])
    await bench.work()
    assert await replayed(bench, ALL) == [("x", "faces"), ("y", "faces")]
    await bench.runs.start(ALL)
    for _ in range(2):
        await bench.replays().turn()
    told = [delivery.event for delivery in await bench.work()]
    assert sorted(event.subject for event in told) == ["x", "y"]
    assert renamed in told


async def test_no_more_is_outstanding_than_the_window_allows(bench: Bench) -> None:
    await bench.log.append([uploaded(f"p{number}") for number in range(50)])
    await bench.work()
    run = await bench.runs.start(ALL)
    feeder = bench.replays(window=Window(untried=7, unfinished=7))
    most = 0
    for _ in range(40):
        await feeder.turn()
        most = max(most, (await bench.now(run.id)).counts.open)
        await bench.work(limit=5)
    assert most == 7
    assert (await bench.now(run.id)).counts.done == 50


async def test_what_waits_long_keeps_the_rest_from_being_asked_only_at_the_wider_bound(bench: Bench) -> None:
    await bench.log.append([uploaded(f"p{number}") for number in range(20)])
    await bench.work()
    run = await bench.runs.start(ALL)
    feeder = bench.replays(window=Window(untried=3, unfinished=8))
    for _ in range(10):
        await feeder.turn()
        if claimed := await bench.queue.claim("embed", 50):
            # As where Immich has no preview: tried once, and again after a while.
            await bench.queue.failed(claimed, Again(wait=timedelta(hours=1), why="no preview", counted=False))
    assert (await bench.now(run.id)).counts.open == 8


async def test_a_feeder_that_died_after_it_asked_asks_nothing_twice(bench: Bench) -> None:
    await bench.log.append([uploaded(f"p{number}") for number in range(10)])
    await bench.work()
    run = await bench.runs.start(ALL)
    dying = bench.replays("dying", window=Window(untried=6, unfinished=6))
    for _ in range(2):
        await dying.turn()
    # Its last page was asked for, and its end came before that was written down.
    await bench.pool.execute(
        "UPDATE runs SET fed_until = clock_timestamp(), progress = jsonb_set(progress, '{at}', '0')"
    )
    assert len(await bench.work()) == 6
    ended = await bench.fed(bench.replays("other"), run.id)
    assert (ended.counts.asked, ended.counts.done) == (10, 10)


async def test_the_dead_are_asked_for_again_and_shown_once(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), uploaded("q"), uploaded("fine")])
    await bench.kill("embed", ["p", "q"])
    run = await bench.runs.start(ReplayRequest(failed=True))
    feeder = bench.replays()
    for _ in range(2):
        await feeder.turn()
    assert await bench.history.dead(DeadFilter()) == ()
    await bench.kill("embed", ["q"], why="still broken")
    ended = await bench.fed(feeder, run.id)
    assert (ended.counts.done, ended.counts.failed) == (1, 1)
    (letter,) = await bench.history.dead(DeadFilter())
    assert (letter.subject, letter.run, letter.error) == ("q", run.id, "still broken")
    notes = await bench.pool.fetch("SELECT error FROM deliveries WHERE run = 'live' AND error IS NOT NULL")
    assert {row["error"] for row in notes} == {f"replayed in {run.id}; it had failed with: no picture"}


async def test_of_the_dead_only_those_of_the_handlers_named_and_each_photo_once(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), embedded("p")])
    for handler in ("embed", "classify", "stack"):
        await bench.kill(handler, ["p"])
    first = await bench.runs.start(ReplayRequest(failed=True, handlers=("stack", "classify")))
    for _ in range(2):
        await bench.replays().turn()
    await bench.kill("stack", ["p"], why="again")
    await bench.fed(bench.replays(), first.id)
    assert sorted((letter.handler, letter.run) for letter in await bench.history.dead(DeadFilter())) == [
        ("embed", "live"),
        ("stack", first.id),
    ]
    assert await replayed(bench, ReplayRequest(failed=True)) == [("p", "embed"), ("p", "stack")]
    assert await bench.history.dead(DeadFilter()) == ()


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (ReplayRequest(), "needs a filter"),
        (ReplayRequest(kinds=("AssetUploade",)), "no kind 'AssetUploade'"),
        (ReplayRequest(handlers=("x",)), "no handler 'x'; there are classify, embed"),
        (ReplayRequest(account=YOU), "no account 'you'; there are me"),
        (
            ReplayRequest(since=datetime(2026, 6, 2, tzinfo=UTC), until=datetime(2026, 6, 1, tzinfo=UTC)),
            "before it begins",
        ),
    ],
)
def test_what_cannot_be_replayed_is_said(request_: ReplayRequest, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        check(request_, accounts=["me"], handlers=["embed", "classify"])


def test_what_can_be_replayed_is_not_objected_to() -> None:
    for request_ in (ALL, ReplayRequest(failed=True), ReplayRequest(account=ME, handlers=("embed",))):
        check(request_, accounts=["me"], handlers=["embed"])
