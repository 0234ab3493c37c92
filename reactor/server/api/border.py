"""The border of the API: who may ask, what is read of a request, and how refusals are said."""

import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, ValidationError
from structlog.typing import FilteringBoundLogger

from reactor.core.errors import Permanent, Retryable
from reactor.core.runs import BadRequest
from reactor.server.body import DAMAGED, SECONDS, read_body

PREFIX = "/api/"
MAX_BODY = 64 * 1024
RETRY_SECONDS = 5.0
SAID = 5
"""How many faults of one request are told at once."""

M = TypeVar("M", bound=BaseModel)
_ODD = re.compile(r"[^\w .,:;()\[\]{}'\"/+-]")


class Refusal(Exception):
    """Say why a request is not done, with the status of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def explained(log: FilteringBoundLogger) -> Middleware:
    """Return the middleware that answers every refusal under /api in JSON, without a word of what is inside."""

    @web.middleware
    async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(PREFIX):
            return await handler(request)
        try:
            if request.method not in ("GET", "HEAD"):
                _own_page_only(request)
            return await handler(request)
        except (Refusal, BadRequest, Retryable, Permanent, web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            return _said(error, request, log)

    return explain


def _said(error: Exception, request: web.Request, log: FilteringBoundLogger) -> web.Response:
    headers: dict[str, str] = {}
    match error:
        case Refusal(status=status):
            words = str(error)
            if status == 503:
                headers = {"Retry-After": str(ceil(RETRY_SECONDS))}
        case BadRequest():
            status, words = 400, _bounded(str(error))
        case Retryable(after=after):
            log.warning("the API could not answer", path=request.path, reason=str(error))
            status, words = 503, "the database does not answer at the moment; ask again"
            headers = {"Retry-After": str(ceil(after or RETRY_SECONDS))}
        case web.HTTPNotFound():
            status, words = 404, "there is nothing under this address; /api/openapi.json tells what there is"
        case web.HTTPMethodNotAllowed(allowed_methods=methods):
            status, words = 405, f"this address takes {' and '.join(sorted(methods))}"
            headers = {"Allow": ", ".join(sorted(methods))}
        case _:
            log.error("the database refused what the API asked", path=request.path, reason=str(error))
            status, words = 500, "something went wrong here; the log tells more"
    return refused(status, words, headers)


def refused(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer that says why not."""
    return web.json_response({"message": message}, status=status, headers={**NOT_KEPT, **(headers or {})})


NOT_KEPT = {"Cache-Control": "no-store"}


def _own_page_only(request: web.Request) -> None:
    """Refuse what a foreign page can send with the browser of somebody who may, as far as the guard let it pass.

    JSON is no type that a form sends, and a browser asks before a script sends it across origins, which is never
    allowed here.
    """
    if request.content_type != "application/json":
        raise Refusal(415, "send JSON, with Content-Type: application/json")
    # "none" is somebody's own typing, which never posts.
    if request.headers.get("Sec-Fetch-Site") == "none":
        raise Refusal(403, "this was sent by the page of another site; open the reactor's own page")


async def body_of(request: web.Request, model: type[M]) -> M:
    """Return the body of a request, bounded and checked; no body at all is an empty object."""
    try:
        body = await read_body(request, MAX_BODY)
    except web.HTTPRequestEntityTooLarge:
        raise Refusal(413, f"the body is larger than {MAX_BODY} bytes") from None
    except web.HTTPBadRequest:
        raise Refusal(400, DAMAGED) from None
    except TimeoutError:
        raise Refusal(408, f"the body did not arrive within {SECONDS:.0f} s") from None
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise Refusal(400, _sentence(error, model)) from None


def query_of(request: web.Request, model: type[M], lists: frozenset[str] = frozenset()) -> M:
    """Return the query of a request, checked; those named in ``lists`` may be given several times."""
    said: dict[str, Any] = {}
    for name in request.query:
        values = request.query.getall(name)
        if name in lists:
            said[name] = values
        elif len(values) > 1:
            raise Refusal(400, f"{_bounded(name)} is given {len(values)} times; give it once")
        else:
            said[name] = values[0]
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise Refusal(400, _sentence(error, model)) from None


def _sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """Name each field that is wrong and say why, never with its value."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    words = [_problem(problem["loc"], problem["type"], problem["msg"], model) for problem in problems[:SAID]]
    return "; ".join(words) + (f"; and {len(problems) - SAID} more" if len(problems) > SAID else "")


def _problem(place: Sequence[int | str], kind: str, message: str, model: type[BaseModel]) -> str:
    name = _bounded(".".join(map(str, place)))
    if kind == "extra_forbidden":
        return f"{name}: there is no such field; there are {', '.join(model.model_fields) or 'none'}"
    if kind == "json_invalid":
        return "this is not valid JSON"
    words = message.removeprefix("Value error, ").replace("Tuple", "List")
    words = words[:1].lower() + words[1:]
    return _bounded(f"{name}: {words}" if name else words)


def _bounded(words: str) -> str:
    """Return words that may hold what was sent, short and without control characters."""
    return _ODD.sub("?", words)[:300]
