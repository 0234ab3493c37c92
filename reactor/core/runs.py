"""Runs beside the live one: what was asked for, how far it is, and what may be asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from reactor.core.asking import BadRequest as BadRequest  # noqa: PLC0414 - the border knows it by this module
from reactor.core.asking import expect_known, expect_ordered
from reactor.core.changes import StackAssets
from reactor.core.events import EVENT_TYPES
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.journal import Entry
from reactor.core.orders import ApplyRequest, OrderKind, OrderProgress, UndoRequest, check_order, share_of_order
from reactor.core.quiet_hours import quiet_hours
from reactor.core.relabel_runs import RELABELLERS, RelabelProgress, RelabelRequest, share_of_relabel

RunKind = Literal["scan", "replay", "relabel"] | OrderKind
Only = Literal["stack", "classify", "faces"]
HANDLERS_OF: Mapping[Only, tuple[str, ...]] = {
    "stack": ("embed", "stack"),
    "classify": ("embed", "classify", "classify-faces", "archive", "unarchive", "favour", "album"),
    "faces": ("faces",),
}
FASTEST = 100_000
LARGEST = 10_000_000


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
    settings where they are given. ``budget`` is the number of changes after which it asks whether to go on.
    """

    accounts: tuple[AccountId, ...] | None = None
    since: date | None = None
    until: date | None = None
    album: str | None = None
    only: Only | None = None
    dry: bool = False
    rate_per_minute: int | None = None
    quiet_hours: str | None = None
    budget: int | None = None

    @property
    def kind(self) -> RunKind:
        return "scan"


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """Deliver events of the log again: those that fit every filter that is given, or all with ``everything``.

    ``since`` and ``until`` (aware) bound when they were heard, both included. ``handlers`` are the only ones asked.
    ``failed`` asks again for what is among the dead, and for nothing else. ``budget`` is as that of a scan.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    account: AccountId | None = None
    asset: AssetId | None = None
    handlers: tuple[str, ...] = ()
    failed: bool = False
    everything: bool = False
    budget: int | None = None

    @property
    def kind(self) -> RunKind:
        return "replay"


RunRequest: TypeAlias = ScanRequest | ReplayRequest | RelabelRequest | UndoRequest | ApplyRequest


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


RunProgress: TypeAlias = ScanProgress | ReplayProgress | RelabelProgress | OrderProgress


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
    """A run as it stands; ``joined`` where it was there already when it was asked for.

    ``asks`` says that it is paused because its budget is used up: it wants to be told whether to go on.
    """

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
    asks: bool = False

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
        """How much of it was asked for, 0 to 1: of a scan by days, else by what it finds."""
        return 1.0 if self.state is RunState.DONE else share_of(self.progress)


@dataclass(frozen=True, kw_only=True)
class WouldDeliver:
    """What a replay would ask for: events, deliveries by (kind, handler), and the first events (seq, kind, subject)."""

    events: int
    deliveries: tuple[tuple[str, str, int], ...] = ()
    first: tuple[tuple[int, str, str], ...] = ()


def check(request: RunRequest, *, accounts: Collection[str], handlers: Collection[str]) -> None:
    """Raise BadRequest where a run could not do what is asked; ``accounts`` and ``handlers`` are those that exist."""
    match request:
        case ScanRequest():
            expect_known("account", request.accounts or (), accounts)
            expect_ordered(request.since, request.until)
            _check_pace(request)
            _check_budget(request.budget)
            if request.only is not None and not set(HANDLERS_OF[request.only]) <= set(handlers):
                raise BadRequest(f"{request.only} is switched off here: a scan for it would do nothing")
        case ReplayRequest():
            expect_known("account", [request.account] if request.account is not None else [], accounts)
            expect_known("kind", request.kinds, [kind.__name__ for kind in EVENT_TYPES])
            expect_known("handler", request.handlers, handlers)
            expect_ordered(request.since, request.until)
            _check_budget(request.budget)
            if not request.everything and replace(request, budget=None) == ReplayRequest():
                raise BadRequest('a replay needs a filter, or to be told that all is meant (--all; "everything": true)')
        case RelabelRequest():
            expect_known("account", request.accounts or (), accounts)
            _check_budget(request.budget)
        case UndoRequest() | ApplyRequest():
            check_order(request, accounts=accounts)


def handlers_of(request: RunRequest) -> tuple[str, ...] | None:
    """Return the only handlers that a run asks, or None where it asks all."""
    match request:
        case ScanRequest(only=only):
            return HANDLERS_OF[only] if only is not None else None
        case ReplayRequest(handlers=handlers):
            return handlers or None
        case RelabelRequest():
            return RELABELLERS
        case UndoRequest() | ApplyRequest():
            return None


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
        case RelabelProgress():
            return share_of_relabel(progress)
        case OrderProgress():
            return share_of_order(progress)


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


def _check_pace(request: ScanRequest) -> None:
    rate = request.rate_per_minute
    if rate is not None and not 1 <= rate <= FASTEST:
        raise BadRequest(f"a rate is 1 to {FASTEST} photos a minute")
    if request.quiet_hours:
        try:
            quiet_hours(request.quiet_hours)
        except ValueError as error:
            raise BadRequest(str(error)) from error


def _check_budget(budget: int | None) -> None:
    if budget is not None and not 1 <= budget <= LARGEST:
        raise BadRequest(f"a budget is 1 to {LARGEST:,} changes")


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
