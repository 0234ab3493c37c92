"""One real PostgreSQL for the session, and a fresh migrated database for each test that asks."""

import gc
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import structlog

from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.migrate import migrate
from reactor.adapters.postgres.pool import open_pool
from reactor.config import resource

from .postgres_embedded.servers import MEMORY, open_home, quick_place
from .stages.house import House, a_house

NUMBERS = itertools.count(1)
LONG = (
    "crash",
    "histories",
    "faults",
    "project",
    "cli",
    "runs",
    "orders",
    "setup",
    "vetoes",
    "server",
    "bench",
    "hostile",
    "labels",
    "tags",
)
"""Folders whose tests take long, the longest first: so no process waits at the end for another's."""
ASKING = "_introspect_types"
FIRST_OF_OTHERS = 10_000
"""Types with smaller numbers are PostgreSQL's own, the same in every database."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    places = {folder: place for place, folder in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.relative_to(tests).parts[0], len(LONG)))


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over all that was imported and collected: it stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def types_asked_for_once() -> Iterator[None]:
    """Let asyncpg ask once what PostgreSQL's own types are made of, and not on each of thousands of new connections.

    The answer is the same on all of them, and asking for it was a tenth of the processor time of these tests.
    """
    known: dict[frozenset[int], Any] = {}
    ask = getattr(asyncpg.Connection, ASKING)

    async def once(connection: asyncpg.Connection, types: set[int], timeout: float | None) -> Any:
        key = frozenset(types)
        if max(key) >= FIRST_OF_OTHERS:
            return await ask(connection, types, timeout)
        if key not in known:
            known[key] = await ask(connection, types, timeout)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg.Connection, ASKING, once)
        yield


@pytest_asyncio.fixture(scope="session")
async def server() -> AsyncIterator[str]:
    """Yield the DSN of a running server whose database ``reactor`` is migrated: the template of all others."""
    with open_home() as home:
        async with embedded_postgres(home / "data", log=structlog.get_logger()) as dsn:
            await migrate(dsn, resource("migrations"))
            yield dsn


@asynccontextmanager
async def a_database(server: str) -> AsyncIterator[str]:
    """Yield the DSN of a new database, a cheap copy of the template."""
    name = f"test_{next(NUMBERS)}"
    # In memory the files of the template are copied in a third of the time that it takes to write them to the log.
    strategy = "file_copy" if quick_place() == MEMORY else "wal_log"
    admin = await asyncpg.connect(server.replace("/reactor?", "/postgres?"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE reactor STRATEGY {strategy}")
        yield server.replace("/reactor?", f"/{name}?")
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest_asyncio.fixture
async def database(server: str) -> AsyncIterator[str]:
    """Yield the DSN of a database of the test's own."""
    async with a_database(server) as dsn:
        yield dsn


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
