"""Hold what a pushing source told until the log has taken it."""

import asyncio
from collections.abc import Callable

from reactor.core.events import AssetUploaded
from reactor.core.ids import AssetId
from reactor.ports import EventSink
from reactor.sources.loop import Backoff, repeat

MOST_WAITING = 1000


class Outbox:
    """Append photos as they come, and again after a while where the log is away.

    At most 1000 wait in memory. Past that the oldest is dropped and ``on_drop`` is called: nothing is lost by it, since
    the poll asks Immich for whatever the log lacks, but it should ask soon.
    """

    def __init__(self, name: str, sink: EventSink, source: str, on_drop: Callable[[], None]) -> None:
        self._name = name
        self._sink = sink
        self._source = source
        self._on_drop = on_drop
        self._waiting: dict[AssetId, AssetUploaded] = {}
        self._some = asyncio.Event()

    def put(self, event: AssetUploaded) -> None:
        """Take an event; a photo that waits already is not taken twice."""
        if len(self._waiting) >= MOST_WAITING and event.asset not in self._waiting:
            del self._waiting[next(iter(self._waiting))]
            self._on_drop()
        self._waiting[event.asset] = event
        self._some.set()

    async def run(self) -> None:
        """Append until cancelled."""
        await repeat(self._name, self.once, self._pause, backoff=Backoff(first_s=1, longest_s=30))

    async def once(self) -> int:
        """Append all that waits; return how many that were."""
        batch = list(self._waiting.values())
        if batch:
            await self._sink.append(batch, source=self._source)
        for event in batch:
            self._waiting.pop(event.asset, None)
        return len(batch)

    async def _pause(self, _: int) -> None:
        await self._some.wait()
        self._some.clear()
