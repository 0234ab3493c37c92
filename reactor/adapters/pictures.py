"""Faces cut out of pictures with Pillow."""

import asyncio
import io
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from PIL import Image

from reactor.adapters.opening import BROKEN, decoding, named, read_head
from reactor.core.errors import Permanent
from reactor.core.portraits import PortraitPolicy, crop_box, fits_into, tile_sharpness

T = TypeVar("T")
Box = tuple[float, float, float, float]
Frame = tuple[int, int]

JPEG_QUALITY = 92
SHARPNESS_HEIGHT = 160
# Frigate keeps its own detector's box of our crop, in our pixels (facts/frigate-api.md section 2), so the best fit of
# its picture within the crop is nearly exact; another photo of the same person is not.
CUT_FROM = 0.99

ORIENTATION = 0x0112
# EXIF 2.32, tag Orientation; 1 is upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PillowPortraits:
    """Cut, measure and compare faces; every call works in a thread."""

    def __init__(self, policy: PortraitPolicy) -> None:
        self._policy = policy

    async def sharpness(self, picture: bytes, box: Box, frame: Frame) -> float:
        """Return the face's sharpness; raises Permanent for bytes that are no picture."""
        return await asyncio.to_thread(_in_turn, picture, lambda: self._sharpness(picture, box, frame))

    async def crop(self, picture: bytes, box: Box, frame: Frame) -> bytes:
        """Return an upright JPEG of the face with its margin, ``policy.height`` pixels high at most."""
        return await asyncio.to_thread(_in_turn, picture, lambda: self._crop(picture, box, frame))

    async def looks_like(self, crop: bytes, picture: bytes) -> bool:
        """Say whether a picture that Frigate keeps was cut out of our crop."""
        return await asyncio.to_thread(_in_turn, picture, lambda: self._looks_like(crop, picture))

    def _sharpness(self, picture: bytes, box: Box, frame: Frame) -> float:
        image = _open(picture)
        face = image.crop(_whole(_within(_scaled(box, frame, image.size), image.size))).convert("L")
        if face.height > SHARPNESS_HEIGHT:
            face = face.resize((max(1, face.width * SHARPNESS_HEIGHT // face.height), SHARPNESS_HEIGHT))
        return tile_sharpness(np.asarray(face, dtype=np.float32))

    def _crop(self, picture: bytes, box: Box, frame: Frame) -> bytes:
        image = _open(picture)
        try:
            edges = crop_box(_scaled(box, frame, image.size), image.size, self._policy.margin)
        except (ValueError, OverflowError) as error:
            raise Permanent(f"the face cannot be cut out: {error}") from error
        face = image.crop(edges)
        if face.height > self._policy.height:
            width = max(1, round(face.width * self._policy.height / face.height))
            face = face.resize((width, self._policy.height), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        face.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return out.getvalue()

    def _looks_like(self, crop: bytes, picture: bytes) -> bool:
        # Asked of the heads first: what is larger than our crop was not cut out of it, and need not be decoded.
        if max(read_head(picture).size) > max(read_head(crop).size):
            return False
        whole, part = (np.asarray(_open(data).convert("L"), dtype=np.float32) for data in (crop, picture))
        return fits_into(part, whole) >= CUT_FROM


def _in_turn(picture: bytes, work: Callable[[], T]) -> T:
    """Do what needs the pixels of a picture; those of large ones are given back before the next is opened."""
    with decoding(read_head(picture).size):
        return work()


def _open(data: bytes) -> Image.Image:
    image = read_head(data)
    with named():
        image.load()
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        turn = UPRIGHT.get(_orientation(image))
        return rgb if turn is None else rgb.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 where the EXIF is broken: that takes nothing from the picture itself."""
    try:
        said = image.getexif().get(ORIENTATION, 1)
    except BROKEN:
        return 1
    return said if isinstance(said, int) else 1


def _scaled(box: Box, frame: Frame, size: tuple[int, int]) -> Box:
    across, down = size[0] / max(frame[0], 1), size[1] / max(frame[1], 1)
    return (box[0] * across, box[1] * down, box[2] * across, box[3] * down)


def _within(box: Box, size: tuple[int, int]) -> Box:
    """Return the part of a box that lies in the picture: Pillow fills what lies outside, however much that is."""
    left, top, right, bottom = (max(0.0, box[0]), max(0.0, box[1]), min(size[0], box[2]), min(size[1], box[3]))
    if not (left < right and top < bottom):
        raise Permanent(f"the face is not in the picture of {size[0]} x {size[1]} pixels")
    return (left, top, right, bottom)


def _whole(box: Box) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(edge) for edge in box)
    return (left, top, max(right, left + 1), max(bottom, top + 1))
