"""How everything stands, once for the page, the API and /readyz: values, and the functions that put them into words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reactor.core.accounts import WORDS, AccountStatus
from reactor.core.activity import Summary, shortened
from reactor.core.changes import FEATURES
from reactor.core.ids import AccountId
from reactor.core.modes import Modes
from reactor.core.pushes import PushSummary
from reactor.core.run_view import RunView, lately_failed, run_view
from reactor.core.runs import Run

OK = "ok"
FAILED = "failed: "


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way by which an account hears of things; ``well`` is None where that is not known, or the way is not used."""

    name: str
    words: str
    well: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """How an account hears: what was pushed, the other ways, and what the people poll asks before it goes on."""

    account: AccountId
    pushes: PushSummary = field(default_factory=PushSummary)
    ways: tuple[Way, ...] = ()
    question: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the process knows of itself without asking anybody.

    ``model_fault`` says why nothing can be embedded, "" where all is well; ``optional`` names the features that a
    household can well do without, so that a key that lacks them is no fault.
    """

    modes: Modes = field(default_factory=Modes)
    model: str = ""
    provider: str = ""
    model_fault: str = ""
    accounts: tuple[AccountStatus, ...] = ()
    hearing: tuple[Hearing, ...] = ()
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Off:
    """A feature that is switched off for want of permissions; ``optional`` where that is no fault."""

    feature: str
    add: tuple[str, ...]
    optional: bool


@dataclass(frozen=True, kw_only=True)
class AccountView:
    """An account of Immich; ``state`` and ``why`` in words, ``user`` the name of whom the key belongs to."""

    account: AccountId
    state: str
    why: str
    well: bool
    needs_user: bool
    user: str
    version: str
    off: tuple[Off, ...]


@dataclass(frozen=True, kw_only=True)
class SourceView:
    """How an account hears, in words; ``missed`` counts photos that a pushing source should have told of."""

    account: AccountId
    ways: tuple[Way, ...]
    webhook_last_heard: datetime | None
    socket_last_heard: datetime | None
    missed: int
    missed_since: datetime | None
    question: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """Everything, as it stands ``at`` that time.

    ``database`` and ``others`` are "ok" or begin with "failed: "; ``counts`` is None while the database is away.
    ``held`` tells of limits that are reached.
    """

    at: datetime
    ready: bool
    faults: tuple[str, ...]
    mode: str
    features: Mapping[str, str]
    model: str
    provider: str
    database: str
    accounts: tuple[AccountView, ...]
    sources: tuple[SourceView, ...]
    runs: tuple[RunView, ...]
    counts: Summary | None
    held: tuple[str, ...]
    others: Mapping[str, str]


def status_of(
    facts: Facts,
    at: datetime,
    *,
    database: str = OK,
    counts: Summary | None = None,
    runs: Sequence[Run] = (),
    held: tuple[str, ...] = (),
    others: Mapping[str, str] | None = None,
) -> Status:
    """Put together how everything stands."""
    accounts = tuple(_account(status, facts.optional) for status in facts.accounts)
    sources = tuple(_source(hearing, at) for hearing in facts.hearing)
    views = tuple(run_view(run) for run in runs)
    return Status(
        at=at,
        ready=database == OK and not facts.model_fault and any(account.well for account in accounts),
        faults=tuple(_faults(facts, database, accounts, sources, lately_failed(views, at), held, others or {})),
        mode=facts.modes.default,
        features={feature: facts.modes.of(feature) for feature in FEATURES},
        model=f"{FAILED}{facts.model_fault}" if facts.model_fault else facts.model,
        provider=facts.provider,
        database=database,
        accounts=accounts,
        sources=sources,
        runs=views,
        counts=counts,
        held=held,
        others=others or {},
    )


def checks_of(status: Status) -> dict[str, str]:
    """Return each thing that the service stands on, in words; what fails begins with "failed: "."""
    checks = {"database": status.database, "model": status.model, "provider": status.provider}
    checks |= {f"immich {account.account}": _check(account) for account in status.accounts}
    checks |= {f"sources {source.account}": heard_words(source, status.at) for source in status.sources}
    if status.counts is not None:
        checks["backlog"] = _backlog(status.counts)
        checks["limits"] = f"{FAILED}{'; '.join(status.held)}" if status.held else OK
        checks["runs"] = _runs(status)
    return checks | dict(status.others)


def heard_words(source: SourceView, at: datetime) -> str:
    """Return in one line how an account hears: "webhook last heard 3 minutes ago; 12 photos missed since ..."."""
    lines = [f"{way.name} {way.words}" for way in source.ways]
    if source.missed:
        lines.append(missed_words(source, at))
    if source.question:
        lines.append(f"waits for an answer: {source.question}")
    return "; ".join(lines)


def missed_words(source: SourceView, at: datetime) -> str:
    """Say how many photos were not told of, and since when."""
    since = f", the first {ago(source.missed_since, at)}" if source.missed_since else ""
    return f"{many(source.missed, 'photo')} missed{since}"


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago that was; what lies ahead (a clock was set back) is now."""
    seconds = (now - moment).total_seconds()
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{many(int(seconds // size), unit)} ago"
    return "just now"


def many(number: int, thing: str, things: str = "") -> str:
    """Return a number of things: "1 photo", "12 photos", "2 deliveries"."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def _account(status: AccountStatus, optional: frozenset[str]) -> AccountView:
    return AccountView(
        account=status.account,
        state=WORDS[status.standing],
        why=shortened(status.why),
        well=status.works,
        needs_user=status.needs_user,
        user=status.owner.name if status.owner else "",
        version=status.version,
        off=tuple(
            Off(feature=lack.feature, add=lack.permissions, optional=lack.feature in optional)
            for lack in status.missing
        ),
    )


def _source(hearing: Hearing, at: datetime) -> SourceView:
    pushes = hearing.pushes
    last = pushes.webhook_last_heard
    webhook = Way(name="webhook", words=f"last heard {ago(last, at)}" if last else "never heard", well=_trust(pushes))
    return SourceView(
        account=hearing.account,
        ways=(webhook, *hearing.ways),
        webhook_last_heard=last,
        socket_last_heard=pushes.socket_last_heard,
        missed=pushes.missed,
        missed_since=pushes.missed_since,
        question=hearing.question,
    )


def _trust(pushes: PushSummary) -> bool | None:
    return None if pushes.webhook_last_heard is None else pushes.missed == 0


def _faults(
    facts: Facts,
    database: str,
    accounts: Sequence[AccountView],
    sources: Sequence[SourceView],
    failed: Sequence[RunView],
    held: Sequence[str],
    others: Mapping[str, str],
) -> Iterable[str]:
    """Yield a sentence for everything that does not work, the gravest first."""
    if database != OK:
        yield f"The database is away, so nothing is done: {database.removeprefix(FAILED)}"
    if facts.model_fault:
        yield f"The model cannot be used, so no photo is looked at: {facts.model_fault}"
    yield from (f"Immich of {account.account}: {_said(account)}" for account in accounts if not account.well)
    yield from (f"{source.account}: {source.question}" for source in sources if source.question)
    yield from (f"A limit holds: {why}" for why in held)
    yield from (f"{run.title} failed: {run.note or 'no reason was noted'}" for run in failed)
    yield from (
        f"{name.capitalize()}: {words.removeprefix(FAILED)}"
        for name, words in others.items()
        if words.startswith(FAILED)
    )


def _check(account: AccountView) -> str:
    if not account.well:
        return f"{FAILED}{_said(account)}"
    off = [f"{one.feature} (add {', '.join(one.add)})" for one in account.off if not one.optional]
    return f"{OK}, but switched off: {', '.join(off)}" if off else OK


def _said(account: AccountView) -> str:
    return f"{account.state}: {account.why}" if account.why else account.state


def _backlog(counts: Summary) -> str:
    states = {"waiting": counts.waiting, "dead": counts.failed, "shelved": counts.shelved, "held": counts.held}
    return ", ".join(f"{number} {state}" for state, number in states.items() if number) or "empty"


def _runs(status: Status) -> str:
    lines = [f"{run.id} is {run.state}, {run.share:.0%} done" for run in status.runs if run.under_way]
    failed = [f"{run.id} failed: {run.note}" for run in lately_failed(status.runs, status.at)]
    return f"{FAILED if failed else ''}{'; '.join([*failed, *lines])}" or "none"
