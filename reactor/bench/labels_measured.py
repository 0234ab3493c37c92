"""What labels cost on one core, as a process of its own: how many threads numpy takes is settled before it starts."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import asyncpg
import numpy as np

from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.adapters.postgres.catalogue import PostgresCatalogue
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.adapters.postgres.pool import open_pool
from reactor.bench.drawn_library import MODEL, categories, prompts
from reactor.bench.running import ACCOUNT
from reactor.config import FixedSettings
from reactor.core.categories import Category, catalogue_of
from reactor.core.errors import Permanent
from reactor.core.gates import GateFacts
from reactor.core.ids import AssetId
from reactor.core.labelling import label
from reactor.core.relabelling import Rules, differences
from reactor.core.scoring import Scorer, Vectors
from reactor.ports import ImageFeatures
from reactor.sources.relabel import PAGE
from reactor.wiring.label_desk import LabelDesk
from reactor.wiring.rules import KeptRules

DSN_VARIABLE = "REACTOR_BENCH_DSN"
PREVIEWS = 5
ALONE = 1000
WARM_UP = 50


class Drawn:
    """The model of a library that nobody has photographed: it knows prompts alone."""

    model = MODEL

    def __init__(self) -> None:
        self._prompts = prompts()

    async def image(self, data: bytes) -> ImageFeatures:
        raise Permanent("no picture is looked at here: vectors are stored as they are drawn")

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, Vectors]:
        return {text: self._prompts[text] for text in prompts}


class NoImmich:
    """An Immich in which nobody has tagged anything by hand."""

    async def tagged(self, _: str) -> frozenset[AssetId]:
        return frozenset()


async def measure(dsn: str) -> dict[str, Any]:
    """Return the seconds of everything, on the photos that are stored."""
    held = categories()
    scorer = Scorer(held, prompts())
    async with open_pool(dsn) as pool:
        # What PostgreSQL and numpy do for the first time is no part of it.
        warm = await PostgresLabels(pool).page(ACCOUNT, MODEL, after="", limit=PAGE)
        scorer.scores(warm.vectors)
        again = await _again(pool, held, scorer)
        return again | await _previews(pool, held[0]) | _alone(held, warm.vectors[:ALONE])


async def _again(pool: asyncpg.Pool, held: tuple[Category, ...], scorer: Scorer) -> dict[str, Any]:
    """Hold every stored photo against the categories, page by page as a run does."""
    labels, rules = PostgresLabels(pool), Rules(catalogue=catalogue_of(held), calibration=None)
    after, full, found = "", True, dict.fromkeys(("read_s", "score_s", "score_cpu_s", "compare_s"), 0.0)
    looked = differing = 0
    core = time.process_time()
    while full:
        began = time.perf_counter()
        page = await labels.page(ACCOUNT, MODEL, after=after, limit=PAGE)
        read, cpu = time.perf_counter(), time.process_time()
        scorer.scores(page.vectors)
        scored, cpu_then = time.perf_counter(), time.process_time()
        differing += len(differences(page, ACCOUNT, rules, scorer))
        compared = time.perf_counter()
        found["read_s"] += read - began
        found["score_s"] += scored - read
        found["score_cpu_s"] += cpu_then - cpu
        found["compare_s"] += compared - scored
        looked += len(page.assets)
        after, full = page.last, page.full
    found["together_cpu_s"] = time.process_time() - core - found["score_cpu_s"]  # scored once more, to be told apart
    return found | {"looked": looked, "differing": differing}


async def _previews(pool: asyncpg.Pool, category: Category) -> dict[str, Any]:
    """Preview a draft again and again, as page, API and command do."""
    model, catalogue, labels = Drawn(), PostgresCatalogue(pool), PostgresLabels(pool)
    rules = KeptRules(FixedSettings(), catalogue, labels, PostgresBookmarks(pool), model)
    immich = cast("Any", NoImmich())
    desk = LabelDesk(
        rules, catalogue, labels, PostgresOrders(pool), model, accounts=(ACCOUNT,), library=lambda _: immich
    )
    seconds, fits = [], 0
    for _ in range(PREVIEWS):
        began = time.perf_counter()
        fits = (await desk.preview(ACCOUNT, category)).fits
        seconds.append(time.perf_counter() - began)
    return {"preview_s": float(np.median(seconds)), "slowest_preview_s": max(seconds), "preview_fits": fits}


def _alone(held: tuple[Category, ...], photos: Vectors) -> dict[str, Any]:
    """Decide photos one by one, as a new one is: the prompts' vectors are known, and put together each time."""
    known, facts = prompts(), GateFacts()
    spent: list[tuple[float, float]] = []
    for photo in photos:
        began = time.perf_counter()
        scorer = Scorer(held, known)
        made = time.perf_counter()
        label(photo, facts, held, scorer, None)
        spent.append((made - began, time.perf_counter() - began))
    milliseconds = np.array(spent[WARM_UP:] or spent) * 1000
    return {
        "scorer_ms": float(np.median(milliseconds[:, 0])),
        "label_ms": float(np.median(milliseconds[:, 1])),
        "label_p95_ms": float(np.quantile(milliseconds[:, 1], 0.95)),
    }


def main() -> None:
    """Measure on one core and print one line of JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sys.stdout.write(json.dumps(asyncio.run(measure(os.environ[DSN_VARIABLE]))) + "\n")


if __name__ == "__main__":
    main()
