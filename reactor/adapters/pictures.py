"""Faces cut out of pictures with Pillow."""

import asyncio
import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from reactor.core.errors import Permanent
from reactor.core.portraits import PortraitPolicy, crop_box, fits_into, tile_sharpness

Box = tuple[float, float, float, float]
Frame = tuple[int, int]

PIXEL_LIMIT = 80_000_000
JPEG_QUALITY = 92
SHARPNESS_HEIGHT = 160
# Frigate keeps its own detector's box of our crop, in our pixels (facts/frigate-api.md section 2), so the best fit of
# its picture within the crop is nearly exact; another photo of the same person is not.
CUT_FROM = 0.99


class PillowPortraits:
    """Cut, measure and compare faces; every call works in a thread."""

    def __init__(self, policy: PortraitPolicy) -> None:
        self._policy = policy

    async def sharpness(self, picture: bytes, box: Box, frame: Frame) -> float:
        """Return the face's sharpness; raises Permanent for bytes that are no picture."""
        return await asyncio.to_thread(self._sharpness, picture, box, frame)

    async def crop(self, picture: bytes, box: Box, frame: Frame) -> bytes:
        """Return an upright JPEG of the face with its margin, ``policy.height`` pixels high at most."""
        return await asyncio.to_thread(self._crop, picture, box, frame)

    async def looks_like(self, crop: bytes, picture: bytes) -> bool:
        """Say whether a picture that Frigate keeps was cut out of our crop."""
        return await asyncio.to_thread(self._looks_like, crop, picture)

    def _sharpness(self, picture: bytes, box: Box, frame: Frame) -> float:
        image = _open(picture)
        face = image.crop(_whole(_scaled(box, frame, image.size))).convert("L")
        if face.height > SHARPNESS_HEIGHT:
            face = face.resize((max(1, face.width * SHARPNESS_HEIGHT // face.height), SHARPNESS_HEIGHT))
        return tile_sharpness(np.asarray(face, dtype=np.float32))

    def _crop(self, picture: bytes, box: Box, frame: Frame) -> bytes:
        image = _open(picture)
        face = image.crop(_whole(crop_box(_scaled(box, frame, image.size), image.size, self._policy.margin)))
        if face.height > self._policy.height:
            width = max(1, round(face.width * self._policy.height / face.height))
            face = face.resize((width, self._policy.height), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        face.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return out.getvalue()

    def _looks_like(self, crop: bytes, picture: bytes) -> bool:
        whole, part = (np.asarray(_open(data).convert("L"), dtype=np.float32) for data in (crop, picture))
        return fits_into(part, whole) >= CUT_FROM


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data))
        if image.width * image.height > PIXEL_LIMIT:
            raise Permanent(f"the picture has {image.width} x {image.height} pixels: too many to be opened safely")
        return ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise Permanent(f"these bytes are no picture that can be read: {error}") from error


def _scaled(box: Box, frame: Frame, size: tuple[int, int]) -> Box:
    across, down = size[0] / max(frame[0], 1), size[1] / max(frame[1], 1)
    return (box[0] * across, box[1] * down, box[2] * across, box[3] * down)


def _whole(box: Box | tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(edge) for edge in box)
    return (left, top, max(right, left + 1), max(bottom, top + 1))
