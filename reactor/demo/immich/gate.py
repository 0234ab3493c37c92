"""What every request passes: key, permission, faults, the log of requests, errors as JSON (section 2)."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from reactor.demo.immich.calls import ANY_KEY, OPEN, Call, Route, reply
from reactor.demo.immich.errors import ApiError, DropConnectionError
from reactor.demo.immich.faults import Faults, break_off
from reactor.demo.immich.realtime import SOCKET_PATH
from reactor.demo.immich.state import ApiKey, State, Write
from reactor.demo.immich.world import World
from reactor.demo.watch import Watch, body_of

LOG = logging.getLogger(__name__)
ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
ROOT = "/api/"
WORLD = web.AppKey("world", World)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
BeforeAnswer = Callable[[Write], Awaitable[None]]


@dataclass(kw_only=True)
class Gate:
    """Watches the requests of one simulated server."""

    faults: Faults = field(default_factory=Faults)
    watch: Watch = field(default_factory=Watch)
    writes: list[Write] = field(default_factory=list)
    before_answer: BeforeAnswer | None = None

    def endpoint(self, route: Route) -> Answer:
        """Wrap a handler into what aiohttp calls: authenticate, run, then wait for the hook of effective writes."""

        async def answer(request: web.Request) -> web.StreamResponse:
            world = request.app[WORLD]
            key = authenticate(world.state, request, route.need)
            call = Call(world=world, request=request, key=key, on_write=self.writes.append)
            response = await route.handler(call)
            if self.before_answer:
                for write in call.writes:
                    await self.before_answer(write)
            return response

        return answer

    def middleware(self) -> Middleware:
        @web.middleware
        async def watch(request: web.Request, handler: Answer) -> web.StreamResponse:
            if request.path.rstrip("/") == SOCKET_PATH:
                return await _socket(request, handler)
            key, body, holder = _caller(request), await body_of(request), _secret(request) or ""
            violation = self.watch.breaks(request.method, _below_root(request), body, holder=holder)
            response = _outside(request) if violation else await self._pass(request, handler, body, key)
            self.watch.note(request, response.status, body=body, key=key, violation=violation)
            rng = request.app[WORLD].rng
            response.headers["X-Correlation-ID"] = "".join(rng.choices(ID_LETTERS, k=8))
            return response

        return watch

    async def _pass(self, request: web.Request, handler: Answer, body: object, key: str) -> web.StreamResponse:
        try:
            if self.watch.on_request is not None:
                await self.watch.on_request(request.method, request.path, body, key)
        except DropConnectionError:
            return break_off(request)
        fault = self.faults.take(request.method, request.path)
        if fault and not fault.after:
            return await self.faults.play(fault, request)
        response = await _answer(request, handler)
        return await self.faults.play(fault, request) if fault else response


def authenticate(state: State, request: web.Request, need: str) -> ApiKey | None:
    """Find the key in header or query; what a key may not do is 403, an unknown one 401 (cap:226-229, 912, 915)."""
    if need == OPEN:
        return None
    secret = _secret(request)
    if secret is None:
        bearer = "Authorization" in request.headers
        raise ApiError(401, "Invalid user token" if bearer else "Authentication required")
    key = state.keys.get(secret)
    if key is None:
        raise ApiError(401, "Invalid API key")
    if need != ANY_KEY and not key.allows(need):
        raise ApiError(403, f"Missing required permission: {need}")
    return key


def _secret(request: web.Request) -> str | None:
    return request.headers.get("x-api-key") or request.query.get("apiKey")


def _caller(request: web.Request) -> str:
    """Return the name of the key; "" for none and for an unknown one."""
    key = request.app[WORLD].state.keys.get(_secret(request) or "")
    return key.name if key else ""


def _below_root(request: web.Request) -> str:
    """Return the path below /api as it was sent, still encoded; one that lies elsewhere as it is."""
    sent = request.rel_url.raw_path
    return sent[len(ROOT) - 1 :] if sent.startswith(ROOT) else f"(outside {ROOT}) {sent}"


def _outside(request: web.Request) -> web.Response:
    LOG.error("%s %s is in no line of the table that its key is held to", request.method, request.path)
    return reply({"message": "This key is held to a table that has no such request"}, 500)


async def _answer(request: web.Request, handler: Answer) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return _refuse(request, error)
    except (KeyError, TypeError, ValueError, AttributeError):
        # A body of the wrong make-up that validation did not foresee; the server too answers these with a 500.
        LOG.exception("%s %s broke", request.method, request.path)
        return _refuse(request, ApiError(500, "Internal server error"))
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return reply({"message": f"Cannot {request.method} {request.path_qs}"}, 404)
    except DropConnectionError:
        return break_off(request)


def _refuse(request: web.Request, error: ApiError) -> web.Response:
    """Answer with the message; 2.x also sends the status and its name (section 2)."""
    old = {"error": HTTPStatus(error.status).phrase, "statusCode": error.status}
    return reply(error.body | ({} if request.app[WORLD].version >= (3, 0, 0) else old), error.status)


async def _socket(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Refuse every transport but websocket (captures socket-mode-polling.jsonl)."""
    if request.query.get("transport") != "websocket":
        return web.json_response({"code": 0, "message": "Transport unknown"}, status=400)
    return await handler(request)
