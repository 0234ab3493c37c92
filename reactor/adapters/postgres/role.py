"""A role that one process holds at a time: an advisory lock, on a connection that does nothing else."""

import asyncio
import contextlib
import hashlib

import asyncpg
import structlog

from reactor.adapters.harmless import clean
from reactor.adapters.postgres.wake import LOST

TRY_S = 1.0
BEAT_S = 2.0
ANSWER_S = 5.0
# A host that vanishes without a word is noticed by the server within half a minute; its own habit would be two hours.
_KEEPALIVE = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"

log = structlog.get_logger(__name__)


class PostgresRole:
    """Hold a role while ``run`` is under way, or wait for whoever holds it to end.

    The lock is the session's: it ends with the process, whatever that dies of. A process that lost its session knows
    so within seconds, and meanwhile the lanes see to it that nothing is done twice.
    """

    def __init__(self, pool: asyncpg.Pool, name: str) -> None:
        self._pool = pool
        self._name = name
        self._key = int.from_bytes(hashlib.sha256(f"role {name}".encode()).digest()[:8], "big", signed=True)
        self._terms = 0
        self._held = False

    @property
    def term(self) -> int | None:
        """Return how often the role was taken so far, None while it is not held."""
        return self._terms if self._held else None

    async def run(self) -> None:
        """Take the role and hold it until cancelled; a lost connection is taken up again."""
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await self._hold(connection)
            except (*LOST, TimeoutError) as error:
                log.warning("the connection of a role was lost", role=self._name, error=clean(str(error)))
            await asyncio.sleep(TRY_S)

    async def _hold(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.execute(_KEEPALIVE, timeout=ANSWER_S)
            await self._take(connection)
            self._terms += 1
            self._held = True
            log.info("this process has the role", role=self._name)
            while not lost.is_set():
                await connection.fetchval("SELECT 1", timeout=ANSWER_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await lost.wait()
        finally:
            self._held = False
            # The lock, and what was set, end with the session.
            connection.terminate()

    async def _take(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        said = False
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", self._key, timeout=ANSWER_S):
            if not said:
                log.info("another process has the role; this one waits", role=self._name)
                said = True
            await asyncio.sleep(TRY_S)
