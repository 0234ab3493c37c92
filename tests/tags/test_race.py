"""The race that loses tags: the user and the reactor tag one photo within a tenth of a second."""

import random

import asyncpg
import pytest

from reactor.core.ids import AssetId
from reactor.routing import Router

from .rig import CARELESS, KEEPING, OURS, THEIRS, Desk, Race, a_desk


async def without_their_tags(pool: asyncpg.Pool, router: Router, count: int) -> tuple[set[AssetId], int, Race, Desk]:
    """Let so many photos be tagged in the race; return those that end without our tag, and how often it was lost."""
    async with a_desk(pool, router) as desk:
        race = Race(desk=desk, chance=random.Random(1))
        assets = await desk.photos(count)
        desk.on_tagging = race.meet
        async with desk.working():
            await desk.decide(assets)
            await desk.rest(seconds=30 + count)
        found = {asset: await desk.tags(asset) for asset in assets}
        again = await pool.fetchval("SELECT count(*) FROM journal WHERE (change ->> 'again')::int > 0")
        assert {asset for asset in race.first if THEIRS not in found[asset]} == set()
        assert set().union(*found.values()) <= {OURS, THEIRS, f"{THEIRS} again"}
        return {asset for asset, tags in found.items() if OURS not in tags}, again, race, desk


async def expect_none_lost(pool: asyncpg.Pool, count: int) -> None:
    lost, again, race, _ = await without_their_tags(pool, KEEPING, count)
    assert lost == set()
    assert len(race.raced) == count
    # About every third photo had lost its tag at least once: were none lost, the race would prove nothing.
    assert again >= count / 6
    assert await pool.fetchval("SELECT count(*) FROM journal WHERE state NOT IN ('done', 'left')") == 0
    assert await pool.fetchval("SELECT count(*) FROM vetoes") == 0
    print(f"{count} photos, {again} times a tag was set again, {len(lost)} end without their tags")


async def test_no_photo_ends_without_its_tags(pool: asyncpg.Pool) -> None:
    await expect_none_lost(pool, 60)


async def test_without_another_look_the_race_loses_tags(pool: asyncpg.Pool) -> None:
    lost, again, *_ = await without_their_tags(pool, CARELESS, 60)
    assert len(lost) >= 10
    assert again == 0


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_of_a_thousand_photos_none_ends_without_its_tags(pool: asyncpg.Pool) -> None:
    await expect_none_lost(pool, 1000)
