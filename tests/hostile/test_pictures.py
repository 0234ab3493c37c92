"""Pictures that are bombs or lies, through the real model and through the cutting of faces.

What is no picture at all, what claims too many pixels and want of memory: tests/clip/test_preprocessing.py and
tests/clip/test_failures.py. What Immich calls a picture and is none: tests/immich_client/test_transport.py.
"""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reactor.adapters.clip.embedder import ClipEmbedder, open_embedder
from reactor.adapters.opening import MOST_SCANS, PIXEL_LIMIT, PREVIEW_PIXELS, decoding
from reactor.adapters.pictures import PillowPortraits
from reactor.core.errors import Permanent
from reactor.core.portraits import PortraitPolicy

from . import bombs
from .peak import peak

BOX, FRAME = (100.0, 60.0, 200.0, 150.0), (300, 200)

# Made when they are asked for: some take a while.
BOMBS: dict[str, Callable[[], bytes]] = {
    "a PNG of 2^62 pixels": lambda: bombs.png(2**31 - 1, 2**31 - 1),
    "a PNG of no pixels": lambda: bombs.png(0, 0),
    "a GIF of 4,294 million pixels": lambda: bombs.gif(65535, 65535),
    "a BMP of 2,147 million pixels": lambda: bombs.bmp(2**31 - 1, 1),
    "a BMP that stands on its head, endlessly": lambda: bombs.bmp(-5, -(2**31)),
    "a fax of 256 million pixels": lambda: bombs.saved("TIFF", (16_000, 16_000), "1", compression="group4"),
    "a PNG with 128 MB of remarks": lambda: bombs.png_with(b"zTXt", b"k\0\0"),
    "a PNG with 128 MB of foreign remarks": lambda: bombs.png_with(b"iTXt", b"k\0\1\0\0\0"),
    "a PNG with 128 MB of colour profile": lambda: bombs.png_with(b"iCCP", b"k\0\0"),
    "a JPEG of a thousand passes": lambda: bombs.jpeg_of_passes(7000, 7000, MOST_SCANS * 2),
    "a JPEG of a thousand passes and a second picture": lambda: bombs.jpeg_of_passes(
        7000, 7000, MOST_SCANS * 2, first=bombs.of_two_pictures()
    ),
    "an SVG": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "a page": lambda: b"<html><body><img src=x onerror=alert(1)>" * 50,
    "PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    "a JPEG that ends as it begins": lambda: bombs.GOOD[:2] + b"\xff\xd9",
}
# In the order of the orientations 2 to 8 (EXIF 2.32).
TURNS = (
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)
HARMLESS: dict[str, Callable[[], bytes]] = {
    "a GIF of many frames": lambda: bombs.film("GIF", 300),
    "a WebP of many frames": lambda: bombs.film("WEBP", 100),
    "a PNG of many frames": lambda: bombs.film("PNG", 100),
    "a PNG whose rows unpack to 128 MB": lambda: bombs.png(50, 50, rows=bombs.HUGE),
    "16 MB of colour profile": lambda: bombs.with_profile(255),
    "a directory of EXIF that holds itself": lambda: bombs.with_exif(
        (0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8), (0x112, 3, 1, 1), follows=8
    ),
    "EXIF of 5,000 entries": lambda: bombs.with_exif(*((tag, 4, 1, tag) for tag in range(300, 5300))),
    "EXIF whose values are 4 GB long": lambda: bombs.with_exif((0x112, 3, 0xFFFFFFFF, 8), (0x10F, 2, 0xFFFFFFFF, 0)),
    "an orientation that is a text": lambda: bombs.with_exif((0x112, 2, 4, 0x41414141)),
    "an orientation that is a fraction": lambda: bombs.with_exif((0x112, 5, 1, 8)),
    "an orientation that there is not": lambda: bombs.with_exif((0x112, 3, 1, 99)),
    "EXIF of types that there are not": lambda: bombs.with_exif(
        (0x10F, 99, 4, 4), (0x8769, 2, 3, 8), (0x201, 3, 1, 70_000)
    ),
    "EXIF that is noise": lambda: bombs.with_segment(0xE1, b"Exif\0\0" + b"\xff" * 60_000),
    "EXIF that is cut off": lambda: bombs.with_segment(0xE1, b"Exif\0\0II*\0"),
    "a second picture that is not there": lambda: bombs.with_segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + b"\xff" * 20),
    "a JPEG in the colours of another program": lambda: bombs.with_segment(0xEE, b"Adobe" + b"\xff" * 7),
}
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")


@pytest.fixture(scope="module")
async def embedder(demo_model: Path) -> AsyncIterator[ClipEmbedder]:
    async with open_embedder(demo_model) as opened:
        yield opened


@pytest.fixture
def portraits() -> PillowPortraits:
    return PillowPortraits(PortraitPolicy())


@pytest.mark.parametrize("made", BOMBS.values(), ids=BOMBS)
async def test_a_bomb_is_refused_for_good_in_words_and_takes_nothing(
    made: Callable[[], bytes], embedder: ClipEmbedder, portraits: PillowPortraits
) -> None:
    data = made()
    began = time.monotonic()
    with peak() as memory:
        for looking in (
            embedder.image(data),
            portraits.crop(data, BOX, FRAME),
            portraits.sharpness(data, BOX, FRAME),
            portraits.looks_like(data, bombs.GOOD),
            portraits.looks_like(bombs.GOOD, data),
        ):
            with pytest.raises(Permanent) as refused:
                await looking
            words = str(refused.value)
            assert words.startswith(("the picture ", "the bytes are no picture"))
            assert words.isprintable()
            assert " at 0x" not in words
    assert memory.grown < 48
    assert time.monotonic() - began < 30
    assert (await embedder.image(bombs.GOOD)).width == 300


@pytest.mark.parametrize("made", HARMLESS.values(), ids=HARMLESS)
async def test_what_only_looks_dangerous_is_looked_at(
    made: Callable[[], bytes], embedder: ClipEmbedder, portraits: PillowPortraits
) -> None:
    data = made()
    with peak() as memory:
        found = await embedder.image(data)
        crop = await portraits.crop(data, (10, 10, 40, 40), (found.width, found.height))
    assert memory.grown < 96
    assert np.isfinite(found.vector).all()
    assert Image.open(io.BytesIO(crop)).format == "JPEG"


async def test_a_picture_that_is_cut_off_anywhere_is_damaged(
    embedder: ClipEmbedder, portraits: PillowPortraits
) -> None:
    end = len(bombs.GOOD) - 2  # without its last marker a JPEG is whole
    for length in range(0, end, 10):
        cut = bombs.GOOD[:length]
        for looking in (embedder.image(cut), portraits.crop(cut, BOX, FRAME)):
            with pytest.raises(Permanent, match=r"damaged|no picture"):
                await looking


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP"])
async def test_noise_in_any_format_is_refused_or_looked_at(
    kind: str, embedder: ClipEmbedder, portraits: PillowPortraits
) -> None:
    whole = bytearray(bombs.saved(kind, (40, 30)))
    chance = np.random.default_rng(5)
    for _ in range(60):
        data = bytearray(whole)
        for place in chance.integers(0, len(data), 4):
            data[place] = chance.integers(0, 256)
        for looking in (embedder.image(bytes(data)), portraits.crop(bytes(data), (5, 5, 20, 20), (40, 30))):
            try:
                await looking
            except Permanent as error:
                assert str(error).isprintable()


async def test_large_pictures_are_opened_one_after_the_other(
    embedder: ClipEmbedder, portraits: PillowPortraits
) -> None:
    side = 5_000
    assert PREVIEW_PIXELS < side * side <= PIXEL_LIMIT
    large = bombs.saved("PNG", (side, side), "1")
    with decoding((side, side)):  # as another thread does that has one open
        embedding = asyncio.create_task(embedder.image(large))
        measuring = asyncio.create_task(portraits.sharpness(large, BOX, FRAME))
        for _ in range(20):
            assert (await embedder.image(bombs.GOOD)).width == 300, "small ones wait for nobody"
        assert not (embedding.done() or measuring.done())
    assert ((await embedding).width, await measuring) == (side, 0.0)


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_face_is_cut_upright(orientation: int, portraits: PillowPortraits) -> None:
    """Compare with Pillow's own turning, whose writing of EXIF anew is what hostile EXIF breaks."""
    image = Image.open(io.BytesIO(bombs.GOOD))
    exif = Image.Exif()
    exif[0x112] = orientation
    out = io.BytesIO()
    image.save(out, "PNG", exif=exif)
    upright = (200, 300) if orientation > 4 else (300, 200)
    crop = Image.open(io.BytesIO(await portraits.crop(out.getvalue(), (0, 0, *upright), upright)))
    turned = image if orientation == 1 else image.transpose(TURNS[orientation - 2])
    wanted = turned.resize(crop.size)
    assert np.abs(np.asarray(crop, dtype=float) - np.asarray(wanted, dtype=float)).mean() < 4


NOWHERE = [
    (-5e8, -5e8, 5e8, 5e8),
    (400.0, 300.0, 500.0, 400.0),
    (100.0, 100.0, 100.0, 100.0),
    (200.0, 150.0, 100.0, 60.0),
    (float("nan"),) * 4,
    (float("-inf"), 0.0, float("inf"), 100.0),
]


@pytest.mark.parametrize("box", NOWHERE, ids=str)
async def test_a_face_that_is_nowhere_takes_no_memory(
    box: tuple[float, float, float, float], portraits: PillowPortraits
) -> None:
    """Pillow fills what lies outside of a picture with black, however much that is."""
    with peak() as memory:
        for looking in (portraits.crop(bombs.GOOD, box, FRAME), portraits.sharpness(bombs.GOOD, box, FRAME)):
            try:
                await looking
            except Permanent as error:
                assert str(error).startswith("the face ")
    assert memory.grown < 32
