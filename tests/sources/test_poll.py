"""The poll for new photos, against a simulated Immich."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from reactor.core.errors import Retryable
from reactor.core.library import Asset
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.sources.cursor import CURSOR
from reactor.sources.poll import Pace, UploadPoll
from reactor.sources.pushes import Pushes
from tests.immich_client.phone import ask, jpeg, upload
from tests.sources.conftest import ANNA, Ahead, until
from tests.sources.fakes import MemoryBookmarks, MemoryLog

MINUTE = timedelta(minutes=1)
SOON = timedelta(milliseconds=20)
QUICK = Pace(busy=SOON, idle=SOON, blocked=SOON)


@pytest.fixture
def poll(library: Ahead, log: MemoryLog, bookmarks: MemoryBookmarks, pushes: Pushes) -> UploadPoll:
    return UploadPoll(ANNA, library, log, bookmarks, pushes, interval=QUICK)


@pytest.fixture
def started(library: Ahead, bookmarks: MemoryBookmarks, immich: SimulatedImmich) -> None:
    """Let the first start lie an hour back, and the clock be past the newest photo."""
    now = datetime.now().astimezone()
    library.by = timedelta(seconds=5)
    bookmarks.values["uploads:anna"] = {"since": (now - 60 * MINUTE).isoformat(), "until": now.isoformat()}


async def test_the_first_start_begins_now_and_touches_nothing_old(
    immich: SimulatedImmich, user: User, library: Ahead, poll: UploadPoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    old = await upload(immich.url, user.api_key, jpeg(1))
    library.by = timedelta(seconds=1)  # the Date header is cut to seconds
    assert await poll.once() == 0
    begin = CURSOR.validate_python(bookmarks.values["uploads:anna"])
    assert begin.since == begin.until

    library.by = timedelta(seconds=5)
    async with asyncio.timeout(10):
        while datetime.now().astimezone() <= begin.since:
            await asyncio.sleep(0.05)
    new = await upload(immich.url, user.api_key, jpeg(2))
    assert await poll.once() == 1
    assert log.subjects == [new]
    assert old not in log.subjects


@pytest.mark.usefixtures("started")
async def test_a_batch_with_equal_times_arrives_whole_and_once(
    immich: SimulatedImmich, user: User, poll: UploadPoll, log: MemoryLog
) -> None:
    ids = await immich.import_library(user.id, [(f"{n}.jpg", b"no picture %d" % n) for n in range(300)])
    assert await poll.once() == 300
    assert sorted(log.subjects) == sorted(ids)
    assert await poll.once() == 0


@pytest.mark.usefixtures("started")
async def test_archived_photos_count_and_hidden_locked_or_foreign_ones_do_not(
    immich: SimulatedImmich, user: User, poll: UploadPoll, log: MemoryLog
) -> None:
    ben = immich.add_user("Ben", "ben@home.example")
    immich.share_timeline(ben.id, user.id)
    await upload(immich.url, ben.api_key, jpeg(3))
    await upload(immich.url, user.api_key, jpeg(4), "part.mp4", visibility="hidden")
    await upload(immich.url, user.api_key, jpeg(20), visibility="locked")
    film = await upload(immich.url, user.api_key, jpeg(5), "live.mov")
    still = await upload(immich.url, user.api_key, jpeg(6), livePhotoVideoId=film)
    archived = await upload(immich.url, user.api_key, jpeg(7), visibility="archive")
    assert await poll.once() == 2
    assert sorted(log.subjects) == sorted([still, archived])


@pytest.mark.usefixtures("started")
async def test_the_cursor_stays_where_appending_or_reading_failed(
    immich: SimulatedImmich, user: User, poll: UploadPoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    before = bookmarks.values["uploads:anna"]
    photo = await upload(immich.url, user.api_key, jpeg(8))
    log.fail_next = Retryable("the database is away")
    with pytest.raises(Retryable):
        await poll.once()
    immich.fail("POST", "/api/search/metadata", status=500, times=3)
    with pytest.raises(Retryable):
        await poll.once()
    assert bookmarks.values["uploads:anna"] == before
    assert await poll.once() == 1
    assert bookmarks.values["uploads:anna"] != before
    assert log.subjects == [photo]


async def test_a_late_commit_is_found_in_the_overlap_and_a_clock_set_back_hides_nothing(
    immich: SimulatedImmich, user: User, library: Ahead, poll: UploadPoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    photo = await upload(immich.url, user.api_key, jpeg(9))
    now = datetime.now().astimezone()
    library.by = 5 * MINUTE
    past = {"since": (now - 60 * MINUTE).isoformat(), "until": (now + 4 * MINUTE).isoformat()}
    bookmarks.values["uploads:anna"] = past
    assert await poll.once() == 1  # older than the cursor, within the overlap

    second = await upload(immich.url, user.api_key, jpeg(10))
    library.by = timedelta(seconds=5)
    bookmarks.values["uploads:anna"] = past | {"until": (now + 90 * MINUTE).isoformat()}
    assert await poll.once() == 1  # the cursor is ahead of the clock
    assert log.subjects == [photo, second]


async def test_a_photo_that_slipped_through_between_pages_is_found_by_looking_again(
    library: Ahead,
    log: MemoryLog,
    bookmarks: MemoryBookmarks,
    immich: SimulatedImmich,
    user: User,
    pushes: Pushes,
) -> None:
    ids = await immich.import_library(user.id, [(f"{n}.jpg", b"no picture %d" % n) for n in range(100)])
    now = datetime.now().astimezone()
    library.by = timedelta(seconds=5)
    bookmarks.values["uploads:anna"] = {"since": (now - MINUTE).isoformat(), "until": now.isoformat()}

    class Shifting:
        """Trash the newest photo after the first page was read: the later pages move up by one."""

        moved = False

        async def server_time(self) -> datetime:
            return await library.server_time()

        async def uploaded_between(self, after: datetime, before: datetime, visibility: str) -> AsyncIterator[Asset]:
            seen = 0
            async for asset in library.uploaded_between(after, before, visibility):
                yield asset
                seen += 1
                if seen == 40 and not self.moved:
                    self.moved = True
                    await ask(immich.url, user.api_key, "DELETE", "/assets", {"ids": [asset.id]})

    poll = UploadPoll(ANNA, Shifting(), log, bookmarks, pushes)
    assert await poll.once() == 100
    assert sorted(log.subjects) == sorted(ids)
    assert [len(batch) for batch in log.appended] == [99, 99, 99]  # the last one saw nothing new


@pytest.mark.usefixtures("started")
async def test_the_loop_survives_errors_and_goes_on_when_the_key_is_granted_again(
    immich: SimulatedImmich, user: User, poll: UploadPoll, log: MemoryLog
) -> None:
    search = "/api/search/metadata"
    with capture_logs() as logs:
        # /server/ping needs no key, so a refusal shows at the search.
        immich.fail("POST", search, status=401, message="Invalid API key", times=3)
        immich.fail("POST", search, status=403, message="Missing required permission: asset.read", times=2)
        immich.fail("POST", search, status=500, times=4)
        running = asyncio.create_task(poll.run())
        photo = await upload(immich.url, user.api_key, jpeg(11))
        await until(lambda: photo in log.subjects)
        await until(lambda: any("works again" in entry["event"] for entry in logs))
        immich.fail("POST", search, status=401, message="Invalid API key", times=1)
        await until(lambda: sum("works again" in entry["event"] for entry in logs) == 2)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [(entry["log_level"], entry["event"].split(" (")[0].split(", ")[0]) for entry in logs] == [
        ("error", "the poll for new photos of anna waits: Immich refuses the API key"),
        ("error", "the poll for new photos of anna waits: the API key lacks the permission asset.read"),
        ("warning", "the poll for new photos of anna: POST /search/metadata: Immich answered 500"),
        ("info", "the poll for new photos of anna works again"),
        ("error", "the poll for new photos of anna waits: Immich refuses the API key"),
        ("info", "the poll for new photos of anna works again"),
    ]
    assert user.api_key not in str(logs)


@pytest.mark.usefixtures("started")
async def test_while_the_key_is_refused_it_asks_slowly(
    immich: SimulatedImmich,
    user: User,
    library: Ahead,
    log: MemoryLog,
    bookmarks: MemoryBookmarks,
    pushes: Pushes,
) -> None:
    assert Pace().blocked == 5 * MINUTE
    immich.remove_key(user.api_key)
    pace = Pace(busy=SOON, idle=SOON, blocked=timedelta(hours=1))
    poll = UploadPoll(ANNA, library, log, bookmarks, pushes, interval=pace)
    with capture_logs() as logs:
        running = asyncio.create_task(poll.run())
        await until(lambda: bool(logs))
        asked = len(immich.requests)
        await asyncio.wait([running], timeout=10 * SOON.total_seconds())
        assert not running.done()
        assert (len(immich.requests), len(logs)) == (asked, 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
