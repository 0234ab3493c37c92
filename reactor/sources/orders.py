"""Take changes back, or carry out what waits, entry by entry."""

from dataclasses import replace
from typing import Protocol

from reactor.core.errors import Permanent
from reactor.core.ids import RunId
from reactor.core.orders import ApplyRequest, OrderProgress, OrderRequest, UndoRequest
from reactor.ports import EventSink
from reactor.sources.feeding import PAGE, Open, Part, Step


class Orders(Protocol):
    """Find what an order is about."""

    async def last(self, request: OrderRequest) -> tuple[int, int]: ...

    async def page(self, request: OrderRequest, run: RunId, *, at: int | None, last: int, limit: int) -> Part: ...


class OrdersFeed:
    """Ask for what stands in the journal when the order begins; what is written later is no part of it."""

    def __init__(self, orders: Orders, sink: EventSink) -> None:
        self._orders = orders
        self._sink = sink

    async def step(self, run: Open, room: int) -> Step:
        """Ask for the next page."""
        request, progress = run.request, run.progress
        if not isinstance(request, UndoRequest | ApplyRequest) or not isinstance(progress, OrderProgress):
            raise Permanent("this run is no order")
        if progress.last is None:
            last, found = await self._orders.last(request)
            return Step(progress=replace(progress, last=last, found=found, fed=not found))
        part = await self._orders.page(request, run.id, at=progress.at, last=progress.last, limit=min(room, PAGE))
        await self._sink.append(part.events, run.id)
        entries = progress.entries + part.number
        return Step(progress=replace(progress, at=part.at, entries=entries, fed=part.at == 0))

    def forget(self) -> None:
        """Nothing is remembered between two steps."""
