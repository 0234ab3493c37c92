"""What a database that cannot be used looks like to the user."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from reactor.config import FixedSettings
from reactor.core.errors import StartError
from reactor.wiring.database import open_database

PASSWORD = "a-password-that-must-never-be-seen"


@asynccontextmanager
async def guarded(server: str) -> AsyncIterator[None]:
    """Let the role ``guarded`` in by password alone, for a while."""
    admin = await asyncpg.connect(server)
    rules = Path(await admin.fetchval("SHOW hba_file"))
    before = rules.read_text("utf-8")
    try:
        await admin.execute("CREATE ROLE guarded LOGIN PASSWORD 'another-one'")
        rules.write_text(f"local all guarded scram-sha-256\n{before}", "utf-8")
        await admin.execute("SELECT pg_reload_conf()")
        yield
    finally:
        rules.write_text(before, "utf-8")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.execute("DROP ROLE guarded")
        await admin.close()


async def refused(address: str, data_dir: Path) -> str:
    """Return the sentence with which a start on this database ends."""
    settings = FixedSettings(database_url=SecretStr(address), data_dir=data_dir)
    with pytest.raises(StartError) as caught:
        async with open_database(settings):
            pass
    return str(caught.value)


async def test_a_refusal_gets_a_sentence_without_the_password(server: str, tmp_path: Path) -> None:
    address = server.replace("postgres@", f"guarded:{PASSWORD}@")
    async with guarded(server):
        said = await refused(address, tmp_path)
    assert said == 'the database refuses (password authentication failed for user "guarded"); check DATABASE_URL'
    nobody = await refused(server.replace("postgres@", f"nobody-here:{PASSWORD}@"), tmp_path)
    assert 'role "nobody-here" does not exist' in nobody
    nowhere = await refused(server.replace("postgres@/reactor", f"postgres:{PASSWORD}@/nowhere"), tmp_path)
    assert 'database "nowhere" does not exist' in nowhere
    assert PASSWORD not in said + nobody + nowhere


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://user:{PASSWORD}@127.0.0.1:1/db",
        f"postgresql://user:{PASSWORD}@host:port/db",
        f"postgresql://user:{PASSWORD}@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=/nowhere",
        f"mysql://user:{PASSWORD}@host/db",
    ],
)
async def test_an_address_that_leads_nowhere_gets_a_sentence(address: str, tmp_path: Path) -> None:
    said = await refused(address, tmp_path)
    assert "cannot be reached" in said
    assert PASSWORD not in said


async def test_a_server_that_is_not_what_was_asked_for_gets_a_sentence(server: str, tmp_path: Path) -> None:
    said = await refused(server.replace("target_session_attrs=any", "target_session_attrs=standby"), tmp_path)
    assert "cannot be reached (TargetServerAttributeNotMatched)" in said


@pytest.mark.parametrize(("name", "value"), [("PGTARGETSESSIONATTRS", "standby"), ("PGSSLMODE", "verify-full")])
async def test_our_own_database_hears_nothing_of_the_environment(
    server: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    connection = await asyncpg.connect(server)
    try:
        assert await connection.fetchval("SELECT 1") == 1
    finally:
        await connection.close()
