"""Work that is done once however many ask for it at the same time, and remembered."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from reactor.core.errors import Unreachable

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SingleFlight(Generic[Key, Value]):
    """Remember the latest ``limit`` results; a failure is told to those who wait and then forgotten."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._running: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key, make: Callable[[], Awaitable[Value]]) -> Value:
        """Return the kept result, or that of the one call of ``make`` that runs for the key."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._running:
            self._running[key] = asyncio.create_task(self._fly(key, make))
        flight = self._running[key]
        # A caller who gives up must not take the result away from the others.
        await asyncio.wait([flight])
        if flight.cancelled():
            raise Unreachable("the work was given up before it was done")
        return flight.result()

    async def aclose(self) -> None:
        """Give up what still runs: whoever waits for it is told Unreachable."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _fly(self, key: Key, make: Callable[[], Awaitable[Value]]) -> Value:
        try:
            value = self._kept[key] = await make()
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)
            return value
        finally:
            del self._running[key]
