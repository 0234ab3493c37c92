"""What the API answers, where the core has no value of that shape."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reactor.core.activity import words_of
from reactor.core.changes import feature_of, subjects_of
from reactor.core.history import DeadLetter, DeliveryLine, EventLine
from reactor.core.ids import AccountId, RunId
from reactor.core.journal import Entry, EntryState
from reactor.core.run_view import RunView


@dataclass(frozen=True, kw_only=True)
class Message:
    """A sentence: why not, or what was done."""

    message: str


@dataclass(frozen=True, kw_only=True)
class EventItem:
    """An event of the log with its deliveries; `payload` depends on its kind."""

    seq: int
    heard_at: datetime
    source: str
    account: AccountId
    kind: str
    subject: str
    payload: dict[str, Any]
    deliveries: tuple[DeliveryLine, ...]


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events, newest first; ask with `before` for those that follow, null where there are none."""

    events: tuple[EventItem, ...]
    before: int | None


@dataclass(frozen=True, kw_only=True)
class RunList:
    """Runs, newest first."""

    runs: tuple[RunView, ...]


@dataclass(frozen=True, kw_only=True)
class Started:
    """The run that was asked for; `joined` where it was under way already."""

    run: RunView
    joined: bool


@dataclass(frozen=True, kw_only=True)
class PlannedChange:
    """A change that a run would make, in words; `state` is planned, or vetoed where the user undid it before."""

    id: int
    account: AccountId
    feature: str
    state: EntryState
    words: str
    subjects: tuple[str, ...]
    rule: str
    scores: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run planned, in the order of its finding; ask with `after` for the rest, null where there is none."""

    run: RunId
    total: int
    changes: tuple[PlannedChange, ...]
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A delivery that was given up; `payload` is that of its event."""

    id: int
    seq: int
    account: AccountId
    kind: str
    subject: str
    handler: str
    run: RunId
    state: str
    attempts: int
    error: str
    payload: dict[str, Any]
    given_up_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Letters:
    """Given-up deliveries, newest first; `more` where there are more than were asked for."""

    letters: tuple[Letter, ...]
    more: bool


@dataclass(frozen=True, kw_only=True)
class Changed:
    """How many given-up deliveries were tried again or dropped."""

    changed: int


def event_item(line: EventLine) -> EventItem:
    """Return an event as it is answered."""
    return EventItem(
        seq=line.seq,
        heard_at=line.heard_at,
        source=line.source,
        account=line.account,
        kind=line.kind,
        subject=line.subject,
        payload=json.loads(line.payload),
        deliveries=line.deliveries,
    )


def letter(found: DeadLetter) -> Letter:
    """Return a given-up delivery as it is answered."""
    return Letter(
        id=found.id,
        seq=found.seq,
        account=found.account,
        kind=found.kind,
        subject=found.subject,
        handler=found.handler,
        run=found.run,
        state=found.state,
        attempts=found.attempts,
        error=found.error,
        payload=json.loads(found.payload),
        given_up_at=found.given_up_at,
    )


def planned(entry: Entry) -> PlannedChange:
    """Return an entry of a plan as it is answered."""
    reason = entry.change.reason
    return PlannedChange(
        id=entry.id,
        account=entry.change.account,
        feature=feature_of(entry.change),
        state=entry.state,
        words=words_of(entry.change),
        subjects=subjects_of(entry.change),
        rule=reason.rule,
        scores=dict(reason.scores),
    )
