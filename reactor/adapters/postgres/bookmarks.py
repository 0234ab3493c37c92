"""Small things that must outlive a restart: where a source stands, what a model was measured at."""

import json

import asyncpg

from reactor.adapters.postgres.pool import translated


class PostgresBookmarks:
    """Remember a JSON value under a name."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def get(self, name: str) -> object | None:
        """Return the value, or None where nothing was put."""
        async with translated():
            value = await self._pool.fetchval("SELECT value FROM bookmarks WHERE name = $1", name)
        return None if value is None else json.loads(value)

    async def put(self, name: str, value: object) -> None:
        """Write the value durably."""
        async with translated():
            await self._pool.execute(
                """
                INSERT INTO bookmarks (name, value) VALUES ($1, $2::jsonb)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp()
                """,
                name,
                json.dumps(value),
            )
