"""What the tests ask of a server and its folder, and reactors in processes of their own."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import asyncpg

from reactor.adapters.postgres.folders import Folders
from reactor.adapters.postgres.postmaster import is_postmaster, read_pid_file

MEMORY = Path("/dev/shm")
ROOM = 6 * 1024**3
"""More than the servers of all test processes ever hold, their write-ahead logs included."""


def wait_for(state: Callable[[], bool], seconds: float = 10.0) -> None:
    """Poll until the state is reached, or fail."""
    deadline = time.monotonic() + seconds
    while not state():
        assert time.monotonic() < deadline, f"not reached within {seconds} s"
        time.sleep(0.02)


def server_pid(data_dir: Path) -> int:
    """Return the process of the server that runs in this folder."""
    found = read_pid_file(Folders.of(data_dir).cluster)
    assert found is not None
    return found.pid


def is_running(pid: int, data_dir: Path) -> bool:
    return is_postmaster(pid, Folders.of(data_dir).cluster)


def has_ended(pid: int, cluster: Path) -> bool:
    return not is_postmaster(pid, cluster)


async def write_row(dsn: str, value: int) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept (value int)")
    await connection.execute("INSERT INTO kept VALUES ($1)", value)
    await connection.close()


async def read_rows(dsn: str) -> list[int]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT value FROM kept ORDER BY value")
    await connection.close()
    return [row["value"] for row in rows]


@contextmanager
def changed(file: Path, text: str) -> Iterator[None]:
    """Give a file another text for a while."""
    before = file.read_text()
    file.write_text(text)
    try:
        yield
    finally:
        file.write_text(before)


def server_uid() -> int:
    """Return the number of the user that a new server runs as."""
    return os.geteuid() or pwd.getpwnam("nobody").pw_uid


class Holder:
    """Run a reactor's database in another process."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("holder.py")), str(data_dir), *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.dsn = ""
        self.said = ""

    def wait_until_up(self) -> str:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            if line.startswith("postgresql://"):
                self.dsn = line.strip()
                return self.dsn
        raise AssertionError(f"the holder ended: {self.said}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(20)

    def clear(self) -> None:
        if self.process.poll() is None:
            self.kill()
        for stream in (self.process.stdin, self.process.stderr):
            assert stream is not None
            stream.close()


def quick_place() -> Path:
    """Return where a database is made and dropped fastest: in memory, where there is enough.

    ext4 looks long for a free inode right after many files were deleted; with a database of its own for each test that
    was half of all that the tests computed.
    """
    if not os.access(MEMORY, os.W_OK | os.X_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return Path("/tmp")
    return MEMORY if shutil.disk_usage(MEMORY).free > ROOM else Path("/tmp")


@contextmanager
def open_home() -> Iterator[Path]:
    """Make a short folder that every user may enter; end a server that a failed test left there."""
    folder = Path(tempfile.mkdtemp(prefix="rt-", dir=quick_place()))
    folder.chmod(0o755)
    yield folder
    for pid_file in folder.rglob("postmaster.pid"):
        cluster, found = pid_file.parent, read_pid_file(pid_file.parent)
        if found is not None and is_postmaster(found.pid, cluster):
            os.kill(found.pid, signal.SIGQUIT)
            wait_for(partial(has_ended, found.pid, cluster))
    shutil.rmtree(folder)
