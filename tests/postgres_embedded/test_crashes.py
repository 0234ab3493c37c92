"""What is left after kill -9, of the reactor or of the server, never loses a row nor blocks a start."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs
from structlog.typing import FilteringBoundLogger

from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.folders import Folders
from reactor.core.errors import StartError

from .servers import Holder, is_running, read_rows, server_pid, server_uid, wait_for, write_row

Hold = Callable[..., Holder]


async def test_server_of_a_killed_reactor_is_taken_over(
    home: Path, data: Path, log: FilteringBoundLogger, hold: Hold
) -> None:
    data = data.rename(home / ("long-" + "x" * 100))
    holder = hold(data)
    await write_row(holder.wait_until_up(), 1)
    holder.kill()
    pid = server_pid(data)
    assert is_running(pid, data)
    async with embedded_postgres(data, log=log, attach_only=True) as guest:
        assert await read_rows(guest) == [1]
    assert is_running(pid, data)
    pid_file = Folders.of(data).cluster / "postmaster.pid"
    told = pid_file.read_text()
    pid_file.write_text(told.replace(str(pid), str(os.getpid()), 1))  # as seen from another container
    with pytest.raises(StartError, match=rf"elsewhere \(process {os.getpid()} there\)"):
        async with embedded_postgres(data, log=log):
            pass
    pid_file.write_text(told)
    async with embedded_postgres(data, log=log) as dsn:
        assert dsn == holder.dsn
        assert server_pid(data) == pid
        assert await read_rows(dsn) == [1]
    assert not is_running(pid, data)
    assert not Path(dsn.partition("host=")[2].partition("&")[0]).exists()


async def test_killed_reactor_whose_server_is_still_stopping(
    shared: Path, log: FilteringBoundLogger, hold: Hold
) -> None:
    holder = hold(shared)
    await write_row(holder.wait_until_up(), 1)
    holder.kill()
    os.kill(server_pid(shared), signal.SIGINT)
    async with embedded_postgres(shared, log=log) as dsn:
        assert await read_rows(dsn) == [1]


async def test_killed_server_recovers(
    shared: Path, log: FilteringBoundLogger, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = hold(shared)
    await write_row(holder.wait_until_up(), 1)
    os.kill(server_pid(shared), signal.SIGKILL)
    holder.kill()
    monkeypatch.setattr("reactor.adapters.postgres.embedded.NOTE_SECONDS", 0.0)
    with capture_logs() as logs:
        async with embedded_postgres(shared, log=log) as dsn:
            assert await read_rows(dsn) == [1]
    assert "waiting for the database to recover" in [entry["event"] for entry in logs]


async def test_start_waits_for_a_child_of_the_killed_server(shared: Path, hold: Hold) -> None:
    first = hold(shared)
    await write_row(first.wait_until_up(), 1)
    session = await asyncpg.connect(first.dsn)
    child = await session.fetchval("SELECT pg_backend_pid()")
    os.kill(child, signal.SIGSTOP)
    os.kill(server_pid(shared), signal.SIGKILL)
    first.kill()
    second = hold(shared)
    wait_for(lambda: "pre-existing shared memory block" in Folders.of(shared).log.read_text())
    os.kill(child, signal.SIGKILL)
    session.terminate()
    assert await read_rows(second.wait_until_up()) == [1]
    assert second.end() == 0


async def test_reactor_ends_well_after_its_server_was_killed(shared: Path, log: FilteringBoundLogger) -> None:
    async with embedded_postgres(shared, log=log) as dsn:
        await write_row(dsn, 1)
        os.kill(server_pid(shared), signal.SIGKILL)
    async with embedded_postgres(shared, log=log) as dsn:
        assert await read_rows(dsn) == [1]


@pytest.mark.parametrize("command", [["true"], ["sleep", "60"]], ids=["zombie", "stranger"])
async def test_reused_process_number_is_not_the_server(
    shared: Path, log: FilteringBoundLogger, command: list[str]
) -> None:
    async with embedded_postgres(shared, log=log) as dsn:
        await write_row(dsn, 1)
        pid_file = Folders.of(shared).cluster / "postmaster.pid"
        lines = pid_file.read_text().splitlines(keepends=True)
        owner = pid_file.stat()
    # The same user as the server's: PostgreSQL itself would take such a number for a living server.
    other = subprocess.Popen(command, user=None if os.geteuid() else server_uid())
    try:
        if command == ["true"]:
            wait_for(lambda: Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
        pid_file.write_text("".join([f"{other.pid}\n", *lines[1:]]))
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        async with embedded_postgres(shared, log=log) as dsn:
            assert await read_rows(dsn) == [1]
            assert server_pid(shared) != other.pid
        if command != ["true"]:
            assert other.poll() is None
    finally:
        other.kill()
        other.wait(10)


async def test_half_made_database_is_made_anew(home: Path, log: FilteringBoundLogger) -> None:
    half = home / "postgres" / "new-half"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    for path in (half.parent, half, half / "PG_VERSION"):
        os.chown(path, server_uid(), -1)
    async with embedded_postgres(home, log=log) as dsn:
        await write_row(dsn, 1)
    assert not half.exists()
