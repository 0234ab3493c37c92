"""Photos that no push told of: what counts as missed, what is trusted, and what is remembered."""

from datetime import UTC, datetime, timedelta

import pytest

from reactor.core.errors import Retryable
from reactor.core.ids import AssetId
from reactor.core.pushes import Listening, PushSummary, who_should_have_told
from reactor.sources import pushes as module
from reactor.sources.pushes import Pushes
from tests.sources.conftest import ANNA
from tests.sources.fakes import MemoryBookmarks

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE, TWO = AssetId("one"), AssetId("two")
KEY = "pushes:anna"


class Clock:
    """A clock that a test turns; wall and even time go together."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds - 1000.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pushes(bookmarks: MemoryBookmarks, clock: Clock) -> Pushes:
    return Pushes(ANNA, bookmarks, START, clock=clock)


async def later(pushes: Pushes, clock: Clock, seconds: float) -> int:
    clock.seconds += seconds
    return await pushes.once()


@pytest.mark.parametrize(
    ("age", "webhook_ever", "socket_since", "expected"),
    [
        (1 * MINUTE, False, None, set()),
        (1 * MINUTE, True, None, {"webhook"}),
        (1 * MINUTE, False, -5 * MINUTE, {"socket"}),
        (1 * MINUTE, True, -5 * MINUTE, {"webhook", "socket"}),
        (10 * MINUTE, True, -5 * MINUTE, {"webhook"}),  # uploaded before the login
        (6 * MINUTE, False, -5 * MINUTE, set()),
        (21 * MINUTE, True, -30 * MINUTE, set()),  # before this process began
    ],
)
def test_who_should_have_told(
    age: timedelta, webhook_ever: bool, socket_since: timedelta | None, expected: set[str]
) -> None:
    listening = Listening(
        started_at=START - 20 * MINUTE,
        webhook_ever=webhook_ever,
        socket_since=None if socket_since is None else START + socket_since,
    )
    assert who_should_have_told(START - age, listening) == expected


async def test_a_photo_that_no_push_told_of_counts_after_the_grace(pushes: Pushes, clock: Clock) -> None:
    pushes.heard("webhook", [], clock.now)
    clock.seconds += 100
    found_at = clock.now
    pushes.found({ONE: found_at - timedelta(seconds=5), TWO: found_at - timedelta(seconds=5)}, found_at)
    assert await later(pushes, clock, 59) == 0
    pushes.heard("webhook", [TWO], clock.now)
    assert await later(pushes, clock, 1) == 1
    assert pushes.summary() == PushSummary(
        webhook_last_heard=found_at + timedelta(seconds=59), missed=1, missed_since=found_at
    )


async def test_nothing_counts_while_nothing_should_have_told(pushes: Pushes, clock: Clock) -> None:
    clock.seconds += 100
    pushes.found({ONE: clock.now}, clock.now)
    assert await later(pushes, clock, 61) == 0
    pushes.heard("webhook", [], clock.now)
    pushes.found({TWO: START - MINUTE}, clock.now)  # uploaded while this process did not run
    assert await later(pushes, clock, 61) == 0
    assert pushes.summary().missed == 0


async def test_a_push_before_the_poll_and_one_after_the_count_are_no_misses(pushes: Pushes, clock: Clock) -> None:
    pushes.socket_up(clock.now)
    clock.seconds += 100
    pushes.heard("socket", [ONE], clock.now)
    pushes.found({ONE: clock.now, TWO: clock.now}, clock.now)
    assert await later(pushes, clock, 61) == 1
    pushes.heard("socket", [TWO], clock.now)  # its preview took long
    assert (pushes.summary().missed, pushes.summary().missed_since) == (0, None)


async def test_the_socket_owes_nothing_of_a_time_when_it_was_away(pushes: Pushes, clock: Clock) -> None:
    pushes.socket_up(clock.now)
    clock.seconds += 100
    pushes.found({ONE: clock.now}, clock.now)
    pushes.socket_down()
    clock.seconds += 10
    pushes.socket_up(clock.now)
    assert await later(pushes, clock, 61) == 0


async def test_a_miss_ends_the_trust_until_the_next_push(pushes: Pushes, clock: Clock) -> None:
    assert not pushes.trusted
    pushes.heard("webhook", [], clock.now)
    assert pushes.trusted
    clock.seconds += 100
    pushes.found({ONE: clock.now}, clock.now)
    assert not pushes.trusted  # it owes one
    assert await later(pushes, clock, 61) == 1
    assert not pushes.trusted
    pushes.heard("webhook", [TWO], clock.now)
    assert pushes.trusted
    assert pushes.summary().missed == 1
    pushes.reset()
    assert (pushes.summary().missed, pushes.summary().missed_since) == (0, None)


async def test_what_one_source_misses_another_may_tell(pushes: Pushes, clock: Clock) -> None:
    pushes.heard("webhook", [], clock.now)
    pushes.socket_up(clock.now)
    clock.seconds += 100
    pushes.found({ONE: clock.now}, clock.now)
    pushes.heard("socket", [ONE], clock.now)
    assert await later(pushes, clock, 61) == 0
    pushes.socket_down()
    assert pushes.trusted  # the webhook


async def test_the_count_outlives_the_process_and_is_written_sparingly(
    pushes: Pushes, clock: Clock, bookmarks: MemoryBookmarks
) -> None:
    for _ in range(30):
        pushes.heard("webhook", [], clock.now)
        await later(pushes, clock, 1)
    assert bookmarks.puts == [KEY] * 3
    pushes.found({ONE: clock.now}, clock.now)
    await later(pushes, clock, 61)
    pushes.found({TWO: clock.now}, clock.now)
    await later(pushes, clock, 61)
    assert bookmarks.puts == [KEY] * 5  # at once where a photo was missed
    again = Pushes(ANNA, bookmarks, clock.now, clock=clock)
    await again.once()
    assert again.summary() == pushes.summary()
    assert again.summary().missed == 2
    assert bookmarks.puts == [KEY] * 5
    # The webhook was heard once, so it should have told of this one too.
    clock.seconds += 100
    again.found({AssetId("three"): clock.now}, clock.now)
    assert await later(again, clock, 61) == 1


async def test_what_comes_before_the_database_is_there_is_added(bookmarks: MemoryBookmarks, clock: Clock) -> None:
    old = PushSummary(webhook_last_heard=START - MINUTE, missed=12, missed_since=START - 2 * MINUTE)
    bookmarks.values[KEY] = module.SUMMARY.dump_python(old, mode="json")

    class Away(MemoryBookmarks):
        async def get(self, name: str) -> object | None:
            if clock.seconds < 1010:
                raise Retryable("the database is away")
            return await bookmarks.get(name)

    pushes = Pushes(ANNA, Away(), START, clock=clock)
    pushes.heard("socket", [], START)
    pushes.found({ONE: clock.now + timedelta(seconds=3)}, clock.now)
    with pytest.raises(Retryable):
        await later(pushes, clock, 1)
    assert await later(pushes, clock, 61) == 1
    assert pushes.summary() == PushSummary(
        webhook_last_heard=START - MINUTE, socket_last_heard=START, missed=13, missed_since=START - 2 * MINUTE
    )


async def test_memory_is_bounded(pushes: Pushes, clock: Clock) -> None:
    pushes.heard("webhook", [], clock.now)
    clock.seconds += 100
    ids = [AssetId(str(number)) for number in range(3 * module.MOST_REMEMBERED)]
    pushes.found(dict.fromkeys(ids, clock.now), clock.now)
    # The oldest fell off uncounted: a hint may be too small, and must not frighten.
    assert await later(pushes, clock, 61) == module.MOST_REMEMBERED
    pushes.heard("webhook", ids, clock.now)
    assert pushes.summary().missed == 0
    pushes.found(dict.fromkeys(ids, clock.now), clock.now)
    assert await later(pushes, clock, 61) == module.MOST_REMEMBERED
