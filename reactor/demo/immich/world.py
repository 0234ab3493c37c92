"""What handlers and jobs share: the tables, the folder of pictures, the delays and the ways to tell others."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from reactor.demo.immich.state import State

LOG = logging.getLogger(__name__)


class Emit(Protocol):
    """Send one realtime event to the room of a user."""

    def __call__(self, user_id: str, event: str, *data: object) -> Awaitable[None]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How long the server's own work takes, in seconds; pairs are bounds of a uniform draw."""

    thumbnail_delay: tuple[float, float]
    metadata_delay: tuple[float, float]
    tag_race: float
    stack_write: float = 0.02


class Background:
    """Run jobs beside the requests; a failing job is logged, as on the server, and hurts nothing else."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    @property
    def idle(self) -> bool:
        return not self._tasks

    async def cancel(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            LOG.error("A job of the simulated Immich failed", exc_info=error)


@dataclass(kw_only=True)
class World:
    state: State
    timing: Timing
    rng: random.Random
    folder: Path
    version: tuple[int, int, int]
    emit: Emit
    session: aiohttp.ClientSession
    background: Background = field(default_factory=Background)
    # Five workflow runs at a time for the whole server (facts/immich-api.md section 8).
    workflow_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(5))
    thumbnail_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    # Sidecar writes in flight, by asset; the value says whether another one waits behind.
    sidecar_writes: dict[str, bool] = field(default_factory=dict)
    stacking: set[str] = field(default_factory=set)

    def file(self, asset_id: str, kind: str) -> Path:
        return self.folder / f"{asset_id}.{kind}"

    def draw(self, bounds: tuple[float, float]) -> float:
        return self.rng.uniform(*bounds)
