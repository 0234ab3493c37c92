"""What stacks cost in a large library: the index is built, opened, asked and saved, and new photos are decided."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import structlog

from reactor.adapters.hnsw.graph import BUILD_WIDTH, LINKS, SEARCH_WIDTH
from reactor.adapters.hnsw.index import VectorIndex
from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.migrate import migrate
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.pool import open_pool
from reactor.adapters.postgres.vectors import PostgresVectors
from reactor.bench.alike_library import WORDS, look_at_drawn, photos_like, store
from reactor.bench.running import ACCOUNT, a_folder
from reactor.bench.system import resident_bytes
from reactor.config import resource
from reactor.core.errors import Gone, Unreachable
from reactor.core.ids import AssetId, StackId
from reactor.core.library import Asset, EmbeddedPhoto, Face, LookalikesWanted, StackNow
from reactor.core.stack_policy import StackPolicy
from reactor.ports import ImageFeatures
from reactor.stages.stack import Desk, wishes
from reactor.wiring.models import demo_model, open_model

log = structlog.get_logger(__name__)

DECIDED, WARM_UP = 400, 50
SAMPLED, NEIGHBOURS = 500, 10
WANTED_RECALL, WANTED_START_S, WANTED_MS = 0.99, 2.0, {100_000: 5.0, 300_000: 10.0}
TICK_S, TIDY_S = 0.001, 600.0
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Report:
    """Seconds, megabytes, and milliseconds for one photo, Immich's answers aside.

    ``build_s`` is the start without a file and ``start_s`` with one, each from opening to the first answer;
    ``grown_mb`` how much the process grew by the index, ``pause_ms`` the longest that a save held up everything else.
    """

    photos: int
    dimension: int
    pictures: int
    links: int
    build_width: int
    search_width: int
    store_s: float
    build_s: float
    grown_mb: float
    save_s: float
    pause_ms: float
    file_mb: float
    start_s: float
    recall: float
    query_ms: float
    decided: int
    stacks: int
    p50_ms: float
    p95_ms: float
    max_ms: float


class StillImmich:
    """An Immich in which every photo is there and nothing is stacked; it answers at once."""

    def __init__(self) -> None:
        self._taken: dict[AssetId, datetime] = {}

    def show(self, photos: Sequence[EmbeddedPhoto]) -> None:
        """Let these photos be there."""
        self._taken |= {photo.asset: photo.taken_at for photo in photos}

    async def asset(self, asset: AssetId) -> Asset:
        if asset not in self._taken:
            raise Gone(f"there is no photo {asset}")
        at = self._taken[asset]
        return Asset(
            id=asset,
            owner=ACCOUNT,
            kind="IMAGE",
            visibility="timeline",
            trashed=False,
            taken_at=at,
            created_at=at,
            updated_at=at,
        )

    async def faces(self, asset: AssetId) -> tuple[Face, ...]:
        return ()

    async def stack(self, stack: StackId) -> StackNow:
        raise Gone(f"there is no stack {stack}")


async def bench_stacks(photos: int, as_json: bool) -> int:
    """Measure and print; return 0 if as many neighbours were found as are wanted."""
    with a_folder() as folder:
        async with embedded_postgres(folder / "data", log=log) as dsn:
            await migrate(dsn, resource("migrations"))
            report = await measure_stacks(dsn, folder, photos)
    sys.stdout.write(json.dumps(asdict(report)) + "\n" if as_json else table(report))
    return 0 if report.recall >= WANTED_RECALL else 1


async def measure_stacks(dsn: str, folder: Path, photos: int) -> Report:
    """Measure on a migrated, empty database; ``folder`` takes the pictures and the index."""
    pictures, index_folder = folder / "pictures", folder / "index"
    pictures.mkdir()
    async with open_model(demo_model()) as embedder, open_pool(dsn) as pool:
        seen = await look_at_drawn(pictures, photos, embedder)
        model, random_pair = embedder.model, embedder.info.random_pair_cosine
        immich = StillImmich()
        began = time.perf_counter()
        new = await _fill(pool, seen, photos, model, immich)
        stored = time.perf_counter() - began
        before = resident_bytes()
        async with _opened(pool, index_folder, model) as (index, build_s):
            grown = resident_bytes() - before
            save_s, pause_ms = await _saved(index)
        file = sum(path.stat().st_size for path in index_folder.iterdir())
        async with _opened(pool, index_folder, model) as (index, start_s):
            recall, query_ms = await _recall(pool, index, model)
            desk = Desk(
                account=ACCOUNT,
                library=immich,
                photos=PostgresPhotos(pool),
                similar=index,
                journal=PostgresJournal(pool),
                model=model,
                policy=StackPolicy(),
                random_pair_cosine=random_pair,
            )
            spent, stacks = await _decided(pool, desk, new)
    found: dict[str, Any] = {
        "store_s": stored,
        "build_s": build_s,
        "grown_mb": grown / MB,
        "save_s": save_s,
        "pause_ms": pause_ms,
        "file_mb": file / MB,
        "start_s": start_s,
        "recall": recall,
        "query_ms": query_ms,
    }
    return _report(photos, seen, found, spent, stacks)


def _report(
    photos: int, seen: Sequence[tuple[ImageFeatures, str]], found: dict[str, Any], spent: Sequence[float], stacks: int
) -> Report:
    """Return what was found, rounded; ``spent`` are the milliseconds of each decision."""
    p50, p95 = np.quantile(spent, [0.5, 0.95])
    found |= {"p50_ms": float(p50), "p95_ms": float(p95), "max_ms": max(spent)}
    return Report(
        photos=photos,
        dimension=int(seen[0][0].vector.size),
        pictures=len(seen),
        links=LINKS,
        build_width=BUILD_WIDTH,
        search_width=SEARCH_WIDTH,
        decided=len(spent),
        stacks=stacks,
        **{name: round(value, 4) for name, value in found.items()},
    )


async def _fill(
    pool: asyncpg.Pool, seen: Sequence[tuple[ImageFeatures, str]], photos: int, model: str, immich: StillImmich
) -> list[EmbeddedPhoto]:
    """Store the photos, and return those that are taken after them."""
    left, new = photos, list[EmbeddedPhoto]()
    for block in photos_like(seen, photos + WARM_UP + DECIDED):
        immich.show(block)
        if left:
            await store(pool, block[:left], model)
        new += block[left:]
        left = max(0, left - len(block))
    async with pool.acquire() as connection:
        # A library stands for years: what PostgreSQL tidies up after so many rows at once is no part of a decision.
        await connection.execute("VACUUM ANALYZE", timeout=TIDY_S)
        await connection.execute("CHECKPOINT", timeout=TIDY_S)
    return new


@asynccontextmanager
async def _opened(pool: asyncpg.Pool, folder: Path, model: str) -> AsyncIterator[tuple[VectorIndex, float]]:
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


async def _saved(index: VectorIndex) -> tuple[float, float]:
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


async def _recall(pool: asyncpg.Pool, index: VectorIndex, model: str) -> tuple[float, float]:
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


async def _decided(pool: asyncpg.Pool, desk: Desk, new: Sequence[EmbeddedPhoto]) -> tuple[list[float], int]:
    """Decide new photos one by one, as each is embedded; return milliseconds, and how many stacks were wished for."""
    spent, stacks = list[float](), 0
    photos = PostgresPhotos(pool)
    for photo in new:
        await photos.save(photo, desk.model)
        began = time.perf_counter()
        found = await wishes((photo.asset,), desk)
        spent.append(1000 * (time.perf_counter() - began))
        stacks += len(found)
    return spent[WARM_UP:], stacks


def table(report: Report) -> str:
    """Return the report for people."""
    asked = [f"{ms:g} ms at {count:,}" for count, ms in WANTED_MS.items()]
    return (
        f"{report.photos:,} photos ({report.dimension} numbers each: {report.pictures} {WORDS});"
        f" {report.links} links, {report.build_width} candidates while building and {report.search_width} while"
        " searching\n"
        f"built from PostgreSQL in {report.build_s:.1f} s, the process grew by {report.grown_mb:.0f} MB; saved in"
        f" {report.save_s:.2f} s, which held up everything else for {report.pause_ms:.0f} ms at most;"
        f" {report.file_mb:.0f} MB on disk\n"
        f"started with the file in {report.start_s:.2f} s, to the first answer (at most {WANTED_START_S:.0f} s is"
        " wanted at 100,000)\n"
        f"recall@{NEIGHBOURS} against exact search {report.recall:.4f} (at least {WANTED_RECALL} is wanted),"
        f" {report.query_ms:.2f} ms a question\n"
        f"{report.decided} new photos decided one by one: p50 {report.p50_ms:.2f} ms, p95 {report.p95_ms:.2f} ms,"
        f" {report.max_ms:.2f} ms at most (p95 at most {', '.join(asked)} is wanted);"
        f" {report.stacks} stacks wished for\n"
    )
