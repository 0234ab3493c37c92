"""The live feed: one producer renders what changed, and every browser that looks gets it."""

import asyncio
import time
from collections.abc import Callable

from aiohttp import web
from structlog.typing import FilteringBoundLogger

from reactor.core.errors import Permanent, Retryable
from reactor.core.status import Facts
from reactor.server.overview import Board, Overview

TICK_SECONDS = 0.5
# "3 minutes ago" moves too, and totals that rested come up to date, though nothing else happened.
ANEW_SECONDS = 15.0
MAX_BROWSERS = 32
# A browser that is this many pictures of the page behind is let go; it comes back by itself, up to date.
MAX_BEHIND = 3
SEND_SECONDS = 10.0
# A sign of life, so that a browser whose connection broke without a word is noticed.
ALIVE_SECONDS = 15.0
# Looking costs at most a tenth of the time, however large the library is; a database that hangs is asked again soon.
REST_FACTOR = 9
LONGEST_REST_SECONDS = 10.0


class Feed:
    """Keep the browsers that look up to date; ask nothing while nobody looks."""

    def __init__(
        self,
        overview: Overview,
        render: Callable[[Board], str],
        *,
        log: FilteringBoundLogger,
    ) -> None:
        self._overview = overview
        self._render = render
        self._log = log
        self._browsers: dict[asyncio.Queue[str | None], str] = {}
        self._producer: asyncio.Task[None] | None = None
        self._failing = False

    @property
    def browsers(self) -> int:
        return len(self._browsers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer GET /feed: the living part at once, then again whenever it changed, until the browser leaves."""
        if len(self._browsers) >= MAX_BROWSERS:
            return web.Response(status=503, text="too many pages look at once\n", headers={"Retry-After": "30"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        queue: asyncio.Queue[str | None] = asyncio.Queue(MAX_BEHIND)
        self._join(queue)
        try:
            while (message := await _next(queue)) is not None:
                async with asyncio.timeout(SEND_SECONDS):
                    await response.write(message)
        except (ConnectionResetError, TimeoutError):
            # It left, or reads so slowly that nothing fits into its connection any more.
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._leave(queue)
        return response

    async def aclose(self, _: web.Application | None = None) -> None:
        """Send every browser home and stop producing."""
        for queue in list(self._browsers):
            self._drop(queue)
        if self._producer is not None:
            self._producer.cancel()
            await asyncio.gather(self._producer, return_exceptions=True)

    def _join(self, queue: asyncio.Queue[str | None]) -> None:
        self._browsers[queue] = ""
        if self._producer is None or self._producer.done():
            self._producer = asyncio.create_task(self._produce(), name="feed")
            self._producer.add_done_callback(self._ended)

    def _leave(self, queue: asyncio.Queue[str | None]) -> None:
        self._browsers.pop(queue, None)
        if not self._browsers and self._producer is not None:
            self._producer.cancel()
            self._producer = None

    def _ended(self, producer: asyncio.Task[None]) -> None:
        if not producer.cancelled() and (error := producer.exception()) is not None:
            self._log.error("the live page ended; browsers begin it anew", exc_info=error)
            for queue in list(self._browsers):
                self._drop(queue)

    def _drop(self, queue: asyncio.Queue[str | None]) -> None:
        self._browsers.pop(queue, None)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    async def _produce(self) -> None:
        html, seen, made_at = "", None, 0.0
        while True:
            began = time.monotonic()
            # The marker is read first: what changes while the page is made is seen in the next round.
            marker = await self._marker()
            if marker != seen or began - made_at >= ANEW_SECONDS:
                board = await self._overview.board()
                html, made_at = self._render(board), began
                # A look that failed half-way is no look.
                seen = None if board.away and marker[0] else marker
            self._hand_out(html)
            rest = min(LONGEST_REST_SECONDS, REST_FACTOR * (time.monotonic() - began))
            await asyncio.sleep(max(TICK_SECONDS, rest))

    async def _marker(self) -> tuple[str, Facts]:
        """Return what moves whenever the page does; the first part is "" while the database is away."""
        try:
            version = await self._overview.version()
        except (Retryable, Permanent) as error:
            version = ""
            if not self._failing:
                self._log.warning("the live page waits", reason=str(error))
        self._failing = not version
        return version, self._overview.facts()

    def _hand_out(self, html: str) -> None:
        for queue, last in list(self._browsers.items()):
            if html == last:
                continue
            if queue.full():
                self._log.info("a browser that does not keep up was let go")
                self._drop(queue)
                continue
            queue.put_nowait(html)
            self._browsers[queue] = html


async def _next(queue: asyncio.Queue[str | None]) -> bytes | None:
    """Return the next message of the stream, a mere sign of life when nothing happens, or None at its end."""
    try:
        async with asyncio.timeout(ALIVE_SECONDS):
            html = await queue.get()
    except TimeoutError:
        return b": still here\n\n"
    return None if html is None else message_of(html)


def message_of(html: str) -> bytes:
    """Return the server-sent event ``board`` that carries these lines (WHATWG HTML, section 9.2)."""
    lines = "".join(f"data: {line}\n" for line in html.splitlines())
    return f"event: board\n{lines}\n".encode()
