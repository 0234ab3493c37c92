"""The loop that every source runs in: how long it waits, and what it says."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from reactor.core.errors import Blocked, Permanent, Retryable, Unreachable
from reactor.sources.loop import repeat, wait_after
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
        task = asyncio.create_task(repeat("it", once, pause, first_backoff_s=1, rest=rest))
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
