"""What stands before Frigate's handlers: nginx with its limits and cache, auth, and one blocked event loop."""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from reactor.demo.frigate import answers
from reactor.demo.frigate.sessions import IDENTITY, Sessions, denial
from reactor.demo.frigate.world import World
from reactor.demo.watch import Watch, body_of

LOG = logging.getLogger(__name__)
# nginx: client_max_body_size 20M; JSON GETs cached 5 s (facts/frigate-api.md section 1).
LARGEST_BODY = 20 * 1024 * 1024
CACHE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Cached:
    body: bytes
    until: float


class Gateway:
    """Answer what nginx answers, and let the rest through."""

    def __init__(self, world: World, sessions: Sessions | None, watch: Watch) -> None:
        """Take no ``sessions`` for the internal port, where everybody is an admin."""
        self._world = world
        self._sessions = sessions
        self._watch = watch
        self._cache: dict[tuple[str, ...], Cached] = {}
        # 0.16 and 0.17 run face calls on the event loop: while one waits, the whole API hangs (section 3).
        self._event_loop = asyncio.Lock()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body, violation = None, False
        response: web.StreamResponse = answers.nginx_page(413, "Request Entity Too Large")
        with contextlib.suppress(web.HTTPRequestEntityTooLarge):
            body = await self._read(request)
            violation = self._watch.breaks(request.method, request.rel_url.raw_path, body, holder="")
            response = _outside(request) if violation else await self._pass(request, handler, body)
        self._watch.note(request, response.status, body=body, key=self._caller(request), violation=violation)
        return response

    async def _read(self, request: web.Request) -> object:
        if (size := request.content_length or 0) > LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, size)
        await request.read()
        return await body_of(request)

    async def _pass(self, request: web.Request, handler: Handler, body: object) -> web.StreamResponse:
        if self._watch.on_request is not None:
            await self._watch.on_request(request.method, request.path, body, self._caller(request))
        return await self._nginx(request, handler)

    def _caller(self, request: web.Request) -> str:
        """Return the user's name, "" without a login."""
        identity = self._sessions.identity(request) if self._sessions is not None else None
        return identity[0] if identity else ""

    async def _nginx(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._world.faults.starting:
            return answers.nginx_page(500, "Internal Server Error")
        if self._sessions is not None and request.path != "/api/login":
            identity = self._sessions.identity(request)
            if identity is None:
                return answers.nginx_page(401, "Authorization Required")
            request[IDENTITY] = identity
        if request.method == "GET" and request.path.startswith("/api/") and request.path != "/api/version":
            return await self._cached(request, handler)
        response = await self._frigate(request, handler)
        if response.status == 200 and request.method != "GET":
            response.headers["Cache-Control"] = "no-store"
        return response

    async def _cached(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a JSON GET from the cache; a bypass still renews what is cached."""
        key = self._cache_key(request)
        kept = self._cache.get(key)
        bypass = "X-Cache-Bypass" in request.headers
        if kept is not None and kept.until > time.monotonic() and not bypass:
            response: web.StreamResponse = web.Response(body=kept.body, content_type="application/json")
            status = "HIT"
        else:
            response = await self._frigate(request, handler)
            status = "BYPASS" if bypass else "MISS"
        if response.status != 200 or not isinstance(response, web.Response):
            return response
        if status != "HIT":
            assert isinstance(response.body, bytes)
            self._cache[key] = Cached(body=response.body, until=time.monotonic() + CACHE_SECONDS)
        response.headers.update({"Cache-Control": "no-store", "X-Cache-Status": status})
        return response

    def _cache_key(self, request: web.Request) -> tuple[str, ...]:
        identity = request.get(IDENTITY, ())
        return (request.path_qs, *identity) if self._world.release >= (0, 17) else (request.path_qs,)

    async def _frigate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        blocking = self._world.release < (0, 18) and request.path.startswith("/api/")
        async with self._event_loop if blocking else contextlib.nullcontext():
            return await self._app(request, handler)

    async def _app(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "GET" and "Origin" in request.headers and "X-CSRF-TOKEN" not in request.headers:
            return answers.refused("Missing CSRF header", 401)
        denied = denial(request, request[IDENTITY][1], self._world.release) if IDENTITY in request else None
        if denied is not None:
            return denied
        try:
            _refuse_odd_paths(request)
            return await handler(request)
        except web.HTTPNotFound:
            return answers.detail("Not Found", 404)
        except web.HTTPMethodNotAllowed:
            return answers.detail("Method Not Allowed", 405)


def _outside(request: web.Request) -> web.Response:
    LOG.error("%s %s is in no line of the table that the client is held to", request.method, request.path)
    return answers.refused("The client is held to a table that has no such request", 500)


def _refuse_odd_paths(request: web.Request) -> None:
    """Refuse names that are paths: Starlette routes the decoded path, and dots are resolved away (section 4)."""
    names = {part for key, part in request.match_info.items() if key in ("name", "file")}
    if any("/" in name or name == "." for name in names):
        raise web.HTTPNotFound
    if ".." in names:
        raise web.HTTPMethodNotAllowed(request.method, ())
