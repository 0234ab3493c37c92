"""How a command reaches the database: beside a running reactor, alone, and where DATABASE_URL says."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from reactor.adapters.postgres.folders import Folders, exclusive
from reactor.config import FixedSettings
from reactor.core.errors import StartError
from reactor.core.runs import ScanRequest
from reactor.wiring.database import open_database
from reactor.wiring.desk import open_desk

from ..postgres_embedded.servers import open_home


def settings_for(folder: Path, url: str | None = None) -> FixedSettings:
    return FixedSettings(data_dir=folder, database_url=SecretStr(url) if url is not None else None)


async def test_beside_a_running_reactor_its_database_is_used_and_without_one_our_own_is_started() -> None:
    with open_home() as home:
        settings = settings_for(home / "data")
        async with open_desk(settings) as first:
            run = await first.runs.start(ScanRequest())
            # The first holds the folder, as a reactor does; both see the same.
            async with open_desk(settings) as second:
                joined = await second.runs.start(ScanRequest())
                assert (joined.id, joined.joined) == (run.id, True)
            assert await first.runs.service_runs() is False
        async with open_desk(settings) as again:
            assert [known.id for known in await again.runs.list()] == [run.id]


async def test_a_reactor_that_is_just_starting_is_waited_for() -> None:
    with open_home() as home:
        settings = settings_for(home / "data")
        async with open_database(settings):
            pass
        with exclusive(Folders.of(settings.data_dir)):
            waiting = asyncio.create_task(_listed(settings))
            await asyncio.sleep(0.5)
            assert not waiting.done()
        async with open_database(settings):
            assert await waiting == 0


async def _listed(settings: FixedSettings) -> int:
    async with open_desk(settings) as desk:
        return len(await desk.runs.list())


async def test_a_database_of_ones_own_is_used_while_a_reactor_holds_the_folder(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, database)
    with exclusive(Folders.of(tmp_path)):
        async with open_desk(settings) as desk:
            run = await desk.runs.start(ScanRequest())
    assert await pool.fetchval("SELECT id FROM runs") == run.id


@pytest.mark.parametrize(
    "url", ["postgresql://me:a-secret-word@127.0.0.1:9/reactor", "postgresql://me:a-secret-word@[half/reactor"]
)
async def test_an_address_that_is_none_is_said_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(StartError, match="check DATABASE_URL") as caught:
        async with open_desk(settings_for(tmp_path, url)):
            raise AssertionError("it was opened")
    assert "a-secret-word" not in str(caught.value)
