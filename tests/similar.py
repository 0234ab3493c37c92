"""What an index finds, found by looking at every stored vector."""

from collections.abc import Sequence

import asyncpg

from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Lookalikes, LookalikesWanted
from reactor.evaluate.library import lookalikes


class ExactSimilar:
    """Find stored photos by their vectors, one by one."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def lookalikes(self, wanted: LookalikesWanted) -> Lookalikes:
        rows = await self._pool.fetch(
            "SELECT asset FROM vectors WHERE account = $1 AND model = $2", wanted.account, wanted.model
        )
        names = [AssetId(row["asset"]) for row in rows]
        stored = await PostgresPhotos(self._pool).embedded(wanted.account, names, wanted.model)
        return lookalikes(wanted, {photo.asset: photo for photo in stored})

    async def forget(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        """Hold nothing of its own, so forget nothing."""
