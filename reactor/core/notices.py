"""What other systems of the household are told of the reactor: short, bounded, and the same until something changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reactor.core.activity import shortened
from reactor.core.changes import Feature
from reactor.core.ids import AccountId
from reactor.core.status import Status

MOST = 20


@dataclass(frozen=True, kw_only=True)
class LimitNotice:
    """A limit that stopped a feature of an account, and since when; None where only a sentence is told."""

    account: AccountId | None = None
    feature: Feature | None = None
    why: str
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """How everything stands, in short; ``planned`` changes wait for a yes.

    ``limits`` and ``planned`` are None while the database is away. No list holds more than MOST sentences, nor one that
    is longer than a card of the page takes.
    """

    ready: bool
    mode: str
    faults: tuple[str, ...]
    limits: tuple[LimitNotice, ...] | None
    planned: int | None


def notice_of(status: Status) -> Notice:
    """Return what is told of a status: nothing that moves by itself, such as the time at which it was looked."""
    return Notice(
        ready=status.ready,
        mode=status.mode,
        faults=_bounded(status.faults),
        limits=_limits(status) if status.counts is not None else None,
        planned=status.counts.planned if status.counts is not None else None,
    )


def _limits(status: Status) -> tuple[LimitNotice, ...]:
    """Return the limits that stopped something, and at last how many more there are."""
    told = status.trips if len(status.trips) <= MOST else status.trips[: MOST - 1]
    limits = [
        LimitNotice(account=trip.account, feature=trip.feature, why=shortened(trip.why), since=trip.tripped_at)
        for trip in told
    ]
    more = len(status.trips) - len(told)
    return (*limits, LimitNotice(why=f"and {more} more")) if more else tuple(limits)


def _bounded(sentences: Sequence[str]) -> tuple[str, ...]:
    told = tuple(shortened(sentence) for sentence in sentences[:MOST])
    more = len(sentences) - len(told)
    return (*told[:-1], f"and {more + 1} more") if more else told
