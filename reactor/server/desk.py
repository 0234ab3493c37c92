"""What the page and the API may ask and do besides looking at photos."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reactor.core.activity import PhotoCard, Summary
from reactor.core.calibration import Calibration
from reactor.core.calibration_preview import CalibrationPreview
from reactor.core.categories import Catalogue, Category
from reactor.core.history import DeadFilter, DeadLetter, EventFilter, EventLine
from reactor.core.ids import AccountId, RunId
from reactor.core.journal import Entry
from reactor.core.journal_lines import JournalFilter, JournalLine
from reactor.core.label_preview import LabelPreview
from reactor.core.limits import Trip
from reactor.core.orders import ApplyRequest, OrderReport, OrderRequest, Preview, Waiting
from reactor.core.review import Lost
from reactor.core.runs import ReplayRequest, Run, RunRequest, WouldDeliver
from reactor.core.status import Facts
from reactor.core.vetoes import Standing, Veto, VetoKind


class Activity(Protocol):
    """Tell what happened; raises Retryable."""

    async def version(self) -> str:
        """Return a marker that is another one whenever something changed, cheap enough for twice a second."""
        ...

    async def summary(self) -> Summary: ...

    async def backlog(self) -> Summary:
        """Return only what is open, waiting or given up: cheap, however large the library is."""
        ...

    async def newest(self, limit: int) -> tuple[PhotoCard, ...]: ...


class Runs(Protocol):
    """Ask for runs and steer them; a run that does not exist is None."""

    async def start(self, request: RunRequest) -> Run: ...

    async def get(self, run: RunId) -> Run | None: ...

    async def list(self, limit: int = ...) -> tuple[Run, ...]: ...

    async def pause(self, run: RunId) -> Run | None: ...

    async def resume(self, run: RunId, budget: int | None = ...) -> Run | None:
        """Let a paused run go on; with a ``budget`` it may make so many more changes."""
        ...

    async def cancel(self, run: RunId) -> Run | None: ...

    async def plan(self, run: RunId) -> tuple[Entry, ...]: ...

    async def would_deliver(self, request: ReplayRequest) -> WouldDeliver: ...


class History(Protocol):
    """Read the log; list, retry and drop what was given up."""

    async def events(self, wanted: EventFilter, limit: int, before_seq: int | None = ...) -> tuple[EventLine, ...]: ...

    async def unseen(
        self, wanted: EventFilter, limit: int, *, after: int, seen: Sequence[int] = ...
    ) -> tuple[EventLine, ...]: ...

    async def dead(self, wanted: DeadFilter, limit: int = ...) -> tuple[DeadLetter, ...]: ...

    async def retry(self, ids: Sequence[int] | None = ..., wanted: DeadFilter | None = ...) -> int: ...

    async def drop(self, ids: Sequence[int] | None = ..., wanted: DeadFilter | None = ...) -> int: ...


class Orders(Protocol):
    """Read the journal, tell what orders would do and did, and decline what waits."""

    async def waiting(
        self, wanted: ApplyRequest, limit: int = ..., before: int | None = ...
    ) -> tuple[JournalLine, ...]:
        """Return the plans, or suggestions, that a request means, newest first."""
        ...

    async def counts(self) -> Waiting: ...

    async def entries(
        self, wanted: JournalFilter, limit: int = ..., before: int | None = ...
    ) -> tuple[JournalLine, ...]:
        """Return entries of the journal, newest first."""
        ...

    async def preview(self, request: OrderRequest) -> Preview:
        """Return what an order would ask for; nothing is written."""
        ...

    async def decline(self, wanted: ApplyRequest) -> int: ...

    async def put_back(self, ids: Sequence[int] | None = ...) -> tuple[int, ...]:
        """Take vetoes that are asked about for losses of Immich and revoke them; return the entries to do again."""
        ...

    async def report(self, run: RunId) -> OrderReport | None:
        """Return what came of an order, None where there is none of this id."""
        ...


class Vetoes(Protocol):
    """Tell what a person has decided against, and take it back."""

    async def standing(
        self,
        *,
        account: AccountId | None = ...,
        state: Standing | None = ...,
        kind: VetoKind | None = ...,
        limit: int = ...,
        before: int | None = ...,
    ) -> tuple[Veto, ...]:
        """Return vetoes, newest first: those of a state, or all that are not revoked."""
        ...

    async def revoke(self, ids: Sequence[int]) -> int: ...

    async def mine(self, ids: Sequence[int]) -> int:
        """Take what was asked about for the user's own doing."""
        ...


class Losses(Protocol):
    """Read the vetoes in the large."""

    async def lost(self) -> tuple[Lost, ...]:
        """Return what vanished together and was not answered yet."""
        ...

    async def standing(self) -> int:
        """Return how many vetoes stand."""
        ...


class Limits(Protocol):
    """Tell what stands still, and let it go on."""

    async def open_trips(self) -> tuple[Trip, ...]: ...

    async def confirm(self, ids: Sequence[int]) -> tuple[AccountId, ...]:
        """Let what these stopped go on; return the account of each."""
        ...


class Labels(Protocol):
    """Read and edit categories, preview them, measure the model; raises BadRequest, FileManaged, NoSuchCategory."""

    async def catalogue(self) -> Catalogue: ...

    async def calibration(self) -> Calibration | None:
        """Return what the present model was measured at; None before that, and while no model is loaded."""
        ...

    async def add(self, category: Category) -> Catalogue: ...

    async def change(self, name: str, category: Category) -> Catalogue: ...

    async def remove(self, name: str) -> Catalogue: ...

    async def switch(self, on: bool) -> Catalogue: ...

    async def preview(self, account: AccountId, category: Category) -> LabelPreview:
        """Return what a category would match in the stored library; nothing is written."""
        ...

    async def measure(self) -> CalibrationPreview:
        """Return what a new measurement of the model would change; nothing is kept."""
        ...

    async def calibrate(self) -> CalibrationPreview: ...


async def _nothing(*_: object) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything that the page and the API stand on, besides the photos.

    ``facts`` answers at once; ``look`` takes a fresh look at the accounts of Immich, which ``facts`` tells of then.
    ``hasten`` lets what waits of an account be tried at once.
    ``reset_missed`` forgets the missed photos of an account; ``confirm_people`` answers yes to what its people poll
    asks, and returns of how many people, 0 where nothing is asked. ``others`` say how things stand that make nothing
    unready ("ok", or "failed: ..."). ``handlers`` are the names of the reactions.
    """

    facts: Callable[[], Facts]
    runs: Runs
    history: History
    orders: Orders
    vetoes: Vetoes
    losses: Losses
    limits: Limits
    labels: Labels
    handlers: Collection[str]
    reset_missed: Callable[[AccountId], None]
    confirm_people: Callable[[AccountId], int]
    hasten: Callable[[AccountId], Awaitable[None]] = _nothing
    look: Callable[[], Awaitable[object]] = _nothing
    others: Mapping[str, Callable[[], Awaitable[str]]] = field(default_factory=dict)
