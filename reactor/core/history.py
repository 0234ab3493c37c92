"""The log as people read it: events with what became of them, and deliveries that were given up."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from reactor.core.ids import AccountId, RunId


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """Which events are asked for; ``since`` and ``until`` (aware) bound when they were heard, both included.

    ``subject`` is an asset's or a person's id.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    account: AccountId | None = None
    subject: str | None = None

    def fits(self, line: "EventLine") -> bool:
        """Say whether an event is one of those asked for."""
        return (
            (self.since is None or line.heard_at >= self.since)
            and (self.until is None or line.heard_at <= self.until)
            and (not self.kinds or line.kind in self.kinds)
            and self.account in (None, line.account)
            and self.subject in (None, line.subject)
        )


@dataclass(frozen=True, kw_only=True)
class DeliveryLine:
    """A delivery of an event: to whom, in which run, how it stands."""

    id: int
    handler: str
    run: RunId
    state: str
    attempts: int
    error: str


@dataclass(frozen=True, kw_only=True)
class EventLine:
    """An event with its deliveries, in the order in which they were asked for; ``payload`` depends on its kind."""

    seq: int
    heard_at: datetime
    source: str
    account: AccountId
    kind: str
    subject: str
    payload: Mapping[str, object]
    deliveries: tuple[DeliveryLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeadFilter:
    """Which given-up deliveries are asked for: the dead, or with ``shelved`` what was put aside instead."""

    handler: str | None = None
    account: AccountId | None = None
    shelved: bool = False


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A delivery that was given up, with its error; ``payload`` is that of its event."""

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
    payload: Mapping[str, object]
    given_up_at: datetime | None


class Unseen:
    """Tell what is new among events that are read again and again.

    Sequence numbers are committed out of order, so the last ``overlap`` of them are read every time; those that were
    shown are remembered.
    """

    def __init__(self, *, overlap: int = 2000) -> None:
        self.overlap = overlap
        self._seen: set[int] = set()
        self._order: deque[int] = deque()
        self._highest = 0

    @property
    def after(self) -> int:
        """The number behind which is to be read."""
        return max(0, self._highest - self.overlap)

    @property
    def seen(self) -> tuple[int, ...]:
        """The numbers behind ``after`` that need not be read."""
        return tuple(seq for seq in self._order if seq > self.after)

    def take(self, lines: Iterable[EventLine]) -> tuple[EventLine, ...]:
        """Return those that were not taken before, in order of their numbers."""
        fresh = sorted((line for line in lines if line.seq not in self._seen), key=lambda line: line.seq)
        for line in fresh:
            self._seen.add(line.seq)
            self._order.append(line.seq)
            self._highest = max(self._highest, line.seq)
        # Twice the overlap: what came late stands at the end of the order, though its number is small.
        while len(self._order) > 2 * self.overlap:
            self._seen.discard(self._order.popleft())
        return tuple(fresh)
