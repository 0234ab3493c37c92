"""What a photo costs on its whole way, against the bare decode-and-model loop over the same bytes."""

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor.bench.bare import BareLoop, Spent
from reactor.bench.labels import categories_for
from reactor.bench.roll import make_pictures, roll, write_plan
from reactor.bench.running import Progress, a_folder, classified_within, drained, progress, settings_for, tell
from reactor.bench.simulator import Simulated, previews_of, simulated_immich
from reactor.bench.stages import LOOP, MODEL, THREADED, watched
from reactor.bench.stopwatch import Stopwatch
from reactor.bench.system import database_cpu
from reactor.bench.vit import make_model
from reactor.config import Settings, StackSettings
from reactor.wiring.models import open_model
from reactor.wiring.reactor import Reactor, open_reactor

SIZE = (1920, 1440)
MODEL_NAME = "ViT-B-32__random"
WARM_UP = 15
WATCHED = 60
WANTED = 0.8
SECONDS_A_PHOTO = 5.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """Both sides, and where the CPU time of the whole pipeline went.

    CPU figures are milliseconds of the reactor's process for each photo, onnxruntime's threads with it; photos a
    second are by the clock. ``stages_cpu_ms`` comes from further photos, with a stopwatch running.
    """

    photos: int
    preview_kb: float
    model: str
    bare_cpu_ms: float
    pipeline_cpu_ms: float
    ratio: float
    wanted: float
    bare_photos_per_second: float
    pipeline_photos_per_second: float
    database_cpu_ms: float | None
    stages_cpu_ms: dict[str, float]
    work: Progress


async def bench_pipeline(model: Path | None, photos: int, as_json: bool) -> int:
    """Measure and print; return 0 if every photo came to its end. Without a model one of ViT-B/32's shape is made."""
    with a_folder() as folder:
        chosen = model if model is not None else await asyncio.to_thread(make_model, folder / MODEL_NAME)
        report = await measure_pipeline(folder, chosen, photos)
    sys.stdout.write(json.dumps(asdict(report)) + "\n" if as_json else table(report))
    return 0 if not report.work.failed else 1


async def measure_pipeline(
    folder: Path,
    model: Path,
    photos: int,
    *,
    size: tuple[int, int] = SIZE,
    watch_photos: int = WATCHED,
    **given: Any,
) -> Report:
    """Take the photos through both sides: half of the bare loop before the reactor runs, half after it.

    ``given`` are further settings.
    """
    shots = roll(WARM_UP + photos + watch_photos)
    pictures = [shot.picture for shot in shots]
    await asyncio.to_thread(make_pictures, folder, pictures, size)
    write_plan(folder, shots)
    async with simulated_immich(folder) as immich:
        previews = await previews_of(immich, pictures)
        settings = settings_for(folder, immich, **{"stacks": StackSettings(quiet_seconds=1.0), **given})
        bare = await asyncio.to_thread(BareLoop, model, settings.threads)
        vectors = await asyncio.to_thread(_vectors, bare, previews)
        async with open_model(model) as embedder:
            found = await categories_for(embedder, vectors)
        settings = settings.model_copy(update={"classification": found})
        same = [previews[picture] for picture in pictures[WARM_UP : WARM_UP + photos]]
        await asyncio.to_thread(bare.run, same[: photos // 2])
        run = await _through_the_reactor(settings, model, immich, photos=photos)
        await asyncio.to_thread(bare.run, same[photos // 2 :])
    about = f"{model.name} on {bare.provider}, {settings.threads} threads"
    return _report(about, bare.spent, run, preview_kb=sum(map(len, same)) / photos / 1000)


def _vectors(bare: BareLoop, previews: Mapping[str, bytes]) -> NDArray[np.float32]:
    return np.stack([bare.vector(data) for data in previews.values()])


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What the reactor's side gave; ``seconds`` until the last photo was classified."""

    spent: Spent
    seconds: float
    database_ms: float | None
    stages: dict[str, float]
    work: Progress


async def _through_the_reactor(settings: Settings, model: Path, immich: Simulated, *, photos: int) -> _Run:
    assets = immich.assets[WARM_UP : WARM_UP + photos]
    spent, watch = Spent(), Stopwatch()
    with watched(watch):
        async with open_reactor(settings, model_folder=model) as reactor:
            await _take(reactor, immich.assets[:WARM_UP])
            before = database_cpu(settings.data_dir)
            spent.begin()
            await _take(reactor, assets)
            spent.end(photos)
            after = database_cpu(settings.data_dir)
            seconds = await classified_within(reactor.stores.pool, assets)
            stages = await _by_stage(reactor, watch, immich.assets[WARM_UP + photos :])
            work = await progress(reactor.stores.pool)
    database_ms = None if before is None or after is None else round((after - before) / photos * 1000, 2)
    return _Run(spent=spent, seconds=seconds, database_ms=database_ms, stages=stages, work=work)


def _report(model: str, bare: Spent, run: _Run, *, preview_kb: float) -> Report:
    return Report(
        photos=bare.photos,
        preview_kb=round(preview_kb, 1),
        model=model,
        bare_cpu_ms=bare.cpu_ms,
        pipeline_cpu_ms=run.spent.cpu_ms,
        ratio=round(bare.cpu_ms / run.spent.cpu_ms, 3),
        wanted=WANTED,
        bare_photos_per_second=round(bare.photos / bare.wall_s, 2),
        pipeline_photos_per_second=round(bare.photos / run.seconds, 2),
        database_cpu_ms=run.database_ms,
        stages_cpu_ms=run.stages,
        work=run.work,
    )


async def _take(reactor: Reactor, assets: Sequence[str]) -> None:
    await tell(reactor, assets)
    await drained(reactor.stores.pool, seconds=60 + SECONDS_A_PHOTO * len(assets))


async def _by_stage(reactor: Reactor, watch: Stopwatch, assets: Sequence[str]) -> dict[str, float]:
    """Take further photos through with the stopwatch running; return the CPU milliseconds of each stage for a photo."""
    if not assets:
        return {}
    thread, process = time.thread_time(), time.process_time()
    watch.running = True
    await _take(reactor, assets)
    watch.running = False
    loop, whole = time.thread_time() - thread, time.process_time() - process
    found = defaultdict(float, watch.cpu_s)
    found[LOOP] = loop - sum(spent for stage, spent in found.items() if stage not in THREADED)
    # What no Python thread was charged for are onnxruntime's own threads, and the hand-over between threads.
    found[MODEL] += whole - sum(found.values())
    return {stage: round(spent / len(assets) * 1000, 2) for stage, spent in sorted(found.items(), key=_most_first)}


def _most_first(one: tuple[str, float]) -> float:
    return -one[1]


def table(report: Report) -> str:
    """Return the report for people."""
    whole = sum(report.stages_cpu_ms.values()) or 1.0
    database = "unknown" if report.database_cpu_ms is None else f"{report.database_cpu_ms:.1f} ms CPU a photo"
    lines = [
        f"{report.photos} photos, previews of {report.preview_kb:.0f} kB, {report.model}",
        f"bare decode and model: {report.bare_cpu_ms:7.1f} ms CPU a photo,"
        f" {report.bare_photos_per_second:.1f} photos/s",
        f"whole pipeline:        {report.pipeline_cpu_ms:7.1f} ms CPU a photo,"
        f" {report.pipeline_photos_per_second:.1f} photos/s until the last was classified",
        f"ratio of the CPU times: {report.ratio:.2f} ({report.wanted} or more is wanted)",
        f"beside it, the database's processes: {database}",
        f"done: {report.work.photos} photos stored, {report.work.tagged} tagged, {report.work.archived} archivings,"
        f" {report.work.stacked} stacks, {report.work.failed} failed",
        "where the CPU time of the reactor's process went, on further photos:",
        *(f"{cpu / whole:7.1%} {cpu:7.2f} ms  {stage}" for stage, cpu in report.stages_cpu_ms.items()),
    ]
    return "\n".join(lines) + "\n"
