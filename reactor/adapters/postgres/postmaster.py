"""PostgreSQL's processes: how they are spawned, recognised and ended."""

import asyncio
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from reactor.adapters.postgres.binaries import MAJOR
from reactor.adapters.postgres.folders import PORT, Folders, ServerUser, make_aside
from reactor.core.errors import StartError

LOG_LIMIT = 4 * 1024 * 1024
INITDB_SECONDS = 120.0
CHECK_SECONDS = 1.0
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}


@dataclass(frozen=True, kw_only=True)
class PidFile:
    """Carry what postmaster.pid says; the socket folder is empty (".") in the first moments of a start."""

    pid: int
    socket_folder: Path


def read_pid_file(cluster: Path) -> PidFile | None:
    """Read postmaster.pid (line 1: process, line 5: socket folder), or return None where there is none to read."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return PidFile(pid=int(lines[0]), socket_folder=Path(lines[4] if len(lines) > 4 else ""))
    except (FileNotFoundError, IndexError, ValueError):
        return None


def is_postmaster(pid: int, cluster: Path) -> bool:
    """Say whether this process is a living server of this database: a zombie or a reused number is not."""
    return f"/postgres -D {cluster} -" in _command_line(pid)


def _command_line(pid: int) -> str:
    """Return the arguments of a process, joined by blanks; empty when it is gone or a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="surrogateescape")
        except OSError:
            return ""
    listing = subprocess.run(  # noqa: S603 - a number of ours is all that varies
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout


def spawn(
    command: list[str], *, folders: Folders, user: ServerUser | None, extra_env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program of PostgreSQL as its user, in a session of its own, with its output in the log file.

    A session of its own keeps Ctrl-C and a closed terminal away from the server. A file takes its output, since a pipe
    would break with our death. Popen rather than asyncio's transport, which kills the child when the loop is closed.
    """
    with folders.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - programs of the folder that we chose, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folders.postgres,
            # Nothing of our own environment: PGPORT and its kin would change the server.
            env={"PATH": os.defpath, "LC_ALL": "C"} | (extra_env or {}),
            umask=0o077,
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )


def launch(
    bin_folder: Path, *, folders: Folders, socket_folder: Path, user: ServerUser | None
) -> subprocess.Popen[bytes]:
    """Start the server on a database that no living server uses."""
    quoted = str(socket_folder).replace('"', '""')
    settings = SETTINGS | {"unix_socket_directories": f'"{quoted}"'}
    command = [str(bin_folder / "postgres"), "-D", str(folders.cluster), "-p", str(PORT)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    # The number in a leftover postmaster.pid may now be a zombie's or a stranger's, and PostgreSQL would give up. Named
    # as its grandparent it is taken for stale, and the file stays, so that its own check of the shared memory still
    # keeps it out while a child of the dead server lives (CreateLockFile in miscinit.c).
    stale = read_pid_file(folders.cluster)
    extra_env = {"PG_GRANDPARENT_PID": str(stale.pid)} if stale else None
    return spawn(command, folders=folders, user=user, extra_env=extra_env)


async def create_cluster(folders: Folders, bin_folder: Path, user: ServerUser | None, offset: int) -> None:
    """Make a database cluster aside and give it its name when it is complete, so that a crash leaves no half of one."""
    aside = make_aside(folders, user)
    options = "--encoding=UTF8 --locale=C --data-checksums --username=postgres --auth=trust --no-instructions"
    process = spawn([str(bin_folder / "initdb"), *options.split(), "-D", str(aside)], folders=folders, user=user)
    try:
        status = await asyncio.to_thread(process.wait, INITDB_SECONDS)
    except subprocess.TimeoutExpired as error:
        process.kill()
        raise StartError(f"Making the database in {folders.postgres} took over {INITDB_SECONDS:.0f} s.") from error
    if status != 0:
        raise StartError(f"The database in {folders.postgres} could not be made:\n{log_tail(folders, offset)}")
    os.rename(aside, folders.cluster)  # noqa: PTH104 - one system call


def require_version(folders: Folders) -> None:
    """Raise StartError unless this release's PostgreSQL can read the database."""
    made_by = (folders.cluster / "PG_VERSION").read_text().strip()
    if made_by != MAJOR:
        raise StartError(
            f"The database in {folders.cluster} was made by PostgreSQL {made_by}, and this release brings {MAJOR}. "
            "Move it with pg_dump and pg_restore, or set DATABASE_URL."
        )


def log_size(folders: Folders) -> int:
    """Return the bytes in the server's log; put a log that has grown past its limit aside first."""
    if not folders.log.exists():
        return 0
    size = folders.log.stat().st_size
    if size > LOG_LIMIT:
        folders.log.replace(folders.log.with_suffix(".log.1"))
        return 0
    return size


def log_tail(folders: Folders, since: int) -> str:
    """Return the last 2,000 bytes that were logged after an offset."""
    with folders.log.open("rb") as log:
        log.seek(max(since, folders.log.stat().st_size - 2000))
        return log.read().decode(errors="replace").strip()


@dataclass(kw_only=True)
class Postmaster:
    """Hold a server that we own: our child, or one adopted from an earlier reactor."""

    pid: int
    cluster: Path
    socket_folder: Path
    child: subprocess.Popen[bytes] | None = None

    def running(self) -> bool:
        """Say whether the process lives, and reap it if it was our child."""
        if self.child is not None:
            return self.child.poll() is None
        return is_postmaster(self.pid, self.cluster)

    async def ended(self) -> float:
        """Return when the process no longer lives, and for how many seconds it was watched."""
        began = time.monotonic()
        while self.running():  # noqa: ASYNC110 - an adopted process is not our child: it can only be asked
            await asyncio.sleep(CHECK_SECONDS)
        return time.monotonic() - began

    async def stop(self, *, log: FilteringBoundLogger, patience: float = 30.0) -> None:
        """End the server: a fast shutdown, then, after ``patience`` seconds, an immediate one (recovery repairs it)."""
        for number, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 10.0)):
            if not self.running():
                return
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
            if await self._gone_within(seconds):
                return
            log.warning("the database did not stop in time", pid=self.pid, signal=number.name, seconds=seconds)
        log.error("the database still runs; the next start takes it over", pid=self.pid)

    async def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True
