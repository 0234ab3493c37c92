"""Hear of new photos by asking: the source that misses nothing, whatever the pushed ones lose."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from reactor.core.events import AssetUploaded
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Asset
from reactor.ports import Bookmarks, EventSink
from reactor.sources.cursor import AHEAD, BATCH, CURSOR, PASSES, UNSETTLED, VISIBILITIES, Cursor
from reactor.sources.loop import LONGEST_BACKOFF_S, Alarm, Backoff, repeat
from reactor.sources.pushes import Pushes

log = structlog.get_logger(__name__)


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
class _Turn:
    """What one turn looks at, on Immich's clock: up to ``settled`` nothing can come any more. Ours is ``ahead``."""

    after: datetime
    before: datetime
    settled: datetime
    ahead: timedelta


class UploadPoll:
    """Append AssetUploaded for every photo of one account that reaches Immich after the first start.

    The window is on createdAt, which never changes, and overlaps the one before; the log drops what it knows
    (facts/immich-api.md section 3). It goes slowly while a source that pushes can be trusted.
    """

    def __init__(
        self,
        account: AccountId,
        library: Uploads,
        sink: EventSink,
        bookmarks: Bookmarks,
        pushes: Pushes,
        *,
        overlap: timedelta = timedelta(minutes=10),
        interval: Pace | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._account = account
        self._library = library
        self._sink = sink
        self._bookmarks = bookmarks
        self._pushes = pushes
        self._overlap = overlap
        self._pace = interval or Pace()
        self._now = now
        self._saved_s: float | None = None
        self._alarm = Alarm()

    def wake(self) -> None:
        """Take the next turn now: Immich is back, or a source that pushes was away and may have missed something."""
        self._alarm.ring()

    async def run(self) -> None:
        """Poll until cancelled."""
        name = f"the poll for new photos of {self._account}"
        await repeat(
            name,
            self.once,
            self._pause,
            backoff=Backoff(
                first_s=self._pace.busy.total_seconds(),
                longest_s=max(self._pace.busy, self._pace.idle).total_seconds(),
                blocked_s=self._pace.blocked.total_seconds(),
            ),
            rest=self._alarm.rest,
        )

    async def once(self) -> int:
        """Take one turn; return how many photos were news to the log."""
        present = await self._library.server_time()
        stored = await self._bookmarks.get(self._name)
        if stored is None:
            await self._save(Cursor(since=present, until=present))
            return 0
        cursor = self._set_back(CURSOR.validate_python(stored), present)
        settled = max(cursor.since, present - UNSETTLED)
        turn = _Turn(
            # min: a server clock that was set back must not hide what is uploaded until it catches up.
            after=max(cursor.since, min(cursor.until, settled) - self._overlap),
            before=present + AHEAD,
            settled=settled,
            ahead=self._now() - present,
        )
        total = 0
        for _ in range(PASSES):
            new, late = await self._pass(turn)
            total += new
            # Pages shift while EXIF is read and may hide a photo from one pass: look again until there is no news.
            if not late:
                await self._save(Cursor(since=cursor.since, until=settled))
                break
        return total

    def _set_back(self, cursor: Cursor, present: datetime) -> Cursor:
        """Move the beginning along where Immich's clock was set back past it, or all until then would be too old.

        It was not when the clock was last read, so whatever was stamped by the new clock lies no further back.
        """
        if present >= cursor.since:
            return cursor
        unread = self._overlap if self._saved_s is None else timedelta(seconds=time.monotonic() - self._saved_s)
        since = present - unread
        log.warning(
            f"Immich's clock was set back to before the first start of {self._account}; what comes since is new",
            since=since.isoformat(),
        )
        return Cursor(since=since, until=since)

    async def _pass(self, turn: _Turn) -> tuple[int, int]:
        """Append all that the window shows, in batches; return how many were new, and how many of those settled."""
        new = late = 0
        batch: dict[AssetId, datetime] = {}
        for visibility in VISIBILITIES:
            async for asset in self._library.uploaded_between(turn.after, turn.before, visibility):
                if asset.motion_part_of is None:
                    batch[asset.id] = asset.created_at
                if len(batch) >= BATCH:
                    found = await self._append(batch, turn)
                    new, late, batch = new + found[0], late + found[1], {}
        found = await self._append(batch, turn)
        return new + found[0], late + found[1]

    async def _append(self, batch: dict[AssetId, datetime], turn: _Turn) -> tuple[int, int]:
        """Write a batch into the log; what is new there, no pushing source has brought."""
        if not batch:
            return 0, 0
        events = [AssetUploaded(account=self._account, asset=asset) for asset in batch]
        new = [AssetId(event.subject) for event in await self._sink.append(events, source="poll")]
        self._pushes.found({asset: batch[asset] + turn.ahead for asset in new}, self._now())
        return len(new), sum(batch[asset] <= turn.settled for asset in new)

    async def _pause(self, found: int) -> None:
        wait = self._pace.idle if self._pushes.trusted and not found else self._pace.busy
        await self._alarm.rest(wait.total_seconds())

    @property
    def _name(self) -> str:
        return f"uploads:{self._account}"

    async def _save(self, cursor: Cursor) -> None:
        await self._bookmarks.put(self._name, CURSOR.dump_python(cursor, mode="json"))
        self._saved_s = time.monotonic()
