"""Our own tags, archives and stacks move updatedAt: none of them is told as the user's, and theirs are."""

import asyncio
from collections.abc import Mapping, Sequence

import aiohttp
import pytest

from reactor.demo.phone import Shot

from ..crash.roll import camera_roll
from ..crash.stage import Stage, a_stage
from ..free_ports import a_free_port
from ..household import eventually

KIND = "AssetChanged"


async def changed(stage: Stage) -> dict[str, set[str]]:
    """Return what the log tells of changes, by photo."""
    connection = await stage.database()
    try:
        rows = await connection.fetch(
            "SELECT subject, payload ->> 'fields' AS fields FROM events WHERE kind = $1", KIND
        )
    finally:
        await connection.close()
    told: dict[str, set[str]] = {}
    for row in rows:
        told.setdefault(row["subject"], set()).update(row["fields"].strip("[]").replace('"', "").split(", "))
    return told


async def by_hand(stage: Stage, assets: list[str]) -> Mapping[str, set[str]]:
    """Tag, archive and trash photos as the user does; return what is to be told of each."""
    headers = {"x-api-key": stage.key}
    async with aiohttp.ClientSession(f"{stage.immich.url}/api/", headers=headers, raise_for_status=True) as session:
        async with session.put("tags", json={"tags": ["Holiday"]}) as answer:
            (tag,) = await answer.json()
        await session.put("tags/assets", json={"tagIds": [tag["id"]], "assetIds": assets[:2]})
        await session.put("assets", json={"ids": assets[2:4], "visibility": "archive"})
        await session.delete("assets", json={"ids": assets[4:6]})
    fields = ["tags", "tags", "archived", "archived", "trashed", "trashed"]
    return {asset: {field} for asset, field in zip(assets, fields, strict=True)}


@pytest.mark.timeout(240)
async def test_of_forty_photos_only_what_the_user_does_is_told_as_changed() -> None:
    batches = await asyncio.to_thread(camera_roll, 8)
    async with a_stage(a_free_port()) as stage:
        stage.more = {"changes_seconds": 1.0}
        async with stage.reactor() as child:
            assert await child.up()
            for batch in batches[:6]:
                await stage.upload(batch)
            await stage.settle()
            # Alone in the middle of its batch: the archived papers and the portraits, which stand in no stack.
            theirs = [asset for asset, name in stage.names.items() if name in {batch[4].file_name for batch in batches}]
            upload = asyncio.create_task(upload_all(stage, batches[6:]))
            expected = await by_hand(stage, theirs[:6])
            await upload
            await stage.settle()

            async def told() -> bool:
                return {*await changed(stage)} >= {*expected}

            await eventually(told, "what the user did is told", seconds=60)
            await stage.settle()
            assert await changed(stage) == expected
            assert {"tag.link", "asset.update", "stack.create"} <= {
                write.kind for write in stage.immich.effective_writes
            }


async def upload_all(stage: Stage, batches: Sequence[Sequence[Shot]]) -> None:
    for batch in batches:
        await stage.upload(batch)
