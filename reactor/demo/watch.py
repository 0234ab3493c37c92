"""What a simulated server remembers of its requests, the tables that clients are held to, and a hook for tests."""

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

Allowed = Callable[[str, str, object], bool]
"""Say of (method, path, body) whether a client may send it."""
BeforeRequest = Callable[[str, str, object, str], Awaitable[None]]
"""Look at (method, path, body, caller) before the request is handled."""

FORM = "a form"
REMEMBERED = 100_000
REMEMBERED_WITH_BODIES = 10_000
LARGEST_KEPT = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """One request with its answer's status.

    ``body`` is the parsed JSON, None where there was none, FORM for an upload, the bytes of anything else, and only a
    few words where it is large; ``key`` names the caller, "" where nobody knows it.
    """

    method: str
    path: str
    body: object
    key: str
    status: int


@dataclass(kw_only=True)
class Watch:
    """Remembers the last requests; ``requests`` as (method, path, status), ``received`` fewer of them in full."""

    requests: deque[tuple[str, str, int]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    received: deque[Received] = field(default_factory=lambda: deque(maxlen=REMEMBERED_WITH_BODIES))
    violations: list[Received] = field(default_factory=list)
    tables: dict[str, Allowed] = field(default_factory=dict)
    on_request: BeforeRequest | None = None

    def breaks(self, method: str, path: str, body: object, *, holder: str) -> bool:
        """Say whether the caller is held to a table that has no such request; ``path`` as it was sent."""
        table = self.tables.get(holder)
        return table is not None and not table(method, path, body)

    def note(self, request: web.Request, status: int, *, body: object, key: str, violation: bool = False) -> None:
        """Remember a request that is answered."""
        kept = body if (request.content_length or 0) <= LARGEST_KEPT else f"{request.content_length} bytes"
        one = Received(method=request.method, path=request.path, body=kept, key=key, status=status)
        self.requests.append((one.method, one.path, one.status))
        self.received.append(one)
        if violation:
            self.violations.append(one)


async def body_of(request: web.Request) -> object:
    """Return the body as ``Received`` keeps it; of a form nothing is read but its kind."""
    if not request.body_exists:
        return None
    if request.content_type.startswith("multipart/"):
        return FORM
    raw = await request.read()
    if not raw:
        return None
    try:
        parsed: object = json.loads(raw)
    except (ValueError, RecursionError):
        return raw
    return parsed
