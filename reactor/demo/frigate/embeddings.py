"""The one loop that answers the face calls, each on a camera's next frame (facts/frigate-api.md section 3)."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from reactor.demo.frigate.processor import ProcessorError

T = TypeVar("T")


class Answered(Generic[T]):
    """Hold what a job returned; a swallowed exception or a broken socket leaves None instead of this."""

    def __init__(self, value: T) -> None:
        self.value = value


class EmbeddingsLoop:
    """Carry out one job at a time; with no camera frame nothing is answered, but nothing is forgotten either.

    ``shared_socket`` is 0.18's way: a call during another one fails at once, and its job is not carried out.
    """

    def __init__(self, *, camera_fps: float, shared_socket: bool) -> None:
        self._fps = camera_fps
        self._frames = asyncio.Event()
        self._turn = asyncio.Lock()
        self._shared_socket = shared_socket
        self.camera_fps = camera_fps

    @property
    def camera_fps(self) -> float:
        """Frames per second of the one camera; 0 while it is down."""
        return self._fps

    @camera_fps.setter
    def camera_fps(self, fps: float) -> None:
        self._fps = fps
        if fps > 0:
            self._frames.set()
        else:
            self._frames.clear()

    @property
    def busy(self) -> bool:
        return self._turn.locked()

    async def call(self, job: Callable[[], T], *, late: float = 0.0) -> Answered[T] | None:
        """Run a job in a thread at the next frame, ``late`` seconds later; None when the call came to nothing."""
        if self._shared_socket and self.busy:
            return None
        async with self._turn:
            if late:
                await asyncio.sleep(late)
            await self._next_frame()
            try:
                return Answered(await asyncio.to_thread(job))
            except ProcessorError:
                return None

    async def _next_frame(self) -> None:
        await self._frames.wait()
        interval = 1.0 / self._fps
        await asyncio.sleep(interval - time.monotonic() % interval)
        await self._frames.wait()
