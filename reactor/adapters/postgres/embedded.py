"""The PostgreSQL that the reactor brings along: start, adopt, attach (facts/libraries.md section 3)."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote

import asyncpg
from structlog.typing import FilteringBoundLogger

from reactor.adapters.postgres.binaries import programs
from reactor.adapters.postgres.folders import (
    PORT,
    Folders,
    choose_socket_folder,
    discard_socket_folder,
    exclusive,
    is_same_folder,
    make_postgres_folder,
    make_root,
    require_reach,
    server_user,
)
from reactor.adapters.postgres.postmaster import (
    PidFile,
    Postmaster,
    create_cluster,
    is_postmaster,
    launch,
    log_size,
    log_tail,
    read_pid_file,
    require_version,
)
from reactor.core.errors import StartError

DATABASE = "reactor"
ATTACH_SECONDS = 10.0
IN_USE_SECONDS = 15.0
NOTE_SECONDS = 5.0
# Seconds to wait before each new start of a server that keeps ending, and those between all later ones.
PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0)
LAST_PAUSE = 30.0
# A server that lived this long ended for a reason of its own, and the pauses begin anew.
STEADY_SECONDS = 60.0
# What PostgreSQL says while a server that we could not see still has the database.
IN_USE = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')


class EmbeddedNotRunning(StartError):
    """Say that there is no running database to attach to."""


class _EndedError(Exception):
    """Carry the log of a server that ended while it was being started."""


@asynccontextmanager
async def embedded_postgres(
    data_dir: Path,
    *,
    log: FilteringBoundLogger,
    attach_only: bool = False,
    start_timeout: float = 120.0,
    stop_patience: float = 30.0,
) -> AsyncIterator[str]:
    """Yield the DSN of the embedded database ``reactor`` for asyncpg; own the server and stop it at the end.

    A server left behind by a killed reactor is taken over; one that ends meanwhile is started again behind the same
    address. With ``attach_only`` a running one is used, never stopped.
    ``start_timeout`` (seconds) covers crash recovery; after ``stop_patience`` seconds an immediate shutdown follows.
    Errors: StartError, EmbeddedNotRunning (attach_only).
    """
    folders = Folders.of(data_dir)
    if attach_only:
        with _explained(folders):
            address = await _attach(folders)
        yield address
        return
    async with AsyncExitStack() as stack:
        with _explained(folders):
            make_root(folders.root)
            stack.enter_context(exclusive(folders))
            server = await _start(folders, log=log, timeout=start_timeout)
        stack.callback(discard_socket_folder, server.socket_folder, folders)
        stack.push_async_callback(server.stop, log=log, patience=stop_patience)
        await _ensure_database(server.socket_folder)
        stack.push_async_callback(_cancel, asyncio.create_task(_watch(server, folders, log=log, timeout=start_timeout)))
        yield dsn(server.socket_folder)


def dsn(socket_folder: Path, database: str = DATABASE) -> str:
    """Return the address of a database behind the socket in this folder; what it says, the environment cannot."""
    fixed = "sslmode=disable&target_session_attrs=any"
    return f"postgresql://postgres@/{database}?host={quote(str(socket_folder))}&port={PORT}&{fixed}"


@contextmanager
def _explained(folders: Folders) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartError(f"The database in {folders.root} cannot be used: {error}.") from error


async def _attach(folders: Folders) -> str:
    try:
        found = await _find_answering(folders, deadline=time.monotonic() + ATTACH_SECONDS)
    except PermissionError as error:
        raise EmbeddedNotRunning(
            f"The database in {folders.root} belongs to another user: run this as root or as the user of the service."
        ) from error
    if found is None:
        raise EmbeddedNotRunning(
            f"No database is running in {folders.root}. Start the service first, or name its data folder "
            "with REACTOR_DATA_DIR."
        )
    return dsn(found.socket_folder)


async def _watch(server: Postmaster, folders: Folders, *, log: FilteringBoundLogger, timeout: float) -> None:
    """Start the server again whenever it ends, until cancelled; ``server`` is always the one that runs."""
    tries = 0
    while True:
        if await server.ended() > STEADY_SECONDS:
            tries = 0
        log.warning("the database ended", pid=server.pid, status=server.child.returncode if server.child else None)
        while not await _restart(server, folders, log=log, timeout=timeout, tries=tries):
            tries += 1
        tries += 1


async def _restart(
    server: Postmaster, folders: Folders, *, log: FilteringBoundLogger, timeout: float, tries: int
) -> bool:
    """Start the server again after the pause that so many tries in a row ask for; say whether it runs."""
    if tries == len(PAUSES):
        log.error("the database keeps ending", log_file=str(folders.log), next_tries_every_s=LAST_PAUSE)
    await asyncio.sleep(PAUSES[tries] if tries < len(PAUSES) else LAST_PAUSE)
    try:
        again = await _start(folders, log=log, timeout=timeout, socket_folder=server.socket_folder)
    except (StartError, OSError) as error:
        log.warning("the database could not be started again", error=str(error))
        return False
    server.pid, server.child = again.pid, again.child
    return True


async def _cancel(task: asyncio.Task[None]) -> None:
    """End a task, and wait until it has tidied up: a start in progress leaves no server behind."""
    task.cancel()
    await asyncio.wait([task])


async def _start(
    folders: Folders, *, log: FilteringBoundLogger, timeout: float, socket_folder: Path | None = None
) -> Postmaster:
    """Take over the server that is there, else start one; repeat while a dying one still holds the files.

    With ``socket_folder`` it is a start anew: in that folder, and never with another database than before.
    """
    began = time.monotonic()
    while True:
        adopted = await _adopt(folders, deadline=began + timeout)
        if adopted is not None:
            if socket_folder not in (None, adopted.socket_folder):
                raise StartError(
                    f"Another hand started it (process {adopted.pid}) with its socket elsewhere; end that."
                )
            log.info("took over the running database", pid=adopted.pid)
            return adopted
        try:
            return await _launch(folders, log=log, deadline=began + timeout, keep=socket_folder)
        except _EndedError as ended:
            in_use = any(sentence in str(ended) for sentence in IN_USE)
            if not in_use or time.monotonic() - began > IN_USE_SECONDS:
                raise StartError(f"PostgreSQL did not start. Its log ({folders.log}) ends with:\n{ended}") from ended
        await asyncio.sleep(0.2)


async def _adopt(folders: Folders, *, deadline: float) -> Postmaster | None:
    found = await _find_answering(folders, deadline=deadline)
    if found is None:
        return None
    if not is_postmaster(found.pid, folders.cluster):
        # It answers through a shared folder but is no process of this container: we could neither stop nor replace it.
        raise StartError(
            f"A database server elsewhere (process {found.pid} there) uses {folders.cluster}; end it first."
        )
    return Postmaster(pid=found.pid, cluster=folders.cluster, socket_folder=found.socket_folder)


async def _find_answering(folders: Folders, *, deadline: float) -> PidFile | None:
    """Return the server of this database once it answers, or None when none lives (any more)."""
    while (found := read_pid_file(folders.cluster)) is not None:
        if await _answers(found.socket_folder, folders.cluster):
            return found
        if not is_postmaster(found.pid, folders.cluster):
            return None
        if time.monotonic() > deadline:
            raise StartError(
                f"A database server (process {found.pid}) uses {folders.cluster} and does not answer yet. "
                "Wait and try again, or end that process."
            )
        await asyncio.sleep(0.1)
    return None


async def _launch(folders: Folders, *, log: FilteringBoundLogger, deadline: float, keep: Path | None) -> Postmaster:
    """Start a server (with its socket in ``keep`` if given) and wait until it answers; leave none behind on failure."""
    if keep is not None and not folders.cluster.exists():
        # An empty database in its place would look as if nothing had ever been heard.
        raise StartError(f"The database folder {folders.cluster} is gone. Put it back, or start the reactor anew.")
    user = server_user(folders)
    if user is not None:
        require_reach(folders, user)
    make_postgres_folder(folders, user)
    bin_folder = await asyncio.to_thread(programs, folders, user)
    offset = log_size(folders)
    if not folders.cluster.exists():
        await create_cluster(folders, bin_folder, user, offset)
    require_version(folders)
    stale = read_pid_file(folders.cluster)
    if stale is not None and stale.socket_folder != keep:
        discard_socket_folder(stale.socket_folder, folders)
    socket_folder = keep or choose_socket_folder(folders, user)
    child = launch(bin_folder, folders=folders, socket_folder=socket_folder, user=user)
    server = Postmaster(pid=child.pid, cluster=folders.cluster, socket_folder=socket_folder, child=child)
    try:
        await _wait_until_ready(server, folders, log=log, deadline=deadline, offset=offset)
    except BaseException:
        await server.stop(log=log)
        if keep is None:
            discard_socket_folder(socket_folder, folders)
        raise
    log.info("started the database", pid=server.pid, user=user.name if user else None)
    return server


async def _wait_until_ready(
    server: Postmaster, folders: Folders, *, log: FilteringBoundLogger, deadline: float, offset: int
) -> None:
    began = note_at = time.monotonic()
    while not await _answers(server.socket_folder, folders.cluster):
        now = time.monotonic()
        if not server.running():
            raise _EndedError(log_tail(folders, offset))
        if now > deadline:
            raise StartError(
                f"PostgreSQL did not become ready within {now - began:.0f} s; its log is {folders.log}. "
                "After a crash on a slow disk it may need longer: start again."
            )
        if now - note_at > NOTE_SECONDS:
            note_at = now
            log.info("waiting for the database to recover", seconds=round(now - began))
        await asyncio.sleep(0.02)


async def _answers(socket_folder: Path, cluster: Path) -> bool:
    """Say whether the server behind the socket takes connections and serves this very database."""
    if not socket_folder.is_absolute():
        return False
    try:
        connection = await asyncpg.connect(dsn(socket_folder, "postgres"), timeout=5)
        try:
            serves = await connection.fetchval("SHOW data_directory", timeout=5)
        finally:
            connection.terminate()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return is_same_folder(Path(serves), cluster)


async def _ensure_database(socket_folder: Path) -> None:
    connection = await asyncpg.connect(dsn(socket_folder, "postgres"), timeout=30)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()
