"""Categories over HTTP, through a whole reactor with the real model: drafted, made, tightened, loosened, removed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from reactor.config import FixedSettings
from reactor.core.ids import AssetId
from reactor.demo.phone import Shot
from reactor.demo.pictures.library import sample_library
from reactor.wiring.reactor import open_reactor

from ..household import START, Household, a_household, eventually

RECEIPTS = {"name": "Receipts", "prompts": ["a paper receipt from a shop"], "action": "tag_and_archive"}
PHOTOS = 40


@pytest.fixture
async def home() -> AsyncIterator[Household]:
    async with a_household() as opened:
        yield opened


@asynccontextmanager
async def an_api(
    home: Household, database: str, folder: Path, demo_model: Path
) -> AsyncIterator[aiohttp.ClientSession]:
    settings = FixedSettings.model_validate(
        {
            "accounts": {"me": {"api_key": home.key, "url": home.immich.url}},
            "mode": "apply",
            "host": "127.0.0.1",
            "port": 0,
            "data_dir": str(folder),
            "database_url": database,
            "stacks": {"enabled": False},
            "poll_seconds": 0.2,
            "realtime": False,
        }
    )
    async with (
        open_reactor(settings, model_folder=demo_model) as reactor,
        aiohttp.ClientSession(f"{reactor.url}/api/") as session,
    ):
        yield session


async def asked(session: aiohttp.ClientSession, path: str, body: object) -> Any:
    async with session.post(path, json=body) as answer:
        said = await answer.json()
        assert answer.status in (200, 202), said
        return said


async def uploaded(home: Household) -> dict[str, set[AssetId]]:
    """Upload a camera roll; return its photos by what they show."""
    kinds: dict[str, set[AssetId]] = {}
    for sample in await asyncio.to_thread(lambda: list(sample_library(seed=11, photos=PHOTOS, start=START))):
        shot = Shot(file_name=sample.file_name, data=sample.jpeg, taken_at=sample.taken_at)
        kinds.setdefault(sample.kind, set()).add(AssetId(await home.phone.upload(shot)))
    return kinds


async def carrying(home: Household) -> set[AssetId]:
    return set(await home.library.tagged("Auto/Receipts"))


async def archived(home: Household) -> set[AssetId]:
    return {asset.id async for asset in home.library.search({"visibility": "archive"})}


async def test_a_category_from_draft_to_removal(
    home: Household, database: str, tmp_path: Path, demo_model: Path
) -> None:
    async with an_api(home, database, tmp_path / "data", demo_model) as session:
        async with session.get("classification") as answer:
            assert await answer.json() == {
                "enabled": True, "managed": "reactor", "categories": [], "calibration": None
            }  # fmt: skip
        told = await asked(session, "categories/add", {"category": RECEIPTS})
        assert [one["name"] for one in told["categories"]] == ["Receipts"]
        kinds = await uploaded(home)
        receipts = kinds["receipt"]
        assert len(receipts) >= 2

        async def found() -> bool:
            return await carrying(home) == receipts == await archived(home)

        async def nothing() -> bool:
            return not await carrying(home) and not await archived(home)

        # The first were stored before the model could be measured, and caught up.
        await eventually(found, "every receipt is tagged and archived, and nothing else", seconds=60)
        async with session.get("classification") as answer:
            calibration = (await answer.json())["calibration"]
        assert calibration["photos"] >= 20
        draft = {"account": "me", "category": RECEIPTS | {"name": "Paper", "strictness": "strict"}}
        preview = await asked(session, "categories/preview", draft)
        assert preview["photos"] == PHOTOS
        assert {seen["asset"] for seen in preview["top"][: len(receipts)]} == receipts
        assert preview["gains"] == preview["fits"] <= len(receipts)
        # Nobody's photo is so much of a receipt.
        await asked(session, "categories/change", {"name": "Receipts", "category": RECEIPTS | {"strictness": 2.0}})
        await eventually(nothing, "what does not reach the threshold is taken back", seconds=60)
        await asked(session, "categories/change", {"name": "Receipts", "category": RECEIPTS})
        await asked(session, "relabel", {"add": True})
        await eventually(found, "it is no veto that it was taken back", seconds=60)
        await asked(session, "categories/remove", {"name": "Receipts"})
        await eventually(nothing, "a removed category leaves nothing behind", seconds=60)
        async with session.get("deadletters") as answer:
            assert (await answer.json())["letters"] == []
