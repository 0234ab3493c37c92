"""Open pictures that come from outside, whose bytes may be a bomb or a lie."""

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from reactor.core.errors import Permanent, Retryable, Unreachable

PIXEL_LIMIT = 50_000_000
"""Immich's largest setting for previews is 2160 pixels on the short side: this holds a panorama of ten to one."""

PREVIEW_PIXELS = 24_000_000
"""By default they have 1440 pixels on the short side: this holds a panorama of eleven to one."""

MOST_SCANS = 500
"""Of a JPEG. Each costs a walk over all its pixels and may be made of 70 bytes; a progressive one has about ten."""

MEMORY_WAIT = 30.0
# EPS and its like run programs of their own; Immich's previews are JPEG or WebP.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    AssertionError,
    struct.error,
    zlib.error,
)
"""What Pillow raises over bytes that somebody made up; of each there is a file that makes it do so."""

_START_OF_SCAN = b"\xff\xda"
# Decoding takes up to 20 bytes a pixel for a while (a WebP of 50 million: 0.7 GB), and memory is the process's.
_LARGE = threading.Lock()


def read_head(data: bytes) -> Image.Image:
    """Return the picture, of which only the head is read yet; raises Permanent for bombs and for what is no picture."""
    with named():
        image = Image.open(BytesIO(data), formats=FORMATS)
    refuse_above_limit(*image.size)
    # Pillow names a JPEG that says to hold several pictures (MPF) otherwise.
    if image.format in ("JPEG", "MPO") and data.count(_START_OF_SCAN) > MOST_SCANS:
        raise Permanent(f"the picture is drawn in more than {MOST_SCANS} passes, which no camera does")
    return image


def refuse_above_limit(width: int, height: int) -> None:
    """Raise Permanent for a picture of more pixels than are opened."""
    if width * height > PIXEL_LIMIT:
        limit = PIXEL_LIMIT // 1_000_000
        raise Permanent(f"the picture needs {width} x {height} pixels, more than the {limit} million that are opened")


@contextmanager
def decoding(size: tuple[int, int]) -> Iterator[None]:
    """Do what needs the pixels of a picture of this size: those larger than any preview one after the other.

    Raises Unreachable or Retryable where there is no memory for them.
    """
    pixels = size[0] * size[1]
    with _LARGE if pixels > PREVIEW_PIXELS else nullcontext():
        try:
            yield
        except MemoryError as error:
            # What lacks memory for a preview lacks it for every photo: no try of this one is at fault.
            kind = Unreachable if pixels <= PREVIEW_PIXELS else Retryable
            raise kind("there was not enough memory to open the picture", after=MEMORY_WAIT) from error


@contextmanager
def named() -> Iterator[None]:
    """Say in words what Pillow finds wrong with a picture."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise Permanent("the picture has far too many pixels to be opened safely") from error
    except UnidentifiedImageError as error:
        raise Permanent("the bytes are no picture in a known format") from error
    except BROKEN as error:
        raise Permanent(f"the picture is damaged: {_said(error)}") from error


def _said(error: Exception) -> str:
    """Return an error's words, bounded and printable: some repeat what stands in the file."""
    words = "".join(letter if letter.isprintable() else " " for letter in str(error)[:200])
    return words.strip() or type(error).__name__
