"""Of what the reactor of a history is made: the real parts, each of which a planted fault may replace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from reactor.acts.gate import Gate
from reactor.acts.hands import Hand
from reactor.acts.perform import Performer
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import Change
from reactor.core.limits import LimitPolicy
from reactor.routing import Router
from reactor.stages import actions, archive, classify, cover, faces, keep, orders, stack, veto

Hands = Mapping[type[Change], Hand[Any]]


def stages() -> list[Router]:
    photos = [classify.router, keep.router, archive.router, actions.router, stack.router, cover.router]
    return [*photos, faces.router, orders.router, veto.router]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The classes to build it of, and its limits."""

    journal: type[PostgresJournal] = PostgresJournal
    vetoes: type[PostgresVetoes] = PostgresVetoes
    labels: type[PostgresLabels] = PostgresLabels
    performer: type[Performer] = Performer
    gate: type[Gate] = Gate
    hands: Callable[[Hands], Hands] = lambda hands: hands
    stages: Callable[[], list[Router]] = stages
    limits: LimitPolicy = field(default_factory=LimitPolicy)
    unanswered: timedelta = timedelta(0)
