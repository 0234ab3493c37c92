"""How a command reaches the database, whether a reactor runs on it or not."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import structlog

from reactor.adapters.postgres.embedded import EmbeddedNotRunning, embedded_postgres
from reactor.adapters.postgres.folders import Folders, exclusive
from reactor.adapters.postgres.history import PostgresHistory
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.adapters.postgres.pool import open_pool
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.runs import PostgresRuns
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.adapters.postgres.wake import Wake
from reactor.config import Settings
from reactor.core.errors import StartError
from reactor.routing import Router
from reactor.wiring.contents import table_of_contents
from reactor.wiring.database import bring_up_to_date, open_database

log = structlog.get_logger(__name__)

CONNECTIONS = 4
# A reactor that is just starting holds its folder some seconds before its database answers.
STARTING_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a command asks of the log, of the journal and of the runs."""

    pool: asyncpg.Pool
    router: Router
    history: PostgresHistory
    runs: PostgresRuns
    orders: PostgresOrders
    vetoes: PostgresVetoes
    limits: PostgresLimits
    queue: PostgresQueue


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Reach the database that DATABASE_URL names, or the one of the running reactor, else start our own meanwhile."""
    router = table_of_contents(settings)
    async with AsyncExitStack() as exits:
        dsn = await _shared(settings)
        if dsn is None:
            dsn = await exits.enter_async_context(open_database(settings))
        pool = await exits.enter_async_context(open_pool(dsn, size=CONNECTIONS))
        wake = Wake(pool)
        exits.push_async_callback(wake.aclose)
        # A desk claims nothing: it needs no name that a restart would know.
        lease = timedelta(seconds=settings.lease_seconds)
        yield Desk(
            pool=pool,
            router=router,
            history=PostgresHistory(pool),
            runs=PostgresRuns(pool, router, usual=settings.limit_policy().run_budget),
            orders=PostgresOrders(pool),
            vetoes=PostgresVetoes(pool),
            limits=PostgresLimits(pool),
            queue=PostgresQueue(pool, router, wake, worker="desk", lease=lease),
        )


async def _shared(settings: Settings) -> str | None:
    """Return the address of a database that others may use at the same time; None where our own must be started."""
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        await bring_up_to_date(dsn)
        return dsn
    deadline = time.monotonic() + STARTING_S
    while True:
        try:
            async with embedded_postgres(settings.data_dir, log=log, attach_only=True) as running:
                await bring_up_to_date(running)
                return running
        except EmbeddedNotRunning:
            if not _is_held(settings) or time.monotonic() > deadline:
                return None
        await asyncio.sleep(0.2)


def _is_held(settings: Settings) -> bool:
    """Say whether a reactor holds the data directory: then its database is about to come."""
    try:
        with exclusive(Folders.of(settings.data_dir)):
            return False
    except StartError:
        return True
    except OSError:
        return False
