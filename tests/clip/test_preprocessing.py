"""What comes out of a picture beside its vector, and what is refused."""

from io import BytesIO

import imagehash
import numpy as np
import pytest
from PIL import Image

from reactor.adapters.clip.preprocessing import Preprocessing, prepare
from reactor.adapters.opening import PIXEL_LIMIT
from reactor.core.errors import Permanent
from reactor.core.images import centre_crop_box, hamming, normalise, resized_size

from .models import MEAN, SIZE, STD, picture

HOW = Preprocessing(size=SIZE, mean=(MEAN[0], MEAN[1], MEAN[2]), std=(STD[0], STD[1], STD[2]))


def test_a_prepared_picture() -> None:
    data = picture(1333, 1000)
    found = prepare(data, HOW)
    assert found.tensor.shape == (3, SIZE, SIZE)
    assert found.tensor.dtype == found.gray.dtype == np.float32
    assert (found.width, found.height) == (1333, 1000)
    assert found.gray.shape == (334, 445)
    assert 1 < found.gray.max() <= 255
    whole = Image.open(BytesIO(data)).resize((42, 32), Image.Resampling.BICUBIC)
    assert found.phash == int(str(imagehash.phash(whole)), 16)


def test_the_hash_tells_pictures_apart() -> None:
    one, again, other = (
        prepare(data, HOW).phash
        for data in (picture(400, 300), picture(400, 300, quality=60), picture(400, 300, seed=9))
    )
    assert hamming(one, again) <= 6
    assert hamming(one, other) >= 16
    assert hamming(0, 2**64 - 1) == 64


def test_a_small_picture_keeps_its_gray() -> None:
    assert prepare(picture(50, 40), HOW).gray.shape == (40, 50)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no picture"),
        (b"<html>not found</html>" * 50, "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n", "no picture"),
        (picture(300, 200)[:4000], "damaged"),
        (picture(300, 200, kind="PNG")[:4000], "damaged"),
        (picture(300, 200)[:30], "no picture|damaged"),
    ],
    ids=["empty", "page", "eps", "half a jpeg", "half a png", "a few bytes"],
)
def test_no_picture(data: bytes, sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        prepare(data, HOW)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(9000, 9000), (10_000, 10_000), (20_000, 20_000), (200_000, 1)])
def test_too_many_pixels(size: tuple[int, int]) -> None:
    """The last one is small and would only grow beyond the limit when it is resized."""
    bomb = BytesIO()
    Image.new("1", size).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(Permanent, match="pixels"):
        prepare(bomb.getvalue(), HOW)
    assert PIXEL_LIMIT < 9000 * 9000


@pytest.mark.parametrize(
    ("size", "resized"),
    [((1920, 1440), (298, 224)), ((1440, 1920), (224, 298)), ((1, 1), (224, 224)), ((1441, 1440), (224, 224))],
)
def test_sizes_are_truncated(size: tuple[int, int], resized: tuple[int, int]) -> None:
    assert resized_size(*size, 224) == resized


def test_the_crop_is_in_the_middle() -> None:
    assert centre_crop_box(298, 224, 224) == (37, 0, 261, 224)
    assert centre_crop_box(299, 225, 224) == (37, 0, 261, 224)


def test_normalise() -> None:
    pixels = np.array([[[0, 51, 255]]], np.uint8)
    found = normalise(pixels, [0.5, 0.2, 0.0], [0.5, 0.1, 0.25])
    np.testing.assert_allclose(found, [[[-1.0]], [[0.0]], [[4.0]]], atol=1e-6)
