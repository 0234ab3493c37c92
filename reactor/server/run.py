"""Serve an application for as long as a context lasts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from reactor.core.errors import StartError

# Browsers are told to go by the application itself; only a webhook in the middle of its answer is waited for.
SHUTDOWN_SECONDS = 5.0
# How long the rest of a refused body is thrown away before the connection is closed.
LINGERING_SECONDS = 1.0


@asynccontextmanager
async def serving(app: web.Application, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve and yield the port, which is a free one where 0 was asked for; raises StartError if it is taken."""
    runner = web.AppRunner(
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
