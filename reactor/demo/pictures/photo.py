"""From a drawing to a phone's file: frames of a burst, the camera's resolution, JPEG with EXIF."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from PIL import ExifTags, Image

from reactor.demo.pictures.household import Phone

QUALITY = 85
# How much of a burst's drawing a frame may leave out in all, along each side.
SLACK = 0.05


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One frame of a burst: its picture and which part of the drawing it shows (left, top, right, bottom in pixels)."""

    image: Image.Image
    window: tuple[float, float, float, float]


def frames(rng: random.Random, drawing: Image.Image, count: int) -> Iterator[Frame]:
    """Yield frames of one motif that differ as those of a hand-held phone: shift, exposure, sensor noise."""
    grain = np.random.default_rng(rng.getrandbits(64))
    width, height = (round(side * (1 - SLACK)) for side in drawing.size)
    for _ in range(count):
        left, top = rng.randint(0, drawing.width - width), rng.randint(0, drawing.height - height)
        window = (left, top, left + width, top + height)
        pixels = np.asarray(drawing.crop(window), np.float32) * np.float32(rng.uniform(0.94, 1.06))
        pixels = pixels + grain.standard_normal(pixels.shape, dtype=np.float32) * np.float32(rng.uniform(1, 4))
        yield Frame(image=Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), window=window)


def jpeg(image: Image.Image, size: tuple[int, int], taken_at: datetime, phone: Phone) -> bytes:
    """Return the picture at a size (pixels) as JPEG that says when, with the zone's offset, and by which phone."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = phone.make, phone.model
    exif[ExifTags.Base.DateTime] = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.DateTimeOriginal] = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    inner[ExifTags.Base.SubsecTimeOriginal] = f"{taken_at.microsecond // 1000:03d}"
    inner[ExifTags.Base.OffsetTimeOriginal] = _offset(taken_at)
    file = io.BytesIO()
    enlarged = image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
    enlarged.save(file, "JPEG", quality=QUALITY, exif=exif)
    return file.getvalue()


def _offset(taken_at: datetime) -> str:
    # %:z needs Python 3.12.
    plain = f"{taken_at:%z}"
    return f"{plain[:3]}:{plain[3:5]}"
