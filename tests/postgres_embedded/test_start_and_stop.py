"""The server's ordinary life: made once, started again, ended in time."""

import os
import signal
import stat
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs
from structlog.typing import FilteringBoundLogger

from reactor.adapters.postgres.embedded import EmbeddedNotRunning, embedded_postgres
from reactor.adapters.postgres.folders import Folders
from reactor.core.errors import StartError

from .servers import changed, is_running, read_rows, server_pid, wait_for, write_row


async def test_makes_a_safe_database_and_keeps_its_rows(home: Path, log: FilteringBoundLogger) -> None:
    data = home / "new" / "my data & 100%"
    async with embedded_postgres(data, log=log) as dsn:
        connection = await asyncpg.connect(dsn)
        settings = {
            name: await connection.fetchval("SELECT current_setting($1)", name)
            for name in ("server_encoding", "data_checksums", "listen_addresses", "fsync", "shared_buffers")
        }
        collation = await connection.fetchval("SELECT datcollate FROM pg_database WHERE datname = 'reactor'")
        await connection.close()
        pid = server_pid(data)
        assert os.getsid(pid) != os.getsid(0)  # Ctrl-C in our terminal does not reach it
        await write_row(dsn, 1)
    assert settings == {
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "listen_addresses": "",
        "fsync": "on",
        "shared_buffers": "64MB",
    }
    assert collation == "C"
    assert not is_running(pid, data)
    assert stat.S_IMODE(data.stat().st_mode) & 0o067 == 0
    async with embedded_postgres(data, log=log) as dsn:
        assert await read_rows(dsn) == [1]


async def test_port_of_the_environment_changes_nothing(
    shared: Path, log: FilteringBoundLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    async with embedded_postgres(shared, log=log) as dsn:
        await (await asyncpg.connect(dsn)).close()
        assert (shared / "postgres" / ".s.PGSQL.5432").is_socket()


async def test_second_reactor_is_refused_and_a_guest_attaches(shared: Path, log: FilteringBoundLogger) -> None:
    with pytest.raises(EmbeddedNotRunning, match="No database is running"):
        async with embedded_postgres(shared, log=log, attach_only=True):
            pass
    async with embedded_postgres(shared, log=log) as dsn:
        await write_row(dsn, 1)
        with pytest.raises(StartError, match=rf"Another reactor \(process {os.getpid()}\) already uses {shared}"):
            async with embedded_postgres(shared, log=log):
                pass
        async with embedded_postgres(shared, log=log, attach_only=True) as guest:
            assert await read_rows(guest) == [1]
        assert await read_rows(dsn) == [1]


async def test_stop_turns_immediate_when_a_session_hangs(shared: Path, log: FilteringBoundLogger) -> None:
    with capture_logs() as logs:
        async with embedded_postgres(shared, log=log, stop_patience=0.5) as dsn:
            await write_row(dsn, 1)
            connection = await asyncpg.connect(dsn)
            os.kill(await connection.fetchval("SELECT pg_backend_pid()"), signal.SIGSTOP)
            pid = server_pid(shared)
    connection.terminate()
    assert [entry["signal"] for entry in logs if "signal" in entry] == ["SIGINT"]
    assert not is_running(pid, shared)
    async with embedded_postgres(shared, log=log) as dsn:
        assert await read_rows(dsn) == [1]


async def test_start_that_takes_too_long_leaves_no_server(shared: Path, log: FilteringBoundLogger) -> None:
    with pytest.raises(StartError, match="did not become ready"):
        async with embedded_postgres(shared, log=log, start_timeout=0.0):
            pass
    assert not (shared / "postgres" / "data" / "postmaster.pid").exists()
    async with embedded_postgres(shared, log=log):
        assert is_running(server_pid(shared), shared)


async def test_failed_start_shows_the_log(shared: Path, log: FilteringBoundLogger) -> None:
    broken = changed(Folders.of(shared).cluster / "postgresql.conf", "work_mem = 'much'\n")
    with broken, pytest.raises(StartError, match=r'(?s)did not start.*parameter "work_mem"'):
        async with embedded_postgres(shared, log=log):
            pass


async def test_database_of_another_version_is_named(shared: Path, log: FilteringBoundLogger) -> None:
    older = changed(Folders.of(shared).cluster / "PG_VERSION", "16\n")
    with older, pytest.raises(StartError, match="made by PostgreSQL 16, and this release brings 18"):
        async with embedded_postgres(shared, log=log):
            pass


@pytest.mark.parametrize("name", ["long-" + "x" * 100, "a, b"], ids=["too long", "comma"])
async def test_socket_moves_where_the_folder_cannot_serve(
    home: Path, data: Path, log: FilteringBoundLogger, name: str
) -> None:
    data = data.rename(home / name)
    async with embedded_postgres(data, log=log) as dsn:
        await write_row(dsn, 1)
        short = Path(dsn.partition("host=")[2].partition("&")[0])
        assert short.parent == Path("/tmp")
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
        async with embedded_postgres(data, log=log, attach_only=True) as guest:
            assert await read_rows(guest) == [1]
    assert not short.exists()


async def test_log_is_put_aside_when_it_has_grown(shared: Path, log: FilteringBoundLogger) -> None:
    folders = Folders.of(shared)
    folders.log.write_bytes(b"x" * (4 * 1024 * 1024 + 1))
    async with embedded_postgres(shared, log=log):
        assert folders.log.stat().st_size < 100_000
    assert (shared / "postgres.log.1").stat().st_size == 4 * 1024 * 1024 + 1


async def test_body_error_passes_and_the_server_ends(shared: Path, log: FilteringBoundLogger) -> None:
    with pytest.raises(PermissionError, match="of the body"):
        async with embedded_postgres(shared, log=log):
            pid = server_pid(shared)
            raise PermissionError("of the body")
    wait_for(lambda: not is_running(pid, shared))
