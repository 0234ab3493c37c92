"""What an index finds, found by looking at every stored vector."""

from collections.abc import Mapping, Sequence

import asyncpg

from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.vectors import cosine, from_bytes


class ExactSimilar:
    """Find stored photos by their vectors, one by one."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def nearest(
        self, account: AccountId, photos: Sequence[EmbeddedPhoto], model: str, *, limit: int, least: float = -1.0
    ) -> Mapping[AssetId, tuple[tuple[AssetId, float], ...]]:
        rows = await self._pool.fetch(
            "SELECT asset, vector FROM vectors WHERE account = $1 AND model = $2", account, model
        )
        known = [(AssetId(row["asset"]), from_bytes(row["vector"])) for row in rows]
        found = {}
        for photo in photos:
            others = [(asset, cosine(photo.vector, vector)) for asset, vector in known if asset != photo.asset]
            others = [one for one in others if one[1] >= least]
            found[photo.asset] = tuple(sorted(others, key=lambda one: (-one[1], one[0]))[:limit])
        return found

    async def forget(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        """Hold nothing of its own, so forget nothing."""
