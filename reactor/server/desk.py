"""What the page and the API may ask and do besides looking at photos."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from reactor.core.activity import PhotoCard, Summary
from reactor.core.changes import Feature
from reactor.core.history import DeadFilter, DeadLetter, EventFilter, EventLine
from reactor.core.ids import AccountId, RunId
from reactor.core.journal import Entry
from reactor.core.limits import LimitPolicy
from reactor.core.runs import ReplayRequest, Run, RunRequest, WouldDeliver
from reactor.core.status import Facts


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

    async def resume(self, run: RunId) -> Run | None: ...

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


class Changes(Protocol):
    """Count what was changed."""

    async def count_since(self, account: AccountId, feature: Feature, since: datetime) -> tuple[int, int]:
        """Return (changes carried out in the feature, photos heard) since then."""
        ...


async def _nothing() -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything that the page and the API stand on, besides the photos.

    ``facts`` answers at once; ``look`` takes a fresh look at the accounts of Immich, which ``facts`` tells of then.
    ``reset_missed`` forgets the missed photos of an account; ``confirm_people`` answers yes to what its people poll
    asks, and returns of how many people, 0 where nothing is asked. ``others`` say how things stand that make nothing
    unready ("ok", or "failed: ..."). ``handlers`` are the names of the reactions.
    """

    facts: Callable[[], Facts]
    runs: Runs
    history: History
    changes: Changes
    limits: LimitPolicy
    handlers: Collection[str]
    reset_missed: Callable[[AccountId], None]
    confirm_people: Callable[[AccountId], int]
    look: Callable[[], Awaitable[object]] = _nothing
    others: Mapping[str, Callable[[], Awaitable[str]]] = field(default_factory=dict)
