"""A delivery: one event for one handler in one run."""

from dataclasses import dataclass
from datetime import timedelta

from reactor.core.events import Event
from reactor.core.ids import RunId


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A delivery in hand; ``attempts`` counts this try and, with the id, fences the settlement.

    ``waited`` is how long ago it was first tried, by the clock that wrote that down: ours may be another.
    """

    id: int
    seq: int
    event: Event
    handler: str
    run: RunId
    attempts: int
    lane: str | None
    waited: timedelta


class LeaseLost(Exception):
    """Say that a delivery was taken from its worker meanwhile; whatever it returned is thrown away."""
