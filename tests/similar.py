"""What an index finds, found by looking at every stored vector."""

from collections.abc import Mapping, Sequence

import asyncpg

from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto, Lookalikes
from reactor.evaluate.library import lookalikes


class ExactSimilar:
    """Find stored photos by their vectors, one by one."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def lookalikes(
        self,
        account: AccountId,
        photos: Sequence[EmbeddedPhoto],
        model: str,
        known: Mapping[AssetId, EmbeddedPhoto],
        *,
        limit: int,
        least: float,
        bits: int,
    ) -> Lookalikes:
        rows = await self._pool.fetch("SELECT asset FROM vectors WHERE account = $1 AND model = $2", account, model)
        stored = await PostgresPhotos(self._pool).embedded(account, [AssetId(row["asset"]) for row in rows], model)
        by_name = {photo.asset: photo for photo in stored}
        return lookalikes(photos, by_name, known, limit=limit, least=least, bits=bits)

    async def forget(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        """Hold nothing of its own, so forget nothing."""
