"""Photos that know where on Earth they were taken."""

import io
from datetime import UTC, datetime

import numpy as np
from PIL import ExifTags, Image

from reactor.core.ids import AssetId
from reactor.demo.phone import Shot

from ..household import Household, a_picture

TOKYO = "+09:00"
NEW_YORK = "-04:00"
LONDON = "+00:00"


def wall(year: int, month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Return what a clock on the wall shows, written as if it were UTC, as Immich does."""
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def frame(seed: int, wall_clock: datetime, zone: str = LONDON, *, number: int = 0) -> bytes:
    """Return a JPEG of a camera at a wall clock time; those of one seed are frames of one burst."""
    with Image.open(io.BytesIO(a_picture(seed))) as picture:
        pixels = np.asarray(picture, dtype=np.int16) + number
        shifted = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Acme", "One"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = f"{wall_clock:%Y:%m:%d %H:%M:%S}"
    details[ExifTags.Base.OffsetTimeOriginal] = zone
    out = io.BytesIO()
    shifted.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


async def take(
    home: Household, seed: int, wall_clock: datetime, zone: str = LONDON, *, number: int = 0, settle: bool = True
) -> AssetId:
    """Upload a photo that was taken then and there."""
    shot = Shot(
        file_name=f"{seed}-{number}.jpg",
        data=frame(seed, wall_clock, zone, number=number),
        taken_at=wall_clock,
    )
    asset = AssetId(await home.phone.upload(shot))
    if settle:
        await home.rest()
    return asset
