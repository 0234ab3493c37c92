"""A server that answers whatever a test wants, for what no Immich says on purpose."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(kw_only=True)
class Odd:
    """A running server: its address and the requests that reached it, as (method, path, headers)."""

    url: str
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@asynccontextmanager
async def odd_server(answer: Answer) -> AsyncIterator[Odd]:
    odd = Odd(url="")

    async def handle(request: web.Request) -> web.StreamResponse:
        odd.requests.append((request.method, request.path, dict(request.headers)))
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    odd.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield odd
    finally:
        await runner.cleanup()
