"""Arithmetic on small grey pictures: what is kept of a photo to compare its framing and its light with others."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SIDE = 32
"""Pixels of a thumb's side, whatever the picture's shape: two photos of one camera are squeezed alike."""
PLAIN = 2.0
"""Grey levels by which the pixels of a thumb differ from their mean where only noise does."""
BLACK, WHITE = 8.0, 247.0
"""What a sensor cannot tell from black or white lies below and above, of 0..255."""
ONE_FRAMING = 0.55
"""Photos of one framing have this share of the frame in common or more; those of a pan have less."""
LEAST_OVERLAP = 0.2
"""Below this share of the frame in common any two pictures match somewhere."""

PAIRS_KEPT = 4096
"""So many answers are remembered, in 8 MB: a photo that comes to a long row asks again about all pairs in it, which
would take seconds; those that are new in it are few."""


def thumb_of(gray: NDArray[np.float32]) -> bytes:
    """Return a grey picture [H, W] in 0..255, both at least 1, as SIDE x SIDE bytes, each the mean of its area."""
    return np.clip(np.rint(_areas(_areas(gray).T).T), 0, 255).astype(np.uint8).tobytes()


def clipped_share(gray: NDArray[np.float32]) -> float:
    """Return the share of the pixels of a grey picture [H, W] in 0..255 that are black or white, 0..1."""
    return float(np.mean((gray < BLACK) | (gray > WHITE)))


def is_plain(thumb: bytes) -> bool:
    """Say whether a thumb shows next to nothing, such as fog or the inside of a pocket: it matches no other."""
    return float(np.frombuffer(thumb, np.uint8).std()) < PLAIN


@lru_cache(maxsize=PAIRS_KEPT)
def best_match(one: bytes, other: bytes) -> tuple[float, float]:
    """Return how well two thumbs match at best if one is shifted: with ONE_FRAMING in common, and with less.

    Normalised correlations, -1..1, of the part that both show, at every shift in whole pixels that leaves at least
    LEAST_OVERLAP in common (Padfield, Masked Object Registration in the Fourier Domain, 2012).
    """
    a, b = (np.frombuffer(thumb, np.uint8).reshape(SIDE, SIDE).astype(np.float64) for thumb in (one, other))
    a, b = a - a.mean(), b - b.mean()
    fa, fb, faa, fbb = np.fft.rfft2(np.stack([a, b, a * a, b * b]), _SIZE)
    shifted = np.stack([fa * fb.conj(), fa * _SEEN.conj(), _SEEN * fb.conj(), faa * _SEEN.conj(), _SEEN * fbb.conj()])
    shared, sum_a, sum_b, square_a, square_b = np.fft.irfft2(shifted, _SIZE)
    spread_a, spread_b = square_a - sum_a * sum_a / _COUNT, square_b - sum_b * sum_b / _COUNT
    shared -= sum_a * sum_b / _COUNT
    # A part of one grey all over matches nothing; without the floor it would match by its rounding errors.
    correlation = shared / np.sqrt(np.maximum(spread_a, _COUNT) * np.maximum(spread_b, _COUNT))
    return float(correlation[_NEAR].max()), float(correlation[_FAR].max())


def _areas(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of SIDE bands of rows, which may share a row where there are not enough."""
    edges = np.linspace(0, len(gray), SIDE + 1)
    sums = np.concatenate([np.zeros((1, gray.shape[1]), np.float64), np.cumsum(gray, axis=0, dtype=np.float64)])
    whole = np.minimum(edges.astype(int), len(gray) - 1)
    at_edges = sums[whole] + (edges - whole)[:, None] * gray[whole]
    return np.asarray(np.diff(at_edges, axis=0) / np.diff(edges)[:, None], dtype=np.float32)


_SIZE = (2 * SIDE, 2 * SIDE)
_SEEN = np.fft.rfft2(np.ones((SIDE, SIDE)), _SIZE)
_COUNT = np.maximum(np.fft.irfft2(_SEEN * _SEEN.conj(), _SIZE), 1.0)
"""Pixels in common at every shift."""
_NEAR = _COUNT >= ONE_FRAMING * SIDE**2
_FAR = (_COUNT < ONE_FRAMING * SIDE**2) & (_COUNT >= LEAST_OVERLAP * SIDE**2)
