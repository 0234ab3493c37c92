"""A worker over a real queue, for as long as a test looks."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.wake import Wake
from reactor.core.changes import Change
from reactor.core.entry_orders import Order
from reactor.core.ids import AccountId
from reactor.core.journal import Cause
from reactor.ports import Services
from reactor.routing import Quiet, Router
from reactor.worker.needs import Acts
from reactor.worker.worker import Worker, WorkerPolicy

AT_ONCE = Quiet(quiet=timedelta(0), patience=timedelta(0), size=200)
LEASE = timedelta(seconds=60)


class NoActs:
    """Carries nothing out, and remembers for what it was asked to recover."""

    def __init__(self) -> None:
        self.recovered: list[tuple[str, ...]] = []

    async def recover(self, handler: str, account: AccountId, subjects: Sequence[str], events: Sequence[int]) -> None:
        self.recovered.append((handler, *sorted(subjects)))

    async def carry_out(self, changes: Sequence[Change | Order], cause: Cause) -> None:
        assert not changes


@asynccontextmanager
async def a_worker(
    pool: asyncpg.Pool, wake: Wake, router: Router, services: Services, acts: Acts, policy: WorkerPolicy
) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker, which ``wake`` tells of what is appended; yield its task."""
    worker = Worker(
        queue=PostgresQueue(pool, router, wake, worker="w", lease=LEASE),
        router=router,
        services=services,
        acts=acts,
        wake=wake,
        policy=policy,
        chance=random.Random(1),
    )
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
