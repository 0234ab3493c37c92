"""The connection pool, and the one translation of database errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from reactor.adapters.harmless import clean
from reactor.core.errors import Permanent, StartError, Unreachable

SCHEMA = "reactor"
COMMAND_TIMEOUT_S = 30.0

# What passes by itself: a restarting server, a lost connection, too many clients, a serialisation or lock conflict.
_PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says of a connection that broke in the middle of a call
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    OSError,
    TimeoutError,
)


@asynccontextmanager
async def open_pool(dsn: str, *, size: int = 12) -> AsyncIterator[asyncpg.Pool]:
    """Open a pool whose connections look into our schema; raises StartError when the server cannot be reached.

    Nothing is compiled: the planner thinks that what is asked for one photo costs much, since it cannot know how few
    rows that are, and a second of compiling would go before each millisecond of reading.
    """
    try:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=2,
            max_size=size,
            command_timeout=COMMAND_TIMEOUT_S,
            reset=_leave_it,
            server_settings={"search_path": SCHEMA, "application_name": "reactor", "jit": "off"},
        )
    except (OSError, asyncpg.PostgresError, ValueError) as error:
        # A ValueError may repeat the address, and with it the password.
        problem = type(error).__name__ if isinstance(error, ValueError) else clean(str(error))
        raise StartError(f"the database cannot be reached ({problem}); check DATABASE_URL") from None
    try:
        yield pool
    finally:
        await pool.close()


async def _leave_it(_: object) -> None:
    """Leave a session as it was given back: nothing here changes one, and a reset costs each query a round trip.

    An open transaction is rolled back by the pool itself.
    """


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn database errors into Unreachable or Permanent."""
    try:
        yield
    except _PASSING as error:
        raise Unreachable(f"the database is not available: {clean(str(error))}") from error
    except asyncpg.PostgresError as error:
        # It may repeat the very value that no column takes.
        raise Permanent(f"the database refused: {clean(str(error))}") from error
