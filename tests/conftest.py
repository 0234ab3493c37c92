"""One real PostgreSQL for the session, and a fresh migrated database for each test that asks."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
import structlog

from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.migrate import migrate
from reactor.adapters.postgres.pool import open_pool
from reactor.config import resource

from .postgres_embedded.servers import open_home
from .stages.house import House, a_house

NUMBERS = itertools.count(1)
LONG = (
    "crash",
    "faults",
    "histories",
    "cli",
    "runs",
    "orders",
    "setup",
    "vetoes",
    "project",
    "server",
    "bench",
    "hostile",
    "labels",
    "tags",
)
"""Folders whose tests take long: begun first, so that no process waits at the end for another's."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in LONG)


@pytest_asyncio.fixture(scope="session")
async def server() -> AsyncIterator[str]:
    """Yield the DSN of a running server whose database ``reactor`` is migrated: the template of all others."""
    with open_home() as home:
        async with embedded_postgres(home / "data", log=structlog.get_logger()) as dsn:
            await migrate(dsn, resource("migrations"))
            yield dsn


@pytest_asyncio.fixture
async def database(server: str) -> AsyncIterator[str]:
    """Yield the DSN of a database of the test's own: a cheap copy of the template."""
    name = f"test_{next(NUMBERS)}"
    admin = await asyncpg.connect(server.replace("/reactor?", "/postgres?"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE reactor")
        yield server.replace("/reactor?", f"/{name}?")
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest_asyncio.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(database) as opened:
        yield opened


@pytest_asyncio.fixture
async def house(pool: asyncpg.Pool) -> AsyncIterator[House]:
    async with a_house(pool) as made:
        yield made


@pytest.fixture(scope="session")
def demo_model() -> Path:
    """Return the folder of the model that the project ships."""
    return resource("models/demo") / "ViT-Tiny-Demo"
