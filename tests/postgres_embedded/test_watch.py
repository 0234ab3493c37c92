"""The server may die at any moment while the reactor runs: it comes back behind the same address."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs
from structlog.typing import FilteringBoundLogger

from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.folders import Folders
from reactor.adapters.postgres.pool import open_pool
from reactor.adapters.postgres.postmaster import read_pid_file

from .servers import Holder, changed, is_running, read_rows, server_pid, write_row

EMBEDDED = "reactor.adapters.postgres.embedded"


@pytest.fixture(autouse=True)
def _watched_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactor.adapters.postgres.postmaster.CHECK_SECONDS", 0.1)


async def reach(state: Callable[[], bool], seconds: float = 10.0) -> None:
    """Poll until the state is reached while the loop goes on, or fail."""
    deadline = time.monotonic() + seconds
    while not state():
        assert time.monotonic() < deadline, f"not reached within {seconds} s"
        await asyncio.sleep(0.02)


async def end(data: Path, number: signal.Signals = signal.SIGKILL) -> int:
    """End the server's main process, and return the one that runs in its place as soon as there is one."""
    pid = server_pid(data)
    os.kill(pid, number)

    def replaced() -> bool:
        found = read_pid_file(Folders.of(data).cluster)
        return found is not None and found.pid != pid and is_running(found.pid, data)

    await reach(replaced)
    return server_pid(data)


async def rows_again(dsn: str) -> list[int]:
    """Read the rows over a new connection once the server takes one."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return await read_rows(dsn)
        except (OSError, asyncpg.CannotConnectNowError):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


def servers(data: Path) -> list[int]:
    """List the living main processes of this folder's database."""
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if is_running(int(entry.name), data)]


def told(logs: list[MutableMapping[str, Any]]) -> list[str]:
    return [entry["event"] for entry in logs]


async def test_ended_server_comes_back_and_the_pool_with_it(
    shared: Path, log: FilteringBoundLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{EMBEDDED}.STEADY_SECONDS", 0.0)
    monkeypatch.setattr(f"{EMBEDDED}.PAUSES", (0.0,))  # so the second one comes back at once only as a first anew
    with capture_logs() as logs:
        async with embedded_postgres(shared, log=log) as dsn:
            await write_row(dsn, 1)
            async with open_pool(dsn, size=2) as pool:
                assert await pool.fetchval("SELECT count(*) FROM public.kept") == 1
                first = server_pid(shared)
                second = await end(shared)
                assert await rows_again(dsn) == [1]
                assert await pool.fetchval("SELECT count(*) FROM public.kept") == 1
                # It answers a moment before its start is completed; ended within that moment it would count as failed.
                await reach(lambda: told(logs).count("started the database") == 2)
                third = await end(shared, signal.SIGINT)  # as another hand would stop it
                assert await rows_again(dsn) == [1]
                await reach(lambda: told(logs).count("started the database") == 3)
    assert len({first, second, third}) == 3
    assert servers(shared) == []
    ends = [(entry["pid"], entry["status"]) for entry in logs if entry["event"] == "the database ended"]
    assert ends == [(first, -signal.SIGKILL), (second, 0)]


async def test_killed_adopted_server_comes_back(
    home: Path, data: Path, log: FilteringBoundLogger, hold: Callable[..., Holder]
) -> None:
    data = data.rename(home / ("long-" + "x" * 100))
    holder = hold(data)
    await write_row(holder.wait_until_up(), 1)
    holder.kill()
    socket_folder = Path(holder.dsn.partition("host=")[2].partition("&")[0])
    assert socket_folder.parent == Path("/tmp")
    async with embedded_postgres(data, log=log) as dsn:
        assert dsn == holder.dsn
        await end(data)
        assert await rows_again(dsn) == [1]
        async with embedded_postgres(data, log=log, attach_only=True) as guest:
            assert guest == dsn
    assert servers(data) == []
    assert not socket_folder.exists()


async def test_stop_while_a_new_server_starts_leaves_none(shared: Path, log: FilteringBoundLogger) -> None:
    cluster = Folders.of(shared).cluster
    with capture_logs() as logs:
        async with embedded_postgres(shared, log=log):
            # The new server is up this long before it answers.
            with changed(cluster / "postgresql.conf", "pre_auth_delay = 2\n"):
                pid = await end(shared)
    assert told(logs)[-1] == "the database ended"  # the new start was not completed
    assert not is_running(pid, shared)
    assert servers(shared) == []
    assert not (cluster / "postmaster.pid").exists()


async def test_stop_while_the_dead_server_holds_the_files_leaves_none(shared: Path, log: FilteringBoundLogger) -> None:
    async with embedded_postgres(shared, log=log) as dsn:
        await write_row(dsn, 1)
        session = await asyncpg.connect(dsn)
        child = await session.fetchval("SELECT pg_backend_pid()")
        os.kill(child, signal.SIGSTOP)
        os.kill(server_pid(shared), signal.SIGKILL)
        await reach(lambda: "pre-existing shared memory block" in Folders.of(shared).log.read_text())
    os.kill(child, signal.SIGKILL)
    session.terminate()
    assert servers(shared) == []
    async with embedded_postgres(shared, log=log) as dsn:
        assert await read_rows(dsn) == [1]


async def test_server_that_keeps_ending_is_tried_at_a_slow_pace(
    shared: Path, log: FilteringBoundLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{EMBEDDED}.PAUSES", (0.0, 0.01))
    monkeypatch.setattr(f"{EMBEDDED}.LAST_PAUSE", 0.5)
    with capture_logs() as logs:
        async with embedded_postgres(shared, log=log) as dsn:
            await write_row(dsn, 1)
            with changed(Folders.of(shared).cluster / "postgresql.conf", "work_mem = 'much'\n"):
                os.kill(server_pid(shared), signal.SIGKILL)
                await reach(lambda: told(logs).count("the database could not be started again") == 3)
            await reach(lambda: told(logs)[-1] == "started the database")
            assert await read_rows(dsn) == [1]
    (loud,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert loud["event"] == "the database keeps ending"
    failures = [entry for entry in logs if entry["event"] == "the database could not be started again"]
    assert 'parameter "work_mem"' in failures[0]["error"]
    assert told(logs).index(loud["event"]) == logs.index(failures[1]) + 1  # after both quick tries


async def test_no_empty_database_takes_the_place_of_one_that_is_gone(
    shared: Path, log: FilteringBoundLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{EMBEDDED}.PAUSES", (0.05,) * 1000)
    cluster = Folders.of(shared).cluster
    with capture_logs() as logs:
        async with embedded_postgres(shared, log=log) as dsn:
            await write_row(dsn, 1)
            pid = server_pid(shared)
            cluster.rename(cluster.with_name("moved"))
            os.kill(pid, signal.SIGKILL)
            await reach(lambda: any("is gone" in entry.get("error", "") for entry in logs))
            assert not cluster.exists()
            cluster.with_name("moved").rename(cluster)
            assert await rows_again(dsn) == [1]
    assert servers(shared) == []
