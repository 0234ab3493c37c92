"""Bring a database's tables up to date from the SQL files in ``migrations/``."""

import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from asyncpg import Record
from pogo_core.error import BadMigrationError
from pogo_core.util import migrate as pogo
from pogo_core.util import sql as pogo_sql

from reactor.core.errors import StartError

SCHEMA = "reactor"
SEARCH_PATH = "reactor, public"
LOCK_KEY = 0x7265_6163_746F_72  # "reactor" in ASCII
LOCK_SECONDS = 300.0


async def migrate(database: "str | asyncpg.Connection[Record]", folder: Path) -> int:
    """Apply the migrations that are missing, one process at a time; return how many were applied.

    ``database`` is a DSN or a connection outside a transaction. Everything of ours lives in the schema ``reactor``.
    Errors: StartError for a file that was changed or is gone after it had been applied, or that the database refuses.
    """
    if isinstance(database, str):
        connection = await asyncpg.connect(database)
        try:
            return await migrate(connection, folder)
        finally:
            await connection.close()
    async with _alone(database):
        try:
            return await _apply(database, folder)
        except BadMigrationError as error:
            raise StartError(f"{error}: {error.__cause__ or 'see the file'}") from error
        except asyncpg.PostgresError as error:
            raise StartError(f"The database refused the migrations: {error}") from error


@asynccontextmanager
async def _alone(connection: "asyncpg.Connection[Record]") -> AsyncIterator[None]:
    """Hold the lock of migrations, with our search path, for one session (pogo-migrate takes no lock itself)."""
    before = await connection.fetchval("SELECT current_setting('search_path')")
    try:
        await connection.execute(f"SELECT pg_advisory_lock({LOCK_KEY})", timeout=LOCK_SECONDS)
    except TimeoutError as error:
        raise StartError(f"Another process has been migrating the database for {LOCK_SECONDS:.0f} s.") from error
    try:
        await connection.fetchval("SELECT set_config('search_path', $1, false)", SEARCH_PATH)
        yield
    finally:
        await connection.execute(f"SELECT pg_advisory_unlock({LOCK_KEY})")
        await connection.fetchval("SELECT set_config('search_path', $1, false)", before)


async def _apply(connection: "asyncpg.Connection[Record]", folder: Path) -> int:
    # pogo-migrate's hash is of the file's name, not of its content (facts/libraries.md section 9), so we keep our own.
    await connection.execute(
        "CREATE SCHEMA IF NOT EXISTS reactor; "
        "CREATE TABLE IF NOT EXISTS reactor.migration_files (id text PRIMARY KEY, sha256 text NOT NULL)"
    )
    await pogo_sql.ensure_pogo_sync(connection)
    applied: set[str] = await pogo_sql.get_applied_migrations(connection, schema_name=SCHEMA)
    found = _digests(folder)
    await _require_unchanged(connection, found=found, applied=applied)
    missing = {name: digest for name, digest in found.items() if name not in applied}
    # Before they are applied, so that no crash leaves an applied file without its digest.
    await connection.executemany(
        "INSERT INTO reactor.migration_files (id, sha256) VALUES ($1, $2) "
        "ON CONFLICT (id) DO UPDATE SET sha256 = excluded.sha256",
        list(missing.items()),
    )
    if missing:
        await pogo.apply(connection, folder, schema_name=SCHEMA, logger=logging.Logger("migrations", logging.ERROR))
    return len(missing)


def _digests(folder: Path) -> dict[str, str]:
    found = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.sql"))}
    if not found:
        raise StartError(f"There are no migrations in {folder}: the installation is incomplete.")
    return found


async def _require_unchanged(
    connection: "asyncpg.Connection[Record]", *, found: dict[str, str], applied: set[str]
) -> None:
    rows = await connection.fetch("SELECT id, sha256 FROM reactor.migration_files")
    stored = {row["id"]: row["sha256"] for row in rows}
    for name in sorted(applied):
        if name not in found:
            raise StartError(
                f"The database has the migration {name}, which this release does not know: it was made by a newer one. "
                "Start that release again, or restore a backup of the database."
            )
        if stored.get(name) != found[name]:
            raise StartError(
                f"The migration {name}.sql was changed after it had been applied. Restore the file as it was released; "
                "a change of the tables needs a new migration."
            )
