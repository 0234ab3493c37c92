"""Which reactions hear of which events: small routers, merged once, in the wiring."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from reactor.core.changes import Change
from reactor.core.entry_orders import Order
from reactor.core.events import Event, kind_of
from reactor.ports import Services

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a reaction returns: events that follow, changes that it wishes for outside, and orders of a person."""

    events: tuple[Event, ...] = ()
    changes: tuple[Change | Order, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """When the deliveries of a lane are claimed together.

    After ``quiet`` without a newcomer, when the oldest has waited ``patience``, or when ``size`` of them wait.
    """

    quiet: timedelta
    patience: timedelta
    size: int


Handler = Callable[[Sequence[Event], Services], Awaitable[Outcome]]
"""A reaction: the events of one claim (one, unless it is claimed after a quiet time) and what it may ask."""

Lane = Callable[[Event], str | None]


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """A named handler; the log stores the name, so it stays what it is for ever.

    One with a ``role`` is served by the one process that holds it.
    """

    name: str
    kinds: frozenset[str]
    handle: Handler
    lane: Lane
    concurrency: int = 1
    batch: bool = False
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeliveryPlan:
    """A delivery that an event asks for."""

    handler: str
    lane: str | None


@dataclass
class Router:
    """Collect reactions in order; names are unique."""

    reactions: dict[str, Reaction] = field(default_factory=dict)

    def on(
        self,
        *kinds: type[Event],
        name: str,
        lane: Lane = lambda _: None,
        concurrency: int = 1,
        batch: bool = False,
        role: str | None = None,
    ) -> Callable[[Handler], Handler]:
        """Register the decorated reaction for these kinds of event under a stable name."""

        def register(handle: Handler) -> Handler:
            self._add(
                Reaction(
                    name=name,
                    kinds=frozenset(kind.__name__ for kind in kinds),
                    handle=handle,
                    lane=lane,
                    concurrency=concurrency,
                    batch=batch,
                    role=role,
                )
            )
            return handle

        return register

    def _add(self, reaction: Reaction) -> None:
        if reaction.name in self.reactions:
            raise ValueError(f"two reactions are named {reaction.name!r}")
        self.reactions[reaction.name] = reaction

    def with_concurrency(self, concurrency: int) -> "Router":
        """Return the same reactions, each with so many deliveries in hand at once."""
        found = {name: replace(reaction, concurrency=concurrency) for name, reaction in self.reactions.items()}
        return Router(reactions=found)

    def plans(self, event: Event) -> tuple[DeliveryPlan, ...]:
        """Return the deliveries that the event asks for, in the order of registration."""
        kind = kind_of(event)
        return tuple(
            DeliveryPlan(handler=reaction.name, lane=reaction.lane(event))
            for reaction in self.reactions.values()
            if kind in reaction.kinds
        )

    def handlers(self, events: Iterable[Event]) -> frozenset[str]:
        """Return the names of those whom the events concern."""
        kinds = {kind_of(event) for event in events}
        return frozenset(name for name, reaction in self.reactions.items() if not kinds.isdisjoint(reaction.kinds))


def merge(routers: Iterable[Router]) -> Router:
    """Return one router with all reactions; the list given is the program's table of contents."""
    merged = Router()
    for router in routers:
        for reaction in router.reactions.values():
            merged._add(reaction)
    return merged
