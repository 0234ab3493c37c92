"""What labels cost: many stored photos held against many categories, a draft tried on them, one photo decided."""

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.migrate import migrate
from reactor.adapters.postgres.pool import open_pool
from reactor.bench.drawn_library import CATEGORIES, DIMENSION, PROMPTS, WORDS, store
from reactor.bench.labels_measured import DSN_VARIABLE
from reactor.bench.running import a_folder
from reactor.config import resource
from reactor.core.errors import StartError

log = structlog.get_logger(__name__)

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
WANTED_SCORE_S, WANTED_PREVIEW_S, WANTED_LABEL_MS = 2.0, 1.0, 1.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """Seconds on one core, of ``looked`` stored photos, and milliseconds for one photo beside the model.

    ``score_s`` is the arithmetic alone (``score_cpu_s`` the processor's time for it), ``compare_s`` the same with the
    difference against the tags that are there, ``read_s`` what reading from PostgreSQL takes, ``together_s`` reading
    and comparing (``together_cpu_s`` of it is this process's own time). ``label_ms`` is a photo with everything,
    ``scorer_ms`` its part of putting the prompts together.
    """

    photos: int
    categories: int
    prompts: int
    dimension: int
    vectors: str
    looked: int
    differing: int
    store_s: float
    read_s: float
    score_s: float
    score_cpu_s: float
    compare_s: float
    together_s: float
    together_cpu_s: float
    preview_s: float
    slowest_preview_s: float
    preview_fits: int
    scorer_ms: float
    label_ms: float
    label_p95_ms: float


async def bench_labels(photos: int, as_json: bool) -> int:
    """Measure and print; return 0 if every photo was looked at."""
    with a_folder() as folder:
        async with embedded_postgres(folder / "data", log=log) as dsn:
            await migrate(dsn, resource("migrations"))
            report = await measure_labels(dsn, photos)
    sys.stdout.write(json.dumps(asdict(report)) + "\n" if as_json else table(report))
    return 0 if report.looked == photos else 1


async def measure_labels(dsn: str, photos: int) -> Report:
    """Store photos in a migrated database, and measure them in a process that has one core and one thread for numpy."""
    began = time.perf_counter()
    async with open_pool(dsn) as pool:
        await store(pool, photos)
    stored = time.perf_counter() - began
    found = await _measured(dsn)
    rounded: dict[str, Any] = {
        name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()
    }
    return Report(
        photos=photos,
        categories=CATEGORIES,
        prompts=PROMPTS,
        dimension=DIMENSION,
        vectors=WORDS,
        store_s=round(stored, 2),
        together_s=round(found["read_s"] + found["compare_s"], 4),
        **rounded,
    )


async def _measured(dsn: str) -> dict[str, Any]:
    environment = dict(os.environ) | dict.fromkeys(THREADS, "1") | {DSN_VARIABLE: dsn}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "reactor.bench.labels_measured", env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        out, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise StartError(f"the process that measures ended with status {child.returncode}")
    found: dict[str, Any] = json.loads(out)
    return found


def table(report: Report) -> str:
    """Return the report for people."""
    return (
        f"{report.photos} photos ({report.dimension} numbers each: {report.vectors}), {report.categories} categories of"
        f" {report.prompts} prompts; one core and one thread ({', '.join(f'{name}=1' for name in THREADS)}), beside"
        " PostgreSQL's own processes\n"
        f"held against the categories: scored in {report.score_s:.2f} s, {report.score_cpu_s:.2f} s of the processor"
        f" (at most {WANTED_SCORE_S:.0f} s are wanted); scored and compared with their tags in"
        f" {report.compare_s:.2f} s; read in {report.read_s:.2f} s; read, scored and compared in"
        f" {report.together_s:.2f} s, {report.together_cpu_s:.2f} s of the processor; {report.differing} differ\n"
        f"a draft previewed: {report.preview_s:.2f} s, {report.slowest_preview_s:.2f} s at most"
        f" (less than {WANTED_PREVIEW_S:.0f} s is wanted); {report.preview_fits} fit\n"
        f"one photo beside the model: {report.label_ms:.3f} ms, 95 % within {report.label_p95_ms:.3f} ms"
        f" (at most {WANTED_LABEL_MS:.0f} ms is wanted), {report.scorer_ms:.3f} ms of it for the prompts' vectors\n"
    )
