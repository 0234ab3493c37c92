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
        self.sources: set[str] = set()
        self.open = asyncio.Event()
        self.refused: dict[str, Exception] = {}

    async def append(self, events: Sequence[Event], run: RunId = LIVE, *, source: str = "") -> tuple[Event, ...]:
        names = [event.subject for event in events]
        self.writes.append(names)
        self.sources.add(source)
        await self.open.wait()
        for name in names:
            if name in self.refused:
                raise self.refused[name]
        return tuple(events)


def a_gatherer(sink: SlowSink) -> Gatherer:
    return Gatherer(sink, source="webhook")


def event(*names: str) -> tuple[Event, ...]:
    return tuple(AssetUploaded(account=ME, asset=AssetId(name)) for name in names)


async def keep_all(gatherer: Gatherer, sink: SlowSink, names: Sequence[str]) -> list[BaseException | None]:
    tasks = [asyncio.create_task(gatherer.keep(event(name))) for name in names]
    while not sink.writes:
        await asyncio.sleep(0)
    sink.open.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_first_is_written_at_once_and_the_rest_together() -> None:
    sink = SlowSink()
    gatherer = a_gatherer(sink)
    first = asyncio.create_task(gatherer.keep(event("first")))
    while not sink.writes:
        await asyncio.sleep(0)
    others = [asyncio.create_task(gatherer.keep(event(str(number)))) for number in range(MAX_TOGETHER + 1)]
    await asyncio.sleep(0)
    assert not first.done()
    sink.open.set()
    await asyncio.gather(first, *others)
    assert [len(write) for write in sink.writes] == [1, MAX_TOGETHER, 1]
    assert sink.sources == {"webhook"}


async def test_a_statement_is_bounded_by_its_events_and_no_request_is_split() -> None:
    sink = SlowSink()
    gatherer = a_gatherer(sink)
    first = asyncio.create_task(gatherer.keep(event("first")))
    while not sink.writes:
        await asyncio.sleep(0)
    sizes = [MAX_TOGETHER - 10, 10, 1, 5 * MAX_TOGETHER, 1]
    others = [
        asyncio.create_task(gatherer.keep(event(*(f"{place}-{number}" for number in range(size)))))
        for place, size in enumerate(sizes)
    ]
    await asyncio.sleep(0)
    sink.open.set()
    await asyncio.gather(first, *others)
    assert [len(write) for write in sink.writes] == [1, MAX_TOGETHER, 1, 5 * MAX_TOGETHER, 1]


async def test_an_event_that_cannot_be_kept_fails_alone() -> None:
    sink = SlowSink()
    sink.refused["bad"] = Permanent("too odd")
    outcomes = await keep_all(a_gatherer(sink), sink, ["a", "bad", "b"])
    assert outcomes == [None, sink.refused["bad"], None]


async def test_a_log_that_is_away_is_told_to_all_who_wait() -> None:
    sink = SlowSink()
    sink.refused["a"] = Retryable("away")
    outcomes = await keep_all(a_gatherer(sink), sink, ["a", "b"])
    assert outcomes == [sink.refused["a"]] * 2
    assert len(sink.writes) == 1


async def test_who_goes_away_takes_nobody_along() -> None:
    sink = SlowSink()
    gatherer = a_gatherer(sink)
    gone, stays = (asyncio.create_task(gatherer.keep(event(name))) for name in ("gone", "stays"))
    while not sink.writes:
        await asyncio.sleep(0)
    gone.cancel()
    sink.open.set()
    await stays
    assert gone.cancelled() or gone.cancelling()
    assert sink.writes == [["gone", "stays"]]


@pytest.mark.parametrize("together", [1, 1000])
async def test_a_queue_that_is_too_long_turns_away_until_it_is_written(together: int) -> None:
    sink = SlowSink()
    gatherer = a_gatherer(sink)
    waiting = [
        asyncio.create_task(gatherer.keep(event(*(f"{number}-{place}" for place in range(together)))))
        for number in range(MAX_WAITING // together)
    ]
    while not sink.writes:
        await asyncio.sleep(0)
    with pytest.raises(Retryable, match="wait for the log already"):
        await gatherer.keep(event("last"))
    sink.open.set()
    await asyncio.gather(*waiting)
    await gatherer.keep(event("later"))
    assert sum(len(write) for write in sink.writes) == MAX_WAITING + 1


async def test_what_a_failed_write_held_is_let_go() -> None:
    sink = SlowSink()
    sink.refused["0"] = Retryable("away")
    gatherer = a_gatherer(sink)
    outcomes = await keep_all(gatherer, sink, [str(number) for number in range(MAX_WAITING)])
    assert outcomes.count(None) == MAX_WAITING - MAX_TOGETHER
    for number in range(MAX_WAITING):
        await gatherer.keep(event(f"again {number}"))
