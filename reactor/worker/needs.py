"""What the worker needs: a queue of deliveries, someone who carries changes out, and a bell."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

from reactor.core.changes import Change
from reactor.core.deliveries import Delivery
from reactor.core.entry_orders import Order
from reactor.core.events import Event
from reactor.core.ids import AccountId
from reactor.core.journal import Cause
from reactor.core.settlement import Verdict
from reactor.routing import Quiet


class Queue(Protocol):
    """What the worker needs of the deliveries."""

    async def claim(
        self, handler: str, limit: int, *, of: Collection[AccountId] | None = None, but: Collection[AccountId] = ()
    ) -> tuple[Delivery, ...]: ...

    async def claim_batch(self, handler: str, quiet: Quiet) -> tuple[Delivery, ...]: ...

    async def next_due(self, handler: str) -> float | None: ...

    async def done(self, deliveries: Sequence[Delivery], events: Sequence[Event]) -> None: ...

    async def failed(self, deliveries: Sequence[Delivery], verdict: Verdict) -> None: ...

    async def release(self, *, attempts: int, in_hand: Sequence[Delivery] = (), grace: timedelta = ...) -> int: ...

    async def mend_clock(self) -> int: ...


class Bell(Protocol):
    """What is rung when there may be something to do; one that ``is_behind`` is rung whenever a lane becomes free."""

    is_behind: bool

    @property
    def rung(self) -> asyncio.Event: ...


class Waker(Protocol):
    """Something that rings when the log grows."""

    def bell(self, handler: str) -> AbstractContextManager[Bell]: ...


class Acts(Protocol):
    """Something that carries out changes."""

    async def recover(
        self, handler: str, account: AccountId, subjects: Sequence[str], events: Sequence[int]
    ) -> None: ...

    async def carry_out(self, changes: Sequence[Change | Order], cause: Cause) -> None: ...
