"""Runs beside the live one: what was asked for, how far it is, and what may be asked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from reactor.core.changes import StackAssets
from reactor.core.events import EVENT_TYPES
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.journal import Entry
from reactor.core.quiet_hours import quiet_hours

RunKind = Literal["scan", "replay"]
Only = Literal["stack", "classify", "faces"]
HANDLERS_OF: Mapping[Only, tuple[str, ...]] = {
    "stack": ("embed", "stack"),
    "classify": ("embed", "classify", "archive"),
    "faces": ("faces",),
}
FASTEST = 100_000


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"
    """Fed to its end, and nothing of it is left to do; single deliveries may have failed."""
    FAILED = "failed"
    """It could not be fed to its end; the note says why."""


@dataclass(frozen=True, kw_only=True)
class ScanRequest:
    """Go through photos that are there already.

    ``accounts`` None means all; ``since`` and ``until`` are local capture days, both included; ``album`` is an id or a
    name; ``dry`` plans and changes nothing; ``rate_per_minute`` and ``quiet_hours`` ("22:00-07:00") go before the
    settings where they are given.
    """

    accounts: tuple[AccountId, ...] | None = None
    since: date | None = None
    until: date | None = None
    album: str | None = None
    only: Only | None = None
    dry: bool = False
    rate_per_minute: int | None = None
    quiet_hours: str | None = None

    @property
    def kind(self) -> RunKind:
        return "scan"


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """Deliver events of the log again: those that fit every filter that is given, or all with ``everything``.

    ``since`` and ``until`` (aware) bound when they were heard, both included. ``handlers`` are the only ones asked.
    ``failed`` asks again for what is among the dead, and for nothing else.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    account: AccountId | None = None
    asset: AssetId | None = None
    handlers: tuple[str, ...] = ()
    failed: bool = False
    everything: bool = False

    @property
    def kind(self) -> RunKind:
        return "replay"


RunRequest: TypeAlias = ScanRequest | ReplayRequest


@dataclass(frozen=True, kw_only=True)
class AccountProgress:
    """How far a scan is in one account; ``day`` is the first local day that is not wholly asked for.

    ``after`` (capture time, asset) is the last photo of that day that was asked for. ``opened`` says that the account
    was looked at: ``album`` is its album's id then, ``first`` and ``last`` bound the days (None without any photo).
    """

    account: AccountId
    opened: bool = False
    album: str | None = None
    first: date | None = None
    last: date | None = None
    day: date | None = None
    after: tuple[datetime, str] | None = None
    photos: int = 0
    finished: bool = False
    failed: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ScanProgress:
    """How far a scan is; ``fed`` when every photo was asked for."""

    accounts: tuple[AccountProgress, ...] = ()
    fed: bool = False


@dataclass(frozen=True, kw_only=True)
class ReplayProgress:
    """How far a replay is: up to which number (of an event, or with ``failed`` of a dead delivery), and of which."""

    last: int | None = None
    at: int = 0
    events: int = 0
    fed: bool = False


RunProgress: TypeAlias = ScanProgress | ReplayProgress


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The deliveries of a run: all that were asked for, and what became of them."""

    asked: int = 0
    done: int = 0
    failed: int = 0
    shelved: int = 0
    cancelled: int = 0

    @property
    def open(self) -> int:
        """How many are still to be done."""
        return self.asked - self.done - self.failed - self.shelved - self.cancelled


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as it stands; ``joined`` where it was there already when it was asked for."""

    id: RunId
    kind: RunKind
    state: RunState
    request: RunRequest
    progress: RunProgress
    counts: Counts
    note: str
    created_at: datetime
    finished_at: datetime | None
    joined: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in (RunState.RUNNING, RunState.PAUSED)

    @property
    def words(self) -> str:
        """What is to be said of the run and of its accounts, "" where all goes well."""
        accounts = self.progress.accounts if isinstance(self.progress, ScanProgress) else ()
        return "; ".join([self.note] * bool(self.note) + [f"{at.account}: {at.note}" for at in accounts if at.note])

    @property
    def share(self) -> float:
        """How much of it was asked for, 0 to 1: of a scan by days, of a replay by events."""
        return 1.0 if self.state is RunState.DONE else share_of(self.progress)


@dataclass(frozen=True, kw_only=True)
class WouldDeliver:
    """What a replay would ask for: events, deliveries by (kind, handler), and the first events (seq, kind, subject)."""

    events: int
    deliveries: tuple[tuple[str, str, int], ...] = ()
    first: tuple[tuple[int, str, str], ...] = ()


class BadRequest(ValueError):
    """Say why a run cannot be asked for, and what helps."""


def check(request: RunRequest, *, accounts: Collection[str], handlers: Collection[str]) -> None:
    """Raise BadRequest where a run could not do what is asked; ``accounts`` and ``handlers`` are those that exist."""
    match request:
        case ScanRequest():
            _known("account", request.accounts or (), accounts)
            _ordered(request.since, request.until)
            _check_pace(request)
            if request.only is not None and not set(HANDLERS_OF[request.only]) <= set(handlers):
                raise BadRequest(f"{request.only} is switched off here: a scan for it would do nothing")
        case ReplayRequest():
            _known("account", [request.account] if request.account is not None else [], accounts)
            _known("kind", request.kinds, [kind.__name__ for kind in EVENT_TYPES])
            _known("handler", request.handlers, handlers)
            _ordered(request.since, request.until)
            if not request.everything and request == ReplayRequest(everything=False):
                raise BadRequest('a replay needs a filter, or to be told that all is meant (--all; "everything": true)')


def handlers_of(request: RunRequest) -> tuple[str, ...] | None:
    """Return the only handlers that a run asks, or None where it asks all."""
    match request:
        case ScanRequest(only=only):
            return HANDLERS_OF[only] if only is not None else None
        case ReplayRequest(handlers=handlers):
            return handlers or None


def share_of(progress: RunProgress) -> float:
    """Return how much was asked for, 0 to 1."""
    match progress:
        case ScanProgress(accounts=accounts):
            if progress.fed:
                return 1.0
            days = [_days(account) for account in accounts]
            return sum(past for past, _ in days) / (sum(whole for _, whole in days) or 1)
        case ReplayProgress(last=last, at=at):
            return 1.0 if progress.fed else min(1.0, at / last) if last else 0.0


def ended(progress: RunProgress) -> RunState:
    """Return how a run ends of which nothing is left to do."""
    accounts = progress.accounts if isinstance(progress, ScanProgress) else ()
    return RunState.FAILED if any(at.failed for at in accounts) else RunState.DONE


def _days(account: AccountProgress) -> tuple[int, int]:
    """Return how many days of an account were asked for, of how many; one that was not looked at counts as one."""
    if account.first is None or account.last is None:
        return int(account.finished), 1
    whole = (account.last - account.first).days + 1
    past = whole if account.finished or account.day is None else (account.day - account.first).days
    return min(max(past, 0), whole), whole


def _known(word: str, said: Iterable[str], known: Collection[str]) -> None:
    if unknown := sorted(set(said) - set(known)):
        raise BadRequest(f"there is no {word} {', '.join(unknown)[:200]!r}; there are {', '.join(sorted(known))}")


def _ordered(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and since > until:
        raise BadRequest(f"the time ends ({until}) before it begins ({since})")


def _check_pace(request: ScanRequest) -> None:
    rate = request.rate_per_minute
    if rate is not None and not 1 <= rate <= FASTEST:
        raise BadRequest(f"a rate is 1 to {FASTEST} photos a minute")
    if request.quiet_hours:
        try:
            quiet_hours(request.quiet_hours)
        except ValueError as error:
            raise BadRequest(str(error)) from error


def final_plan(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return what a plan comes to: a stack that was planned again, larger, stands once, as it was planned last."""
    final: list[Entry] = []
    stacked: set[str] = set()
    for entry in sorted(entries, key=lambda entry: entry.id, reverse=True):
        if isinstance(entry.change, StackAssets):
            if not stacked.isdisjoint(entry.change.members):
                continue
            stacked |= set(entry.change.members)
        final.append(entry)
    return tuple(reversed(final))
