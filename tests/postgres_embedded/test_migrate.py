"""Migrations: once each, one process at a time, and never changed afterwards."""

import asyncio
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from reactor.adapters.postgres.migrate import migrate
from reactor.config import resource
from reactor.core.errors import StartError

from .servers import Holder, open_home

FIRST = """-- Photos
-- depends:

-- migrate: apply
CREATE TABLE photos (id bigint PRIMARY KEY, seen int NOT NULL DEFAULT 0);

CREATE FUNCTION seen_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Counts; it has a semicolon inside.
    NEW.seen := OLD.seen + 1;
    RETURN NEW;
END
$$;

CREATE TRIGGER seen_again BEFORE UPDATE ON photos FOR EACH ROW EXECUTE FUNCTION seen_again();

-- migrate: rollback
DROP TABLE photos;
DROP FUNCTION seen_again();
"""
SECOND = """-- Names of photos
-- depends: 0001_photos

-- migrate: apply
ALTER TABLE photos ADD COLUMN name text;

-- migrate: rollback
ALTER TABLE photos DROP COLUMN name;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run one server for this module."""
    with open_home() as folder:
        holder = Holder(folder)
        yield holder.wait_until_up()
        assert holder.end() == 0
        holder.clear()


@pytest.fixture
async def dsn(server: str) -> str:
    """Make an empty database."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server.replace("/reactor?", f"/{name}?")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_photos.sql").write_text(FIRST)
    return tmp_path


async def test_applies_each_file_once_in_our_schema(dsn: str, folder: Path) -> None:
    assert await migrate(dsn, folder) == 1
    (folder / "0002_names.sql").write_text(SECOND)
    connection = await asyncpg.connect(dsn)
    path_before = await connection.fetchval("SHOW search_path")
    assert await migrate(connection, folder) == 1
    assert await migrate(connection, folder) == 0
    assert await connection.fetchval("SHOW search_path") == path_before
    await connection.execute("INSERT INTO reactor.photos (id, name) VALUES (1, 'a')")
    assert await connection.fetchval("UPDATE reactor.photos SET name = 'b' RETURNING seen") == 1
    await connection.close()


async def test_two_processes_at_once(dsn: str, folder: Path) -> None:
    (folder / "0002_names.sql").write_text(SECOND)
    counts = await asyncio.gather(*(migrate(dsn, folder) for _ in range(4)))
    assert sorted(counts) == [0, 0, 0, 2]


async def test_changed_or_unknown_file_is_named(dsn: str, folder: Path) -> None:
    await migrate(dsn, folder)
    (folder / "0001_photos.sql").write_text(FIRST.replace("bigint", "int"))
    with pytest.raises(StartError, match=r"0001_photos\.sql was changed"):
        await migrate(dsn, folder)
    (folder / "0001_photos.sql").rename(folder / "0001_other.sql")
    with pytest.raises(StartError, match=r"migration 0001_photos, which this release does not know"):
        await migrate(dsn, folder)


async def test_failing_file_changes_nothing_and_may_be_mended(dsn: str, folder: Path) -> None:
    broken = FIRST.replace("CREATE TRIGGER seen_again", "CREATE TRIGGER_ seen_again")
    (folder / "0001_photos.sql").write_text(broken)
    with pytest.raises(StartError, match=r"0001_photos: syntax error at or near"):
        await migrate(dsn, folder)
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT to_regclass('reactor.photos')") is None
    (folder / "0001_photos.sql").write_text(FIRST)
    assert await migrate(connection, folder) == 1
    await connection.close()


async def test_file_without_the_markers_is_named(dsn: str, folder: Path) -> None:
    (folder / "0002_names.sql").write_text("ALTER TABLE photos ADD COLUMN name text;\n")
    with pytest.raises(StartError, match=r"0002_names\.sql: No '-- migrate: apply' found"):
        await migrate(dsn, folder)


async def test_empty_folder_is_no_installation(dsn: str, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no migrations in"):
        await migrate(dsn, tmp_path)


async def test_user_without_rights_gets_a_sentence(dsn: str, folder: Path) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE ROLE guest LOGIN")
    await connection.close()
    with pytest.raises(StartError, match="refused the migrations: permission denied"):
        await migrate(dsn.replace("postgres@", "guest@"), folder)


RELEASED = {
    "0001_event_log": "0d5f25fa567ef8e41a0d11afff3a2fd72b7714957db601edf42b5af3f1ab48bd",
    "0002_journal": "4d91a35569f4b7a05e11cb184c27fb6ac2cdfd500fc2a831cf95dea3fe717c4a",
    "0003_photos": "f976fca9d29c91046efb17a5478f236ad991cab83449fcb732fc559d3ab51ab3",
    "0004_runs": "5c6ea04a861a6c3955ad943e33767a9182b72e9b4ad498a05c6e480aed238c45",
    "0005_safety": "60c2e58d5a5e57af6b33010132d8b16f31b2f47e92d274daf16ca0ecf5f4429a",
}


def test_released_migrations_are_as_they_were_released() -> None:
    """A database that has applied one refuses to start on another text of it; a change needs a new file."""
    folder = resource("migrations")
    assert {name: sha256((folder / f"{name}.sql").read_bytes()).hexdigest() for name in RELEASED} == RELEASED
