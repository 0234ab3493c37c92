"""Follow the log: every event as a line of JSON, as it is heard."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web
from pydantic import TypeAdapter
from structlog.typing import FilteringBoundLogger

from reactor.core.errors import Permanent, Retryable
from reactor.core.history import EventFilter, EventLine, Unseen
from reactor.server.api.border import refused
from reactor.server.api.requests import FollowQuery
from reactor.server.desk import History
from reactor.server.overview import Overview

MAX_FOLLOWERS = 32
# A follower that is this many events behind is let go; it can list what it missed.
MAX_BEHIND = 2000
AT_ONCE = 500
TICK_SECONDS = 0.5
SEND_SECONDS = 10.0
ALIVE_SECONDS = 15.0

_LINE = TypeAdapter(EventLine)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Follower:
    """Somebody who follows: what fits, and what is on the way to them; None is the end."""

    wanted: EventFilter
    queue: asyncio.Queue[EventLine | None]


class Follow:
    """Read the log once for all who follow; ask nothing while nobody does."""

    def __init__(self, history: History, overview: Overview, *, log: FilteringBoundLogger) -> None:
        self._history = history
        self._overview = overview
        self._log = log
        self._followers: set[_Follower] = set()
        self._reader: asyncio.Task[None] | None = None
        self._known: asyncio.Future[None]

    @property
    def followers(self) -> int:
        return len(self._followers)

    async def stream(self, request: web.Request, query: FollowQuery) -> web.StreamResponse:
        """Answer GET /api/events/follow until the follower leaves."""
        if len(self._followers) >= MAX_FOLLOWERS:
            return refused(503, "too many follow the log at once", {"Retry-After": "30"})
        follower = _Follower(wanted=query.filter(), queue=asyncio.Queue(MAX_BEHIND))
        self._followers.add(follower)
        try:
            # What is heard from the first byte on is told, so the end of the log is looked up before.
            await asyncio.shield(self._begun())
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
            await response.prepare(request)
            await self._pass_on(follower, request, response)
        finally:
            self._followers.discard(follower)
            if not self._followers and self._reader is not None:
                self._reader.cancel()
                self._reader = None
        return response

    async def aclose(self, _: web.Application | None = None) -> None:
        """Send every follower home and stop reading."""
        self._drop_all()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _pass_on(self, follower: _Follower, request: web.Request, response: web.StreamResponse) -> None:
        try:
            await response.write(b": following\n\n")
            while (message := await _next(follower.queue)) is not None:
                async with asyncio.timeout(SEND_SECONDS):
                    await response.write(message)
        except (ConnectionResetError, TimeoutError):
            # It left, or reads so slowly that nothing fits into its connection any more.
            if request.transport is not None:
                request.transport.abort()

    def _begun(self) -> asyncio.Future[None]:
        """Return what is done once the reader knows the end of the log; starts one where none reads."""
        if self._reader is None or self._reader.done():
            self._known = asyncio.get_running_loop().create_future()
            self._reader = asyncio.create_task(self._read(self._known), name="follow")
            self._reader.add_done_callback(self._ended)
        return self._known

    def _ended(self, reader: asyncio.Task[None]) -> None:
        if not reader.cancelled() and (error := reader.exception()) is not None:
            self._log.error("following the log ended; followers begin anew", exc_info=error)
            self._drop_all()

    async def _read(self, known: asyncio.Future[None]) -> None:
        unseen, version = Unseen(), ""
        try:
            unseen.take(await self._history.events(EventFilter(), unseen.overlap))
        except (Retryable, Permanent) as error:
            known.set_exception(error)
            known.exception()  # taken note of, also where whoever asked has left
            return
        known.set_result(None)
        while True:
            try:
                current = await self._overview.version()
                if current != version:
                    fresh = await self._history.unseen(EventFilter(), AT_ONCE, after=unseen.after, seen=unseen.seen)
                    self._hand_out(unseen.take(fresh))
                    # A full hand means that there may be more.
                    version = current if len(fresh) < AT_ONCE else version
            except (Retryable, Permanent) as error:
                self._log.debug("those who follow the log wait", reason=str(error))
            await asyncio.sleep(TICK_SECONDS)

    def _hand_out(self, lines: Iterable[EventLine]) -> None:
        for line in lines:
            for follower in [follower for follower in self._followers if follower.wanted.fits(line)]:
                if follower.queue.full():
                    self._log.info("a follower of the log that does not keep up was let go")
                    self._drop(follower)
                else:
                    follower.queue.put_nowait(line)

    def _drop_all(self) -> None:
        for follower in list(self._followers):
            self._drop(follower)

    def _drop(self, follower: _Follower) -> None:
        self._followers.discard(follower)
        while not follower.queue.empty():
            follower.queue.get_nowait()
        follower.queue.put_nowait(None)


async def _next(queue: asyncio.Queue[EventLine | None]) -> bytes | None:
    """Return the next message of the stream, a mere sign of life when nothing happens, or None at its end."""
    try:
        async with asyncio.timeout(ALIVE_SECONDS):
            line = await queue.get()
    except TimeoutError:
        return b": still here\n\n"
    if line is None:
        return None
    # JSON holds no line break, so an event is one line whatever its names are.
    return b"id: %d\ndata: %b\n\n" % (line.seq, _LINE.dump_json(line))
