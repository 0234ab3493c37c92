"""What stacks cost in a large library: the index is built, opened, asked and saved, and new photos are decided."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import structlog

from reactor.adapters.hnsw.graph import BUILD_WIDTH, LINKS, SEARCH_WIDTH
from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.migrate import migrate
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.pool import open_pool
from reactor.bench.alike_library import WORDS, look_at_drawn, photos_like, store
from reactor.bench.index_at_scale import NEIGHBOURS, bare, opened, recall, saved
from reactor.bench.running import ACCOUNT, a_folder
from reactor.bench.system import resident_bytes
from reactor.config import resource
from reactor.core.errors import Gone
from reactor.core.ids import AssetId, StackId
from reactor.core.library import Asset, EmbeddedPhoto, Face, StackNow
from reactor.core.stack_policy import StackPolicy
from reactor.ports import ImageFeatures
from reactor.stages.stack import Desk, wishes
from reactor.wiring.models import demo_model, open_model

log = structlog.get_logger(__name__)

DECIDED, WARM_UP = 400, 50
WANTED_RECALL, WANTED_START_S, WANTED_MS = 0.99, 2.0, {100_000: 5.0, 300_000: 10.0}
TIDY_S = 600.0
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Report:
    """Seconds, megabytes, and milliseconds for one photo, Immich's answers aside.

    ``build_s`` is the start without a file and ``start_s`` with one, each from opening to the first answer;
    ``grown_mb`` how much the process grew by the index, ``pause_ms`` the longest that a save held up everything else.
    ``bare_p50_ms`` and ``bare_p95_ms`` are those of an empty statement and a search, by which machines are compared.
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
    bare_p50_ms: float
    bare_p95_ms: float


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
        async with opened(pool, index_folder, model) as (index, build_s):
            grown = resident_bytes() - before
            save_s, pause_ms = await saved(index)
        file = sum(path.stat().st_size for path in index_folder.iterdir())
        async with opened(pool, index_folder, model) as (index, start_s):
            share, query_ms = await recall(pool, index, model)
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
            alone = await bare(pool, index, model)
            spent, stacks = await _decided(pool, desk, new)
            alone += await bare(pool, index, model)
    found: dict[str, Any] = {
        "store_s": stored,
        "build_s": build_s,
        "grown_mb": grown / MB,
        "save_s": save_s,
        "pause_ms": pause_ms,
        "file_mb": file / MB,
        "start_s": start_s,
        "recall": share,
        "query_ms": query_ms,
    }
    return _report(photos, seen, found, {"": spent, "bare_": alone}, stacks)


def _report(
    photos: int,
    seen: Sequence[tuple[ImageFeatures, str]],
    found: dict[str, Any],
    spent: Mapping[str, Sequence[float]],
    stacks: int,
) -> Report:
    """Return what was found, rounded; ``spent`` are the milliseconds of each decision, and of what is ``bare_``."""
    for kind, each in spent.items():
        p50, p95 = np.quantile(each, [0.5, 0.95])
        found |= {f"{kind}p50_ms": float(p50), f"{kind}p95_ms": float(p95)}
    found["max_ms"] = max(spent[""])
    return Report(
        photos=photos,
        dimension=int(seen[0][0].vector.size),
        pictures=len(seen),
        links=LINKS,
        build_width=BUILD_WIDTH,
        search_width=SEARCH_WIDTH,
        decided=len(spent[""]),
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
        f"an empty statement and a search that finds nobody, before and after these: p50 {report.bare_p50_ms:.2f} ms,"
        f" p95 {report.bare_p95_ms:.2f} ms; a decision takes {report.p50_ms / report.bare_p50_ms:.1f} and"
        f" {report.p95_ms / report.bare_p95_ms:.1f} times that\n"
    )
