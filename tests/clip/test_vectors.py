"""Arithmetic on vectors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reactor.core.vectors import cosine, cosines, from_bytes, median_pair_cosine, share_to_cosine, to_bytes


def units(count: int, dim: int = 512) -> NDArray[np.float32]:
    drawn = np.random.default_rng(1).normal(size=(count, dim))
    rows: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return rows


def test_bytes_and_back() -> None:
    for vector in units(20):
        stored = to_bytes(vector)
        assert len(stored) == 1024
        back = from_bytes(stored, 512)
        assert back.dtype == np.float32
        assert cosine(vector, back) > 1 - 1e-6
        assert float(np.linalg.norm(back)) == pytest.approx(1, abs=1e-6)
        assert to_bytes(back) == stored


def test_stored_bytes_are_little_endian() -> None:
    assert to_bytes(np.array([1, 0], np.float32)) == b"\x00\x3c\x00\x00"


def test_a_vector_of_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="has 512 numbers; the model's have 768"):
        from_bytes(to_bytes(units(1)[0]), 768)


def test_cosines() -> None:
    matrix = units(5, 4)
    found = cosines(matrix, matrix[2])
    assert found[2] == pytest.approx(1)
    assert found[0] == pytest.approx(cosine(matrix[0], matrix[2]))


def test_shares() -> None:
    assert share_to_cosine(0, 0.6) == pytest.approx(0.6)
    assert share_to_cosine(0.5, 0.6) == pytest.approx(0.8)
    assert share_to_cosine(1, 0.6) == pytest.approx(1)


def test_the_median_of_random_pairs() -> None:
    matrix = units(300)
    every = (matrix @ matrix.T)[~np.eye(300, dtype=bool)]
    found = median_pair_cosine(matrix, seed=1, pairs=20_000)
    assert found == pytest.approx(float(np.median(every)), abs=0.003)
    assert found == median_pair_cosine(matrix, seed=1, pairs=20_000)
    opposite = np.array([[1, 0], [-1, 0]], np.float32)
    assert median_pair_cosine(opposite, seed=1) == -1
    with pytest.raises(ValueError, match="two vectors"):
        median_pair_cosine(matrix[:1], seed=1)
