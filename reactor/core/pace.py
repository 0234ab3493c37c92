"""How fast a run is fed: a budget of photos a minute, and a bound on what is outstanding."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A token bucket that never gives more than ``per_minute`` in any minute; a second's worth may come at once."""

    per_minute: int
    tokens: float
    at: datetime

    @classmethod
    def full(cls, per_minute: int, now: datetime) -> "Bucket":
        return cls(per_minute=per_minute, tokens=max(1.0, per_minute // 60), at=now)

    @property
    def holds(self) -> float:
        return max(1.0, self.per_minute // 60)

    @property
    def a_second(self) -> float:
        """How many tokens come in a second; what the bucket holds comes on top, so that the sum stays the minute's."""
        spare = self.holds if self.per_minute >= 60 else 0.0
        return max(self.per_minute - spare, 1.0) / 60

    def filled(self, now: datetime) -> "Bucket":
        """Return the bucket at a later time; a clock that was set back gives nothing and takes nothing."""
        passed = max(0.0, (now - self.at).total_seconds())
        return replace(self, tokens=min(self.holds, self.tokens + passed * self.a_second), at=now)

    @property
    def available(self) -> int:
        return int(self.tokens)

    @property
    def wait_s(self) -> float:
        """Seconds until there is one."""
        return max(0.0, (1.0 - self.tokens) / self.a_second)

    def without(self, number: int) -> "Bucket":
        return replace(self, tokens=self.tokens - number)


@dataclass(frozen=True, kw_only=True)
class Window:
    """How many deliveries of a run may be outstanding.

    ``untried`` wait for their first try, so that nothing piles up before the workers; ``unfinished`` bounds the table:
    among them are those that wait long, for a preview that may never come.
    """

    untried: int = 200
    unfinished: int = 1000

    def room(self, untried: int, unfinished: int) -> int:
        """Return how many more may be asked for."""
        return max(0, min(self.untried - untried, self.unfinished - unfinished))
