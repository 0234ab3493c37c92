"""The role: one process at a time, the next one within seconds, and no delivery of it anywhere else."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.role import PostgresRole
from reactor.adapters.postgres.wake import Wake
from reactor.core.events import AssetUploaded
from reactor.core.ids import AssetId

from ..household import ME, eventually
from .keeper import router


class Keeper:
    """A process that works, and what it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := (await self.process.stdout.readline()).decode().strip():
            self.said.append(line)

    @property
    def holds(self) -> bool:
        return "HOLDS" in self.said

    def did(self, what: str) -> set[str]:
        return {line.split()[2] for line in self.said if line.startswith(what)}


@asynccontextmanager
async def a_keeper(dsn: str, name: str) -> AsyncIterator[Keeper]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.index.keeper", dsn, name, stdout=asyncio.subprocess.PIPE
    )
    keeper = Keeper(process)
    try:
        yield keeper
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await keeper.reading


class Log:
    """The log from outside."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._log = PostgresEventLog(pool, router, Wake(pool))

    async def tell(self, names: set[str]) -> None:
        await self._log.append([AssetUploaded(account=ME, asset=AssetId(name)) for name in sorted(names)])

    async def all_done(self) -> bool:
        return not await self._pool.fetchval("SELECT EXISTS (SELECT FROM deliveries WHERE state <> 'done')")


def names(first: int, count: int) -> set[str]:
    return {f"p{number:03}" for number in range(first, first + count)}


async def test_one_of_two_processes_stacks_and_the_other_takes_over_when_it_is_killed(
    pool: asyncpg.Pool, database: str
) -> None:
    log = Log(pool)
    async with AsyncExitStack() as exits:
        one, two = [await exits.enter_async_context(a_keeper(database, name)) for name in ("one", "two")]

        async def held() -> bool:
            return one.holds or two.holds

        await eventually(held, "one has the role")
        await log.tell(names(0, 40))
        await eventually(log.all_done, "all is done")
        holder, other = (one, two) if one.holds else (two, one)
        assert holder.did("stack") == names(0, 40)
        assert other.did("stack") == set()
        assert not other.holds
        # The rest is shared.
        assert holder.did("embed")
        assert other.did("embed")
        holder.process.send_signal(signal.SIGKILL)
        await holder.process.wait()
        killed = time.monotonic()
        await log.tell(names(40, 5))

        async def taken_over() -> bool:
            return other.did("stack") == names(40, 5)

        await eventually(taken_over, "the other takes over")
        assert time.monotonic() - killed < 10


async def test_the_role_comes_back_after_its_connection_was_cut(pool: asyncpg.Pool) -> None:
    role, rival = PostgresRole(pool, "a role"), PostgresRole(pool, "another role")
    tasks = [asyncio.create_task(one.run()) for one in (role, rival)]
    try:

        async def both() -> bool:
            return role.term == 1 and rival.term == 1

        await eventually(both, "different roles are held side by side")
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )

        async def again() -> bool:
            return role.term == 2 and rival.term == 2

        await eventually(again, "they are taken again")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def free() -> bool:
        return not await pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE l.locktype = 'advisory' AND d.datname = current_database())")  # fmt: skip

    assert role.term is None
    await eventually(free, "a process that ends gives its role back")
