"""Look inside uploaded files: capture facts and previews. Pure functions of bytes; run them in a thread."""

import base64
import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePath
from typing import SupportsFloat

from PIL import ExifTags, Image, ImageOps

PREVIEW_SHORT_SIDE = 1440
THUMBNAIL_SHORT_SIDE = 250
VIDEO_SIZE = (640, 360)
VIDEO_MILLISECONDS = 3000
# XMP properties read as a burst id. Where it shows (autoStackId) is recorded, which properties count was not measured.
BURST_TAGS = ("BurstID", "BurstUUID", "CameraBurstID", "MediaUniqueID")
Rational = float | int


@dataclass(frozen=True, kw_only=True, slots=True)
class Capture:
    """What metadata extraction finds; `taken_at` is aware UTC, `local_time` the wall clock labelled UTC."""

    width: int | None = None
    height: int | None = None
    make: str | None = None
    model: str | None = None
    lens: str | None = None
    orientation: int | None = None
    taken_at: datetime | None = None
    local_time: datetime | None = None
    time_zone: str | None = None
    exposure_time: str | None = None
    f_number: float | None = None
    focal_length: float | None = None
    iso: int | None = None
    description: str = ""
    burst_id: str | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Previews:
    preview: bytes
    thumbnail: bytes
    thumbhash: str


def read_capture(data: bytes, *, is_video: bool) -> Capture:
    """Read what the file says about itself; a file that nobody can decode says nothing."""
    if is_video:
        return Capture(width=VIDEO_SIZE[0], height=VIDEO_SIZE[1], orientation=1, time_zone="UTC")
    try:
        with Image.open(io.BytesIO(data)) as image:
            exif = image.getexif()
            details = exif.get_ifd(ExifTags.IFD.Exif)
            width, height = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return Capture()
    taken_at, local_time, zone = _taken(details)
    return Capture(
        width=width,
        height=height,
        make=_text(exif.get(ExifTags.Base.Make)),
        model=_text(exif.get(ExifTags.Base.Model)),
        lens=_text(details.get(ExifTags.Base.LensModel)),
        orientation=exif.get(ExifTags.Base.Orientation),
        taken_at=taken_at,
        local_time=local_time,
        time_zone=zone,
        exposure_time=_exposure(details.get(ExifTags.Base.ExposureTime)),
        f_number=_number(details.get(ExifTags.Base.FNumber)),
        focal_length=_number(details.get(ExifTags.Base.FocalLength)),
        iso=_whole(details.get(ExifTags.Base.ISOSpeedRatings)),
        description=_text(exif.get(ExifTags.Base.ImageDescription)) or "",
        burst_id=_xmp_burst_id(data),
        keywords=_xmp_keywords(data),
    )


def make_previews(data: bytes, *, is_video: bool) -> Previews | None:
    """Render preview (JPEG) and thumbnail (WebP), short sides 1440 and 250 px, never enlarged; None if undecodable.

    Sizes: facts/immich-api.md section 4. The thumbhash only looks like one: it is derived from the checksum.
    """
    try:
        picture = Image.new("RGB", VIDEO_SIZE, "grey") if is_video else _upright(data)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    preview = _outside(picture, PREVIEW_SHORT_SIDE)
    thumbnail = _outside(preview, THUMBNAIL_SHORT_SIDE)
    return Previews(
        preview=_encode(preview, "JPEG", quality=80),
        thumbnail=_encode(thumbnail, "WEBP", quality=80, method=0),
        thumbhash=base64.b64encode(hashlib.sha256(data).digest()[:21]).decode(),
    )


def crop_face(preview: bytes, box: tuple[float, float, float, float]) -> bytes | None:
    """Cut the square person thumbnail, 250x250 JPEG; `box` in shares of width and height; None if outside."""
    with Image.open(io.BytesIO(preview)) as image:
        width, height = image.size
        left, top, right, bottom = box[0] * width, box[1] * height, box[2] * width, box[3] * height
        if right <= 0 or bottom <= 0 or left >= width or top >= height or right <= left or bottom <= top:
            return None
        half = max(right - left, bottom - top) * 0.6
        x, y = (left + right) / 2, (top + bottom) / 2
        cut = image.crop((int(x - half), int(y - half), int(x + half) + 1, int(y + half) + 1))
        return _encode(cut.resize((250, 250)), "JPEG", quality=80)


def is_upright(orientation: int | None) -> bool:
    """Say whether width and height stay as stored; orientations 5-8 swap them."""
    return orientation is None or orientation < 5


def _upright(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _outside(image: Image.Image, short_side: int) -> Image.Image:
    scale = short_side / min(image.size)
    if scale >= 1:
        return image
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _encode(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _taken(details: dict[int, object]) -> tuple[datetime | None, datetime | None, str | None]:
    text = _text(details.get(ExifTags.Base.DateTimeOriginal))
    if text is None:
        return None, None, None
    try:
        wall = datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None, None, None
    digits = re.sub(r"\D", "", _text(details.get(ExifTags.Base.SubsecTimeOriginal)) or "")
    # Immich keeps milliseconds of the capture time (a JS Date).
    wall = wall.replace(microsecond=int(digits[:3].ljust(3, "0")) * 1000) if digits else wall
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", _text(details.get(ExifTags.Base.OffsetTimeOriginal)) or "")
    if offset is None:
        return wall, wall, None
    sign = 1 if offset[1] == "+" else -1
    delta = sign * timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return wall.replace(tzinfo=timezone(delta)).astimezone(UTC), wall, _zone_name(delta)


def _zone_name(delta: timedelta) -> str:
    minutes = int(delta.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return "UTC" if minutes == 0 else f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02d}" if rest else "")


def _xmp_burst_id(data: bytes) -> str | None:
    xmp = _xmp(data)
    for name in BURST_TAGS:
        if found := re.search(rf'[:\s]{name}(?:="([^"]+)"|>([^<]+)<)', xmp):
            return found[1] or found[2]
    return None


def _xmp_keywords(data: bytes) -> tuple[str, ...]:
    """Read digiKam:TagsList, else dc:subject: what becomes tags at import (cap:104, 801)."""
    xmp = _xmp(data)
    for name in ("digiKam:TagsList", "dc:subject"):
        if block := re.search(rf"<{name}>(.*?)</{name}>", xmp, re.DOTALL):
            return tuple(_unique(re.findall(r"<rdf:li[^>]*>([^<]+)</rdf:li>", block[1])))
    return ()


def _xmp(data: bytes) -> str:
    start, end = data.find(b"<x:xmpmeta"), data.find(b"</x:xmpmeta>")
    return data[start:end].decode("utf-8", "replace") if 0 <= start < end else ""


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _text(value: object) -> str | None:
    cleaned = value.strip("\0 ") if isinstance(value, str) else ""
    return cleaned or None


def _number(value: object) -> float | None:
    if not isinstance(value, str | SupportsFloat):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _whole(value: object) -> int | None:
    number = _number(value[0] if isinstance(value, tuple) and value else value)
    return None if number is None else int(number)


def _exposure(value: object) -> str | None:
    seconds = _number(value)
    if seconds is None or seconds <= 0:
        return None
    return f"1/{round(1 / seconds)}" if seconds < 1 else f"{seconds:g}"


def file_kind(name: str) -> str:
    return PurePath(name).suffix.lower()
