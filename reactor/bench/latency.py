"""How long a photo waits for its tag: from the answer to its upload until Immich has linked the tag."""

import asyncio
import json
import random
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import aiohttp
import asyncpg

from reactor.bench.labels import EVERYTHING
from reactor.bench.roll import SEED, make_pictures, write_plan
from reactor.bench.running import ACCOUNT, SECRET, a_folder, settings_for, until
from reactor.bench.simulator import Simulated, simulated_immich
from reactor.bench.webhook import percentile
from reactor.config import Settings
from reactor.core.errors import StartError
from reactor.wiring.models import demo_model
from reactor.wiring.reactor import Reactor, open_reactor

By: TypeAlias = Literal["webhook", "socket", "poll"]
Delays: TypeAlias = tuple[float, float]

SIZE = (1920, 1440)
PICTURES = ("00-0.jpg", "01-0.jpg", "02-0.jpg", "03-0.jpg", "04-0.jpg")
WARM_UP = 2
POLL_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
# Between two uploads, so that they meet a poll at any moment of its turn.
PAUSE: Delays = (0.5, 5.5)
WANTED_MS = {"webhook": (1500.0, 3000.0), "socket": (1500.0, 3000.0)}
WANTED_BEYOND_A_POLL_MS = 3000.0


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One photo's way, in seconds since 1970."""

    asset: str
    uploaded: float
    tagged: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """Milliseconds from the upload's answer to the tag.

    ``steps_ms`` are medians of the parts: until the upload stood in the log, until the photo was embedded, until it
    was tagged. ``heard_by`` counts who told of the uploads first.
    """

    by: By
    uploads: int
    p50_ms: float
    p95_ms: float
    max_ms: float
    wanted_p50_ms: float | None
    wanted_p95_ms: float
    poll_seconds: float
    steps_ms: dict[str, float]
    heard_by: dict[str, int]


async def bench_latency(by: By, uploads: int, as_json: bool) -> int:
    """Measure and print; return 0. Raises StartError where a tag never comes."""
    with a_folder() as folder:
        report = await measure_latency(folder, by, uploads)
    sys.stdout.write(json.dumps(asdict(report)) + "\n" if as_json else table(report))
    return 0


async def measure_latency(
    folder: Path,
    by: By,
    uploads: int,
    *,
    size: tuple[int, int] = SIZE,
    pause: Delays = PAUSE,
    delays: Mapping[str, Delays] | None = None,
    **given: Any,
) -> Report:
    """Upload one by one to a system at rest, each a while after the last was tagged.

    ``pause`` bounds that while in seconds, ``delays`` are Immich's own where they are not as measured, ``given`` are
    further settings.
    """
    await asyncio.to_thread(make_pictures, folder, PICTURES, size)
    files = [await asyncio.to_thread((folder / name).read_bytes) for name in PICTURES]
    write_plan(folder, (), delays=delays, tell=True)
    async with AsyncExitStack() as exits:
        immich = await exits.enter_async_context(simulated_immich(folder))
        settings = _settings(folder, immich, by, given)
        reactor = await exits.enter_async_context(open_reactor(settings, model_folder=demo_model()))
        session = aiohttp.ClientSession(f"{immich.url}/api/", headers={"x-api-key": immich.key})
        phone = _Phone(await exits.enter_async_context(session), immich, files)
        if by == "webhook":
            await phone.tell_reactor(f"{reactor.url}/webhook/{ACCOUNT}")
        await _listening(reactor.stores.pool)
        chance = random.Random(SEED)  # noqa: S311 - a drawing of lots, not a secret
        timings = []
        for _ in range(WARM_UP + uploads):
            timings.append(await phone.timed_upload())
            await asyncio.sleep(chance.uniform(*pause))
        return await _report(reactor, settings, by, timings[WARM_UP:])


def _settings(folder: Path, immich: Simulated, by: By, given: Mapping[str, Any]) -> Settings:
    """Return settings under which one source alone is quick; the poll stays, as the safety net that it is."""
    poll_seconds = POLL_SECONDS if by == "poll" else 60.0
    fixed = {"classification": EVERYTHING, "realtime": by == "socket", "poll_seconds": poll_seconds}
    return settings_for(folder, immich, **{**fixed, **given})


async def _listening(pool: asyncpg.Pool) -> None:
    """Wait until the poll's cursor is set: what is uploaded before that counts as old."""

    async def begun() -> bool:
        return bool(await pool.fetchval("SELECT EXISTS (SELECT FROM bookmarks WHERE name LIKE 'uploads:%')"))

    await until(begun, "the poll's first turn", seconds=PATIENCE_SECONDS)


class _Phone:
    """Uploads photos, and learns from Immich itself when each was tagged."""

    def __init__(self, session: aiohttp.ClientSession, immich: Simulated, files: Sequence[bytes]) -> None:
        self._session = session
        self._immich = immich
        self._files = files
        self._sent = 0

    async def timed_upload(self) -> Timing:
        """Upload a photo and wait for its tag; raises StartError where none comes."""
        asset = await self._upload()
        uploaded = time.time()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    write = await self._immich.told()
                    if write["kind"] == "tag.link" and any(one.startswith(asset) for one in write["changes"]):
                        return Timing(asset=asset, uploaded=uploaded, tagged=write["at"])
        except TimeoutError:
            raise StartError(f"a photo was not tagged within {PATIENCE_SECONDS:.0f} s of its upload") from None

    async def _upload(self) -> str:
        # What follows a JPEG's end is no part of the picture, and makes another file of it.
        data = self._files[self._sent % len(self._files)] + self._sent.to_bytes(4, "big")
        self._sent += 1
        name, now = f"IMG_{self._sent}.jpg", datetime.now(UTC).isoformat(timespec="milliseconds")
        form = aiohttp.FormData({"fileCreatedAt": now, "fileModifiedAt": now, "filename": name})
        form.add_field("assetData", data, filename=name, content_type="application/octet-stream")
        async with self._session.post("assets", data=form) as answer:
            answer.raise_for_status()
            return str((await answer.json())["id"])

    async def tell_reactor(self, url: str) -> None:
        """Make the two workflows by which Immich tells of new photos (facts/immich-api.md section 8)."""
        header = {"headerName": "Authorization", "headerValue": f"Bearer {SECRET}"}
        step = {"method": "immich-plugin-core#webhook", "config": {"url": url, "method": "POST", **header}}
        for trigger in ("AssetCreate", "AssetMetadataExtraction"):
            body: dict[str, Any] = {"trigger": trigger, "name": "reactor", "enabled": True, "steps": [step]}
            async with self._session.post("workflows", json=body) as answer:
                answer.raise_for_status()


async def _report(reactor: Reactor, settings: Settings, by: By, timings: Sequence[Timing]) -> Report:
    rows = await reactor.stores.pool.fetch(
        """
        SELECT e.subject, extract(epoch FROM e.heard_at)::float8 AS heard,
            extract(epoch FROM d.settled_at)::float8 AS embedded, e.source
        FROM events e JOIN deliveries d ON d.event = e.seq AND d.handler = 'embed' WHERE e.subject = ANY($1)
        """,
        [timing.asset for timing in timings],
    )
    found = {row["subject"]: row for row in rows}
    heard_by: dict[str, int] = {}
    for row in rows:
        heard_by[row["source"]] = heard_by.get(row["source"], 0) + 1
    waits = [timing.tagged - timing.uploaded for timing in timings]
    poll = min(POLL_SECONDS, settings.poll_seconds)
    p50, p95 = WANTED_MS.get(by, (None, poll * 1000 + WANTED_BEYOND_A_POLL_MS))
    steps = {
        "heard": [found[one.asset]["heard"] - one.uploaded for one in timings],
        "embedded": [found[one.asset]["embedded"] - found[one.asset]["heard"] for one in timings],
        "tagged": [one.tagged - found[one.asset]["embedded"] for one in timings],
    }
    return Report(
        by=by,
        uploads=len(timings),
        p50_ms=_ms(percentile(waits, 0.50)),
        p95_ms=_ms(percentile(waits, 0.95)),
        max_ms=_ms(max(waits)),
        wanted_p50_ms=p50,
        wanted_p95_ms=p95,
        poll_seconds=poll,
        steps_ms={name: _ms(percentile(values, 0.50)) for name, values in steps.items()},
        heard_by=heard_by,
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def table(report: Report) -> str:
    """Return the report for people."""
    wanted = f"p95 {report.wanted_p95_ms:.0f} ms"
    if report.wanted_p50_ms is not None:
        wanted = f"p50 {report.wanted_p50_ms:.0f} ms, {wanted}"
    steps = ", ".join(f"{name} after {ms:.0f} ms" for name, ms in report.steps_ms.items())
    heard = ", ".join(f"{number} by {source or 'unknown'}" for source, number in report.heard_by.items())
    return (
        f"{report.uploads} uploads one by one, heard {heard}\n"
        f"from the upload's answer to the tag: p50 {report.p50_ms:.0f} ms, p95 {report.p95_ms:.0f} ms,"
        f" max {report.max_ms:.0f} ms (wanted: {wanted} or less)\n"
        f"medians of the parts: {steps}\n"
    )
