"""A delivery: one event for one handler in one run."""

from dataclasses import dataclass
from datetime import datetime

from reactor.core.events import Event
from reactor.core.ids import RunId


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A delivery in hand; ``attempts`` counts this try and, with the id, fences the settlement.

    ``first_tried_at`` (aware) is when waiting for anything began.
    """

    id: int
    seq: int
    event: Event
    handler: str
    run: RunId
    attempts: int
    lane: str | None
    first_tried_at: datetime


class LeaseLost(Exception):
    """Say that a delivery was taken from its worker meanwhile; whatever it returned is thrown away."""
