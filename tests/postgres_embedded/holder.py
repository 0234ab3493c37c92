"""Hold an embedded database in a process of its own: `python holder.py FOLDER [UID [attach]]`.

Prints the DSN when it is up, and ends well when its standard input is closed.
"""

import asyncio
import concurrent.futures.thread  # noqa: F401 - read while we may still read Python's own files
import os
import sys
from pathlib import Path

import structlog

from reactor.adapters.postgres.embedded import embedded_postgres


async def hold(folder: Path, *, attach_only: bool) -> None:
    async with embedded_postgres(folder, log=structlog.get_logger(), attach_only=attach_only) as dsn:
        sys.stderr.write(dsn + "\n")
        sys.stderr.flush()
        await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    if len(sys.argv) > 2:
        number = int(sys.argv[2])
        os.setgroups([])
        os.setgid(number)
        os.setuid(number)
    asyncio.run(hold(Path(sys.argv[1]), attach_only="attach" in sys.argv))


if __name__ == "__main__":
    main()
