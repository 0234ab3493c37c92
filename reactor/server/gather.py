"""Write events that arrive together with one statement: as durable as one by one, at a fraction of the work."""

import asyncio
from collections import deque
from collections.abc import Sequence

from reactor.core.errors import Retryable
from reactor.core.events import Event
from reactor.ports import EventSink

MAX_TOGETHER = 200
MAX_WAITING = 5000

_Waiter = tuple[Sequence[Event], "asyncio.Future[None]"]


class Gatherer:
    """Keep events in the log; while one write is under way, those that arrive wait for the next, together.

    The first of a quiet time is written at once, so gathering never adds a wait of its own. Where ``MAX_WAITING``
    events wait, no more are taken; ``source`` is what the log is told of how they were heard.
    """

    def __init__(self, sink: EventSink, *, source: str) -> None:
        self._sink = sink
        self._source = source
        self._waiting: deque[_Waiter] = deque()
        self._events = 0
        self._writer: asyncio.Task[None] | None = None

    def refuse_if_full(self) -> None:
        """Raise Retryable while no further event may wait."""
        if self._events >= MAX_WAITING:
            raise Retryable(f"{MAX_WAITING} events wait for the log already")

    async def keep(self, events: Sequence[Event]) -> None:
        """Return once the events are durably in the log; raises what the log raises for them."""
        self.refuse_if_full()
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((events, written))
        self._events += len(events)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="gatherer")
        await written

    async def _write_all(self) -> None:
        while self._waiting:
            together = [self._waiting.popleft()]
            count = len(together[0][0])
            while self._waiting and count + len(self._waiting[0][0]) <= MAX_TOGETHER:
                together.append(self._waiting.popleft())
                count += len(together[-1][0])
            await self._write(together)
            # Counted until it is written: what the log has in hand takes memory too.
            self._events -= count

    async def _write(self, together: Sequence[_Waiter]) -> None:
        try:
            await self._sink.append([event for events, _ in together for event in events], source=self._source)
        except Retryable as error:
            _tell(together, error)
        except Exception as error:  # noqa: BLE001 - it goes to those who wait
            if len(together) == 1:
                _tell(together, error)
                return
            # One that the log cannot take must not take its neighbours with it.
            for one in together:
                await self._write([one])
        else:
            _tell(together, None)


def _tell(waiters: Sequence[_Waiter], error: Exception | None) -> None:
    for _, written in waiters:
        if written.done():
            continue  # whoever asked has gone
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
