"""What a strictness is worth: `python -m models.training.strictness --set set/labels --model FOLDER`.

The set is one of `label_set`. Losses are macro F1 below the best single cosine, which only the truth can tell.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reactor.core.calibration import SHARES
from reactor.evaluate.label_scores import LabelledVectors, LabelReport, Vectors, calibrate, compare
from reactor.evaluate.labels import embedded
from reactor.wiring.models import open_model

SLOPE, OFFSET = 0.35, 0.1
SIZES = (20, 50, 200, 1000)
FEW_KINDS = (1, 3, 5, 10)
DRAWS = 100


def mapped(vectors: LabelledVectors) -> LabelledVectors:
    """Return the vectors of a model whose cosine of photo and text is .35 cos + .1, of unit length as before."""
    rest = 1 - SLOPE - OFFSET

    def extended(some: Vectors, last: Sequence[float]) -> Vectors:
        tail = np.broadcast_to(np.sqrt(np.array((OFFSET, *last))), (len(some), 3))
        return np.hstack([np.sqrt(SLOPE) * some, tail]).astype(np.float32)

    return replace(
        vectors,
        photos=extended(vectors.photos, (rest, 0)),
        bank=extended(vectors.bank, (0, rest)),
        prompts=tuple(extended(some, (0, rest)) for some in vectors.prompts),
        negatives=tuple(extended(some, (0, rest)) for some in vectors.negatives),
    )


def chosen(vectors: LabelledVectors, rows: NDArray[np.intp]) -> LabelledVectors:
    """Return the library of these photos."""
    return replace(vectors, photos=vectors.photos[rows], truth=vectors.truth[rows])


def half_of(vectors: LabelledVectors, name: str) -> LabelledVectors:
    """Return a library of which half belongs to one category: its photos are repeated as often as it takes."""
    belongs = vectors.truth[:, vectors.names.index(name)]
    own, others = np.flatnonzero(belongs), np.flatnonzero(~belongs)
    return chosen(vectors, np.concatenate([np.resize(own, len(others)), others]))


def measured(vectors: LabelledVectors, *, on: LabelledVectors | None = None) -> LabelReport:
    """Return how strictness normal labels the photos, calibrated on them or on those of another library."""
    return compare(vectors, calibrate(on or vectors), "normal")


def plainly(vectors: LabelledVectors) -> LabelReport:
    """Return the same by plain medians, in which a motif weighs as much as it has photos."""
    cosines = vectors.photos @ vectors.bank.T
    lo, hi = float(np.median(cosines)), float(np.median(cosines.max(axis=1)))
    return compare(vectors, replace(calibrate(vectors), lo=lo, hi=hi), "normal")


def of_a_few(vectors: LabelledVectors, size: int) -> list[float]:
    """Return the losses on all photos of calibrations on ``size`` of them, drawn anew by ``DRAWS`` seeds."""
    draws = (np.random.default_rng(seed).choice(len(vectors.photos), size, replace=False) for seed in range(DRAWS))
    return [measured(vectors, on=chosen(vectors, rows)).loss for rows in draws]


def of_few_kinds(vectors: LabelledVectors, number: int) -> list[float]:
    """Return the losses on all photos of calibrations on those of a few categories alone, drawn anew by seeds."""
    draws = (np.random.default_rng(seed).choice(len(vectors.names), number, replace=False) for seed in range(DRAWS))
    libraries = (chosen(vectors, np.flatnonzero(vectors.truth[:, some].any(axis=1))) for some in draws)
    return [measured(vectors, on=library).loss for library in libraries]


def spread(losses: Iterable[float]) -> dict[str, float]:
    """Return mean, 95th percentile and worst of losses, and the share of those that are small."""
    found = np.array(list(losses))
    return {
        "mean": round(float(found.mean()), 4),
        "95%": round(float(np.quantile(found, 0.95)), 4),
        "worst": round(float(found.max()), 4),
        "at most .02": round(float((found <= 0.02).mean()), 2),
    }


def whole(report: LabelReport) -> dict[str, float]:
    """Return a report without its categories."""
    names = ("lo", "hi", "threshold", "macro_f1", "best_threshold", "best_macro_f1", "loss")
    return {name: round(getattr(report, name), 4) for name in names}


def levels(vectors: LabelledVectors) -> dict[str, dict[str, float]]:
    """Return mean precision and recall of the categories at each strictness."""
    found = {level: compare(vectors, calibrate(vectors), level).categories for level in SHARES}
    return {
        level: {
            "precision": round(float(np.mean([one.precision for one in categories])), 4),
            "recall": round(float(np.mean([one.recall for one in categories])), 4),
        }
        for level, categories in found.items()
    }


def halves(vectors: LabelledVectors, measure: Callable[[LabelledVectors], LabelReport]) -> dict[str, float]:
    """Return the losses in libraries of which half is one category, over all categories, and the three worst."""
    losses = {name: measure(half_of(vectors, name)).loss for name in vectors.names}
    worst = sorted(losses, key=lambda name: -losses[name])[:3]
    return spread(losses.values()) | {name: round(losses[name], 4) for name in worst}


def study(vectors: LabelledVectors) -> dict[str, object]:
    """Return all figures of docs/labels.md for one model."""
    return {
        "all": whole(measured(vectors)),
        "mapped": whole(measured(mapped(vectors))),
        "levels": levels(vectors),
        "half one kind": halves(vectors, measured),
        "calibrated on": {size: spread(of_a_few(vectors, size)) for size in SIZES if size <= len(vectors.photos)},
        "calibrated on kinds": {number: spread(of_few_kinds(vectors, number)) for number in FEW_KINDS},
        "plain medians": {"all": whole(plainly(vectors)), "half one kind": halves(vectors, plainly)},
    }


def main() -> None:
    """Print the study as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    options = parser.parse_args()

    async def work() -> LabelledVectors:
        async with open_model(options.model) as embedder:
            return await embedded(options.set, embedder)

    print(json.dumps(study(asyncio.run(work())), indent=1))


if __name__ == "__main__":
    main()
