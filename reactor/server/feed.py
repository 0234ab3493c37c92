"""The live feed: one producer renders what changed, and every browser that looks gets it."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from aiohttp import web
from structlog.typing import FilteringBoundLogger

from reactor.core.activity import PhotoCard, Summary
from reactor.core.errors import Permanent, Retryable

SHOWN = 60
TICK_SECONDS = 0.5
MAX_BROWSERS = 32
# A browser that is this many pictures of the page behind is let go; it comes back by itself, up to date.
MAX_BEHIND = 3
SEND_SECONDS = 10.0
# A sign of life, so that a browser whose connection broke without a word is noticed.
ALIVE_SECONDS = 15.0
# Looking costs at most a tenth of the time, however large the library is.
REST_FACTOR = 9


class Activity(Protocol):
    """Tell what happened; raises Retryable."""

    async def version(self) -> str:
        """Return a marker that is another one whenever something changed, cheap enough for twice a second."""
        ...

    async def summary(self) -> Summary: ...

    async def newest(self, limit: int) -> tuple[PhotoCard, ...]: ...


class Feed:
    """Keep the browsers that look up to date; ask nothing while nobody looks."""

    def __init__(
        self,
        activity: Activity,
        render: Callable[[Summary, tuple[PhotoCard, ...]], str],
        *,
        log: FilteringBoundLogger,
    ) -> None:
        self._activity = activity
        self._render = render
        self._log = log
        self._browsers: dict[asyncio.Queue[str | None], str] = {}
        self._producer: asyncio.Task[None] | None = None

    @property
    def browsers(self) -> int:
        return len(self._browsers)

    async def board(self) -> str:
        """Return the page's living part as HTML, as it is now."""
        return self._render(await self._activity.summary(), await self._activity.newest(SHOWN))

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
        version, html, failing = "", "", False
        while True:
            began = time.monotonic()
            try:
                # The version is read first: what changes while the page is made is seen in the next round.
                current = await self._activity.version()
                if current != version:
                    version, html = current, await self.board()
                failing = False
            except (Retryable, Permanent) as error:
                if not failing:
                    self._log.warning("the live page waits", reason=str(error))
                failing = True
            if html:
                self._hand_out(html)
            await asyncio.sleep(max(TICK_SECONDS, REST_FACTOR * (time.monotonic() - began)))

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
