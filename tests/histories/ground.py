"""What all histories stand on: one loop, one database that is emptied between them, and a worker that waits little."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass

import asyncpg
import structlog

from reactor.adapters.postgres.pool import SCHEMA, open_pool
from reactor.adapters.postgres.wake import Wake
from reactor.worker import worker

POLL_S = 0.01


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A database and who is woken by what comes into it."""

    pool: asyncpg.Pool
    wake: Wake
    tables: str

    async def empty(self) -> None:
        """Leave nothing of the history before."""
        await self.pool.execute(f"TRUNCATE {self.tables} RESTART IDENTITY")


@asynccontextmanager
async def a_ground(dsn: str) -> AsyncIterator[Ground]:
    async with open_pool(dsn) as pool, aclosing(Wake(pool)) as wake:
        tables = await pool.fetchval(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables"
            " WHERE schemaname = $1 AND tablename NOT LIKE '%pogo%'",
            SCHEMA,
        )
        yield Ground(pool=pool, wake=wake, tables=tables)


@contextmanager
def a_runner(dsn: str) -> Iterator[tuple[asyncio.Runner, Ground]]:
    """Yield a loop of its own for tests that are no coroutines, with a ground on it."""
    with asyncio.Runner() as runner:
        ground = a_ground(dsn)
        try:
            yield runner, runner.run(ground.__aenter__())
        finally:
            runner.run(ground.__aexit__(None, None, None))


@contextmanager
def quick_batches() -> Iterator[None]:
    """Let the worker ask for batches every few milliseconds, since little else is waited for, and say only faults."""
    before, logging_before = worker.BATCH_POLL_S, structlog.get_config()
    worker.BATCH_POLL_S = POLL_S
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        worker.BATCH_POLL_S = before
        structlog.configure(**logging_before)
