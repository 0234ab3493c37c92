"""What a cosine means for one model: thresholds as shares of the way between two numbers measured on photos.

Cosines of different models lie on different scales (facts/peers.md section 1.2, point 5). Two numbers place a model's
scale: ``lo``, what any caption of everyday life has with any photo, and ``hi``, what the best of these captions has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Level = Literal["loose", "normal", "strict"]
Strictness: TypeAlias = Level | float
"""A level, or a share of the way from ``lo`` (0) to ``hi`` (1); more than 1 asks for more than the usual best."""

SHARES: Mapping[Level, float] = {"loose": 0.7, "normal": 0.8, "strict": 0.9}
ENOUGH = 20
"""Of fewer photos nothing is concluded."""
BETTER = 200
"""A measurement of fewer photos is worth making again once there are so many."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The two numbers of a model, measured once and frozen.

    ``model`` is the hash that names its vectors, ``bank`` the digest of the captions, ``photos`` how many were
    measured; ``version`` counts the measurements of this model, from 1.
    """

    model: str
    bank: str
    lo: float
    hi: float
    photos: int
    version: int = 1
    made_at: datetime | None = None

    def threshold(self, strictness: Strictness) -> float:
        """Return the cosine that a strictness asks for."""
        return self.lo + share_of_way(strictness) * (self.hi - self.lo)

    def share(self, cosine: float) -> float | None:
        """Return the share of the way at which a cosine lies, None where there is no way."""
        return (cosine - self.lo) / (self.hi - self.lo) if self.hi > self.lo else None

    def is_improvable(self, stored: int) -> bool:
        """Say whether it is worth measuring again: it is of few photos, and by now there are more."""
        return self.photos < BETTER <= stored


def share_of_way(strictness: Strictness) -> float:
    """Return the share of the way that a strictness stands for."""
    return SHARES[strictness] if isinstance(strictness, str) else float(strictness)


def measure(photos: NDArray[np.float32], captions: NDArray[np.float32]) -> tuple[float, float]:
    """Return (lo, hi) of a model: the median cosine of all pairs, and the median of each photo's best caption.

    The photos that one caption fits best weigh together as much as those of any other caption: the two numbers tell of
    the model, and must not move because half of a library shows one motif (docs/labels.md has the figures).
    ``photos`` [N, D] and ``captions`` [C, D] have unit length; neither may be empty.
    """
    cosines = photos @ captions.T
    motif = cosines.argmax(axis=1)
    weights = 1 / np.bincount(motif)[motif]
    return _median(cosines.ravel(), np.repeat(weights, len(captions))), _median(cosines.max(axis=1), weights)


def _median(values: NDArray[np.float32], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    # Where exactly half is reached between two values it is their mean; sums of fractions are never quite exact.
    middle = np.searchsorted(reached, reached[-1] * np.array([0.5 - 1e-9, 0.5 + 1e-9]))
    return float(values[order[middle]].mean())
