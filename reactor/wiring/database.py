"""The database: the one that DATABASE_URL names, or our own."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import structlog

from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.folders import Folders, exclusive, make_root
from reactor.adapters.postgres.migrate import migrate
from reactor.config import Settings, resource
from reactor.core.errors import StartError

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[str]:
    """Yield the DSN of a migrated database; the data directory is held for this process alone meanwhile."""
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            folders = Folders.of(settings.data_dir)
            try:
                make_root(folders.root)
            except OSError as error:
                raise StartError(f"the data directory {settings.data_dir} cannot be made: {error}") from error
            stack.enter_context(exclusive(folders))
            dsn = settings.database_url.get_secret_value()
        else:
            dsn = await stack.enter_async_context(embedded_postgres(settings.data_dir, log=log))
        await bring_up_to_date(dsn)
        yield dsn


async def bring_up_to_date(dsn: str) -> None:
    """Apply the migrations that lack; raises StartError without the password."""
    try:
        applied = await migrate(dsn, resource("migrations"))
    except asyncpg.PostgresError as error:
        # The server's own words: they name the user and the database, never the password.
        raise StartError(f"the database refuses ({error.args[0]}); check DATABASE_URL") from None
    except (OSError, ValueError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        # Words about an address that cannot be read may hold a part of it.
        raise StartError(f"the database cannot be reached ({type(error).__name__}); check DATABASE_URL") from None
    if applied:
        log.info("the database was brought up to date", migrations=applied)


def worker_name(data_dir: Path) -> str:
    """Return a name that stays with the data directory, so that a restart knows what its former self held."""
    file = data_dir / "worker-id"
    with contextlib.suppress(FileNotFoundError):
        if name := file.read_text("ascii").strip():
            return name
    name = f"worker-{uuid.uuid4()}"
    file.write_text(name, "ascii")
    return name
