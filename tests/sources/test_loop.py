"""The loop that every source runs in: how long it waits, and what it says."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from reactor.core.errors import Blocked, Permanent, Retryable, Unreachable
from reactor.sources.loop import Alarm, Backoff, repeat, wait_after
from tests.sources.conftest import until


@pytest.mark.parametrize(
    ("error", "failures", "seconds"),
    [
        (Unreachable("away"), 0, 1),
        (Unreachable("away"), 3, 8),
        (Unreachable("away"), 50, 60),
        (Permanent("odd"), 1, 2),
        (Retryable("busy", after=30), 0, 30),
        (Retryable("busy", after=1), 4, 16),
        (Blocked("refused"), 0, 5),
        (Blocked("refused"), 9, 600),
        (Blocked("refused", after=90), 5, 90),
    ],
)
def test_waits_grow_and_are_bounded(error: Exception, failures: int, seconds: float) -> None:
    assert wait_after(error, failures, 1, 60, 600) == seconds


async def test_each_reason_is_told_once_and_the_end_of_it_too() -> None:
    away, other = Unreachable("Immich is away"), Permanent("something is odd")
    answers: Iterator[Exception | int] = iter([away, away, away, other, away, 1, 1, away, 1])
    waits: list[float] = []

    async def once() -> int:
        answer = next(answers, 1)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pause(_: int) -> None:
        await asyncio.sleep(0)

    async def rest(seconds: float) -> None:
        waits.append(seconds)

    with capture_logs() as logs:
        task = asyncio.create_task(repeat("it", once, pause, backoff=Backoff(first_s=1), rest=rest))
        await until(lambda: len(waits) == 6 and len(logs) == 6)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert waits == [1, 2, 4, 8, 16, 1]
    assert [entry["event"] for entry in logs] == [
        "it: Immich is away",
        "it: something is odd",
        "it: Immich is away",
        "it works again",
        "it: Immich is away",
        "it works again",
    ]


def test_a_refusal_after_a_long_outage_is_waited_for_as_if_it_came_alone() -> None:
    backoff = Backoff(first_s=1, longest_s=60, blocked_s=300)
    away, refused = Unreachable("away"), Blocked("refused")
    assert [backoff.after(away) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [backoff.after(refused) for _ in range(3)] == [5, 10, 20]
    assert backoff.after(away) == 1
    assert backoff.after(away) == 2
    backoff.reset()
    assert backoff.after(away) == 1


async def test_a_rest_is_cut_short_by_a_ring_but_not_below_its_least() -> None:
    clock = asyncio.get_running_loop().time
    alarm, began = Alarm(least_s=0.2), clock()
    alarm.ring()
    assert await alarm.rest(3600)
    assert clock() - began >= 0.19
    resting = asyncio.create_task(alarm.rest(3600))
    await asyncio.sleep(0)
    alarm.ring()
    assert await resting
    assert not await alarm.rest(0.01)


async def test_a_loop_that_waits_long_is_rung_up_when_it_would_work_again() -> None:
    alarm, turns = Alarm(least_s=0.0), 0

    async def once() -> int:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise Blocked("refused")
        return 0

    async def pause(_: int) -> None:
        await asyncio.sleep(3600)

    task = asyncio.create_task(
        repeat("it", once, pause, backoff=Backoff(first_s=3600, blocked_s=3600), rest=alarm.rest)
    )
    await until(lambda: turns == 1)
    alarm.ring()
    await until(lambda: turns == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_the_other_side_asked_for_is_not_cut_short() -> None:
    clock = asyncio.get_running_loop().time
    alarm, moments = Alarm(least_s=0.0), list[float]()

    async def once() -> int:
        moments.append(clock())
        raise Retryable("busy", after=0.3)

    async def pause(_: int) -> None:
        raise AssertionError("it never works")

    task = asyncio.create_task(repeat("it", once, pause, backoff=Backoff(first_s=3600), rest=alarm.rest))
    await until(lambda: len(moments) == 1)
    alarm.ring()
    await until(lambda: len(moments) == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert moments[1] - moments[0] >= 0.29


async def test_what_nobody_foresaw_ends_no_loop() -> None:
    answers: Iterator[Exception | int] = iter([OverflowError("year 10000"), OverflowError("year 10000"), 1])

    async def once() -> int:
        answer = next(answers, 1)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def nothing(_: float) -> None:
        await asyncio.sleep(0)

    with capture_logs() as logs:
        task = asyncio.create_task(repeat("it", once, nothing, backoff=Backoff(first_s=1), rest=nothing))
        await until(lambda: len(logs) == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("it failed in a way that nobody foresaw", "error"),
        ("it works again", "info"),
    ]
