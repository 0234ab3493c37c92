"""Small stand-ins for what the web server is given, and the bodies that a real Immich sent."""

import asyncio
import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from reactor.core.accounts import AccountStatus
from reactor.core.activity import PhotoCard, Summary
from reactor.core.events import Event
from reactor.core.history import DeadFilter, DeadLetter, DeliveryLine, EventFilter, EventLine
from reactor.core.ids import LIVE, AccountId, AssetId, RunId
from reactor.core.journal import Entry
from reactor.core.runs import Counts, ReplayRequest, Run, RunRequest, RunState, ScanProgress, WouldDeliver
from reactor.core.status import Facts
from reactor.ports import EventSink
from reactor.server.desk import Desk

from .labels import Labels
from .orders import Limits, Losses, Orders, Vetoes

ME = AccountId("me")
PHOTO = AssetId("4ee7ff99-249d-4d68-a79a-269a50b0ba12")
WEB_TOKEN = "a-web-token-for-tests"
SECRET = {"Authorization": "Bearer new-secret"}
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
EVIL = "<script>alert('x')</script>\"'>\r\n\r\nevent: board\r\ndata: x"
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

    async def append(self, events: Sequence[Event], run: RunId = LIVE, *, source: str = "") -> tuple[Event, ...]:
        self.asked = True
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error
        self.events.extend(events)
        return tuple(events)


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

    async def backlog(self) -> Summary:
        return await self.summary()

    async def newest(self, limit: int) -> tuple[PhotoCard, ...]:
        return self.cards[:limit]


def a_run(number: int = 1, request: RunRequest | None = None, state: RunState = RunState.RUNNING) -> Run:
    """Return a run that was asked for a moment ago."""
    asked = request or ReplayRequest(everything=True)
    return Run(
        id=RunId(f"{asked.kind}:{number:04x}"),
        kind=asked.kind,
        state=state,
        request=asked,
        progress=ScanProgress(),
        counts=Counts(),
        note="",
        created_at=NOON,
        finished_at=None,
    )


def a_letter(number: int = 1, state: str = "dead", error: str = "broken", account: AccountId = ME) -> DeadLetter:
    """Return a delivery that was given up."""
    return DeadLetter(
        id=number,
        seq=number,
        account=account,
        kind="AssetUploaded",
        subject=PHOTO,
        handler="embed",
        run=LIVE,
        state=state,
        attempts=8,
        error=error,
        payload={"account": account, "asset": PHOTO},
        given_up_at=NOON,
    )


def a_line(number: int, account: AccountId = ME, kind: str = "AssetUploaded", subject: str = PHOTO) -> EventLine:
    """Return an event of the log with one delivery."""
    return EventLine(
        seq=number,
        heard_at=NOON,
        source="webhook",
        account=account,
        kind=kind,
        subject=subject,
        payload={"account": account, "asset": subject},
        deliveries=(DeliveryLine(id=number, handler="embed", run=LIVE, state="waiting", attempts=0, error=""),),
    )


@dataclass
class Runs:
    """Keep runs as they were asked for; one scan and one replay are under way at a time."""

    runs: dict[RunId, Run] = field(default_factory=dict)
    planned: tuple[Entry, ...] = ()
    budgets: list[int | None] = field(default_factory=list)
    error: Exception | None = None

    async def start(self, request: RunRequest) -> Run:
        self._fail()
        for run in self.runs.values():
            if run.kind == request.kind and run.is_open and run.kind in ("scan", "replay"):
                return replace(run, joined=True)
        run = a_run(len(self.runs) + 1, request)
        self.runs[run.id] = run
        return run

    async def get(self, run: RunId) -> Run | None:
        self._fail()
        return self.runs.get(run)

    async def list(self, limit: int = 20) -> tuple[Run, ...]:
        self._fail()
        return tuple(reversed(self.runs.values()))[:limit]

    async def pause(self, run: RunId) -> Run | None:
        return self._become(run, RunState.PAUSED)

    async def resume(self, run: RunId, budget: int | None = None) -> Run | None:
        self.budgets.append(budget)
        return self._become(run, RunState.RUNNING)

    async def cancel(self, run: RunId) -> Run | None:
        return self._become(run, RunState.CANCELLED)

    async def plan(self, run: RunId) -> tuple[Entry, ...]:
        return self.planned

    async def would_deliver(self, request: ReplayRequest) -> WouldDeliver:
        self._fail()
        return WouldDeliver(events=2, deliveries=(("AssetUploaded", "embed", 2),), first=((1, "AssetUploaded", PHOTO),))

    def _become(self, run: RunId, state: RunState) -> Run | None:
        self._fail()
        if run in self.runs and self.runs[run].is_open:
            self.runs[run] = replace(self.runs[run], state=state)
        return self.runs.get(run)

    def _fail(self) -> None:
        if self.error:
            raise self.error


@dataclass
class History:
    """Hold lines of a log, and letters that were given up."""

    lines: list[EventLine] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    asked: list[EventFilter | DeadFilter] = field(default_factory=list)
    changed: list[tuple[str, Sequence[int] | None, DeadFilter | None]] = field(default_factory=list)
    error: Exception | None = None

    async def events(self, wanted: EventFilter, limit: int, before_seq: int | None = None) -> tuple[EventLine, ...]:
        if self.error:
            raise self.error
        self.asked.append(wanted)
        newest = sorted(self.lines, key=lambda line: -line.seq)
        return tuple(line for line in newest if before_seq is None or line.seq < before_seq)[:limit]

    async def unseen(
        self, wanted: EventFilter, limit: int, *, after: int, seen: Sequence[int] = ()
    ) -> tuple[EventLine, ...]:
        if self.error:
            raise self.error
        fresh = [line for line in self.lines if line.seq > after and line.seq not in seen]
        return tuple(sorted(fresh, key=lambda line: line.seq))[:limit]

    async def dead(self, wanted: DeadFilter, limit: int = 1000) -> tuple[DeadLetter, ...]:
        self.asked.append(wanted)
        state = "shelved" if wanted.shelved else "dead"
        return tuple(letter for letter in self.letters if letter.state == state)[:limit]

    async def retry(self, ids: Sequence[int] | None = None, wanted: DeadFilter | None = None) -> int:
        self.changed.append(("retry", ids, wanted))
        return len(self.letters) if ids is None else len(ids)

    async def drop(self, ids: Sequence[int] | None = None, wanted: DeadFilter | None = None) -> int:
        self.changed.append(("drop", ids, wanted))
        return len(self.letters) if ids is None else len(ids)


def some_facts(**said: Any) -> Facts:
    """Return what a reactor knows of itself whose one account is well."""
    well = AccountStatus(account=ME, standing="ok", version="3.1.0")
    return Facts(**{"model": "ViT-B-32__openai", "provider": "cpu", "accounts": (well,), **said})


@dataclass
class World:
    """Everything that a test may set; the application reads it anew for each request."""

    sink: Sink = field(default_factory=Sink)
    log: EventSink | None = None
    board: Board = field(default_factory=Board)
    runs: Runs = field(default_factory=Runs)
    history: History = field(default_factory=History)
    orders: Orders = field(default_factory=Orders)
    vetoes: Vetoes = field(default_factory=Vetoes)
    limits: Limits = field(default_factory=Limits)
    labels: Labels = field(default_factory=Labels)
    facts: Facts = field(default_factory=some_facts)
    has_desk: bool = True
    picture: tuple[bytes, str] | Exception = (b"\xff\xd8picture", "image/jpeg")
    web_token: SecretStr | None = None
    reset: list[AccountId] = field(default_factory=list)
    hastened: list[AccountId] = field(default_factory=list)
    asked_about: int = 0
    looks: int = 0
    frigate: str = "ok"

    def desk(self) -> Desk | None:
        """Return a desk on which all of this lies."""
        if not self.has_desk:
            return None
        return Desk(
            facts=lambda: self.facts,
            runs=self.runs,
            history=self.history,
            orders=self.orders,
            vetoes=self.vetoes,
            losses=Losses(self.vetoes),
            limits=self.limits,
            labels=self.labels,
            handlers=("embed", "classify", "archive", "stack", "faces"),
            reset_missed=self.reset.append,
            confirm_people=lambda _: self.asked_about,
            hasten=self.hasten,
            look=self.look,
            others={"frigate": self.ask_frigate},
        )

    async def look(self) -> None:
        self.looks += 1

    async def hasten(self, account: AccountId) -> None:
        self.hastened.append(account)

    async def ask_frigate(self) -> str:
        return self.frigate

    async def thumbnail(self, account: AccountId, asset: AssetId) -> tuple[bytes, str]:
        if isinstance(self.picture, Exception):
            raise self.picture
        return self.picture
