"""Where the embedded PostgreSQL keeps its files, who owns them and who may use them."""

import fcntl
import os
import pwd
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reactor.core.errors import StartError

PORT = 5432
SHORT_ROOT = Path("/tmp")  # noqa: S108 - the folders made here are private, and TMPDIR may be as long as what we flee from
SHORT_PREFIX = "reactor-"
# sizeof(sockaddr_un.sun_path) less the closing NUL.
SOCKET_PATH_LIMIT = 107 if sys.platform == "linux" else 103


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Name the places below the data directory (absolute, links resolved)."""

    root: Path

    @classmethod
    def of(cls, data_dir: Path) -> Self:
        """Name the places below a folder as the user wrote it."""
        return cls(root=data_dir.expanduser().resolve())

    @property
    def lock(self) -> Path:
        return self.root / "reactor.lock"

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def cluster(self) -> Path:
        return self.postgres / "data"

    @property
    def binaries(self) -> Path:
        return self.root / "postgres-bin"


@dataclass(frozen=True, kw_only=True)
class ServerUser:
    """Name the system user that the server runs as."""

    name: str
    uid: int
    gid: int


def server_user(folders: Folders) -> ServerUser | None:
    """Choose who runs the server: None for ourselves; as root the owner of the files that are there, else nobody.

    PostgreSQL refuses to run as root, and its user must own its files.
    """
    if os.geteuid() != 0:
        return None
    try:
        there = folders.postgres.lstat()
        if there.st_uid != 0:
            return ServerUser(name=_user_name(there.st_uid), uid=there.st_uid, gid=there.st_gid)
    except FileNotFoundError:
        pass
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise StartError(
            "PostgreSQL does not run as root, and this system has no user nobody to run it as. "
            "Start the reactor as an ordinary user, or set DATABASE_URL."
        ) from error
    return ServerUser(name="nobody", uid=nobody.pw_uid, gid=nobody.pw_gid)


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def make_root(root: Path) -> None:
    """Create the data directory if it is missing, private to us.

    As root its group is that of nobody, who may pass through it (and not list it): the server lives below.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    try:
        root.mkdir(mode=0o700)
    except FileExistsError:
        return
    user = server_user(Folders(root=root))
    if user is not None:
        os.chown(root, 0, user.gid)
        root.chmod(0o710)


def make_postgres_folder(folders: Folders, user: ServerUser | None) -> None:
    """Create the server's folder, or check that it belongs to the user that the server runs as."""
    folders.postgres.mkdir(mode=0o700, exist_ok=True)
    owner = folders.postgres.lstat().st_uid
    wanted = user.uid if user else os.geteuid()
    if owner == wanted:
        return
    # A crash may have come between mkdir and chown; anything with content is not ours to hand over.
    if user and owner == 0 and not any(folders.postgres.iterdir()):
        os.chown(folders.postgres, user.uid, user.gid, follow_symlinks=False)
        return
    name = user.name if user else str(wanted)
    raise StartError(
        f"The database folder {folders.postgres} belongs to another user (number {owner}). "
        f"Start the reactor as that user or as root, or hand the folder over with: chown -R {name} {folders.postgres}"
    )


def make_aside(folders: Folders, user: ServerUser | None) -> Path:
    """Make an empty folder for a new database cluster; remove those that a crash left unfinished."""
    number = user.uid if user else os.geteuid()
    try:
        pwd.getpwuid(number)
    except KeyError as error:
        raise StartError(
            f"The user number {number} has no name on this system, and PostgreSQL makes no database for such a user. "
            "Run as a user with a name (in a container for example --user 65534:65534), or set DATABASE_URL."
        ) from error
    for leftover in folders.postgres.glob("new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix="new-", dir=folders.postgres))
    if user is not None:
        os.chown(aside, user.uid, user.gid, follow_symlinks=False)
    return aside


def is_same_folder(one: Path, other: Path) -> bool:
    """Say whether two paths lead to one folder; a path that leads nowhere does not."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def first_blocked(path: Path, user: ServerUser) -> Path | None:
    """Find the topmost folder above the path that the user may not enter (by its mode bits), or None."""
    for folder in reversed(path.parents):
        status = folder.stat()
        bit = stat.S_IXOTH
        if status.st_uid == user.uid:
            bit = stat.S_IXUSR
        elif status.st_gid == user.gid:
            bit = stat.S_IXGRP
        if not status.st_mode & bit:
            return folder
    return None


def require_reach(folders: Folders, user: ServerUser) -> None:
    """Raise StartError, naming the folder in the way, unless the server's user can reach its files."""
    blocked = first_blocked(folders.postgres, user)
    if blocked is None:
        return
    helps = "choose another folder, for example REACTOR_DATA_DIR=/var/lib/reactor"
    if blocked == folders.root:
        helps = f"let it pass with: chmod o+x {blocked} (or {helps})"
    raise StartError(
        f"PostgreSQL does not run as root, so it runs as the user {user.name}, who may not enter {blocked}. "
        f"No permissions were changed; to go on, {helps}."
    )


def choose_socket_folder(folders: Folders, user: ServerUser | None) -> Path:
    """Return the folder of the server's socket: its own, or a short private one where that path cannot serve."""
    socket = folders.postgres / f".s.PGSQL.{PORT}"
    # asyncpg splits the host at commas (asyncpg.connect_utils._parse_hostlist).
    if len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT and "," not in str(socket):
        return folders.postgres
    short = Path(tempfile.mkdtemp(prefix=SHORT_PREFIX, dir=SHORT_ROOT))
    if user is not None:
        os.chown(short, user.uid, user.gid)
    return short


def discard_socket_folder(socket_folder: Path, folders: Folders) -> None:
    """Remove a short socket folder of this database; leave any other place alone."""
    if socket_folder.parent != SHORT_ROOT or not socket_folder.name.startswith(SHORT_PREFIX):
        return
    # The path comes from a file that the server's user may write: remove only what is theirs.
    if socket_folder.is_dir() and socket_folder.lstat().st_uid == folders.postgres.lstat().st_uid:
        shutil.rmtree(socket_folder, ignore_errors=True)


@contextmanager
def exclusive(folders: Folders) -> Iterator[None]:
    """Hold the data directory for one process; raise StartError, naming the holder, when it is taken.

    The lock goes with the process, however that ends; the server does not inherit it.
    """
    handle = os.open(folders.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 20).decode().strip() or "unknown"
            raise StartError(
                f"Another reactor (process {holder}) already uses {folders.root}. "
                "Stop it first, or choose another folder with REACTOR_DATA_DIR."
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
