"""A publisher whose status the test sets."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reactor.adapters.mqtt import Patience
from reactor.config.mqtt import MqttSettings
from reactor.core.activity import Summary
from reactor.core.ids import AccountId
from reactor.core.limits import Trip
from reactor.core.review import Review
from reactor.core.status import Facts, Status, status_of
from reactor.wiring.mqtt import publishing

from .broker import Listener

PREFIX = "home/reactor"
AVAILABILITY, STATUS = f"{PREFIX}/availability", f"{PREFIX}/status"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def a_trip(why: str = "103 changes within an hour") -> Trip:
    return Trip(account=AccountId("anna"), feature="tags", rule="changes", why=why, value=103, tripped_at=NOON)


def a_status(*, planned: int = 0, trips: tuple[Trip, ...] = ()) -> Status:
    return status_of(Facts(), NOON, counts=Summary(planned=planned), review=Review(trips=trips))


@dataclass(kw_only=True)
class Told:
    """The status that is told; ``looks`` counts how often it was asked for."""

    now: Status = field(default_factory=a_status)
    looks: int = 0

    async def status(self) -> Status:
        self.looks += 1
        return self.now

    def looked(self, times: int) -> bool:
        return self.looks >= times


@asynccontextmanager
async def a_publisher(port: int, *, patience: Patience | None = None, **settings: Any) -> AsyncIterator[Told]:
    """Publish to a broker of this machine, quickly."""
    told = Told()
    found = MqttSettings(host="127.0.0.1", port=port, topic_prefix=PREFIX, **settings)
    async with publishing(found, told.status, first_s=0.05, look_s=0.02, patience=patience):
        yield told


def planned(listener: Listener) -> int | None:
    """Return the number of plans that the newest notice tells, None where none came."""
    body = listener.newest.get(STATUS)
    return None if body is None else int(json.loads(body)["planned"])
