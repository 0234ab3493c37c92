"""The poll for new photos where clocks jump, pages move and thousands come at once."""

import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.ids import AssetId
from reactor.core.library import Asset
from reactor.demo.immich import SimulatedImmich
from reactor.sources.cursor import BATCH
from reactor.sources.poll import UploadPoll
from reactor.sources.pushes import Pushes
from tests.immich_simulator.photos import photo as dated
from tests.sources.conftest import ANNA, until
from tests.sources.fakes import MemoryBookmarks, MemoryLog

HOUR = timedelta(hours=1)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class ClockedLibrary:
    """A library whose server's clock a test sets; ``alive`` knows which of the assets that it gave are still held."""

    present: datetime = NOON
    uploads: list[tuple[AssetId, datetime]] = field(default_factory=list)
    asked: int = 0
    alive: weakref.WeakSet[Asset] = field(default_factory=weakref.WeakSet)
    most_alive: int = 0

    def take(self, photos: int = 1) -> list[AssetId]:
        """Let photos reach the server now."""
        made = [AssetId(f"photo {len(self.uploads) + number}") for number in range(photos)]
        self.uploads += [(asset, self.present) for asset in made]
        return made

    async def server_time(self) -> datetime:
        return self.present.replace(microsecond=0)

    async def uploaded_between(self, after: datetime, before: datetime, visibility: str) -> AsyncIterator[Asset]:
        self.asked += 1
        for asset, created_at in self.uploads:
            if visibility == "timeline" and after <= created_at <= before:
                yield self._asset(asset, created_at)
                self.most_alive = max(self.most_alive, len(self.alive))

    def _asset(self, asset: AssetId, created_at: datetime) -> Asset:
        made = Asset(
            id=asset,
            owner="me",
            kind="IMAGE",
            visibility="timeline",
            trashed=False,
            taken_at=created_at,
            created_at=created_at,
            updated_at=created_at,
        )
        self.alive.add(made)
        return made


@pytest.fixture
def clocked() -> ClockedLibrary:
    return ClockedLibrary()


@pytest.fixture
def poll(clocked: ClockedLibrary, log: MemoryLog, bookmarks: MemoryBookmarks, pushes: Pushes) -> UploadPoll:
    return UploadPoll(ANNA, clocked, log, bookmarks, pushes)


async def pass_time(clocked: ClockedLibrary, poll: UploadPoll, minutes: int) -> None:
    """Let time go by, with a turn every minute."""
    for _ in range(minutes):
        clocked.present += timedelta(minutes=1)
        await poll.once()


async def test_a_clock_set_back_by_an_hour_loses_nothing_and_waits_for_nothing(
    clocked: ClockedLibrary, poll: UploadPoll, log: MemoryLog
) -> None:
    old = clocked.take()
    clocked.present += timedelta(hours=3)
    await poll.once()
    await pass_time(clocked, poll, 90)
    unread = clocked.take(2)  # just before the change, and not read yet
    clocked.present -= HOUR
    after = clocked.take(2)
    await poll.once()
    assert sorted(log.subjects) == sorted(unread + after)
    clocked.present += timedelta(seconds=30)
    later = clocked.take()
    await pass_time(clocked, poll, 1)
    assert sorted(log.subjects) == sorted(unread + after + later)
    asked = clocked.asked
    await pass_time(clocked, poll, 90)  # over the hour that comes twice
    assert clocked.asked == asked + 90 * 2
    assert not set(old) & set(log.subjects)


async def test_a_clock_set_back_past_the_first_start_is_told_and_loses_nothing(
    clocked: ClockedLibrary, poll: UploadPoll, log: MemoryLog
) -> None:
    old = clocked.take()
    clocked.present += timedelta(minutes=30)
    await poll.once()
    with capture_logs() as logs:
        clocked.present -= 2 * HOUR
        new = clocked.take(3)
        await poll.once()
        await pass_time(clocked, poll, 5)
    assert sorted(log.subjects) == sorted(new + old)  # which the new clock cannot tell from what comes
    assert [entry["event"] for entry in logs] == [
        "Immich's clock was set back to before the first start of anna; what comes since is new"
    ]


async def test_a_clock_set_forward_by_an_hour_and_back_loses_nothing(
    clocked: ClockedLibrary, poll: UploadPoll, log: MemoryLog
) -> None:
    await poll.once()
    await pass_time(clocked, poll, 30)
    before = clocked.take()
    clocked.present += HOUR
    during = clocked.take(2)
    await poll.once()
    await pass_time(clocked, poll, 10)
    during += clocked.take(2)
    clocked.present -= HOUR
    after = clocked.take(2)
    await poll.once()
    assert sorted(log.subjects) == sorted(before + during + after)
    await pass_time(clocked, poll, 80)
    assert len(log.subjects) == 7


async def test_ten_thousand_photos_are_never_held_at_once(
    clocked: ClockedLibrary, poll: UploadPoll, log: MemoryLog
) -> None:
    await poll.once()
    clocked.present += timedelta(minutes=1)
    ids = clocked.take(10_000)
    clocked.present += timedelta(minutes=1)
    assert await poll.once() == 10_000
    assert log.subjects == ids
    assert max(len(batch) for batch in log.appended) == BATCH
    assert clocked.most_alive < 10


async def test_what_keeps_coming_ends_no_turn_late(clocked: ClockedLibrary, poll: UploadPoll, log: MemoryLog) -> None:
    """Photos of the newest seconds are told, and the turn does not look again for their sake."""
    await poll.once()
    clocked.present += timedelta(minutes=1)
    clocked.take()
    assert await poll.once() == 1
    clocked.asked = 0
    clocked.take()
    assert await poll.once() == 1
    assert clocked.asked == 2  # one pass over two visibilities


async def test_photos_whose_capture_time_moves_between_pages_all_arrive(
    log: MemoryLog, bookmarks: MemoryBookmarks, pushes: Pushes
) -> None:
    """The extraction sets the capture time, by which pages are ordered, while they are read."""
    async with SimulatedImmich(thumbnail_delay=(1, 1), metadata_delay=(1, 1)) as immich, aiohttp.ClientSession() as web:
        user = immich.add_user("Anna", "anna@home.example")
        library = ImmichLibrary(ImmichTransport(immich.url, SecretStr(user.api_key), ANNA, session=web), page_size=40)
        files = [(f"{n}.jpg", dated(n, size=(32, 24), taken=f"2024:05:01 10:{n // 2:02}:00")) for n in range(100)]
        ids = await immich.import_library(user.id, files)
        order: list[list[AssetId]] = []

        class Moving:
            async def server_time(self) -> datetime:
                return await library.server_time() + timedelta(seconds=5)

            async def uploaded_between(
                self, after: datetime, before: datetime, visibility: str
            ) -> AsyncIterator[Asset]:
                order.append([])
                async for asset in library.uploaded_between(after, before, visibility):
                    order[-1].append(asset.id)
                    yield asset
                    if len(order) == 1 and len(order[0]) == 40:
                        assert not immich.idle
                        await until(lambda: immich.idle)

        now = datetime.now(UTC)
        bookmarks.values["uploads:anna"] = {"since": (now - HOUR).isoformat(), "until": now.isoformat()}
        assert await UploadPoll(ANNA, Moving(), log, bookmarks, pushes).once() == 100
    assert len(set(order[0])) < 100  # the first pass missed some
    assert sorted(log.subjects) == sorted(ids)
