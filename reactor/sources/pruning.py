"""Forget what is older than the retention, once an hour."""

import asyncio
from datetime import timedelta
from typing import Protocol

import structlog

from reactor.core.errors import Permanent, Retryable

log = structlog.get_logger(__name__)

EVERY_S = 3600.0
# Between two batches, so that others get their turn.
BREATH_S = 0.1


class Pruned(Protocol):
    """What may be forgotten, a batch at a time; 0 when nothing is left."""

    async def deliveries(self, older_than: timedelta) -> int: ...

    async def events(self, older_than: timedelta) -> int: ...


async def prune_for_ever(pruned: Pruned, older_than: timedelta) -> None:
    """Forget until cancelled; never called where everything is kept for ever."""
    while True:
        try:
            deliveries, events = await prune(pruned, older_than)
            if deliveries or events:
                log.info("forgot what is older than the retention", deliveries=deliveries, events=events)
        except (Retryable, Permanent) as error:
            log.warning("what is old could not be forgotten; tried again in an hour", error=str(error))
        await asyncio.sleep(EVERY_S)


async def prune(pruned: Pruned, older_than: timedelta) -> tuple[int, int]:
    """Forget everything once; return how many deliveries and events it was. Events go after their deliveries."""
    totals = [0, 0]
    for place, forget in enumerate((pruned.deliveries, pruned.events)):
        while number := await forget(older_than):
            totals[place] += number
            await asyncio.sleep(BREATH_S)
    return totals[0], totals[1]
