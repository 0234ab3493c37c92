"""What Frigate's face processor does with a picture (facts/frigate-api.md section 2)."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from reactor.demo.frigate.detector import Box, Detector, Picture, area
from reactor.demo.frigate.folders import FaceFolders
from reactor.demo.frigate.recognizer import UNKNOWN_SCORE, Recognizer, read

# What OpenCV's imdecode takes; gif, heic and avif end in the misleading 500 (section 2, measured).
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "JPEG2000")


class ProcessorError(Exception):
    """Say that the processor threw: the API only learns that there is no answer."""


@dataclass(frozen=True, kw_only=True)
class Recognized:
    """A face and the best name for it, None while the classifier is not there."""

    best: tuple[str, float] | None


class FaceProcessor:
    """Register and recognise pictures, biggest face only."""

    def __init__(self, folders: FaceFolders, recognizer: Recognizer, detector: Detector) -> None:
        self._folders = folders
        self._recognizer = recognizer
        self._detector = detector

    def register(self, name: str, body: bytes) -> str | None:
        """Store the biggest face under the name and return its file, or None where there is no face."""
        crop = self._biggest_face(body)
        if crop is None:
            return None
        out = io.BytesIO()
        Image.fromarray(crop).save(out, "WEBP", quality=100)
        try:
            file = self._folders.save(name, out.getvalue())
        except OSError as error:
            raise ProcessorError("the file name is too long") from error
        self._recognizer.clear()
        return file

    def recognize(self, body: bytes) -> Recognized | None:
        """Name the biggest face, or return None where there is no face."""
        crop = self._biggest_face(body)
        return None if crop is None else Recognized(best=self._recognizer.classify(crop))

    def reprocess(self, path: Path) -> tuple[str, float] | None:
        """Name a stored attempt anew and write the result into its file name."""
        best = self._recognizer.classify(read(path))
        if best is not None:
            name, score = called(best)
            event = "-".join(path.stem.split("-")[:3])
            path.rename(path.with_name(f"{event}-{name}-{score}.webp"))
        return best

    def clear(self) -> None:
        self._recognizer.clear()

    def _biggest_face(self, body: bytes) -> Picture | None:
        picture = decode(body)
        boxes = self._detector(picture)
        return cut(picture, max(boxes, key=area)) if boxes else None


def called(best: tuple[str, float]) -> tuple[str, float]:
    """Return the name that Frigate would say: ``unknown`` at or below its threshold."""
    name, score = best
    return ("unknown" if score <= UNKNOWN_SCORE else name), score


def decode(body: bytes) -> Picture:
    """Decode what imdecode decodes, turned upright by EXIF."""
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ProcessorError("imdecode returned nothing") from error


def cut(picture: Picture, box: Box) -> Picture:
    """Cut a box out; a negative corner wraps to 65xxx in uint16 and leaves nothing to encode (section 3, b)."""
    left, top, right, bottom = box
    if left < 0 or top < 0:
        raise ProcessorError("the slice is empty")
    return picture[top:bottom, left:right]
