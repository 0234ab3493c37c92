"""The journal's words: an entry is a change carried out or planned, with the state before and after."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reactor.core.changes import (
    Change,
    State,
)
from reactor.core.ids import RunId


class EntryState(StrEnum):
    """Where a journal entry stands."""

    PLANNED = "planned"
    """Decided in observe mode: nothing was called."""
    OPEN = "open"
    """Written before the call; a crash leaves it so, and its outcome is unknown until it is read."""
    DONE = "done"
    """Called, read back and found as wished."""
    SUPERSEDED = "superseded"
    """Overtaken: it never arrived, was planned anew, or was read back otherwise than wished; the note says which."""
    FAILED = "failed"
    """Refused for good by the other side; nothing was changed."""
    VETOED = "vetoed"
    """Not done, because the user had undone it before."""
    PARKED = "parked"
    """The outcome cannot be told without a person."""
    SUGGESTED = "suggested"
    """In the grey zone: waits for a person, who accepts or declines it."""
    DECLINED = "declined"
    """A plan or a suggestion that a person declined."""
    CARRIED_OUT = "carried out"
    """A plan or a suggestion that was carried out later, by an entry of its own."""
    UNDONE = "undone"
    """It was done, and taken back by us when a person asked for it."""
    LEFT = "left"
    """Asked to be taken back, and left alone: the thing is no longer as we left it."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What led to a change: the delivery's handler, its event (sequence number) and run."""

    handler: str
    event: int
    run: RunId


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the journal."""

    id: int
    change: Change
    cause: Cause
    state: EntryState
    before: State
    after: State | None
    note: str
    written_at: datetime
    settled_at: datetime | None
