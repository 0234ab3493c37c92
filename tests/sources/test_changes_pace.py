"""How the poll for changes asks: only for what it knows, at a bounded pace, over crashes and clocks set back."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from reactor.adapters.postgres.sightings import PostgresSightings
from reactor.core.errors import Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.core.sightings import Sighting
from reactor.sources.changes import ReadPace

from ..stages.house import House
from .changes_rig import Poll, favour, restore, trash
from .conftest import until


async def test_only_known_photos_that_moved_are_read(house: House, changes: Poll) -> None:
    unknown = await house.home.photo(1)
    waiting = await house.home.photo(2)
    await house.heard(waiting)
    known = await house.photo(3)
    ben = house.home.immich.add_user("Ben", "ben@example.com")
    house.home.immich.share_timeline(ben.id, (await house.user("GET", "/users/me", None))["id"])
    await changes.turn()
    before = changes.reads()
    for asset in (unknown, waiting):
        await trash(house, asset)
    await favour(house, known)
    assert await changes.turn() == []
    assert await changes.turn() == []
    assert changes.reads() == before + 1


async def test_the_first_start_begins_now(house: House) -> None:
    asset, later = await house.photo(1), await house.photo(2)
    await trash(house, asset)
    poll = Poll(house)
    poll.library.by = timedelta(seconds=3)  # the Date header is cut to seconds
    assert await poll.turn() == []
    begin = await poll.cursor()
    await until(lambda: datetime.now(UTC) > begin)
    await trash(house, later)
    poll.library.by = timedelta(seconds=6)
    assert await poll.turn() == [(later, "trashed")]


async def test_a_clock_that_was_set_back_hides_nothing(house: House) -> None:
    asset = await house.photo(1)
    poll = Poll(house)
    poll.library.by = timedelta(hours=5)
    await poll.turn()
    poll.library.by = timedelta(0)
    await trash(house, asset)
    assert await poll.turn() == [(asset, "trashed")]
    # A sighting of the future must not hide what follows it.
    await house.pool.execute("UPDATE sightings SET updated_at = updated_at + interval '5 hours'")
    await restore(house, asset)
    assert await poll.turn() == [(asset, "restored")]


async def test_a_flood_is_followed_bit_by_bit_and_loses_nothing(house: House) -> None:
    assets = [await house.photo(seed) for seed in range(24)]
    poll = Poll(house, page_size=7, reads=ReadPace(gap=timedelta(0), a_turn=10))
    await poll.turn()
    begin, read = await poll.cursor(), poll.reads()
    await favour(house, *assets)
    await house.user("PUT", "/assets", {"ids": assets[::5], "visibility": "archive"})
    told: list[tuple[str, str]] = []
    poll.library.by = timedelta(minutes=1)
    for turn in (1, 2):
        told += await poll.turn()
        assert (await poll.cursor(), poll.reads()) == (begin, read + 10 * turn)
    told += await poll.turn()
    assert sorted(told) == sorted((asset, "archived") for asset in assets[::5])
    assert (await poll.cursor() > begin, poll.reads()) == (True, read + 24)


async def test_photos_are_read_at_a_bounded_pace(house: House) -> None:
    assets = [await house.photo(seed) for seed in range(6)]
    poll = Poll(house, reads=ReadPace(gap=timedelta(seconds=0.1)))
    await poll.turn()
    await favour(house, *assets)
    start = time.monotonic()
    assert await poll.turn() == []
    assert time.monotonic() - start >= 0.6
    assert ReadPace().gap >= timedelta(seconds=0.2)


async def test_what_was_told_before_a_crash_is_told_once(house: House, pool: asyncpg.Pool) -> None:
    class Forgetful(PostgresSightings):
        async def save(self, account: AccountId, sightings: Mapping[AssetId, Sighting], at: datetime) -> None:
            raise Unreachable("the database is away")

    asset = await house.photo(1)
    await Poll(house).turn()
    await trash(house, asset)
    crashing = Poll(house, sightings=Forgetful(pool))
    begin = await crashing.cursor()
    with pytest.raises(Unreachable):
        await crashing.poll.once()
    poll = Poll(house)
    assert await poll.cursor() == begin
    assert await poll.turn() == []
    assert await poll.all_told() == [(asset, "trashed")]


async def test_an_outage_holds_the_cursor_and_one_bad_photo_holds_nobody_up(house: House, changes: Poll) -> None:
    one, two = await house.photo(1), await house.photo(2)
    for asset in (one, two):
        await trash(house, asset)
    begin = await changes.cursor()
    house.home.immich.fail("GET", f"/api/assets/{one}", status=503, times=9)
    with pytest.raises(Unreachable):
        await changes.poll.once()
    assert await changes.cursor() == begin
    house.home.immich.heal()
    house.home.immich.fail("GET", f"/api/assets/{one}", status=500, times=3)
    # Whichever came first in the turn that broke off, both are told in the end, once.
    await changes.turn()
    assert (two, "trashed") in await changes.all_told()
    await changes.turn()
    assert sorted(await changes.all_told()) == sorted([(one, "trashed"), (two, "trashed")])


@pytest.mark.parametrize("ended", ["shelved", "done"])
async def test_a_photo_that_embedding_gave_up_is_told_of_when_it_moves(house: House, changes: Poll, ended: str) -> None:
    asset = await house.home.photo(1)
    await house.heard(asset)
    await house.end(asset, ended)
    await favour(house, asset)
    assert await changes.turn() == [(asset, "touched")]
    assert await changes.turn() == []
    # Its new delivery waits: whatever moves meanwhile, embedding looks by itself.
    await favour(house, asset, favourite=False)
    assert await changes.turn() == []


async def test_it_runs_slowly_and_can_be_woken(house: House) -> None:
    asset = await house.photo(1)
    poll = Poll(house, interval=timedelta(hours=1), soon=timedelta(milliseconds=20))
    await poll.turn()
    running = asyncio.create_task(poll.poll.run())

    def turns() -> int:
        return sum(path == "/api/server/ping" for _, path, _ in house.home.immich.requests)

    await until(lambda: turns() >= 2)
    await trash(house, asset)
    before = turns()
    poll.poll.wake()
    await until(lambda: turns() > before)
    async with asyncio.timeout(10):
        while not await poll.all_told():
            await asyncio.sleep(0.01)
    assert turns() == before + 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
