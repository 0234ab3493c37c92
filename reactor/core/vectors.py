"""Arithmetic on embeddings: unit float32 vectors of one model."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

STORED = np.dtype("<f2")
_BLOCK = 2048


def cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the cosine similarity of two unit vectors [D]."""
    return float(a @ b)


def cosines(matrix: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine similarities [n] of the unit rows [n, D] and a unit vector [D]."""
    return np.asarray(matrix @ vector, dtype=np.float32)


def to_bytes(vector: NDArray[np.float32]) -> bytes:
    """Return a unit vector [D] as 2 D bytes, float16 little endian."""
    return vector.astype(STORED).tobytes()


def from_bytes(data: bytes, dim: int | None = None) -> NDArray[np.float32]:
    """Return the unit vector [D] that ``to_bytes`` wrote; raises ValueError if it has not ``dim`` numbers."""
    vector = np.frombuffer(data, dtype=STORED).astype(np.float32)
    if dim is not None and vector.size != dim:
        raise ValueError(f"a stored vector has {vector.size} numbers; the model's have {dim}")
    # Rounding to 11 bits moves the length by about 1e-4, which would show in a cosine near 1.
    length = math.sqrt(vector @ vector)
    return vector / length if length > 0 else vector


def matrix_of(stored: Sequence[bytes]) -> NDArray[np.float32]:
    """Return unit vectors [N, D] that ``to_bytes`` wrote, all of one length.

    Block by block, so that what lies in between stays in the processor's cache.
    """
    if not stored:
        return np.empty((0, 0), dtype=np.float32)
    matrix = np.empty((len(stored), len(stored[0]) // STORED.itemsize), dtype=np.float32)
    for begin in range(0, len(stored), _BLOCK):
        block = matrix[begin : begin + _BLOCK]
        block[...] = np.frombuffer(b"".join(stored[begin : begin + _BLOCK]), dtype=STORED).reshape(block.shape)
        # As from_bytes does: rounding moved the lengths a little.
        lengths = np.sqrt(np.einsum("nd,nd->n", block, block))[:, None]
        np.divide(block, lengths, out=block, where=lengths > 0)
    return matrix


def share_to_cosine(share: float, random_pair: float) -> float:
    """Return the cosine that lies ``share`` (0..1) of the way from a random pair's to that of equal vectors."""
    return random_pair + share * (1 - random_pair)


def median_pair_cosine(matrix: NDArray[np.float32], seed: int, pairs: int = 2000) -> float:
    """Return the median cosine of ``pairs`` random pairs of different rows; needs two unit rows [n, D] or more."""
    count = len(matrix)
    if count < 2:
        raise ValueError("random pairs need two vectors or more")
    random = np.random.default_rng(seed)
    left = random.integers(count, size=pairs)
    right = (left + random.integers(1, count, size=pairs)) % count
    return float(np.median(np.einsum("nd,nd->n", matrix[left], matrix[right])))
