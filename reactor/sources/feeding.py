"""Feed the runs beside the live one: page by page, never more at once than the workers are about to do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from reactor.core.errors import Permanent, Retryable
from reactor.core.events import Event
from reactor.core.ids import RunId
from reactor.core.pace import Window
from reactor.core.runs import RunKind, RunProgress, RunRequest, RunState, ended

log = structlog.get_logger(__name__)

PAGE = 100
"""What a feed looks up at once, at most."""
IDLE_S = 1.0
FULL_S = 0.2
TROUBLE_S = 5.0
RENEW_S = 10.0
FOLLOW_EVERY = 10
"""Turns between two looks at deliveries that stand otherwise than their run."""


class Open(Protocol):
    """A run in our hand."""

    @property
    def id(self) -> RunId: ...

    @property
    def request(self) -> RunRequest: ...

    @property
    def progress(self) -> RunProgress: ...

    @property
    def note(self) -> str: ...


class Part(Protocol):
    """A part of what a replay or an order is about."""

    @property
    def at(self) -> int: ...

    @property
    def number(self) -> int: ...

    @property
    def events(self) -> tuple[Event, ...]: ...


class Leases(Protocol):
    """Which process feeds which run, and how far that is."""

    async def claim(self, kind: RunKind) -> Open | None: ...

    async def renew(self, run: RunId) -> None: ...

    async def save(self, run: RunId, progress: RunProgress, note: str) -> bool: ...

    async def outstanding(self, run: RunId) -> tuple[int, int]: ...

    async def finish(self, run: RunId, state: RunState) -> bool: ...

    async def fail(self, run: RunId, note: str) -> None: ...

    async def follow(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one turn came to: how far the run is, what keeps all of it, and how long to wait before the next turn."""

    progress: RunProgress
    note: str = ""
    wait_s: float = 0.0


class Feed(Protocol):
    """What a kind of run asks for."""

    async def step(self, run: Open, room: int) -> Step:
        """Ask for the next photos or events, at most ``room``; raises Permanent where the run cannot go on at all."""
        ...

    def forget(self) -> None:
        """Drop what is remembered of a run: another process may have fed it meanwhile."""
        ...


class Feeder:
    """Feed the open run of one kind whenever this process holds its lease.

    How far a run is, is written down after what was asked for: a crash in between asks again, and the log asks once.
    """

    def __init__(self, kind: RunKind, leases: Leases, feed: Feed, *, window: Window | None = None) -> None:
        self._kind = kind
        self._leases = leases
        self._feed = feed
        self._window = window or Window()
        self._turns = 0

    async def run(self) -> None:
        """Feed until cancelled."""
        while True:
            try:
                wait = await self.turn()
            except (Retryable, Permanent) as error:
                log.warning(f"the {self._kind} waits: {error}", again_in_s=TROUBLE_S)
                self._feed.forget()
                wait = TROUBLE_S
            await asyncio.sleep(wait)

    async def turn(self) -> float:
        """Take one turn; return the seconds to wait before the next."""
        if self._turns % FOLLOW_EVERY == 0:
            await self._leases.follow()
        self._turns += 1
        run = await self._leases.claim(self._kind)
        if run is None:
            self._feed.forget()
            return IDLE_S
        if run.progress.fed:
            return 0.0 if await self._leases.finish(run.id, ended(run.progress)) else FULL_S
        room = self._window.room(*await self._leases.outstanding(run.id))
        return await self._step(run, room) if room else FULL_S

    async def _step(self, run: Open, room: int) -> float:
        try:
            async with self._kept(run.id):
                step = await self._feed.step(run, room)
        except Permanent as error:
            log.warning(f"the {self._kind} cannot go on: {error}", run=run.id)
            await self._leases.fail(run.id, str(error))
            return 0.0
        if (step.progress, step.note) != (run.progress, run.note) and not await self._leases.save(
            run.id, step.progress, step.note
        ):
            self._feed.forget()
        return step.wait_s

    @asynccontextmanager
    async def _kept(self, run: RunId) -> AsyncIterator[None]:
        """Keep the lease while a step takes long."""
        keeping = asyncio.create_task(self._keep(run))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep(self, run: RunId) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                await self._leases.renew(run)
            except (Retryable, Permanent) as error:
                log.debug("a lease was not prolonged; another process may go on", run=run, error=str(error))
