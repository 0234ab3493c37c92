"""One ground for all histories that are played one after the other; each begins by emptying it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from ..conftest import a_database
from .ground import Ground, a_ground


@pytest_asyncio.fixture(scope="session")
async def ground(server: str) -> AsyncIterator[Ground]:
    async with a_database(server) as dsn, a_ground(dsn) as made:
        yield made
