"""A reactor in a process of its own that kills itself (SIGKILL) after a named commit.

Started as ``python -m tests.crash.child SETTINGS.json [POINT]``; says ``UP <url>`` when it runs and ``HIT`` as it dies.
"""

import asyncio
import functools
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.cli.base import setup_logging
from reactor.config import FixedSettings
from reactor.wiring.models import demo_model
from reactor.wiring.reactor import open_reactor

Filter = Callable[[tuple[Any, ...], Any], bool]


def always(arguments: tuple[Any, ...], result: Any) -> bool:
    return bool(result) if result is not None else True


def opened(kind: str) -> Filter:
    return lambda arguments, _: type(arguments[0]).__name__ == kind and arguments[3] == "open"


def settled(kind: str) -> Filter:
    return lambda arguments, _: type(arguments[2]).__name__ == kind and arguments[1] == "done"


POINTS: dict[str, tuple[type[Any], str, Filter]] = {
    "an event was appended": (PostgresEventLog, "append", always),
    "a delivery was claimed": (PostgresQueue, "claim", always),
    "a batch was claimed": (PostgresQueue, "claim_batch", always),
    "a photo was saved": (PostgresPhotos, "save", always),
    "a burst id was saved": (PostgresPhotos, "set_burst", always),
    "a delivery was settled with its follow-ups": (PostgresQueue, "done", lambda arguments, _: bool(arguments[1])),
    "a delivery was settled": (PostgresQueue, "done", lambda arguments, _: not arguments[1]),
    "a failed try was settled": (PostgresQueue, "failed", always),
    "a bookmark was put": (PostgresBookmarks, "put", always),
    "a snapshot of people was replaced": (PostgresBookmarks, "replace", always),
    "the journal was opened for tags": (PostgresJournal, "write", opened("TagAsset")),
    "the journal was opened for an archive": (PostgresJournal, "write", opened("ArchiveAssets")),
    "the journal was opened for a stack": (PostgresJournal, "write", opened("StackAssets")),
    "the journal was opened for a portrait": (PostgresJournal, "write", opened("AddPortrait")),
    "the journal was settled for tags": (PostgresJournal, "settle", settled("TagState")),
    "the journal was settled for an archive": (PostgresJournal, "settle", settled("VisibilityState")),
    "the journal was settled for a stack": (PostgresJournal, "settle", settled("StackState")),
    "the journal was settled for a portrait": (PostgresJournal, "settle", settled("PortraitState")),
}


def arm(point: str) -> None:
    """Let the process die right after the commit of this name, once its transaction is durable."""
    owner, name, chosen = POINTS[point]
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    @functools.wraps(original)
    async def deadly(self: Any, *arguments: Any, **named: Any) -> Any:
        result = await original(self, *arguments, **named)
        if chosen(arguments, result):
            os.write(1, b"HIT\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


async def main(settings: FixedSettings) -> None:
    async with open_reactor(settings, model_folder=demo_model()) as reactor:
        os.write(1, f"UP {reactor.url}\n".encode())
        await asyncio.Event().wait()


if __name__ == "__main__":
    setup_logging("WARNING")
    if len(sys.argv) > 2:
        arm(sys.argv[2])
    asyncio.run(main(FixedSettings(**json.loads(Path(sys.argv[1]).read_text("utf-8")))))
