"""Small stand-ins for what the web server is given, and the bodies that a real Immich sent."""

import asyncio
import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reactor.core.activity import PhotoCard, Summary
from reactor.core.events import Event
from reactor.core.ids import LIVE, AccountId, AssetId, RunId
from reactor.ports import EventSink
from reactor.server.health import Readiness

ME = AccountId("me")
PHOTO = AssetId("4ee7ff99-249d-4d68-a79a-269a50b0ba12")
SECRET = {"Authorization": "Bearer new-secret"}
RECORDED = tuple(
    json.loads(line) for line in (Path(__file__).parent / "recorded" / "webhooks.jsonl").read_text().splitlines()
)


def body(trigger: str = "AssetCreate", **asset: object) -> dict[str, Any]:
    """Return a recorded body of this trigger, with these fields of the asset changed."""
    found: dict[str, Any] = deepcopy(next(r["body"] for r in RECORDED if r["body"]["trigger"] == trigger))
    found["data"]["asset"].update(asset)
    return found


@dataclass
class Sink:
    """Keep what is appended, once the gate is open, or fail."""

    events: list[Event] = field(default_factory=list)
    error: Exception | None = None
    gate: asyncio.Event | None = None
    asked: bool = False

    async def append(self, events: Sequence[Event], run: RunId = LIVE) -> int:
        self.asked = True
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error
        self.events.extend(events)
        return len(events)


@dataclass
class Board:
    """Show these cards; count how often somebody asks."""

    cards: tuple[PhotoCard, ...] = ()
    counts: Summary = field(default_factory=Summary)
    number: int = 1
    asked: int = 0
    error: Exception | None = None

    async def version(self) -> str:
        self.asked += 1
        if self.error:
            raise self.error
        return str(self.number)

    async def summary(self) -> Summary:
        if self.error:
            raise self.error
        return self.counts

    async def newest(self, limit: int) -> tuple[PhotoCard, ...]:
        return self.cards[:limit]


@dataclass
class World:
    """Everything that a test may set; the application reads it anew for each request."""

    sink: Sink = field(default_factory=Sink)
    log: EventSink | None = None
    board: Board = field(default_factory=Board)
    readiness: Readiness = field(default_factory=lambda: Readiness(ready=True, checks={"database": "answers"}))
    picture: tuple[bytes, str] | Exception = (b"\xff\xd8picture", "image/jpeg")
    open_web: bool = False

    async def ready(self) -> Readiness:
        return self.readiness

    async def thumbnail(self, account: AccountId, asset: AssetId) -> tuple[bytes, str]:
        if isinstance(self.picture, Exception):
            raise self.picture
        return self.picture
