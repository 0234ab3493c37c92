"""What small grey pictures tell of framing and light."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reactor.core.thumbs import SIDE, clipped_share, thumb_of


def scene(seed: int, height: int = 256, width: int = 256) -> NDArray[np.float32]:
    """Return a view with large and small shapes, 20..235."""
    random = np.random.default_rng(seed)
    gray = np.zeros((height, width), np.float32)
    for cells in (4, 8, 16, 32):
        rough = random.uniform(-1, 1, (cells, cells)).astype(np.float32)
        gray += np.kron(rough, np.ones((height // cells, width // cells), np.float32))
    return np.asarray(20 + 215 * (gray - gray.min()) / (gray.max() - gray.min()), dtype=np.float32)


def test_each_cell_of_a_thumb_is_the_mean_of_its_area() -> None:
    gray = scene(1)
    cells = gray.reshape(SIDE, 8, SIDE, 8).mean(axis=(1, 3))
    thumb = np.frombuffer(thumb_of(gray), np.uint8).reshape(SIDE, SIDE)
    assert np.abs(thumb - cells).max() <= 0.51


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (7, 5), (31, 33), (512, 341)])
def test_every_picture_has_a_thumb_as_bright_as_itself(shape: tuple[int, int]) -> None:
    gray = np.random.default_rng(2).uniform(0, 255, shape).astype(np.float32)
    thumb = np.frombuffer(thumb_of(gray), np.uint8)
    assert thumb.size == SIDE * SIDE
    assert float(thumb.mean()) == pytest.approx(float(gray.mean()), abs=1.0)


def test_the_share_without_detail_counts_black_and_white_alike() -> None:
    gray = np.full((4, 5), 120, np.float32)
    gray[0] = 0
    gray[1, :2] = 255
    assert clipped_share(gray) == pytest.approx(7 / 20)
