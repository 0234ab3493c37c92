"""Photos with vectors in a real database, and an index over them that is opened, asked and closed."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import numpy as np
from numpy.typing import NDArray

from reactor.adapters.hnsw.index import VectorIndex
from reactor.adapters.hnsw.kept import SavePolicy
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.vectors import PostgresVectors
from reactor.core.errors import Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto, LookalikesWanted

from ..household import ME, START

MODEL = "model"
OTHER = AccountId("../other account")
DIMENSION = 24
Neighbours = tuple[tuple[AssetId, float], ...]


def photo(name: str, vector: NDArray[np.float32], account: AccountId = ME, taken_at: datetime = START) -> EmbeddedPhoto:
    return EmbeddedPhoto(
        account=account,
        asset=AssetId(name),
        taken_at=taken_at,
        camera="cam",
        phash=0,
        sharpness=1.0,
        width=4,
        height=3,
        checksum="c",
        vector=vector,
    )


def a_vector(seed: int, dimension: int = DIMENSION) -> NDArray[np.float32]:
    """Return a unit vector, near to that of nine others: ten seeds share a direction."""
    middle = np.random.default_rng(seed // 10).standard_normal(dimension)
    found = middle + 0.4 * np.random.default_rng(1_000_000 + seed).standard_normal(dimension)
    return np.asarray(found / np.linalg.norm(found), dtype=np.float32)


class Shelf:
    """The stored photos of some accounts."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.photos = PostgresPhotos(pool)
        self.vectors = PostgresVectors(pool)

    async def put(
        self, names: Sequence[str], account: AccountId = ME, model: str = MODEL, dimension: int = DIMENSION
    ) -> tuple[EmbeddedPhoto, ...]:
        """Store photos; the number in a name is the seed of its vector."""
        for name in names:
            seed = int("".join(itertools.filterfalse(str.isalpha, name)))
            taken = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=seed)
            await self.photos.save(photo(name, a_vector(seed, dimension), account, taken), model)
        return await self.get(names, account, model)

    async def get(self, names: Sequence[str], account: AccountId = ME, model: str = MODEL) -> tuple[EmbeddedPhoto, ...]:
        found = await self.photos.embedded(account, [AssetId(name) for name in names], model)
        return tuple(sorted(found, key=lambda one: names.index(one.asset)))

    async def exact(self, asked: EmbeddedPhoto, limit: int, model: str = MODEL) -> Neighbours:
        """Return the nearest others by comparing with all."""
        rows = await self.pool.fetch(
            "SELECT asset FROM vectors WHERE account = $1 AND model = $2", asked.account, model
        )
        stored = await self.photos.embedded(asked.account, [AssetId(row["asset"]) for row in rows], model)
        pairs = [(one.asset, float(one.vector @ asked.vector)) for one in stored if one.asset != asked.asset]
        return tuple(sorted(pairs, key=lambda pair: -pair[1])[:limit])


@asynccontextmanager
async def an_index(
    shelf: Shelf,
    folder: Path,
    *,
    model: str = MODEL,
    accounts: Sequence[AccountId] = (ME,),
    policy: SavePolicy | None = None,
) -> AsyncIterator[VectorIndex]:
    """Open the index and wait until it is ready; close it at the end."""
    index = VectorIndex(folder, shelf.vectors, accounts=accounts, model=lambda: model, term=lambda: 1, policy=policy)
    task = asyncio.create_task(index.run())
    try:
        await ready(index, accounts, model)
        yield index
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await index.aclose()


async def ready(index: VectorIndex, accounts: Sequence[AccountId] = (ME,), model: str = MODEL) -> None:
    async with asyncio.timeout(60):
        for account in accounts:
            while True:
                try:
                    await nearest(index, account, (), model, limit=1)
                    break
                except Unreachable:
                    await asyncio.sleep(0.01)


async def nearest(
    index: VectorIndex, account: AccountId, photos: Sequence[EmbeddedPhoto], model: str, *, limit: int
) -> Mapping[AssetId, Neighbours]:
    """Return of each photo its nearest others, whatever their structure."""
    wanted = LookalikesWanted(account=account, model=model, photos=photos, limit=limit)
    return (await index.lookalikes(wanted)).near


def names_of(near: Neighbours) -> list[str]:
    return [name for name, _ in near]
