"""What a cosine means for one model: the two numbers, and the thresholds that a strictness stands for."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reactor.core.calibration import Calibration, measure


def vectors(cosines: list[list[float]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return photos and captions of unit length with these cosines, [photos][captions]."""
    given = np.array(cosines, np.float64)
    captions = np.eye(given.shape[1], given.shape[1] + 1)
    rest = np.sqrt(1 - (given**2).sum(axis=1, keepdims=True))
    return np.hstack([given, rest]).astype(np.float32), captions.astype(np.float32)


def test_lo_is_what_any_caption_has_and_hi_what_the_best_has() -> None:
    lo, hi = measure(*vectors([[0.6, 0.1, 0.2], [0.1, 0.5, 0.2], [0.0, 0.1, 0.8]]))
    assert lo == pytest.approx(0.2)
    assert hi == pytest.approx(0.6)


def test_between_two_middle_ones_lies_their_mean() -> None:
    lo, hi = measure(*vectors([[0.6, 0.1], [0.2, 0.4]]))
    assert lo == pytest.approx(0.3)
    assert hi == pytest.approx(0.5)


def test_photos_of_one_motif_weigh_as_plain_medians_have_them() -> None:
    rng = np.random.default_rng(3)
    given = rng.uniform(0, 0.3, (10, 4))
    given[:, 1] += 0.4
    lo, hi = measure(*vectors(given.tolist()))
    assert lo == pytest.approx(float(np.median(given)), abs=1e-6)
    assert hi == pytest.approx(float(np.median(given[:, 1])), abs=1e-6)


def test_a_motif_that_fills_the_library_moves_nothing() -> None:
    cosines = [[0.9, 0.0, 0.1], [0.3, 0.5, 0.1], [0.2, 0.1, 0.6]]
    assert measure(*vectors(cosines[:1] * 50 + cosines[1:])) == pytest.approx(measure(*vectors(cosines)), abs=1e-6)


@pytest.mark.parametrize(
    ("strictness", "threshold"), [("loose", 0.31), ("normal", 0.34), ("strict", 0.37), (0.5, 0.25), (1.1, 0.43)]
)
def test_a_strictness_is_a_share_of_the_way(strictness: float, threshold: float) -> None:
    calibration = Calibration(model="m", bank="b", lo=0.1, hi=0.4, photos=200)
    assert calibration.threshold(strictness) == pytest.approx(threshold)
