"""One table of what the API can do: each row is a route, its document and its check alike."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic

from aiohttp import web
from pydantic import TypeAdapter

from reactor.server.api.border import NOT_KEPT, PREFIX, M, body_of, query_of
from reactor.server.api.requests import Nothing

Answer = tuple[int, object]
"""The status of an answer, and the value that is sent as JSON."""

Do = Callable[[M, Mapping[str, str]], Awaitable[Answer]]
"""What a route does with what was asked, and with the parts of its path."""


@dataclass(frozen=True, kw_only=True)
class Row(Generic[M]):
    """A route below /api.

    ``asks`` is read from the query of a GET and from the body of a POST; ``lists`` names what a query may give several
    times. ``answers`` names the type of each answer that is no refusal, ``refuses`` the statuses besides those that
    any request may meet. A ``stream`` answers by itself, line by line.
    """

    method: str
    path: str
    words: str
    asks: type[M]
    answers: Mapping[int, Any]
    do: Do[M] | None = None
    stream: Callable[[web.Request, M], Awaitable[web.StreamResponse]] | None = None
    lists: frozenset[str] = frozenset()
    refuses: tuple[int, ...] = ()

    async def ask(self, request: web.Request) -> M:
        """Return what a request says, checked."""
        if self.method == "GET":
            return query_of(request, self.asks, self.lists)
        query_of(request, Nothing)
        return await body_of(request, self.asks)


def get(
    path: str,
    words: str,
    asks: type[M],
    do: Do[M],
    answer: Any,
    *,
    lists: frozenset[str] = frozenset(),
    refuses: tuple[int, ...] = (),
) -> Row[M]:
    """Return a row that reads."""
    answers = {200: answer}
    return Row(method="GET", path=path, words=words, asks=asks, do=do, answers=answers, lists=lists, refuses=refuses)


def post(
    path: str,
    words: str,
    asks: type[M],
    do: Do[M],
    answers: Mapping[int, Any],
    *,
    refuses: tuple[int, ...] = (),
) -> Row[M]:
    """Return a row that does something."""
    return Row(method="POST", path=path, words=words, asks=asks, do=do, answers=answers, refuses=refuses)


@cache
def adapter_of(answer: Any) -> TypeAdapter[Any]:
    """Return what writes values of a type as JSON; made once a type, since many routes answer with the same."""
    return TypeAdapter(answer)


def routes_of(rows: Sequence[Row[Any]]) -> list[web.RouteDef]:
    """Return the routes of the table."""
    return [web.route(row.method, PREFIX.rstrip("/") + row.path, _handler(row)) for row in rows]


def _handler(row: Row[Any]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    adapters = {status: adapter_of(answer) for status, answer in row.answers.items()}

    async def handle(request: web.Request) -> web.StreamResponse:
        said = await row.ask(request)
        if row.stream is not None:
            return await row.stream(request, said)
        assert row.do is not None
        status, value = await row.do(said, request.match_info)
        body = adapters[status].dump_json(value)
        return web.Response(body=body, content_type="application/json", status=status, headers=NOT_KEPT)

    return handle
