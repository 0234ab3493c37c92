"""Hear of new photos by asking: the source that misses nothing, whatever the pushed ones lose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import TypeAdapter

from reactor.core.events import AssetUploaded
from reactor.core.ids import AccountId
from reactor.core.library import Asset
from reactor.ports import Bookmarks, EventSink
from reactor.sources.loop import LONGEST_BACKOFF_S, repeat

# A transaction that inserts may still be open: the newest seconds are left for the next turn.
UNSETTLED = timedelta(seconds=2)
VISIBILITIES = ("timeline", "archive")
BATCH = 500


class Uploads(Protocol):
    """What the poll asks of a library."""

    async def server_time(self) -> datetime: ...

    def uploaded_between(self, after: datetime, before: datetime, visibility: str) -> AsyncIterator[Asset]:
        """Yield the account's own assets by the time at which they reached the server."""
        ...


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long to wait between turns: while photos come or nothing pushes, otherwise, and while the key is refused."""

    busy: timedelta = timedelta(seconds=5)
    idle: timedelta = timedelta(seconds=60)
    blocked: timedelta = timedelta(seconds=LONGEST_BACKOFF_S)


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Where the poll stands, on Immich's clock: nothing before ``since`` is looked at; all is told up to ``until``."""

    since: datetime
    until: datetime


CURSOR = TypeAdapter(Cursor)


class UploadPoll:
    """Append AssetUploaded for every photo of one account that reaches Immich after the first start.

    The window is on createdAt, which never changes, and overlaps the one before; the log drops what it knows
    (facts/immich-api.md section 3).
    """

    def __init__(
        self,
        account: AccountId,
        library: Uploads,
        sink: EventSink,
        bookmarks: Bookmarks,
        *,
        overlap: timedelta = timedelta(minutes=10),
        interval: Pace | None = None,
    ) -> None:
        self._account = account
        self._library = library
        self._sink = sink
        self._bookmarks = bookmarks
        self._overlap = overlap
        self._pace = interval or Pace()
        self._pushed = False
        self._woken = asyncio.Event()

    def heard(self) -> None:
        """Take note that another source pushes, so that this one may go slowly."""
        self._pushed = True

    def wake(self) -> None:
        """Take the next turn now: a pushing source was away and may have missed something."""
        self._woken.set()

    async def run(self) -> None:
        """Poll until cancelled."""
        name = f"the poll for new photos of {self._account}"
        backoff, blocked = self._pace.busy.total_seconds(), self._pace.blocked.total_seconds()
        await repeat(name, self.once, self._pause, first_backoff_s=backoff, blocked_s=blocked)

    async def once(self) -> int:
        """Take one turn; return how many photos were news to the log."""
        present = await self._library.server_time()
        stored = await self._bookmarks.get(self._name)
        if stored is None:
            await self._save(Cursor(since=present, until=present))
            return 0
        now = present - UNSETTLED
        cursor = CURSOR.validate_python(stored)
        # min: a server clock that was set back must not hide what is uploaded until it catches up.
        after = max(cursor.since, min(cursor.until, now) - self._overlap)
        if after > now:
            return 0
        total = 0
        while new := await self._pass(after, now):
            # Pages shift while EXIF is read and may hide a photo from one pass: look again until there is no news.
            total += new
        await self._save(Cursor(since=cursor.since, until=now))
        return total

    async def _pass(self, after: datetime, before: datetime) -> int:
        """Append all that the window shows; return how many were new."""
        new = 0
        batch: list[AssetUploaded] = []
        for visibility in VISIBILITIES:
            async for asset in self._library.uploaded_between(after, before, visibility):
                if asset.motion_part_of is None:
                    batch.append(AssetUploaded(account=self._account, asset=asset.id))
                if len(batch) >= BATCH:
                    new += await self._sink.append(batch)
                    batch = []
        return new + (await self._sink.append(batch) if batch else 0)

    async def _pause(self, found: int) -> None:
        if found:
            self._pushed = False  # it told us nothing of these: not trusted until it is heard again
        wait = self._pace.idle if self._pushed else self._pace.busy
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
                await self._woken.wait()
        self._woken.clear()

    @property
    def _name(self) -> str:
        return f"uploads:{self._account}"

    async def _save(self, cursor: Cursor) -> None:
        await self._bookmarks.put(self._name, CURSOR.dump_python(cursor, mode="json"))
