"""What a pushing source told waits for the log."""

import asyncio

from structlog.testing import capture_logs

from reactor.core.errors import Retryable
from reactor.core.events import AssetUploaded
from reactor.core.ids import AssetId
from reactor.sources.outbox import MOST_WAITING, Outbox
from tests.sources.conftest import ANNA, until
from tests.sources.fakes import MemoryLog


def uploaded(name: str) -> AssetUploaded:
    return AssetUploaded(account=ANNA, asset=AssetId(name))


async def test_past_a_thousand_the_oldest_are_dropped_and_the_poll_is_called(log: MemoryLog) -> None:
    dropped: list[str] = []
    outbox = Outbox("the log", log, "socket", lambda: dropped.append("one"))
    for number in range(MOST_WAITING):
        outbox.put(uploaded(str(number)))
        outbox.put(uploaded(str(number)))
    assert not dropped
    for number in range(3):
        outbox.put(uploaded(f"more {number}"))
    assert len(dropped) == 3
    assert await outbox.once() == MOST_WAITING
    assert log.subjects == [str(number) for number in range(3, MOST_WAITING)] + ["more 0", "more 1", "more 2"]
    assert await outbox.once() == 0
    assert len(log.appended) == 1


async def test_what_the_log_did_not_take_is_appended_when_it_is_back(log: MemoryLog) -> None:
    outbox = Outbox("the log of it", log, "socket", lambda: None)
    log.away = Retryable("the database is away")
    with capture_logs() as logs:
        running = asyncio.create_task(outbox.run())
        outbox.put(uploaded("one"))
        await until(lambda: any(entry["log_level"] != "debug" for entry in logs))
        outbox.put(uploaded("two"))
        log.away = None
        await until(lambda: len(log.events) == 2)
        outbox.put(uploaded("three"))
        await until(lambda: len(log.events) == 3)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert log.brought_by("socket") == ["one", "two", "three"]
    said = [entry["event"] for entry in logs if entry["log_level"] != "debug"]  # those before may still close a pool
    assert said == ["the log of it: the database is away", "the log of it works again"]
