"""Arithmetic on pictures, as Immich's machine learning does it (facts/clip.md section 2)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def normalise(pixels: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]) -> NDArray[np.float32]:
    """Return uint8 RGB [H, W, 3] as the float32 [3, H, W] that a model was trained on; mean and std are of 0..1."""
    deviation = np.asarray(std, dtype=np.float32)
    # The order of these four roundings is Immich's, so that the same picture gives the same bits.
    scaled = pixels.astype(np.float32)
    scaled /= np.float32(255)
    scaled *= np.float32(1) / deviation
    scaled -= np.asarray(mean, dtype=np.float32) / deviation
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def resized_size(width: int, height: int, shortest: int) -> tuple[int, int]:
    """Return (width, height) with the shorter side at ``shortest`` and the longer one truncated, not rounded."""
    if width < height:
        return shortest, int((height / width) * shortest)
    return int((width / height) * shortest), shortest


def centre_crop_box(width: int, height: int, size: int) -> tuple[int, int, int, int]:
    """Return (left, upper, right, lower) of the square in the middle, truncated to whole pixels."""
    left, upper = int(width / 2 - size / 2), int(height / 2 - size / 2)
    return left, upper, left + size, upper + size


def hamming(a: int, b: int) -> int:
    """Return in how many bits two perceptual hashes differ."""
    return (a ^ b).bit_count()
