"""How well two photos show one view, if the camera was moved, turned and zoomed a little between them."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor.core.thumbs import SIDE

ONE_FRAMING = 0.55
"""Photos of one framing have this share of the frame in common or more; those of a pan have less."""
LEAST_OVERLAP = 0.2
"""Below this share of the frame in common any two pictures match somewhere."""
ZOOMS = (0.9, 1.0, 1.12)
TURNS = (-4.0, 0.0, 4.0)
"""Degrees; a hand that steps aside for the next photo turns and zooms by about so much."""
PAIRS_KEPT = 4096
"""So many answers are remembered, in 8 MB: a photo that comes to a long row asks again about all pairs in it, which
would take seconds; those that are new in it are few."""
FLOOR = 1.0
"""A part of one grey all over matches nothing; without this variance it would match by its rounding errors."""
SIZE = (2 * SIDE, 2 * SIDE)


def still_match(one: bytes, other: bytes) -> float:
    """Return how well two thumbs match as they lie: their normalised correlation, -1..1."""
    a, b = _centred(one), _centred(other)
    spread = max(float(a @ a), a.size * FLOOR) * max(float(b @ b), b.size * FLOOR)
    return float(a @ b) / math.sqrt(spread)


@lru_cache(maxsize=PAIRS_KEPT)
def best_match(one: bytes, other: bytes) -> tuple[float, float]:
    """Return how well two thumbs match at best if one is shifted: with ONE_FRAMING in common, and with less.

    Normalised correlations, -1..1, of the part that both show, at every shift in whole pixels that leaves at least
    LEAST_OVERLAP in common (Padfield, Masked Object Registration in the Fourier Domain, 2012).
    """
    return _LEVEL.match(_centred(one), _centred(other).reshape(1, SIDE, SIDE))


@lru_cache(maxsize=PAIRS_KEPT)
def closest_match(one: bytes, other: bytes) -> tuple[float, float]:
    """Return as best_match, but the second is turned and zoomed as well, by the few steps of TURNS and ZOOMS.

    The match of a reframed photo rises by these, that of another view hardly.
    """
    warped = np.einsum("wpk,wpk->wp", _centred(other)[_PLACES], _WEIGHTS).reshape(-1, SIDE, SIDE)
    return _WARPED.match(_centred(one), warped * _INSIDE)


@dataclass(frozen=True)
class _Views:
    """What several versions [n] of a thumb have in common with another one at every shift; all [n, *SIZE]."""

    mask: NDArray[np.complexfloating[Any, Any]]
    count: NDArray[np.float32]
    near: NDArray[np.bool_]
    far: NDArray[np.bool_]

    def match(self, one: NDArray[np.float32], others: NDArray[np.float32]) -> tuple[float, float]:
        """Return the best correlations of a thumb, centred, with the versions [n, SIDE, SIDE] of another."""
        pixels = one.reshape(SIDE, SIDE)
        a, aa = np.fft.rfft2(np.stack([pixels, pixels * pixels]), SIZE)
        b, bb = (np.fft.rfft2(part, SIZE).conj() for part in (others, others * others))
        sum_a, sum_b = _back(a * self.mask), _back(_FRAME * b)
        spread_a = _back(aa * self.mask) - sum_a**2 / self.count
        spread_b = _back(_FRAME * bb) - sum_b**2 / self.count
        least = FLOOR * self.count
        spread = np.sqrt(np.maximum(spread_a, least) * np.maximum(spread_b, least))
        correlation = (_back(a * b) - sum_a * sum_b / self.count) / spread
        return float(correlation[self.near].max()), float(correlation[self.far].max())


def _centred(thumb: bytes) -> NDArray[np.float32]:
    # Single precision is a third of the work; its errors lie far below the floor of _Views.match.
    pixels = np.frombuffer(thumb, np.uint8).astype(np.float32)
    return pixels - np.float32(pixels.mean())


def _back(spectra: NDArray[np.complexfloating[Any, Any]]) -> NDArray[np.float32]:
    return np.asarray(np.fft.irfft2(spectra, SIZE), dtype=np.float32)


def _views(inside: NDArray[np.float32]) -> _Views:
    """Return what to ask about versions of which these pixels [n, SIDE, SIDE] are seen: 1, or 0."""
    mask = np.fft.rfft2(inside, SIZE).conj()
    count = np.maximum(np.rint(_back(_FRAME * mask)), 1.0)
    near = count >= ONE_FRAMING * SIDE**2
    return _Views(mask=mask, count=count, near=near, far=~near & (count >= LEAST_OVERLAP * SIDE**2))


def _warps() -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return of each warp [w] and pixel [p] the four pixels that it is mixed of, their weights, and if it is seen."""
    middle = (SIDE - 1) / 2
    down, across = (axis.ravel() - middle for axis in np.mgrid[0:SIDE, 0:SIDE])
    places, weights, inside = [], [], []
    for zoom in ZOOMS:
        for turn in np.radians(TURNS):
            x = (across * np.cos(turn) - down * np.sin(turn)) / zoom + middle
            y = (across * np.sin(turn) + down * np.cos(turn)) / zoom + middle
            inside.append((x > -0.5) & (y > -0.5) & (x < SIDE - 0.5) & (y < SIDE - 0.5))
            x, y = np.clip(x, 0, SIDE - 1.001), np.clip(y, 0, SIDE - 1.001)
            left, top = x.astype(int), y.astype(int)
            u, v = x - left, y - top
            places.append(np.stack([top * SIDE + left + corner for corner in (0, 1, SIDE, SIDE + 1)], axis=1))
            weights.append(np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v], axis=1))
    return (
        np.stack(places),
        np.stack(weights).astype(np.float32),
        np.stack(inside).reshape(-1, SIDE, SIDE).astype(np.float32),
    )


_FRAME = np.fft.rfft2(np.ones((SIDE, SIDE), np.float32), SIZE)
_PLACES, _WEIGHTS, _INSIDE = _warps()
_LEVEL, _WARPED = _views(np.ones((1, SIDE, SIDE), np.float32)), _views(_INSIDE)
