"""Deliver events of the log again."""

from dataclasses import replace
from typing import Protocol

from reactor.core.errors import Permanent
from reactor.core.ids import RunId
from reactor.core.runs import ReplayProgress, ReplayRequest
from reactor.ports import EventSink
from reactor.sources.feeding import PAGE, Open, Part, Step


class Replays(Protocol):
    """Find what a replay is to deliver."""

    async def end(self, request: ReplayRequest) -> int: ...

    async def page(self, request: ReplayRequest, *, at: int, last: int, limit: int) -> Part: ...

    async def ask_again(self, run: RunId, request: ReplayRequest, *, at: int, last: int, limit: int) -> Part: ...


class ReplayFeed:
    """Ask again for what stands in the log when the replay begins; what is heard later is no part of it."""

    def __init__(self, replays: Replays, sink: EventSink) -> None:
        self._replays = replays
        self._sink = sink

    async def step(self, run: Open, room: int) -> Step:
        """Ask for the next page."""
        request, progress = run.request, run.progress
        if not isinstance(request, ReplayRequest) or not isinstance(progress, ReplayProgress):
            raise Permanent("this run is no replay")
        if progress.last is None:
            return Step(progress=replace(progress, last=await self._replays.end(request)))
        find = {"at": progress.at, "last": progress.last, "limit": min(room, PAGE)}
        if request.failed:
            part = await self._replays.ask_again(run.id, request, **find)
        else:
            part = await self._replays.page(request, **find)
            await self._sink.append(part.events, run.id)
        done = part.at >= progress.last
        return Step(progress=replace(progress, at=part.at, events=progress.events + part.number, fed=done))

    def forget(self) -> None:
        """Nothing is remembered between two steps."""
