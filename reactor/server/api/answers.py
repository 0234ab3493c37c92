"""What the API answers, where the core has no value of that shape."""

from dataclasses import dataclass

from reactor.core.calibration import Calibration
from reactor.core.categories import Category, Managed
from reactor.core.history import DeadLetter, EventLine
from reactor.core.ids import RunId
from reactor.core.journal_lines import JournalLine
from reactor.core.limits import Trip
from reactor.core.orders import Waiting
from reactor.core.plans import PlanLine
from reactor.core.run_view import RunView
from reactor.core.vetoes import Veto


@dataclass(frozen=True, kw_only=True)
class Message:
    """A sentence: why not, or what was done."""

    message: str


@dataclass(frozen=True, kw_only=True)
class Classification:
    """All categories; `managed` tells whether the settings' file keeps them, or the reactor.

    `calibration` is null while the model was not measured, or is not loaded.
    """

    enabled: bool
    managed: Managed
    categories: tuple[Category, ...]
    calibration: Calibration | None


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events, newest first; ask with `before` for those that follow, null where there are none."""

    events: tuple[EventLine, ...]
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
class Plan:
    """What a run planned, in the order of its finding; ask with `after` for the rest, null where there is none."""

    run: RunId
    total: int
    changes: tuple[PlanLine, ...]
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Letters:
    """Given-up deliveries, newest first; `more` where there are more than were asked for."""

    letters: tuple[DeadLetter, ...]
    more: bool


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Of how many things that was done."""

    changed: int


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Entries of the journal, newest first; ask with `before` for those that follow, null where there are none."""

    entries: tuple[JournalLine, ...]
    before: int | None


@dataclass(frozen=True, kw_only=True)
class Awaiting:
    """What waits for a yes, newest first, and how much of it there is in all, dry runs left out."""

    waiting: Waiting
    entries: tuple[JournalLine, ...]
    before: int | None


@dataclass(frozen=True, kw_only=True)
class VetoList:
    """Vetoes, newest first; ask with `before` for those that follow, null where there are none."""

    vetoes: tuple[Veto, ...]
    before: int | None


@dataclass(frozen=True, kw_only=True)
class TripList:
    """What a limit stopped, oldest first; it stands still until somebody confirms."""

    trips: tuple[Trip, ...]
