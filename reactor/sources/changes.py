"""Hear by asking what the user changed: trash, archive, tags, stacks, dates; never our own."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from reactor.core.errors import Blocked, Gone, Permanent, Retryable, Unreachable
from reactor.core.events import AssetChanged
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Asset
from reactor.core.sightings import Known, Sighting, Told, compare, sighting_of
from reactor.ports import Bookmarks, EventSink
from reactor.sources.cursor import AHEAD, BATCH, CURSOR, PASSES, UNSETTLED, VISIBILITIES, Cursor
from reactor.sources.loop import LONGEST_BACKOFF_S, Alarm, Backoff, repeat

log = structlog.get_logger(__name__)

TOGETHER = 20
"""So many photos are read, decided and remembered at a time: as much is done twice after a crash, at most."""
# Immich's clock is told in whole seconds, and tags are written after their call is answered.
SOON = timedelta(seconds=4)
HELD = timedelta(hours=1)
HIDDEN = "hidden"
"""Beside the films of live photos, of which none is known here, what the user hides himself."""


class Changes(Protocol):
    """What the poll asks of a library."""

    async def server_time(self) -> datetime: ...

    async def asset(self, asset: AssetId) -> Asset: ...

    def search(self, search: Mapping[str, object]) -> AsyncIterator[Asset]:
        """Yield the account's own assets of all pages; their tags are not among what it tells."""
        ...


class Sightings(Protocol):
    """Remember how photos were, and tell what the reactor knows of them."""

    async def moved(self, account: AccountId, seen: Mapping[AssetId, datetime]) -> tuple[AssetId, ...]:
        """Return the known photos whose updatedAt is another than when they were last looked at."""
        ...

    async def known(self, account: AccountId, assets: tuple[AssetId, ...]) -> Mapping[AssetId, Known]: ...

    async def save(self, account: AccountId, sightings: Mapping[AssetId, Sighting], at: datetime) -> None: ...


@dataclass(frozen=True, kw_only=True)
class ReadPace:
    """How fast photos are read one by one, and how many in a turn; what is left is read in the next."""

    gap: timedelta = timedelta(milliseconds=200)
    a_turn: int = 150


@dataclass(kw_only=True)
class _Turn:
    """One turn: its window, what may still be read, and what has to be looked at again, by its updatedAt."""

    after: datetime
    before: datetime
    settled: datetime
    reads: int
    told: int = 0
    full: bool = False
    looked: set[AssetId] = field(default_factory=set)
    held: datetime | None = None

    def hold(self, updated_at: datetime) -> None:
        self.held = min(self.held or updated_at, updated_at)


class ChangesPoll:
    """Append AssetChanged for every photo of one account that its user changed.

    The window is on updatedAt, which our own writes move too (facts/immich-api.md section 3); what changed is decided
    from states (core/sightings.py). A known photo that moved is read whole, a few in a second: a tool that touches
    10,000 photos is followed at that pace. The cursor stays before what was not decided yet, so nothing is lost.
    """

    def __init__(
        self,
        account: AccountId,
        library: Changes,
        sink: EventSink,
        bookmarks: Bookmarks,
        sightings: Sightings,
        *,
        interval: timedelta = timedelta(seconds=60),
        soon: timedelta = SOON,
        overlap: timedelta = timedelta(minutes=10),
        blocked: timedelta = timedelta(seconds=LONGEST_BACKOFF_S),
        reads: ReadPace | None = None,
    ) -> None:
        self._account = account
        self._library = library
        self._sink = sink
        self._bookmarks = bookmarks
        self._sightings = sightings
        self._interval = interval
        self._soon = soon
        self._overlap = overlap
        self._blocked = blocked
        self._reads = reads or ReadPace()
        self._behind = False
        self._back = Alarm()
        self._alarm = Alarm()

    def wake(self) -> None:
        """Take the next turn within seconds: Immich is back, or something may have been missed."""
        self._back.ring()
        self.hint()

    def hint(self) -> None:
        """Take the next turn within seconds: another source heard that something changed. What fails waits on."""
        self._alarm.ring()

    async def run(self) -> None:
        """Poll until cancelled."""
        name = f"the poll for changes of {self._account}"
        backoff = Backoff(
            first_s=self._soon.total_seconds(),
            longest_s=max(self._soon, self._interval).total_seconds(),
            blocked_s=self._blocked.total_seconds(),
        )
        await repeat(name, self.once, self._pause, backoff=backoff, rest=self._back.rest)

    async def once(self) -> int:
        """Take one turn; return how many changes were news to the log."""
        present = await self._library.server_time()
        stored = await self._bookmarks.get(self._name)
        if stored is None:
            await self._save(Cursor(since=present, until=present))
            return 0
        cursor = CURSOR.validate_python(stored)
        # min: a clock that was set back, even to before the first start, must not hide what changes from now on.
        since = min(cursor.since, present)
        settled = max(since, present - UNSETTLED)
        after = max(since, min(cursor.until, settled) - self._overlap)
        turn = _Turn(after=after, before=present + AHEAD, settled=settled, reads=self._reads.a_turn)
        if not await self._passes(turn):
            turn.hold(cursor.until)
        self._tell_backlog(turn)
        await self._save(Cursor(since=since, until=min(settled, turn.held or settled)))
        return turn.told

    async def _passes(self, turn: _Turn) -> bool:
        """Look until a pass shows nothing that was not seen before; say whether one did."""
        for _ in range(PASSES):
            # Pages shift while photos change, and may hide one from a pass.
            read = await self._pass(turn)
            if turn.full or not read:
                return not turn.full
        return False

    async def _pass(self, turn: _Turn) -> int:
        """Look at all that the window shows; return how many photos were read."""
        window = {"updatedAfter": iso(turn.after), "updatedBefore": iso(turn.before), "withDeleted": True}
        read = 0
        batch: dict[AssetId, datetime] = {}
        for visibility in (*VISIBILITIES, HIDDEN):
            async for asset in self._library.search({**window, "visibility": visibility}):
                batch[asset.id] = asset.updated_at
                if len(batch) >= BATCH:
                    read += await self._look_at(batch, turn)
                    batch = {}
        return read + await self._look_at(batch, turn)

    async def _look_at(self, batch: Mapping[AssetId, datetime], turn: _Turn) -> int:
        moved = await self._sightings.moved(self._account, batch) if batch else ()
        fresh = [asset for asset in moved if asset not in turn.looked]
        now = fresh[: turn.reads]
        turn.full = turn.full or len(now) < len(fresh)
        for start in range(0, len(now), TOGETHER):
            await self._decide(tuple(now[start : start + TOGETHER]), batch, turn)
        return len(now)

    async def _decide(self, assets: tuple[AssetId, ...], batch: Mapping[AssetId, datetime], turn: _Turn) -> None:
        """Read the photos between two looks at what we know of them; tell and remember what can be decided."""
        before = await self._sightings.known(self._account, assets)
        read = [asset for name in assets if (asset := await self._read(name, batch[name], turn)) is not None]
        after = await self._sightings.known(self._account, assets)
        decided: list[tuple[Asset, Told]] = []
        for asset in read:
            verdict = compare(asset, before[asset.id], after[asset.id])
            if isinstance(verdict, Told):
                decided.append((asset, verdict))
            else:
                log.debug("a changed photo is looked at again", asset=asset.id, why=verdict.why)
                self._wait_for(batch[asset.id], turn)
        if decided:
            turn.told += await self._tell(decided)
            sightings = {asset.id: sighting_of(asset) for asset, _ in decided}
            await self._sightings.save(self._account, sightings, after[decided[0][0].id].at)

    async def _read(self, name: AssetId, updated_at: datetime, turn: _Turn) -> Asset | None:
        turn.reads -= 1
        turn.looked.add(name)
        await asyncio.sleep(self._reads.gap.total_seconds())
        try:
            return await self._library.asset(name)
        except Gone:
            return None  # deleted or locked meanwhile
        except (Unreachable, Blocked):
            raise
        except (Retryable, Permanent) as error:
            log.warning("a changed photo cannot be read", asset=name, error=str(error))
            self._wait_for(updated_at, turn)
            return None

    async def _tell(self, decided: Sequence[tuple[Asset, Told]]) -> int:
        # Appended before it is remembered: a crash in between tells twice, and the log keeps once.
        events = [
            AssetChanged(account=self._account, asset=asset.id, updated_at=iso(asset.updated_at), fields=told.fields)
            for asset, told in decided
            if told.fields
        ]
        return len(await self._sink.append(events, source="poll")) if events else 0

    def _wait_for(self, updated_at: datetime, turn: _Turn) -> None:
        """Keep the cursor before a photo that could not be decided, for an hour at most."""
        if turn.settled - updated_at <= HELD:
            turn.hold(updated_at)

    def _tell_backlog(self, turn: _Turn) -> None:
        if turn.full and not self._behind:
            log.info("many photos changed at once; they are looked at bit by bit", account=self._account)
        self._behind = turn.full

    async def _pause(self, _: int) -> None:
        if self._behind or await self._alarm.rest(self._interval.total_seconds()):
            await asyncio.sleep(self._soon.total_seconds())

    @property
    def _name(self) -> str:
        return f"changes:{self._account}"

    async def _save(self, cursor: Cursor) -> None:
        await self._bookmarks.put(self._name, CURSOR.dump_python(cursor, mode="json"))


def iso(moment: datetime) -> str:
    """Return the moment as Immich writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
