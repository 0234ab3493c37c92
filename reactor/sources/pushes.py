"""Keep account of what the pushing sources tell, and of what they should have told."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import TypeAdapter

from reactor.core.ids import AccountId, AssetId
from reactor.core.pushes import Listening, Push, PushSummary, who_should_have_told
from reactor.ports import Bookmarks
from reactor.sources.loop import Backoff, repeat

MOST_REMEMBERED = 10_000
GRACE = timedelta(seconds=60)
SAVED_EVERY_S = 10.0
TICK = timedelta(seconds=2)

SUMMARY = TypeAdapter(PushSummary)
V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A photo that the poll found; ``due_s`` is when a push is no longer expected, on the monotonic clock."""

    created_at: datetime
    found_at: datetime
    due_s: float


class Pushes:
    """Tell for one account which pushing source can be trusted, and how many photos they all missed.

    ``started_at`` is when this process began, ``clock`` runs evenly in seconds whatever the wall clock does.
    """

    def __init__(
        self,
        account: AccountId,
        bookmarks: Bookmarks,
        started_at: datetime,
        *,
        grace: timedelta = GRACE,
        tick: timedelta = TICK,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._bookmarks = bookmarks
        self._started_at = started_at
        self._grace_s = grace.total_seconds()
        self._tick_s = tick.total_seconds()
        self._clock = clock
        self._last: dict[Push, datetime] = {}
        self._trusted: set[Push] = set()
        self._socket_since: datetime | None = None
        self._missed = 0
        self._missed_since: datetime | None = None
        self._pending: dict[AssetId, _Found] = {}
        # A push may come before the poll has told of its photo, and after the photo was counted.
        self._told: dict[AssetId, None] = {}
        self._counted: dict[AssetId, None] = {}
        self._loaded = False
        self._saved = PushSummary()
        self._saved_at_s = -SAVED_EVERY_S

    @property
    def trusted(self) -> bool:
        """Say whether a pushing source works, as far as can be known, so that the poll may go slowly.

        While one still owes a photo that the poll has found, none does.
        """
        return bool(self._trusted) and not self._pending

    def heard(self, source: Push, assets: Iterable[AssetId], now: datetime) -> None:
        """Take note of what a source told, whether or not the log knew it."""
        self._last[source] = now
        self._trusted.add(source)
        for asset in assets:
            if asset in self._counted:
                # It was late (a large import makes its previews for hours), not missed.
                del self._counted[asset]
                self._count(-1, now)
            if self._pending.pop(asset, None) is None:
                _remember(self._told, asset, None)

    def found(self, photos: Mapping[AssetId, datetime], now: datetime) -> None:
        """Take note of what was new to the log when the poll found it; the values are upload times on our own clock."""
        due = self._clock() + self._grace_s
        for asset, created_at in photos.items():
            if asset not in self._told:
                _remember(self._pending, asset, _Found(created_at=created_at, found_at=now, due_s=due))

    def socket_up(self, now: datetime) -> None:
        """Take note that the socket is logged in: from now on it should tell of everything."""
        self._socket_since = now
        self._trusted.add("socket")

    def socket_down(self) -> None:
        """Take note that nobody listens at the socket."""
        self._socket_since = None
        self._trusted.discard("socket")

    def reset(self) -> None:
        """Forget the missed photos, as a person does who has read of them."""
        self._missed, self._missed_since = 0, None
        self._counted.clear()

    def summary(self) -> PushSummary:
        return PushSummary(
            webhook_last_heard=self._last.get("webhook"),
            socket_last_heard=self._last.get("socket"),
            missed=self._missed,
            missed_since=self._missed_since,
        )

    async def run(self) -> None:
        """Count and save until cancelled."""
        await repeat(
            f"the count of missed photos of {self._account}", self.once, self._pause, backoff=Backoff(first_s=2)
        )

    async def once(self) -> int:
        """Count what is due, and save what changed; return how many were counted."""
        if not self._loaded:
            await self._load()
        before = self._missed
        self._judge()
        summary = self.summary()
        rested = self._clock() - self._saved_at_s >= SAVED_EVERY_S
        if summary.missed != self._saved.missed or (rested and summary != self._saved):
            await self._bookmarks.put(self._name, SUMMARY.dump_python(summary, mode="json"))
            self._saved, self._saved_at_s = summary, self._clock()
        return max(0, self._missed - before)

    def _judge(self) -> None:
        listening = Listening(
            started_at=self._started_at, webhook_ever="webhook" in self._last, socket_since=self._socket_since
        )
        now_s = self._clock()
        due = [asset for asset, found in self._pending.items() if found.due_s <= now_s]
        for asset in due:
            found = self._pending.pop(asset)
            if silent := who_should_have_told(found.created_at, listening):
                self._trusted -= silent
                self._count(1, found.found_at)
                _remember(self._counted, asset, None)

    def _count(self, change: int, at: datetime) -> None:
        self._missed += change
        self._missed_since = (self._missed_since or at) if self._missed else None

    async def _load(self) -> None:
        """Add what former runs counted to what this one has heard meanwhile."""
        stored = await self._bookmarks.get(self._name)
        if stored is not None:
            before = SUMMARY.validate_python(stored)
            if before.webhook_last_heard:
                self._last.setdefault("webhook", before.webhook_last_heard)
            if before.socket_last_heard:
                self._last.setdefault("socket", before.socket_last_heard)
            self._missed += before.missed
            self._missed_since = before.missed_since or self._missed_since
            self._saved = before
        self._loaded = True

    async def _pause(self, _: int) -> None:
        await asyncio.sleep(self._tick_s)

    @property
    def _name(self) -> str:
        return f"pushes:{self._account}"


def _remember(shelf: dict[AssetId, V], asset: AssetId, value: V) -> None:
    """Put on a shelf of bounded size; the oldest falls off."""
    if len(shelf) >= MOST_REMEMBERED and asset not in shelf:
        del shelf[next(iter(shelf))]
    shelf[asset] = value
