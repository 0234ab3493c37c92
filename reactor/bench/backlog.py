"""A backlog of many photos: is every one done, and how does the memory grow meanwhile?"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np

from reactor.bench.labels import categories_for
from reactor.bench.roll import make_pictures, roll, write_plan
from reactor.bench.running import Progress, a_folder, drained, progress, settings_for, tell
from reactor.bench.simulator import previews_of, simulated_immich
from reactor.bench.system import resident_bytes
from reactor.wiring.models import demo_model, open_model
from reactor.wiring.reactor import open_reactor

SIZE = (640, 480)
STEADY_AFTER = 1000
WANTED_MB = 100.0
SECONDS_AN_EVENT = 1.0
POINTS = 200
MB = 1e6
# Everything that an upload asks for here; a photo without one of them is lost.
HANDLERS = ("embed", "classify", "stack")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The memory of the reactor's process (RSS) at a moment."""

    seconds: float
    embedded: int
    mb: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of the events, and the memory from the moment when a twentieth or the first 1,000 were embedded."""

    events: int
    lost: int
    seconds: float
    photos_per_second: float
    steady_mb: float
    highest_mb: float
    last_mb: float
    growth_mb: float
    wanted_mb: float
    curve: tuple[Sample, ...]
    work: Progress


async def bench_backlog(events: int, as_json: bool) -> int:
    """Measure and print; return 0 if nothing was lost."""
    with a_folder() as folder:
        report = await measure_backlog(folder, events)
    sys.stdout.write(json.dumps(asdict(report)) + "\n" if as_json else table(report))
    return 0 if not report.lost and not report.work.failed else 1


async def measure_backlog(folder: Path, events: int, **given: Any) -> Report:
    """Put all uploads into the log at once and wait until the reactor, with the demo model, is through with them.

    ``given`` are further settings.
    """
    shots = roll(events)
    pictures = [shot.picture for shot in shots]
    await asyncio.to_thread(make_pictures, folder, pictures, SIZE)
    await asyncio.to_thread(write_plan, folder, shots)
    async with simulated_immich(folder) as immich:
        previews = await previews_of(immich, pictures)
        async with open_model(demo_model()) as embedder:
            vectors = np.stack([(await embedder.image(data)).vector for data in previews.values()])
            found = await categories_for(embedder, vectors)
        settings = settings_for(folder, immich, classification=found, **given)
        async with open_reactor(settings, model_folder=demo_model()) as reactor:
            pool, samples, began = reactor.stores.pool, list[Sample](), time.monotonic()

            async def look() -> None:
                embedded = await pool.fetchval("SELECT count(*) FROM photos")
                samples.append(Sample(seconds=time.monotonic() - began, embedded=embedded, mb=resident_bytes() / MB))

            await tell(reactor, immich.assets)
            await drained(pool, seconds=120 + SECONDS_AN_EVENT * events, look=look)
            await look()
            lost = events - await _done(pool, immich.assets)
            return _report(samples, events=events, lost=lost, work=await progress(pool))


async def _done(pool: asyncpg.Pool, assets: Sequence[str]) -> int:
    """Count the photos for which every handler is done."""
    found: int = await pool.fetchval(
        """
        SELECT count(*) FROM (
            SELECT e.subject FROM events e JOIN deliveries d ON d.event = e.seq
            WHERE e.subject = ANY($1) AND d.handler = ANY($2) AND d.state = 'done'
            GROUP BY e.subject HAVING count(DISTINCT d.handler) = cardinality($2)
        ) AS whole
        """,
        list(assets),
        list(HANDLERS),
    )
    return found


def _report(samples: Sequence[Sample], *, events: int, lost: int, work: Progress) -> Report:
    enough = min(STEADY_AFTER, events // 20)
    since = [sample for sample in samples if sample.embedded >= enough]
    highest = max(sample.mb for sample in since)
    seconds = samples[-1].seconds
    step = max(1, len(samples) // POINTS)
    return Report(
        events=events,
        lost=lost,
        seconds=round(seconds, 1),
        photos_per_second=round(events / seconds, 1),
        steady_mb=round(since[0].mb, 1),
        highest_mb=round(highest, 1),
        last_mb=round(since[-1].mb, 1),
        growth_mb=round(highest - since[0].mb, 1),
        wanted_mb=WANTED_MB,
        curve=tuple(
            Sample(seconds=round(sample.seconds, 1), embedded=sample.embedded, mb=round(sample.mb, 1))
            for sample in samples[::step]
        ),
        work=work,
    )


def table(report: Report) -> str:
    """Return the report for people."""
    return (
        f"{report.events} uploads at once: done in {report.seconds:.0f} s ({report.photos_per_second:.1f} photos/s),"
        f" {report.lost} lost, {report.work.failed} deliveries failed\n"
        f"memory of the reactor's process: {report.steady_mb:.0f} MB when it had begun, {report.highest_mb:.0f} MB at"
        f" most, {report.last_mb:.0f} MB at the end; grown by {report.growth_mb:.0f} MB"
        f" (less than {report.wanted_mb:.0f} is wanted)\n"
        f"{report.work.tagged} photos tagged, {report.work.archived} archivings, {report.work.stacked} stacks\n"
    )
