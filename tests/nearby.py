"""Neighbours by exact search, for tests that are not about the index."""

from collections.abc import Mapping, Sequence

import asyncpg
import numpy as np

from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.vectors import matrix_of


class Exact:
    """Compare with every stored vector of the account."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def nearest(
        self, account: AccountId, photos: Sequence[EmbeddedPhoto], model: str, *, limit: int
    ) -> Mapping[AssetId, tuple[tuple[AssetId, float], ...]]:
        rows = await self._pool.fetch(
            "SELECT asset, vector FROM vectors WHERE account = $1 AND model = $2 ORDER BY asset", account, model
        )
        matrix = matrix_of([row["vector"] for row in rows])
        found: dict[AssetId, tuple[tuple[AssetId, float], ...]] = {}
        for photo in photos:
            cosines = matrix @ photo.vector
            ranked = [(AssetId(rows[at]["asset"]), float(cosines[at])) for at in np.argsort(-cosines, kind="stable")]
            found[photo.asset] = tuple(pair for pair in ranked if pair[0] != photo.asset)[:limit]
        return found

    async def forget(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        return None
