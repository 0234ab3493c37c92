"""How labels given by one threshold compare with the truth; arrays are [photos, categories]."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reactor.core.calibration import Calibration, Strictness, measure
from reactor.core.everyday import BANK
from reactor.core.scoring import vetoed

Vectors = NDArray[np.float32]
Scores = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class LabelledVectors:
    """A labelled folder as a model sees it; all vectors have unit length.

    ``photos`` [N, D], ``bank`` [C, D] the everyday captions, ``prompts`` and ``negatives`` one [P, D] a name,
    ``truth`` [N, names] which photo belongs to what.
    """

    model: str
    names: tuple[str, ...]
    photos: Vectors
    bank: Vectors
    prompts: tuple[Vectors, ...]
    negatives: tuple[Vectors, ...]
    truth: Truth


@dataclass(frozen=True, kw_only=True)
class CategoryScore:
    """How one category was found: of ``matched`` photos, where ``labelled`` are right; of none, precision is 1."""

    name: str
    labelled: int
    matched: int
    threshold: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, kw_only=True)
class LabelReport:
    """How labels by strictness compare with the truth, and with the best that one cosine for all could do.

    ``macro_f1`` is the mean over the categories that any photo belongs to; ``loss`` is what it lacks to
    ``best_macro_f1``, that of ``best_threshold``, which only those can know who know the truth.
    """

    model: str
    bank: str
    photos: int
    lo: float
    hi: float
    strictness: Strictness
    threshold: float
    macro_f1: float
    best_threshold: float
    best_macro_f1: float
    loss: float
    categories: tuple[CategoryScore, ...]


def calibrate(vectors: LabelledVectors) -> Calibration:
    """Return what the photos tell of the model's scale."""
    lo, hi = measure(vectors.photos, vectors.bank)
    return Calibration(model=vectors.model, bank=BANK, lo=lo, hi=hi, photos=len(vectors.photos))


def compare(vectors: LabelledVectors, calibration: Calibration, strictness: Strictness) -> LabelReport:
    """Label the photos by the strictness and score that against the truth."""
    threshold = calibration.threshold(strictness)
    scores = score(vectors.photos, vectors.prompts, vectors.negatives)
    categories = tuple(
        _found(name, scores[:, column] >= threshold, vectors.truth[:, column], threshold)
        for column, name in enumerate(vectors.names)
    )
    macro = macro_f1(scores, vectors.truth, threshold)
    best_threshold, best = best_single(scores, vectors.truth)
    return LabelReport(
        model=vectors.model,
        bank=calibration.bank,
        photos=len(vectors.photos),
        lo=calibration.lo,
        hi=calibration.hi,
        strictness=strictness,
        threshold=threshold,
        macro_f1=macro,
        best_threshold=best_threshold,
        best_macro_f1=best,
        loss=best - macro,
        categories=categories,
    )


def score(photos: Vectors, prompts: Sequence[Vectors], negatives: Sequence[Vectors]) -> Scores:
    """Return each category's best prompt's cosine; -inf where one of its negative prompts scores higher."""
    columns = []
    for asked, unwanted in zip(prompts, negatives, strict=True):
        best = (photos @ asked.T).max(axis=1)
        columns.append(vetoed(best, (photos @ unwanted.T).max(axis=1)) if len(unwanted) else best)
    return np.stack(columns, axis=1).astype(np.float64)


def macro_f1(scores: Scores, truth: Truth, threshold: float) -> float:
    """Return the mean F1 of the categories that any photo belongs to, at one threshold for all."""
    matched = scores >= threshold
    right = (matched & truth).sum(axis=0)
    labelled = truth.sum(axis=0)
    f1 = 2 * right / np.maximum(matched.sum(axis=0) + labelled, 1)
    return float(f1[labelled > 0].mean())


def best_single(scores: Scores, truth: Truth) -> tuple[float, float]:
    """Return the threshold with the highest macro F1 of all there are, the strictest of equals, and that macro F1."""
    judged = truth.any(axis=0)
    scores, truth = scores[:, judged], truth[:, judged]
    order = np.argsort(-scores, axis=0, kind="stable")
    falling = np.take_along_axis(scores, order, axis=0)
    right = np.take_along_axis(truth, order, axis=0).cumsum(axis=0)
    f1 = 2 * right / (np.arange(1, len(scores) + 1)[:, None] + truth.sum(axis=0))
    gains = np.diff(f1, axis=0, prepend=0).ravel()
    cuts = falling.ravel()
    by_score = np.argsort(-cuts, kind="stable")
    cuts, macro = cuts[by_score], gains[by_score].cumsum() / judged.sum()
    # A cut takes all photos of its score, so of equal ones the last counts; what was vetoed no cut reaches.
    possible = np.append(cuts[1:] < cuts[:-1], True) & np.isfinite(cuts)
    if not possible.any():
        return 1.0, 0.0
    best = int(np.argmax(np.where(possible, macro, -1)))
    # Added up from the gains, it has their rounding in it.
    return float(cuts[best]), macro_f1(scores, truth, float(cuts[best]))


def _found(name: str, matched: NDArray[np.bool_], truth: NDArray[np.bool_], threshold: float) -> CategoryScore:
    right, made, true = int((matched & truth).sum()), int(matched.sum()), int(truth.sum())
    return CategoryScore(
        name=name,
        labelled=true,
        matched=made,
        threshold=threshold,
        precision=right / made if made else 1.0,
        recall=right / true if true else 1.0,
        f1=2 * right / (made + true) if made or true else 1.0,
    )
