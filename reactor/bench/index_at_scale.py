"""What an index of vectors over a large library costs by itself: opened, saved, asked, held against exact search."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import asyncpg
import numpy as np

from reactor.adapters.hnsw.index import VectorIndex
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.vectors import PostgresVectors
from reactor.bench.running import ACCOUNT
from reactor.core.errors import Unreachable
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto, LookalikesWanted

SAMPLED, NEIGHBOURS = 500, 10
TICK_S = 0.001


@asynccontextmanager
async def opened(pool: asyncpg.Pool, folder: Path, model: str) -> AsyncIterator[tuple[VectorIndex, float]]:
    """Yield the index and the seconds from opening it to its first answer."""
    vectors, (first,) = PostgresVectors(pool), await PostgresPhotos(pool).sample(ACCOUNT, model, limit=1)
    began = time.perf_counter()
    index = VectorIndex(folder, vectors, accounts=(ACCOUNT,), model=lambda: model, term=lambda: 1)
    task = asyncio.create_task(index.run())
    try:
        while True:
            try:
                await index.lookalikes(_neighbours_of(first, model))
                break
            except Unreachable:
                await asyncio.sleep(0.01)
        yield index, time.perf_counter() - began
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await index.aclose()


async def saved(index: VectorIndex) -> tuple[float, float]:
    """Save, and return the seconds of it and the milliseconds of the longest pause of the loop meanwhile."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            asleep = time.perf_counter()
            await asyncio.sleep(TICK_S)
            longest = max(longest, time.perf_counter() - asleep - TICK_S)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(10 * TICK_S)
    began = time.perf_counter()
    await index.save()
    seconds = time.perf_counter() - began
    ticking.cancel()
    return seconds, 1000 * longest


async def recall(pool: asyncpg.Pool, index: VectorIndex, model: str) -> tuple[float, float]:
    """Return the share of the nearest that is found, against comparing with all, and milliseconds a question."""
    asked = await PostgresPhotos(pool).sample(ACCOUNT, model, limit=SAMPLED)
    queries = np.stack([photo.vector for photo in asked])
    best = [list[tuple[float, AssetId]]() for _ in asked]
    async with aclosing(PostgresLabels(pool).vectors(ACCOUNT, model)) as blocks:
        async for assets, vectors in blocks:
            cosines = queries @ vectors.T
            for row, photo in enumerate(asked):
                some = np.argpartition(-cosines[row], min(NEIGHBOURS, len(assets) - 1))[: NEIGHBOURS + 1]
                near = [(float(cosines[row, at]), assets[at]) for at in some if assets[at] != photo.asset]
                best[row] = sorted([*best[row], *near], reverse=True)[:NEIGHBOURS]
    found, began = 0, time.perf_counter()
    for row, photo in enumerate(asked):
        told = (await index.lookalikes(_neighbours_of(photo, model))).near
        found += len({asset for asset, _ in told[photo.asset]} & {asset for _, asset in best[row]})
    seconds = time.perf_counter() - began
    return found / sum(len(exact) for exact in best), 1000 * seconds / len(asked)


def _neighbours_of(photo: EmbeddedPhoto, model: str) -> LookalikesWanted:
    return LookalikesWanted(account=ACCOUNT, model=model, photos=(photo,), limit=NEIGHBOURS)


async def bare(pool: asyncpg.Pool, index: VectorIndex, model: str, photos: Sequence[EmbeddedPhoto]) -> list[float]:
    """Return the milliseconds of an empty statement and then a search that finds nobody, for each of the photos."""
    spent = list[float]()
    for photo in photos:
        nobody = LookalikesWanted(account=ACCOUNT, model=model, photos=(photo,), limit=NEIGHBOURS, least=2.0)
        began = time.perf_counter()
        await pool.fetchval("SELECT 1")
        await index.lookalikes(nobody)
        spent.append(1000 * (time.perf_counter() - began))
    return spent
