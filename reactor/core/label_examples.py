"""What the user's own doing says of a category: photos for which it is right, or wrong, and what follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reactor.core.calibration import Calibration
from reactor.core.ids import AssetId
from reactor.core.orders import Example
from reactor.core.scoring import Vectors

FEWEST = 2
"""Of fewer examples of a kind no better threshold is concluded."""


@dataclass(frozen=True, kw_only=True)
class OnExamples:
    """How a threshold does on photos of which the user said whether the category is right for them.

    ``precision`` is None where it finds none of them, ``recall`` where none is right.
    """

    threshold: float
    precision: float | None
    recall: float | None
    strictness: float | None = None


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What the user's own doing says: ``wanted`` and ``unwanted`` photos, and how the thresholds do on them.

    ``better`` is the threshold that does best on them, None where the present one does as well or too few are known.
    """

    wanted: int
    unwanted: int
    now: OnExamples | None = None
    better: OnExamples | None = None
    note: str = ""


def learned(
    assets: Sequence[AssetId],
    scores: Vectors,
    examples: Sequence[Example],
    threshold: float | None,
    calibration: Calibration | None,
    note: str,
) -> Learned:
    """Return how a threshold does on examples; ``scores`` [N] are the ``assets``'; ``note`` is what is not known."""
    place = {asset: at for at, asset in enumerate(assets)} if examples else {}
    known = [one for one in examples if one.asset in place]
    theirs = np.array([scores[place[one.asset]] for one in known], dtype=np.float32)
    wanted = np.array([one.wanted for one in known], dtype=np.bool_)
    right, wrong = int(wanted.sum()), int((~wanted).sum())
    if threshold is None or not known:
        return Learned(wanted=right, unwanted=wrong, note=note)
    now = _on_examples(theirs, wanted, threshold, calibration)
    better = None
    if right >= FEWEST and wrong >= FEWEST:
        better = best_threshold(theirs, wanted, threshold, calibration)
    return Learned(wanted=right, unwanted=wrong, now=now, better=better, note=note)


def best_threshold(
    scores: Vectors, wanted: NDArray[np.bool_], threshold: float, calibration: Calibration | None
) -> OnExamples | None:
    """Return the threshold of the highest F1 on examples, None where the present one does as well.

    It lies in the middle between two scores; of several the one nearest to the present one.
    """
    ordered = np.unique(scores[np.isfinite(scores)])
    tried = [float((low + high) / 2) for low, high in pairwise(ordered)]
    if len(ordered):
        tried.append(float(ordered[0]) - 0.001)
    best = max(tried, key=lambda one: (round(_f1(scores, wanted, one), 6), -abs(one - threshold)), default=None)
    if best is None or _f1(scores, wanted, best) <= _f1(scores, wanted, threshold) + 1e-9:
        return None
    return _on_examples(scores, wanted, best, calibration)


def _f1(scores: Vectors, wanted: NDArray[np.bool_], threshold: float) -> float:
    found = scores >= threshold
    hits = int((found & wanted).sum())
    total = int(found.sum()) + int(wanted.sum())
    return 2 * hits / total if total else 0.0


def _on_examples(
    scores: Vectors, wanted: NDArray[np.bool_], threshold: float, calibration: Calibration | None
) -> OnExamples:
    found = scores >= threshold
    hits, claimed, right = int((found & wanted).sum()), int(found.sum()), int(wanted.sum())
    share = calibration.share(threshold) if calibration is not None else None
    return OnExamples(
        threshold=threshold,
        precision=hits / claimed if claimed else None,
        recall=hits / right if right else None,
        strictness=None if share is None else round(share, 3),
    )
