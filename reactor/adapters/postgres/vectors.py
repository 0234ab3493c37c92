"""Stored vectors as an index asks for them: by the numbers of their photos."""

import asyncio
from collections.abc import Sequence

import asyncpg
import numpy as np
from numpy.typing import NDArray

from reactor.adapters.postgres.photos import SELECT_PHOTO, photo_of
from reactor.adapters.postgres.pool import translated
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.vectors import STORED, matrix_of

READ_S = 300.0
"""All numbers and hashes of a million photos take some seconds; a slow disk takes longer."""

# As one value: rows of their own would be a million small objects.
_HASHES = """
SELECT string_agg(int8send(p.number) || int8send(p.phash), ''::bytea)
FROM vectors v JOIN photos p USING (account, asset) WHERE v.account = $1 AND v.model = $2
"""

_VECTORS = """
SELECT p.number, v.vector FROM photos p JOIN vectors v USING (account, asset)
WHERE p.number = ANY($3) AND p.account = $1 AND v.model = $2 AND octet_length(v.vector) = $4
"""

# Of one plan for all questions, as photos are read by their names.
_NUMBERED = f"{SELECT_PHOTO} WHERE p.account = $1 AND p.number = ANY((SELECT $3::bigint[])::bigint[])"

_COVERED = """
SELECT NOT EXISTS (
    SELECT FROM vectors o JOIN photos p USING (account, asset) WHERE o.account = $1 AND o.model = $2 AND NOT EXISTS (
        SELECT FROM vectors n WHERE n.account = $1 AND n.asset = o.asset AND n.model = $3))
"""


class PostgresVectors:
    """Tell which photos have a vector of a model, and read them, or their vectors alone; photos go by their numbers."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def hashes(self, account: AccountId, model: str) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return the numbers [N] of all photos that have a vector of the model, in no order, and their hashes [N]."""
        async with translated():
            found: bytes | None = await self._pool.fetchval(_HASHES, account, model, timeout=READ_S)
        pairs = np.frombuffer(found or b"", dtype=">i8").reshape(-1, 2).astype(np.int64)
        return pairs[:, 0], pairs[:, 1].view(np.uint64)

    async def dimension(self, account: AccountId, model: str) -> int | None:
        """Return how many numbers a vector of the model has, None where none is stored."""
        async with translated():
            size: int | None = await self._pool.fetchval(
                "SELECT octet_length(vector) FROM vectors WHERE account = $1 AND model = $2 LIMIT 1", account, model
            )
        return None if size is None else size // STORED.itemsize

    async def read(
        self, account: AccountId, model: str, numbers: NDArray[np.int64], dimension: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the numbers [n] and the unit vectors [n, dimension] of those of the photos that are still there.

        Asked for some thousands at a time: a cursor over all would hold a transaction open while an index is built,
        a quarter of an hour for a million photos. What has not the dimension, or is no number, is left out.
        """
        async with translated():
            rows = await self._pool.fetch(
                _VECTORS, account, model, numbers.tolist(), dimension * STORED.itemsize, timeout=READ_S
            )
        return await asyncio.to_thread(_table, rows, dimension)

    async def numbered(self, account: AccountId, model: str, numbers: Sequence[int]) -> tuple[EmbeddedPhoto, ...]:
        """Return the photos that bear these numbers; who is gone bears none."""
        async with translated():
            rows = await self._pool.fetch(_NUMBERED, account, model, list(numbers))
        return tuple(photo_of(row) for row in rows)

    async def numbers_of(self, account: AccountId, assets: Sequence[AssetId]) -> tuple[int, ...]:
        """Return the numbers of those of the photos that are stored."""
        async with translated():
            rows = await self._pool.fetch(
                "SELECT number FROM photos WHERE account = $1 AND asset = ANY($2)", account, list(assets)
            )
        return tuple(row["number"] for row in rows)

    async def covered(self, account: AccountId, before: str, now: str) -> bool:
        """Say whether every photo that has a vector of the model ``before`` has one of the model ``now``."""
        async with translated():
            found: bool = await self._pool.fetchval(_COVERED, account, before, now, timeout=READ_S)
        return found


def _table(rows: Sequence[asyncpg.Record], dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.float32)
    numbers = np.array([row["number"] for row in rows], dtype=np.int64)
    vectors = matrix_of([row["vector"] for row in rows])
    sound = np.isfinite(vectors).all(axis=1)
    return numbers[sound], vectors[sound]
