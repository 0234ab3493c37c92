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

    async def replace(self, name: str, before: object | None, value: object) -> bool:
        """Write the value durably where ``before`` (None: nothing) still stands; return whether it did."""
        async with translated():
            if before is None:
                done = await self._pool.execute(
                    "INSERT INTO bookmarks (name, value) VALUES ($1, $2::jsonb) ON CONFLICT DO NOTHING",
                    name,
                    json.dumps(value),
                )
            else:
                done = await self._pool.execute(
                    """
                    UPDATE bookmarks SET value = $3::jsonb, updated_at = clock_timestamp()
                     WHERE name = $1 AND value = $2::jsonb
                    """,
                    name,
                    json.dumps(before),
                    json.dumps(value),
                )
        return not str(done).endswith(" 0")
