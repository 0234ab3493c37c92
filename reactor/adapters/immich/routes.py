"""Every request that the reactor may send to Immich; anything else is refused before a byte is sent.

There is no line that deletes, trashes, edits or uploads a photo, nor one that deletes an album, and none shall come.
The DELETEs take tags off photos and photos out of albums, delete empty tags and dissolve stacks; the photos stay.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from reactor.adapters.immich.errors import ForbiddenCall

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
Kind = Literal["read", "media", "write"]
Rule: TypeAlias = Literal["id", "ids", "word", "words", "flag"] | frozenset[str]
"""What a field of a body holds: one id, several, a text, several, true or false, or one of the named words."""
Body: TypeAlias = Literal["none", "any"] | Mapping[str, Rule]
"""What a request carries: nothing, any JSON, or an object of exactly these fields."""

# "locked" is not among them: a key cannot take it back (facts/immich-api.md section 4).
SHOWN_OR_ARCHIVED = frozenset({"timeline", "archive"})


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method, a path pattern and a bound body; reads and media are repeated after a fault, writes are not."""

    method: str
    path: re.Pattern[str]
    kind: Kind
    body: Body = "none"


def _route(kind: Kind, method: str, path: str, body: Body = "none") -> Route:
    return Route(method=method, path=re.compile(path.replace("{id}", UUID)), kind=kind, body=body)


ALLOWED: tuple[Route, ...] = (
    _route("read", "GET", "/server/ping"),
    _route("read", "GET", "/server/version"),
    _route("read", "GET", "/users/me"),
    _route("read", "GET", "/api-keys/me"),
    _route("read", "POST", "/search/metadata", "any"),
    _route("read", "GET", "/assets/{id}"),
    _route("media", "GET", "/assets/{id}/thumbnail"),
    _route("read", "GET", "/stacks/{id}"),
    _route("read", "GET", "/tags"),
    _route("read", "GET", "/faces"),
    _route("read", "GET", "/albums"),
    _route("read", "GET", "/albums/{id}"),
    _route("read", "GET", "/people"),
    _route("read", "GET", "/people/{id}"),
    _route("read", "GET", "/people/{id}/statistics"),
    _route("write", "PUT", "/tags", {"tags": "words"}),
    _route("write", "PUT", "/tags/assets", {"tagIds": "ids", "assetIds": "ids"}),
    _route("write", "DELETE", "/tags/{id}/assets", {"ids": "ids"}),
    _route("write", "DELETE", "/tags/{id}"),
    _route("write", "PUT", "/assets", {"ids": "ids", "visibility": SHOWN_OR_ARCHIVED}),
    _route("write", "PUT", "/assets/{id}", {"isFavorite": "flag"}),
    _route("write", "POST", "/albums", {"albumName": "word", "assetIds": "ids"}),
    _route("write", "PUT", "/albums/{id}/assets", {"ids": "ids"}),
    _route("write", "DELETE", "/albums/{id}/assets", {"ids": "ids"}),
    _route("write", "POST", "/stacks", {"assetIds": "ids"}),
    _route("write", "PUT", "/stacks/{id}", {"primaryAssetId": "id"}),
    _route("write", "DELETE", "/stacks/{id}"),
    _route("write", "DELETE", "/stacks/{id}/assets/{id}"),
)


def route_of(method: str, path: str, routes: tuple[Route, ...] = ALLOWED, *, body: object | None = None) -> Route:
    """Return the table's line for a request; ForbiddenCall if there is none, or if its line bears no such body."""
    for route in routes:
        if route.method == method and route.path.fullmatch(path):
            if not fits(route.body, body):
                raise ForbiddenCall(f"the reactor never sends such a body with {method} {path}; nothing was sent")
            return route
    raise ForbiddenCall(f"the reactor never sends {method} {path[:100]!r} to Immich; nothing was sent")


def allows(method: str, path: str, body: object | None, routes: tuple[Route, ...] = ALLOWED) -> bool:
    """Say whether the table has a line for a request; ``path`` is the one below the API's root."""
    try:
        route_of(method, path, routes, body=body)
    except ForbiddenCall:
        return False
    return True


def fits(wanted: Body, body: object | None) -> bool:
    """Say whether a body is of the form that a line bears: all of its fields, and no other."""
    if wanted == "any":
        return True
    if wanted == "none":
        return body is None
    return (
        isinstance(body, dict)
        and body.keys() == wanted.keys()
        and all(_holds(rule, body[name]) for name, rule in wanted.items())
    )


def _holds(rule: Rule, value: object) -> bool:
    match rule:
        case "id":
            return isinstance(value, str) and re.fullmatch(UUID, value) is not None
        case "ids":
            return isinstance(value, list) and all(_holds("id", one) for one in value)
        case "flag":
            return isinstance(value, bool)
        case "word":
            return isinstance(value, str) and value != ""
        case "words":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case frozenset():
            return isinstance(value, str) and value in rule
        case _:
            assert_never(rule)
