"""The demo model, loaded once for these tests, and scans over a household."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest
import pytest_asyncio

from reactor.adapters.clip.embedder import ClipEmbedder, open_embedder

from ..household import Household, a_household
from .bench import Bench
from .scan_rig import Scans


@pytest_asyncio.fixture(scope="session")
async def embedder(demo_model: Path) -> AsyncIterator[ClipEmbedder]:
    async with open_embedder(demo_model) as opened:
        yield opened


@pytest.fixture
async def home() -> AsyncIterator[Household]:
    async with a_household() as opened:
        yield opened


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as opened:
        yield opened


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


@pytest.fixture
def scans(bench: Bench, home: Household, session: aiohttp.ClientSession) -> Scans:
    return Scans(bench, home, session)
