"""Wake the workers when something is appended: at once in this process, by NOTIFY in the others.

NOTIFY is a hint and polling the truth. It is sent apart from the commit, and many at once as one, because a NOTIFY
inside the transaction would make PostgreSQL take its commits one after the other.
"""

import asyncio
import secrets

import asyncpg
import structlog

CHANNEL = "reactor"
SERVICE_LOCK = 0x5265616374
"""An advisory lock that every running reactor shares on its listening connection, so that commands can tell."""
GATHER_S = 0.05

LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

log = structlog.get_logger(__name__)


class Wake:
    """Tell everyone who waits that the log has grown."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._me = secrets.token_hex(8)
        self._waiters: set[asyncio.Event] = set()
        self._sending: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Wake this process at once, and the others within ``GATHER_S``."""
        self.here()
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._notify())

    async def wait(self, timeout_s: float) -> None:
        """Return when something was appended, or after ``timeout_s`` seconds."""
        event = asyncio.Event()
        self._waiters.add(event)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return
        finally:
            self._waiters.discard(event)

    async def listen(self) -> None:
        """Hear other processes until cancelled; a lost connection only costs the hint, so it is taken up again."""
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await self._hear(connection)
            except LOST as error:
                log.warning("the database connection that hears of other workers was lost", error=str(error))
            await asyncio.sleep(1.0)

    async def _hear(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        def heard(_connection: object, _process: int, _channel: str, who: object) -> None:
            # This process has been woken already, at once; waking it again only costs queries.
            if who != self._me:
                self.here()

        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(CHANNEL, heard)
        await connection.execute("SELECT pg_advisory_lock_shared($1)", SERVICE_LOCK)
        try:
            await lost.wait()
        finally:
            if not connection.is_closed():
                await connection.remove_listener(CHANNEL, heard)
                # The pool gives a session back as it is.
                await connection.execute("SELECT pg_advisory_unlock_shared($1)", SERVICE_LOCK)

    async def aclose(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)

    def here(self) -> None:
        """Wake this process only."""
        for event in self._waiters:
            event.set()

    async def _notify(self) -> None:
        await asyncio.sleep(GATHER_S)
        try:
            await self._pool.execute("SELECT pg_notify($1, $2)", CHANNEL, self._me)
        except LOST as error:
            log.debug("no hint was sent to other workers; they will find the work by polling", error=str(error))
