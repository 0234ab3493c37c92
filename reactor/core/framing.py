"""How well two photos show one view, if the camera was moved, turned and zoomed a little between them."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor.core.thumbs import LEAST_OVERLAP, ONE_FRAMING, PAIRS_KEPT, SIDE

ZOOMS = (0.9, 1.0, 1.12)
TURNS = (-4.0, 0.0, 4.0)
"""Degrees; a hand that steps aside for the next photo turns and zooms by about so much."""
SIZE = (2 * SIDE, 2 * SIDE)


@lru_cache(maxsize=PAIRS_KEPT)
def closest_match(one: bytes, other: bytes) -> tuple[float, float]:
    """Return how well two thumbs match at best if one is shifted: with ONE_FRAMING in common, and with less.

    Normalised correlations, -1..1, as of thumbs.best_match, but the second is turned and zoomed as well, by the few
    steps of TURNS and ZOOMS: the match of a reframed photo rises by these, that of another view hardly.
    """
    # Single precision is a third of the work; its errors lie far below the floor of _correlate.
    first, second = (np.frombuffer(thumb, np.uint8).astype(np.float32) for thumb in (one, other))
    second = second - second.mean()
    warped = np.einsum("wpk,wpk->wp", second[_PLACES], _WEIGHTS).reshape(-1, SIDE, SIDE) * _INSIDE
    correlation = _correlate((first - first.mean()).reshape(SIDE, SIDE), warped)
    return float(correlation[_NEAR].max()), float(correlation[_FAR].max())


def _correlate(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the correlations of a thumb with several [n, SIDE, SIDE] at every shift (Padfield 2012)."""
    a, aa = np.fft.rfft2(one, SIZE), np.fft.rfft2(one * one, SIZE)
    b, bb = (np.fft.rfft2(part, SIZE).conj() for part in (others, others * others))
    sum_a, sum_b = _back(a * _MASK), _back(_FRAME * b)
    spread_a, spread_b = _back(aa * _MASK) - sum_a**2 / _COUNT, _back(_FRAME * bb) - sum_b**2 / _COUNT
    shared = _back(a * b) - sum_a * sum_b / _COUNT
    # A part of one grey all over matches nothing; without the floor it would match by its rounding errors.
    return np.asarray(shared / np.sqrt(np.maximum(spread_a, _COUNT) * np.maximum(spread_b, _COUNT)))


def _back(spectrum: NDArray[np.complexfloating[Any, Any]]) -> NDArray[np.float32]:
    return np.asarray(np.fft.irfft2(spectrum, SIZE), dtype=np.float32)


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


_PLACES, _WEIGHTS, _INSIDE = _warps()
_FRAME = np.fft.rfft2(np.ones((SIDE, SIDE), np.float32), SIZE)
_MASK = np.fft.rfft2(_INSIDE, SIZE).conj()
_COUNT = np.maximum(np.rint(_back(_FRAME * _MASK)), 1.0)
_NEAR = _COUNT >= ONE_FRAMING * SIDE**2
_FAR = (_COUNT < ONE_FRAMING * SIDE**2) & (_COUNT >= LEAST_OVERLAP * SIDE**2)
