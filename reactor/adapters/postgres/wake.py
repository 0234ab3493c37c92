"""Wake who has work when something is appended: at once in this process, by NOTIFY all that run in the others.

NOTIFY is a hint and polling the truth. It is sent apart from the commit, and many at once as one, because a NOTIFY
inside the transaction would make PostgreSQL take its commits one after the other.
"""

import asyncio
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import asyncpg
import structlog

CHANNEL = "reactor"
SERVICE_LOCK = 0x5265616374
"""An advisory lock that every running reactor shares on its listening connection, so that commands can tell."""
GATHER_S = 0.05

LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Bell:
    """What is rung for a handler. One that ``is_behind`` has deliveries that are due and wait for others to end."""

    handler: str
    is_behind: bool = False
    rung: asyncio.Event = field(default_factory=asyncio.Event)


class Wake:
    """Tell those who have something to do that the log has grown."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._me = secrets.token_hex(8)
        self._bells: set[Bell] = set()
        self._sending: asyncio.Task[None] | None = None

    @contextmanager
    def bell(self, handler: str) -> Iterator[Bell]:
        """Hang up a bell; it stays rung until it is cleared, so what comes while nobody waits is not missed."""
        bell = Bell(handler)
        self._bells.add(bell)
        try:
            yield bell
        finally:
            self._bells.discard(bell)

    def ring(self, handlers: Collection[str]) -> None:
        """Wake these handlers and who is behind: in this process at once, in the others all within ``GATHER_S``."""
        self.here(handlers)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._notify())

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
                self.here({bell.handler for bell in self._bells})

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

    def here(self, handlers: Collection[str] = ()) -> None:
        """Wake these handlers, and who is behind, in this process alone."""
        for bell in self._bells:
            if bell.is_behind or bell.handler in handlers:
                bell.rung.set()

    async def _notify(self) -> None:
        await asyncio.sleep(GATHER_S)
        try:
            await self._pool.execute("SELECT pg_notify($1, $2)", CHANNEL, self._me)
        except LOST as error:
            log.debug("no hint was sent to other workers; they will find the work by polling", error=str(error))
