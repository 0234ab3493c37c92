"""A photo whose preview never comes: waited for with patience, put aside, and taken up when it moves again."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import asyncpg

from reactor.core.ids import AssetId
from reactor.core.settlement import RetryPolicy
from reactor.sources.changes import ChangesPoll, ReadPace
from reactor.stages import embed
from reactor.worker.worker import WorkerPolicy

from ..household import ME, a_picture, eventually
from ..immich_client.phone import upload
from ..working import AT_ONCE, a_worker
from .house import House, a_house

IMPATIENT = RetryPolicy(patience=timedelta(milliseconds=300), soon_s=0.02, soon_longest_s=0.05)


def working(house: House) -> AbstractAsyncContextManager[object]:
    """Let a worker embed, with little patience."""
    policy = WorkerPolicy(quiet=AT_ONCE, deadline_s=20.0, retry=IMPATIENT)
    return a_worker(house.pool, house.wake, embed.router, house.services(), house.performer(), policy)


async def states(house: House) -> list[tuple[str, str]]:
    rows = await house.pool.fetch(
        "SELECT e.kind, d.state FROM deliveries d JOIN events e ON e.seq = d.event"
        " WHERE d.handler = 'embed' ORDER BY d.id"
    )
    return [(row["kind"], row["state"]) for row in rows]


async def ends(house: House, *expected: tuple[str, str]) -> None:
    async def reached() -> bool:
        return await states(house) == list(expected)

    await eventually(reached, f"the deliveries end as {expected}")


async def repair(house: House, asset: AssetId, picture: bytes) -> None:
    """Put a good file in the place of the broken one, as an admin does on the disk, and have previews made."""
    world = house.home.immich._running()
    world.file(asset, "original").write_bytes(picture)
    await house.user("POST", "/assets/jobs", {"assetIds": [asset], "name": "regenerate-thumbnail"})


async def test_no_preview_ends_visibly_and_is_taken_up_again(pool: asyncpg.Pool) -> None:
    async with a_house(pool) as house:
        reads = ReadPace(gap=timedelta(0))
        poll = ChangesPoll(ME, house.home.library, house.log, house.bookmarks, house.sightings, reads=reads)
        await poll.once()
        asset = await upload(house.home.immich.url, house.home.key, b"no picture at all", "broken.jpg")
        await house.home.rest()
        await house.heard(asset)
        async with working(house):
            await ends(house, ("AssetUploaded", "shelved"))
            why: str = await pool.fetchval("SELECT error FROM deliveries WHERE state = 'shelved'")
            assert why.startswith("no preview: ")
            assert "waited for 0:00:00.300000" in why
            # Made again from the broken file: nothing comes of it, nothing moves, nobody asks.
            await house.user("POST", "/assets/jobs", {"assetIds": [asset], "name": "regenerate-thumbnail"})
            assert await poll.once() == 1  # its upload itself had not been looked at yet
            await ends(house, ("AssetUploaded", "done"), ("AssetChanged", "shelved"))  # put aside once
            assert await poll.once() == 0
            await repair(house, asset, a_picture(1))
            assert await poll.once() == 1
            await ends(house, ("AssetUploaded", "done"), ("AssetChanged", "done"), ("AssetChanged", "done"))
        assert len(await house.photos.embedded(ME, (asset,), house.looker.model)) == 1
        await house.user("PUT", f"/assets/{asset}", {"isFavorite": True})
        assert await poll.once() == 0


async def test_a_photo_in_the_trash_when_it_was_heard_of_is_embedded_when_it_is_restored(pool: asyncpg.Pool) -> None:
    async with a_house(pool) as house:
        reads = ReadPace(gap=timedelta(0))
        poll = ChangesPoll(ME, house.home.library, house.log, house.bookmarks, house.sightings, reads=reads)
        await poll.once()
        asset = await house.home.photo(1)
        await house.user("DELETE", "/assets", {"ids": [asset]})
        await house.heard(asset)
        async with working(house):
            await ends(house, ("AssetUploaded", "done"))
            assert await house.photos.embedded(ME, (asset,), house.looker.model) == ()
            await poll.once()
            await ends(house, ("AssetUploaded", "done"), ("AssetChanged", "done"))
            await house.user("POST", "/trash/restore/assets", {"ids": [asset]})
            assert await poll.once() == 1
            await ends(house, ("AssetUploaded", "done"), ("AssetChanged", "done"), ("AssetChanged", "done"))
        assert len(await house.photos.embedded(ME, (asset,), house.looker.model)) == 1
