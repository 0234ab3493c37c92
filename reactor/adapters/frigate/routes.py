"""Every request that the reactor may send to Frigate; anything else is refused before a byte is sent.

Deleting names its pictures, and never those of ``train``, which are Frigate's own attempts: an empty list there deletes
nothing and only throws the classifier away (facts/frigate-api.md section 5).
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never
from urllib.parse import quote, unquote

from reactor.core.errors import Permanent

SEGMENT = "(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+"
Body: TypeAlias = Literal["none", "picture", "login", "named files", "no files"]
"""What a request carries: nothing, one picture, a login, a list of file names, or an empty list of them."""


class ForbiddenCall(Permanent):
    """Say that a request is not in the table of allowed ones; nothing was sent."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method, a pattern of the encoded path, and what goes with it."""

    method: str
    path: re.Pattern[str]
    body: Body


def _route(method: str, path: str, body: Body = "none") -> Route:
    pattern = path.replace("{person}", f"(?!train/){SEGMENT}").replace("{name}", SEGMENT)
    return Route(method=method, path=re.compile(pattern), body=body)


ALLOWED: tuple[Route, ...] = (
    _route("GET", "/api/version"),
    _route("GET", "/api/stats"),
    _route("POST", "/api/login", "login"),
    _route("GET", "/api/faces"),
    _route("GET", "/clips/faces/{name}/{name}"),
    _route("POST", "/api/faces/recognize", "picture"),
    _route("POST", "/api/faces/{person}/register", "picture"),
    _route("POST", "/api/faces/{person}/delete", "named files"),
    _route("POST", "/api/faces/train/delete", "no files"),
)


def allows(method: str, path: str, body: object | None, *, picture: bool = False) -> bool:
    """Say whether the table has a line for a request: its encoded path, its JSON, and whether it uploads a picture."""
    plain = all(_is_plain(segment) for segment in path.split("/")[1:])
    return plain and any(
        route.method == method and route.path.fullmatch(path) and _fits(route.body, body, picture) for route in ALLOWED
    )


def expect_allowed(method: str, path: str, body: object | None, *, picture: bool) -> None:
    """Raise ForbiddenCall for what is not in the table."""
    if not allows(method, path, body, picture=picture):
        raise ForbiddenCall(f"the reactor never sends {method} {path[:100]!r} to Frigate like this; nothing was sent")


def _is_plain(segment: str) -> bool:
    """Say whether a segment has one spelling only, and is no path of its own when it is decoded."""
    name = unquote(segment)
    return quote(name, safe="") == segment and name.isprintable() and "/" not in name and name not in (".", "..")


def _fits(wanted: Body, body: object | None, picture: bool) -> bool:
    if picture or wanted == "picture":
        return picture and wanted == "picture" and body is None
    if wanted == "none":
        return body is None
    if not isinstance(body, dict):
        return False
    match wanted:
        case "login":
            return body.keys() == {"user", "password"} and all(isinstance(word, str) for word in body.values())
        case "no files":
            return body == {"ids": []}
        case "named files":
            files = body.get("ids")
            return body.keys() == {"ids"} and isinstance(files, list) and bool(files) and all(map(_is_file, files))
        case _:
            assert_never(wanted)


def _is_file(name: object) -> bool:
    """Say whether it names one file; Frigate takes slashes out, and would delete another one then."""
    return isinstance(name, str) and name not in ("", ".", "..") and "/" not in name
