"""Root, ordinary users and folders that one of them cannot enter."""

import os
import pwd
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.typing import FilteringBoundLogger

from reactor.adapters.postgres.binaries import INSTALL, PACKAGE, installed_site
from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.folders import ServerUser, first_blocked
from reactor.core.errors import StartError

from .servers import Holder, read_rows, server_pid, write_row

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change users")
NOBODY = ServerUser(name="nobody", uid=pwd.getpwnam("nobody").pw_uid, gid=pwd.getpwnam("nobody").pw_gid)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


NAMELESS = "54321"


def skip_where_programs_are_out_of_reach() -> None:
    if first_blocked(installed_site() / PACKAGE / INSTALL / "bin" / "postgres", NOBODY):
        pytest.skip("an ordinary user cannot reach the programs of this environment")


@needs_root
async def test_root_runs_it_as_nobody_and_opens_no_folder(home: Path, log: FilteringBoundLogger) -> None:
    data = home / "data"
    site = installed_site()
    parents = [*home.parents, home, site, *site.parents, site / PACKAGE / INSTALL / "bin"]
    before = [mode(folder) for folder in parents]
    async with embedded_postgres(data, log=log):
        assert Path(f"/proc/{server_pid(data)}").stat().st_uid == NOBODY.uid
    assert [mode(folder) for folder in parents] == before
    owners = {path.lstat().st_uid for path in (data / "postgres").rglob("*")} | {(data / "postgres").stat().st_uid}
    assert owners == {NOBODY.uid}
    assert (data.stat().st_uid, mode(data)) == (0, 0o710)


@needs_root
@pytest.mark.parametrize("closed", ["outer", "outer/data"])
async def test_folder_in_the_way_is_named(home: Path, log: FilteringBoundLogger, closed: str) -> None:
    (home / "outer" / "data").mkdir(parents=True)
    (home / closed).chmod(0o700)
    with pytest.raises(StartError, match=rf"may not enter {home / closed}\. .*REACTOR_DATA_DIR=/var/lib/reactor"):
        async with embedded_postgres(home / "outer" / "data", log=log):
            pass
    assert mode(home / closed) == 0o700
    assert not (home / "outer" / "data" / "postgres").exists()


@needs_root
async def test_programs_out_of_reach_are_copied_once(
    home: Path, log: FilteringBoundLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, closed = installed_site(), home / "closed"
    for part in (f"{PACKAGE}/__init__.py", f"{PACKAGE}/{INSTALL}", f"{PACKAGE}.libs", f"{PACKAGE}/.dylibs"):
        (closed / part).parent.mkdir(parents=True, exist_ok=True)
        if (site / part).is_dir():
            shutil.copytree(site / part, closed / part, ignore=shutil.ignore_patterns("include"))
        elif (site / part).exists():
            shutil.copy(site / part, closed / part)
    closed.chmod(0o700)
    monkeypatch.syspath_prepend(str(closed))
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    data = home / "data"
    async with embedded_postgres(data, log=log) as dsn:
        await write_row(dsn, 1)
        assert Path(f"/proc/{server_pid(data)}/exe").readlink().is_relative_to(data / "postgres-bin")
    assert mode(closed) == 0o700
    (copy,) = (data / "postgres-bin").iterdir()
    made = copy.stat().st_ctime_ns
    async with embedded_postgres(data, log=log) as dsn:
        assert await read_rows(dsn) == [1]
    assert copy.stat().st_ctime_ns == made


@needs_root
async def test_ordinary_user_and_then_root(home: Path, log: FilteringBoundLogger, hold: Callable[..., Holder]) -> None:
    skip_where_programs_are_out_of_reach()
    os.chown(home, NOBODY.uid, NOBODY.gid)
    data = home / "data"
    holder = hold(data, str(NOBODY.uid))
    await write_row(holder.wait_until_up(), 1)
    assert (data.stat().st_uid, mode(data)) == (NOBODY.uid, 0o700)
    assert Path(f"/proc/{server_pid(data)}").stat().st_uid == NOBODY.uid
    async with embedded_postgres(data, log=log, attach_only=True) as guest:
        assert await read_rows(guest) == [1]
    assert holder.end() == 0
    async with embedded_postgres(data, log=log) as dsn:
        assert await read_rows(dsn) == [1]


@needs_root
async def test_ordinary_user_is_told_of_a_folder_of_root(
    home: Path, log: FilteringBoundLogger, hold: Callable[..., Holder]
) -> None:
    with pytest.raises(AssertionError, match=r"StartError: The database in .* cannot be used: .*Permission denied"):
        hold(home / "data", str(NOBODY.uid)).wait_until_up()
    (home / "data" / "postgres").mkdir(parents=True)
    (home / "data" / "postgres" / "restored").write_text("by root")
    with pytest.raises(StartError, match=r"belongs to another user .* chown -R nobody"):
        async with embedded_postgres(home / "data", log=log):
            pass


@needs_root
async def test_stranger_may_neither_attach_nor_make_a_database(
    home: Path, log: FilteringBoundLogger, hold: Callable[..., Holder]
) -> None:
    async with embedded_postgres(home / "data", log=log):
        with pytest.raises(AssertionError, match=r"EmbeddedNotRunning: The database in .* belongs to another user"):
            hold(home / "data", NAMELESS, "attach").wait_until_up()
    skip_where_programs_are_out_of_reach()
    home.chmod(0o777)
    with pytest.raises(AssertionError, match=f"StartError: The user number {NAMELESS} has no name on this system"):
        hold(home / "theirs", NAMELESS).wait_until_up()
