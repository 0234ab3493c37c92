"""Every request that the reactor may send to Immich; anything else is refused before a byte is sent.

There is no line that deletes, trashes or uploads a photo, and none shall come.
"""

import re
from dataclasses import dataclass
from typing import Literal

from reactor.adapters.immich.errors import ForbiddenCall

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
Kind = Literal["read", "media", "write"]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method and a path pattern; reads and media are repeated after a fault, writes are not."""

    method: str
    path: re.Pattern[str]
    kind: Kind


def _route(kind: Kind, method: str, path: str) -> Route:
    return Route(method=method, path=re.compile(path.replace("{id}", UUID)), kind=kind)


ALLOWED: tuple[Route, ...] = (
    _route("read", "GET", "/server/ping"),
    _route("read", "GET", "/server/version"),
    _route("read", "GET", "/users/me"),
    _route("read", "GET", "/api-keys/me"),
    _route("read", "POST", "/search/metadata"),
    _route("read", "GET", "/assets/{id}"),
    _route("media", "GET", "/assets/{id}/thumbnail"),
    _route("read", "GET", "/stacks/{id}"),
    _route("read", "GET", "/faces"),
    _route("read", "GET", "/albums"),
    _route("read", "GET", "/people"),
    _route("read", "GET", "/people/{id}"),
    _route("read", "GET", "/people/{id}/statistics"),
    _route("write", "PUT", "/tags"),
    _route("write", "PUT", "/tags/assets"),
    _route("write", "PUT", "/assets"),
    _route("write", "POST", "/stacks"),
    _route("write", "PUT", "/stacks/{id}"),
)


def route_of(method: str, path: str, routes: tuple[Route, ...] = ALLOWED) -> Route:
    """Return the table's line for a request; ForbiddenCall if there is none."""
    for route in routes:
        if route.method == method and route.path.fullmatch(path):
            return route
    raise ForbiddenCall(f"the reactor never sends {method} {path[:100]!r} to Immich; nothing was sent")
