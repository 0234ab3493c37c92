"""How everything stands, once for the page, the API and /readyz: values, and what of it does not work in sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reactor.core.accounts import WORDS, AccountStatus
from reactor.core.activity import Summary, shortened
from reactor.core.changes import FEATURES, Feature
from reactor.core.ids import AccountId
from reactor.core.limits import LimitPolicy, Trip
from reactor.core.modes import Modes
from reactor.core.orders import Waiting
from reactor.core.pushes import PushSummary
from reactor.core.review import Lost, Review, lost_words, trip_words
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
    household can well do without, so that a key that lacks them is no fault. A run makes ``run_budget`` changes before
    it asks for more.
    """

    modes: Modes = field(default_factory=Modes)
    model: str = ""
    provider: str = ""
    model_fault: str = ""
    accounts: tuple[AccountStatus, ...] = ()
    hearing: tuple[Hearing, ...] = ()
    optional: frozenset[str] = frozenset()
    run_budget: int = LimitPolicy().run_budget


@dataclass(frozen=True, kw_only=True)
class Off:
    """A feature that is switched off for want of permissions; ``optional`` where that is no fault."""

    feature: str
    add: tuple[str, ...]
    optional: bool


@dataclass(frozen=True, kw_only=True)
class AccountView:
    """An account of Immich; ``state`` and ``why`` in words, ``user`` the name of whom the key belongs to.

    ``modes`` are those of features that differ here from the rest.
    """

    account: AccountId
    state: str
    why: str
    well: bool
    needs_user: bool
    user: str
    version: str
    off: tuple[Off, ...]
    modes: Mapping[Feature, str]

    @property
    def words(self) -> str:
        """How it stands and why, in a line."""
        return f"{self.state}: {self.why}" if self.why else self.state


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
    ``waiting`` counts what waits for a yes, None where that is not known; ``trips`` are features of accounts that stand
    still until a person confirms, ``lost`` asks about what vanished all at once. ``run_budget`` is how many changes a
    run makes before it asks for more.
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
    run_budget: int
    counts: Summary | None
    waiting: Waiting | None
    trips: tuple[Trip, ...]
    lost: tuple[Lost, ...]
    others: Mapping[str, str]


def status_of(
    facts: Facts,
    at: datetime,
    *,
    database: str = OK,
    counts: Summary | None = None,
    runs: Sequence[Run] = (),
    review: Review | None = None,
    others: Mapping[str, str] | None = None,
) -> Status:
    """Put together how everything stands."""
    review = review or Review()
    accounts = tuple(_account(status, facts.optional, facts.modes) for status in facts.accounts)
    sources = tuple(_source(hearing, at) for hearing in facts.hearing)
    views = tuple(run_view(run) for run in runs)
    return Status(
        at=at,
        ready=database == OK and not facts.model_fault and any(account.well for account in accounts),
        faults=tuple(_faults(facts, database, accounts, sources, review, views, at, others or {})),
        mode=facts.modes.default,
        features={feature: facts.modes.of(feature) for feature in FEATURES},
        model=f"{FAILED}{facts.model_fault}" if facts.model_fault else facts.model,
        provider=facts.provider,
        database=database,
        accounts=accounts,
        sources=sources,
        runs=views,
        run_budget=facts.run_budget,
        counts=counts,
        waiting=review.waiting,
        trips=review.trips,
        lost=review.lost,
        others=others or {},
    )


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


def _account(status: AccountStatus, optional: frozenset[str], modes: Modes) -> AccountView:
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
        modes={
            feature: mode for feature in FEATURES if (mode := modes.of(feature, status.account)) != modes.of(feature)
        },
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
    review: Review,
    runs: Sequence[RunView],
    at: datetime,
    others: Mapping[str, str],
) -> Iterable[str]:
    """Yield a sentence for everything that does not work, the gravest first."""
    if database != OK:
        yield f"The database is away, so nothing is done: {database.removeprefix(FAILED)}"
    if facts.model_fault:
        yield f"The model cannot be used, so no photo is looked at: {facts.model_fault}"
    yield from (f"Immich of {account.account}: {account.words}" for account in accounts if not account.well)
    yield from (f"{source.account}: {source.question}" for source in sources if source.question)
    yield from (trip_words(trip) for trip in review.trips)
    yield from (lost_words(lost) for lost in review.lost)
    yield from (f"{run.title} asks: {run.note}" for run in runs if run.asks)
    yield from (f"{run.title} failed: {run.note or 'no reason was noted'}" for run in lately_failed(runs, at))
    yield from (
        f"{name.capitalize()}: {words.removeprefix(FAILED)}"
        for name, words in others.items()
        if words.startswith(FAILED)
    )
