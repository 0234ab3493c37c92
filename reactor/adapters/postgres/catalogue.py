"""Categories that are kept here, and what models were measured at."""

from collections.abc import Callable, Sequence

import asyncpg
from pydantic import TypeAdapter

from reactor.adapters.postgres.pool import translated
from reactor.core.calibration import Calibration
from reactor.core.categories import Category

_CATEGORY = TypeAdapter(Category)

# Two editors at once wait for each other, so that names stay unique.
_EDIT_LOCK = 0x4C6162656C73


class PostgresCatalogue:
    """Keep categories in their order, and every measurement of a model."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def categories(self) -> tuple[Category, ...]:
        """Return the categories in the order in which they were made."""
        async with translated():
            rows = await self._pool.fetch("SELECT definition FROM categories ORDER BY id")
        return tuple(_CATEGORY.validate_json(row["definition"]) for row in rows)

    async def edit(self, change: Callable[[Sequence[Category]], Sequence[Category]]) -> tuple[Category, ...]:
        """Replace all categories by what ``change`` makes of them; what it raises leaves them as they are.

        One that keeps its place keeps its row.
        """
        async with translated(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _EDIT_LOCK)
            rows = await connection.fetch("SELECT id, definition FROM categories ORDER BY id")
            before = [_CATEGORY.validate_json(row["definition"]) for row in rows]
            after = list(change(before))
            for row, old, new in zip(rows, before, after, strict=False):
                if old != new:
                    await connection.execute(
                        "UPDATE categories SET definition = $2::jsonb, changed_at = clock_timestamp() WHERE id = $1",
                        row["id"],
                        _spelled(new),
                    )
            for new in after[len(rows) :]:
                await connection.execute("INSERT INTO categories (definition) VALUES ($1::jsonb)", _spelled(new))
            gone = [row["id"] for row in rows[len(after) :]]
            await connection.execute("DELETE FROM categories WHERE id = ANY($1)", gone)
        return tuple(after)

    async def calibration(self, model: str) -> Calibration | None:
        """Return the measurement of a model that holds, None where it was never measured."""
        async with translated():
            row = await self._pool.fetchrow(
                "SELECT * FROM calibrations WHERE model = $1 ORDER BY version DESC LIMIT 1", model
            )
        return _calibration(row) if row is not None else None

    async def calibrations(self) -> tuple[Calibration, ...]:
        """Return every measurement, newest first."""
        async with translated():
            rows = await self._pool.fetch("SELECT * FROM calibrations ORDER BY made_at DESC, version DESC")
        return tuple(_calibration(row) for row in rows)

    async def keep(self, measured: Calibration) -> Calibration:
        """Write a measurement down as the one that holds, unless its version was taken meanwhile; return what holds."""
        async with translated():
            await self._pool.execute(
                """
                INSERT INTO calibrations (model, version, bank, lo, hi, photos) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT DO NOTHING
                """,
                measured.model,
                measured.version,
                measured.bank,
                measured.lo,
                measured.hi,
                measured.photos,
            )
        return await self.calibration(measured.model) or measured


def _spelled(category: Category) -> str:
    return _CATEGORY.dump_json(category).decode()


def _calibration(row: asyncpg.Record) -> Calibration:
    return Calibration(
        model=row["model"],
        bank=row["bank"],
        lo=row["lo"],
        hi=row["hi"],
        photos=row["photos"],
        version=row["version"],
        made_at=row["made_at"],
    )
