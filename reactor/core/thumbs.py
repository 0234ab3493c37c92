"""Arithmetic on small grey pictures: what is kept of a photo to compare its framing and its light with others."""

import numpy as np
from numpy.typing import NDArray

SIDE = 32
"""Pixels of a thumb's side, whatever the picture's shape: two photos of one camera are squeezed alike."""
PLAIN = 2.0
"""Grey levels by which the pixels of a thumb differ from their mean where only noise does."""
BLACK, WHITE = 8.0, 247.0
"""What a sensor cannot tell from black or white lies below and above, of 0..255."""


def thumb_of(gray: NDArray[np.float32]) -> bytes:
    """Return a grey picture [H, W] in 0..255, both at least 1, as SIDE x SIDE bytes, each the mean of its area."""
    return np.clip(np.rint(_areas(_areas(gray).T).T), 0, 255).astype(np.uint8).tobytes()


def clipped_share(gray: NDArray[np.float32]) -> float:
    """Return the share of the pixels of a grey picture [H, W] in 0..255 that are black or white, 0..1."""
    return float(np.mean((gray < BLACK) | (gray > WHITE)))


def is_plain(thumb: bytes) -> bool:
    """Say whether a thumb shows next to nothing, such as fog or the inside of a pocket: it matches no other."""
    return float(np.frombuffer(thumb, np.uint8).std()) < PLAIN


def _areas(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of SIDE bands of rows, which may share a row where there are not enough."""
    edges = np.linspace(0, len(gray), SIDE + 1)
    sums = np.concatenate([np.zeros((1, gray.shape[1]), np.float64), np.cumsum(gray, axis=0, dtype=np.float64)])
    whole = np.minimum(edges.astype(int), len(gray) - 1)
    at_edges = sums[whole] + (edges - whole)[:, None] * gray[whole]
    return np.asarray(np.diff(at_edges, axis=0) / np.diff(edges)[:, None], dtype=np.float32)
