"""The arithmetic of `reactor eval labels`: scores, vetoes, and the best cosine there could be."""

from collections.abc import Sequence

import numpy as np
import pytest

from reactor.core.calibration import Calibration
from reactor.evaluate.label_scores import LabelledVectors, Scores, Truth, Vectors, best_single, compare, macro_f1, score


def at(*degrees: float) -> Vectors:
    """Return unit vectors in a plane, so that cosines are those of the angles between them."""
    angles = np.radians(np.array(degrees))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_a_category_scores_as_its_best_prompt() -> None:
    scores = score(at(0, 60), prompts=(at(30, 90),), negatives=(at(),))
    assert scores.ravel() == pytest.approx([np.cos(np.radians(30))] * 2, abs=1e-6)


def test_a_negative_prompt_that_scores_higher_vetoes_and_one_that_scores_lower_does_not() -> None:
    scores = score(at(0, 60), prompts=(at(20),), negatives=(at(70),))
    assert scores[0, 0] == pytest.approx(np.cos(np.radians(20)), abs=1e-6)
    assert scores[1, 0] == -np.inf


def test_photos_are_found_by_the_threshold_of_the_strictness() -> None:
    vectors = LabelledVectors(
        model="plane",
        names=("near", "never"),
        photos=at(0, 10, 50, 80),
        bank=at(0),
        prompts=(at(0), at(180)),
        negatives=(at(), at()),
        truth=np.array([[1, 0], [0, 0], [1, 0], [0, 0]], bool),
    )
    calibration = Calibration(model="plane", bank="b", lo=0.1, hi=0.9, photos=4)
    report = compare(vectors, calibration, 0.9)
    near, never = report.categories
    assert report.threshold == near.threshold == pytest.approx(0.82)
    assert (near.labelled, near.matched, near.precision, near.recall, near.f1) == (2, 2, 0.5, 0.5, 0.5)
    assert (never.labelled, never.matched, never.precision, never.recall, never.f1) == (0, 0, 1.0, 1.0, 1.0)
    # Of what nobody labelled nothing is said: the mean is that of "near" alone, and so is the best.
    assert report.macro_f1 == 0.5
    assert report.best_macro_f1 == pytest.approx(0.8)
    assert report.best_threshold == pytest.approx(np.cos(np.radians(50)), abs=1e-6)
    assert report.loss == pytest.approx(0.3)


def tried_one_by_one(scores: Scores, truth: Truth) -> float:
    return max(macro_f1(scores, truth, cut) for cut in np.unique(scores[np.isfinite(scores)]).tolist())


@pytest.mark.parametrize("seed", range(20))
def test_no_cosine_is_better_than_the_best_single_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Two digits make many equal scores; some are vetoed, and some categories have no photo.
    scores = rng.normal(0.3, 0.2, (40, 6)).round(2)
    scores[rng.random(scores.shape) < 0.1] = -np.inf
    truth = (rng.random(scores.shape) < 0.2) & (np.arange(6) != 3)
    threshold, best = best_single(scores, truth)
    assert best == pytest.approx(tried_one_by_one(scores, truth))
    assert macro_f1(scores, truth, threshold) == best


@pytest.mark.parametrize("shape", [(1, 1), (3, 2)])
def test_where_everything_is_vetoed_the_best_is_nothing(shape: Sequence[int]) -> None:
    assert best_single(np.full(shape, -np.inf), np.ones(shape, bool)) == (1.0, 0.0)
