"""The demo model, loaded once for these tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from reactor.adapters.clip.embedder import ClipEmbedder, open_embedder


@pytest_asyncio.fixture(scope="session")
async def embedder(demo_model: Path) -> AsyncIterator[ClipEmbedder]:
    async with open_embedder(demo_model) as opened:
        yield opened
