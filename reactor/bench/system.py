"""What processes have used of the machine, as Linux tells it under /proc."""

import os
from pathlib import Path

from reactor.adapters.postgres.folders import Folders
from reactor.adapters.postgres.postmaster import read_pid_file
from reactor.core.errors import StartError

PROC = Path("/proc")
# Counted after the name in parentheses, which may hold anything (man 5 proc).
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14


def resident_bytes() -> int:
    """Return this process's resident memory (RSS); raises StartError where there is no /proc."""
    try:
        pages = int((PROC / "self" / "statm").read_text("ascii").split()[1])
    except OSError as error:
        raise StartError("this benchmark reads memory from /proc, which only Linux has") from error
    return pages * os.sysconf("SC_PAGE_SIZE")


def database_cpu(data_dir: Path) -> float | None:
    """Return the CPU seconds that the embedded database's processes have used, or None where that cannot be told."""
    found = read_pid_file(Folders.of(data_dir).cluster)
    if found is None or not PROC.is_dir():
        return None
    ticks = 0
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(entry)):
            own = int(entry.name) == found.pid
            if own or int(fields[_PARENT]) == found.pid:
                ticks += int(fields[_USER]) + int(fields[_SYSTEM])
            if own:
                ticks += int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: Path) -> list[str]:
    try:
        return (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []  # it has ended meanwhile
