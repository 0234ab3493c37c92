"""Serve an application for as long as a context lasts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from reactor.core.errors import StartError
from reactor.server.guard import SECURITY_HEADERS
from reactor.server.seldom import Seldom

# Browsers are told to go by the application itself; only a webhook in the middle of its answer is waited for.
SHUTDOWN_SECONDS = 5.0
# How long the rest of a refused body is thrown away before the connection is closed.
LINGERING_SECONDS = 1.0
SAID_EVERY_SECONDS = 60.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def serving(app: web.Application, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve and yield the port, which is a free one where 0 was asked for; raises StartError if it is taken."""
    runner = _Runner(
        app,
        access_log=None,
        shutdown_timeout=SHUTDOWN_SECONDS,
        lingering_time=LINGERING_SECONDS,
        # A browser that leaves is noticed at once; an event that was understood is kept even so, by another task.
        handler_cancellation=True,
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except (OSError, OverflowError) as error:
            raise StartError(
                f"The web server cannot listen on {host}:{port} ({error}); choose another port."
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class _Runner(web.AppRunner):
    """Let each connection be one of ours; the library has no setting for what it answers to what it cannot read."""

    async def _make_server(self) -> web.Server:
        return _Server(await super()._make_server())


class _Server(web.Server):
    def __init__(self, made: web.Server) -> None:
        options: dict[str, Any] = made._kwargs  # what serving() chose
        super().__init__(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            **options,
        )
        self.unread = Seldom(SAID_EVERY_SECONDS)

    def __call__(self) -> RequestHandler:
        return _Connection(self, self.unread, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    """Answer what is no request we can read in our words: the library's own repeat it, and log a traceback each."""

    def __init__(self, server: web.Server, unread: Seldom, **options: Any) -> None:
        super().__init__(server, **options)
        self._unread = unread

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Log what goes wrong below the routes; the rest of a refused body that cannot be unpacked is no fault here."""
        if not isinstance(options.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **options)
        elif since_last := self._unread.due():
            log.warning("somebody sends what cannot be unpacked", since_last=since_last)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to what no route was found for; the application adds no headers to it."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        if since_last := self._unread.due():
            log.warning("somebody sends what cannot be read", peer=request.remote, since_last=since_last)
        # Where nothing stands the library names itself and its version.
        headers = {**SECURITY_HEADERS, "Server": "reactor"}
        response = web.Response(text="this request cannot be read\n", status=status, headers=headers)
        response.force_close()
        return response
