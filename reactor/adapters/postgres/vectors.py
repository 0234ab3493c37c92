"""Stored vectors as an index asks for them: by the numbers of their photos."""

import asyncio
from collections.abc import Sequence

import asyncpg
import numpy as np
from numpy.typing import NDArray

from reactor.adapters.postgres.photos import SELECT_PHOTO, photo_of, signed
from reactor.adapters.postgres.pool import translated
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto, LookalikesWanted
from reactor.core.vectors import STORED, matrix_of

READ_S = 300.0
"""All numbers of a million photos take a second or two; a slow disk takes longer."""

# As one value: rows of their own would be a million small objects.
_NUMBERS = """
SELECT string_agg(int8send(p.number), ''::bytea) FROM vectors v JOIN photos p USING (account, asset)
WHERE v.account = $1 AND v.model = $2
"""

_VECTORS = """
SELECT p.number, v.vector FROM photos p JOIN vectors v USING (account, asset)
WHERE p.number = ANY($3) AND p.account = $1 AND v.model = $2 AND octet_length(v.vector) = $4
"""

# One way to the server for both: which photos bear the numbers, and all of those whose structure agrees. Those are
# mostly few, so the others are not read; OFFSET 0 has the hashes compared first.
_OF_STRUCTURE = f"""
SELECT n.number AS told, n.asset AS name, found.* FROM photos n
LEFT JOIN LATERAL (
    {SELECT_PHOTO}
    WHERE p.account = n.account AND p.asset = n.asset
        AND EXISTS (SELECT FROM unnest($4::bigint[]) AS h(phash) WHERE bit_count((n.phash # h.phash)::bit(64)) <= $5)
    OFFSET 0
) found ON true
WHERE n.account = $1 AND n.number = ANY($3)
"""

_COVERED = """
SELECT NOT EXISTS (
    SELECT FROM vectors o JOIN photos p USING (account, asset) WHERE o.account = $1 AND o.model = $2 AND NOT EXISTS (
        SELECT FROM vectors n WHERE n.account = $1 AND n.asset = o.asset AND n.model = $3))
"""


class PostgresVectors:
    """Tell which photos have a vector of a model, and read the vectors; photos go by their numbers."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def numbers(self, account: AccountId, model: str) -> NDArray[np.int64]:
        """Return the numbers [N] of all photos that have a vector of the model, in no order."""
        async with translated():
            found: bytes | None = await self._pool.fetchval(_NUMBERS, account, model, timeout=READ_S)
        return np.frombuffer(found or b"", dtype=">i8").astype(np.int64)

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

    async def of_structure(
        self, wanted: LookalikesWanted, numbers: Sequence[int]
    ) -> tuple[dict[int, AssetId], tuple[EmbeddedPhoto, ...]]:
        """Return which photos bear these numbers (who is gone bears none), and those of them that are read whole."""
        if not numbers:
            return {}, ()
        hashes = [signed(photo.phash) for photo in wanted.photos]
        asked = (wanted.account, wanted.model, list(numbers), hashes, wanted.bits)
        async with translated():
            rows = await self._pool.fetch(_OF_STRUCTURE, *asked)
        return (
            {row["told"]: AssetId(row["name"]) for row in rows},
            tuple(photo_of(row) for row in rows if row["asset"] is not None),
        )

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
