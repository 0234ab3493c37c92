"""Webhooks that arrive together are written together, and fail apart."""

import asyncio
from collections.abc import Sequence

import pytest

from reactor.core.errors import Permanent, Retryable
from reactor.core.events import AssetUploaded, Event
from reactor.core.ids import LIVE, AssetId, RunId
from reactor.server.gather import MAX_TOGETHER, MAX_WAITING, Gatherer

from .fakes import ME


class SlowSink:
    """Write when told to; refuse events by name."""

    def __init__(self) -> None:
        self.writes: list[list[str]] = []
        self.open = asyncio.Event()
        self.refused: dict[str, Exception] = {}

    async def append(self, events: Sequence[Event], run: RunId = LIVE) -> int:
        names = [event.subject for event in events]
        self.writes.append(names)
        await self.open.wait()
        for name in names:
            if name in self.refused:
                raise self.refused[name]
        return len(events)


def event(name: str) -> tuple[Event, ...]:
    return (AssetUploaded(account=ME, asset=AssetId(name)),)


async def keep_all(gatherer: Gatherer, sink: SlowSink, names: Sequence[str]) -> list[BaseException | None]:
    tasks = [asyncio.create_task(gatherer.keep(event(name))) for name in names]
    while not sink.writes:
        await asyncio.sleep(0)
    sink.open.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_first_is_written_at_once_and_the_rest_together() -> None:
    sink = SlowSink()
    gatherer = Gatherer(sink)
    first = asyncio.create_task(gatherer.keep(event("first")))
    while not sink.writes:
        await asyncio.sleep(0)
    others = [asyncio.create_task(gatherer.keep(event(str(number)))) for number in range(MAX_TOGETHER + 1)]
    await asyncio.sleep(0)
    assert not first.done()
    sink.open.set()
    await asyncio.gather(first, *others)
    assert [len(write) for write in sink.writes] == [1, MAX_TOGETHER, 1]


async def test_an_event_that_cannot_be_kept_fails_alone() -> None:
    sink = SlowSink()
    sink.refused["bad"] = Permanent("too odd")
    outcomes = await keep_all(Gatherer(sink), sink, ["a", "bad", "b"])
    assert outcomes == [None, sink.refused["bad"], None]


async def test_a_log_that_is_away_is_told_to_all_who_wait() -> None:
    sink = SlowSink()
    sink.refused["a"] = Retryable("away")
    outcomes = await keep_all(Gatherer(sink), sink, ["a", "b"])
    assert outcomes == [sink.refused["a"]] * 2
    assert len(sink.writes) == 1


async def test_who_goes_away_takes_nobody_along() -> None:
    sink = SlowSink()
    gatherer = Gatherer(sink)
    gone, stays = (asyncio.create_task(gatherer.keep(event(name))) for name in ("gone", "stays"))
    while not sink.writes:
        await asyncio.sleep(0)
    gone.cancel()
    sink.open.set()
    await stays
    assert gone.cancelled() or gone.cancelling()
    assert sink.writes == [["gone", "stays"]]


async def test_a_queue_that_is_too_long_turns_away() -> None:
    sink = SlowSink()
    gatherer = Gatherer(sink)
    first = asyncio.create_task(gatherer.keep(event("first")))
    while not sink.writes:
        await asyncio.sleep(0)
    waiting = [asyncio.create_task(gatherer.keep(event(str(number)))) for number in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Retryable):
        await gatherer.keep(event("last"))
    sink.open.set()
    await asyncio.gather(first, *waiting)
