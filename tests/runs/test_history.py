"""The log as people read it: filtered, paged, followed; and what they do with what was given up."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from reactor.core.history import DeadFilter, EventFilter, EventLine, Unseen
from reactor.core.ids import LIVE
from reactor.core.runs import ReplayRequest
from reactor.core.settlement import Again, Shelved

from .bench import ME, YOU, Bench, embedded, uploaded


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


async def test_events_are_listed_newest_first_with_what_became_of_them(bench: Bench) -> None:
    await bench.log.append([uploaded("p")], source="webhook")
    (delivery,) = await bench.queue.claim("embed", 1)
    await bench.queue.done([delivery], [embedded("p")])
    newest, oldest = await bench.history.events(EventFilter(), 10)
    assert (newest.kind, oldest.kind, oldest.source) == ("AssetEmbedded", "AssetUploaded", "webhook")
    assert [(line.handler, line.run, line.state) for line in newest.deliveries] == [
        ("classify", LIVE, "waiting"),
        ("stack", LIVE, "waiting"),
    ]
    assert [(line.handler, line.state, line.attempts) for line in oldest.deliveries] == [("embed", "done", 1)]
    assert newest.payload["model"] == "m"
    assert await bench.history.events(EventFilter(), 10, before_seq=newest.seq) == (oldest,)
    assert await bench.history.events(EventFilter(), 1) == (newest,)


async def test_events_are_filtered_by_kind_account_subject_and_time(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), uploaded("q", YOU), embedded("p")])
    await bench.pool.execute("UPDATE events SET heard_at = now() - interval '1 day' WHERE subject = 'q'")
    now = datetime.now(UTC)

    async def found(wanted: EventFilter) -> list[tuple[str, str]]:
        return sorted((line.kind, line.subject) for line in await bench.history.events(wanted, 10))

    assert await found(EventFilter(kinds=("AssetUploaded",))) == [("AssetUploaded", "p"), ("AssetUploaded", "q")]
    assert await found(EventFilter(account=YOU)) == [("AssetUploaded", "q")]
    assert await found(EventFilter(subject="p")) == [("AssetEmbedded", "p"), ("AssetUploaded", "p")]
    assert await found(EventFilter(until=now - timedelta(hours=1))) == [("AssetUploaded", "q")]
    assert await found(EventFilter(since=now - timedelta(hours=1), kinds=("AssetUploaded",))) == [
        ("AssetUploaded", "p")
    ]


async def test_who_follows_loses_no_event_that_is_committed_late(bench: Bench) -> None:
    await bench.log.append([uploaded("old")])
    unseen = Unseen()
    unseen.take(await bench.history.events(EventFilter(), 1))
    shown: list[str] = []

    async def look() -> None:
        lines = await bench.history.unseen(EventFilter(), 50, after=unseen.after, seen=unseen.seen)
        shown.extend(line.subject for line in unseen.take(lines))

    async with bench.pool.acquire() as late:
        open_one = late.transaction()
        await open_one.start()
        # It takes its number now, and is seen by nobody until it commits.
        await late.execute(
            """
            INSERT INTO events (account, kind, subject, version, payload)
            VALUES ('me', 'AssetUploaded', 'late', '', '{}')
            """
        )
        await bench.log.append([uploaded("quick")])
        await look()
        await open_one.commit()
    await look()
    await look()
    assert shown == ["quick", "late"]


async def test_who_follows_a_flood_is_shown_each_event_once(bench: Bench) -> None:
    unseen = Unseen(overlap=40)
    shown: list[str] = []

    async def flood() -> None:
        for start in range(0, 300, 20):
            await bench.log.append([uploaded(f"p{number}") for number in range(start, start + 20)])

    flooding = asyncio.create_task(flood())
    async with asyncio.timeout(20):
        while len(shown) < 300:
            lines = await bench.history.unseen(EventFilter(), 15, after=unseen.after, seen=unseen.seen)
            shown.extend(line.subject for line in unseen.take(lines))
    await flooding
    assert len(set(shown)) == len(shown) == 300


def test_what_was_seen_is_forgotten_only_when_it_is_not_read_any_more() -> None:
    unseen = Unseen(overlap=10)
    for start in range(1, 100, 5):
        fresh = unseen.take(a_line(seq) for seq in range(start, start + 5))
        assert [line.seq for line in fresh] == list(range(start, start + 5))
        assert unseen.take(a_line(seq) for seq in range(max(1, unseen.after + 1), start + 5)) == ()
    assert unseen.after == 90
    assert set(unseen.seen) == set(range(91, 101))


def a_line(seq: int) -> EventLine:
    return EventLine(
        seq=seq,
        heard_at=datetime(2026, 6, 1, tzinfo=UTC),
        source="",
        account=ME,
        kind="AssetUploaded",
        subject=str(seq),
        payload={},
    )


async def test_the_dead_show_error_attempts_and_payload(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), uploaded("q", YOU), uploaded("fine")])
    await bench.kill("embed", ["p", "q"], why="the picture is broken")
    letters = await bench.history.dead(DeadFilter())
    assert sorted(letter.subject for letter in letters) == ["p", "q"]
    (letter,) = await bench.history.dead(DeadFilter(account=ME))
    assert (letter.error, letter.attempts, letter.state, letter.handler) == (
        "the picture is broken",
        1,
        "dead",
        "embed",
    )
    assert letter.payload["asset"] == "p"
    assert letter.given_up_at is not None
    assert await bench.history.dead(DeadFilter(handler="stack")) == ()
    assert await bench.history.dead(DeadFilter(shelved=True)) == ()
    assert len(await bench.history.dead(DeadFilter(), 1)) == 1


async def test_a_dead_delivery_is_tried_again_as_if_for_the_first_time(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), uploaded("q")])
    await bench.kill("embed", ["p", "q"])
    first, second = (letter.id for letter in await bench.history.dead(DeadFilter()))
    assert await bench.history.retry([first]) == 1
    (again,) = await bench.queue.claim("embed", 5)
    assert (again.id, again.attempts) == (first, 1)
    await bench.queue.done([again], [])
    assert [letter.id for letter in await bench.history.dead(DeadFilter())] == [second]
    assert await bench.history.retry([first]) == 0
    assert await bench.history.retry(wanted=DeadFilter(handler="stack")) == 0
    assert await bench.history.retry() == 1
    assert await bench.history.dead(DeadFilter()) == ()


async def test_what_a_paused_run_gave_up_waits_for_the_run_when_it_is_tried_again(bench: Bench) -> None:
    await bench.log.append([uploaded("p")])
    await bench.work()
    run = await bench.runs.start(ReplayRequest(everything=True))
    await bench.log.append([uploaded("p")], run.id)
    await bench.kill("embed", ["p"])
    await bench.runs.pause(run.id)
    assert await bench.history.retry() == 1
    assert await bench.states(run.id) == [("p", "embed", run.id, "held")]


async def test_what_a_person_tries_again_after_its_run_was_cancelled_is_tried_as_often_as_any_other(
    bench: Bench,
) -> None:
    await bench.log.append([uploaded("p")])
    await bench.work()
    run = await bench.runs.start(ReplayRequest(everything=True))
    await bench.log.append([uploaded("p")], run.id)
    await bench.kill("embed", ["p"])
    await bench.runs.cancel(run.id)
    await bench.pool.execute("UPDATE runs SET finished_at = finished_at - interval '1 hour'")
    await bench.pool.execute("UPDATE deliveries SET first_tried_at = first_tried_at - interval '1 hour'")
    assert await bench.history.retry() == 1
    for _ in range(2):
        claimed = await bench.queue.claim("embed", 1)
        await bench.queue.failed(claimed, Again(wait=timedelta(0), why="Immich is away", counted=False))
        assert await bench.states(run.id) == [("p", "embed", run.id, "waiting")]


async def test_a_dropped_delivery_is_never_tried_again_and_says_who_ended_it(bench: Bench) -> None:
    await bench.log.append([uploaded("p")])
    await bench.kill("embed", ["p"], why="the picture is broken")
    assert await bench.history.drop() == 1
    assert await bench.history.dead(DeadFilter()) == ()
    ((line,),) = [event.deliveries for event in await bench.history.events(EventFilter(), 1)]
    assert line.state == "cancelled"
    assert line.error == "dropped by hand; it had failed with: the picture is broken"
    assert await bench.work() == []
    assert await bench.history.retry([line.id]) == 0


async def test_what_was_put_aside_is_listed_apart_and_can_be_tried_again(bench: Bench) -> None:
    await bench.log.append([uploaded("p")])
    claimed = await bench.queue.claim("embed", 1)
    await bench.queue.failed(claimed, Shelved(why="no preview"))
    assert await bench.history.dead(DeadFilter()) == ()
    (letter,) = await bench.history.dead(DeadFilter(shelved=True))
    assert (letter.state, letter.error) == ("shelved", "no preview")
    assert await bench.history.retry() == 0
    assert await bench.history.retry([letter.id]) == 1
    assert [delivery.event.subject for delivery in await bench.work()] == ["p"]
