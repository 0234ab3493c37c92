"""Find faces without a neural net: blobs of skin colour of a face's shape."""

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Picture: TypeAlias = NDArray[np.uint8]
"""RGB, [H, W, 3]."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; a corner may lie outside the picture, as YuNet's do."""

# Frigate scales pictures higher than 1080 px down for detection (facts/frigate-api.md section 2); colour needs less.
DETECTION_HEIGHT = 360
SMALLEST = (9, 11)
ASPECT = (0.5, 1.25)
# How much of a blob and of the ellipse in its box must be the same; a plain rectangle has 0.785.
ELLIPSE = 0.8
# A step between neighbouring pixels that ends a blob: skin before wood or sand is told apart by its rim.
RIM = 10.0
# The neck is narrower than this share of the blob's width on each side of its middle.
NECK = 0.28
# Empty pixels around a blob while its shape is looked at.
MARGIN = 3


class Detector(Protocol):
    """Find the faces of a picture."""

    def __call__(self, picture: Picture, /) -> tuple[Box, ...]: ...


def skin_blobs(picture: Picture) -> tuple[Box, ...]:
    """Return a box for each blob of skin colour that looks like a face, biggest first.

    A blob that runs into the left or top edge gets a corner outside the picture, which is how tight crops fail on
    the real detector (facts/frigate-api.md section 3, b).
    """
    shrunk, scale = _shrink(picture)
    labels, _ = ndimage.label(_skin(shrunk) & ~_rims(shrunk))
    boxes: list[Box] = []
    for index, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        found = _face_in(labels[rows, columns] == index)
        if found is not None:
            left, top, right, bottom = found
            box = (left + columns.start, top + rows.start, right + columns.start, bottom + rows.start)
            boxes.append(_box(box, scale, picture))
    return tuple(sorted(boxes, key=area, reverse=True))


def area(box: Box) -> int:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def _skin(picture: Picture) -> NDArray[np.bool_]:
    """Mark skin by the usual box in chroma: Cb 77-127, Cr 133-173."""
    planes = np.asarray(Image.fromarray(picture).convert("YCbCr"))
    blue, red = planes[..., 1], planes[..., 2]
    return (blue >= 77) & (blue <= 127) & (red >= 133) & (red <= 173)


def _rims(picture: Picture) -> NDArray[np.bool_]:
    """Mark where the colour changes within a pixel or two."""
    smooth = ndimage.gaussian_filter(picture.astype(np.float32), sigma=(1.0, 1.0, 0.0))
    down, across = np.gradient(smooth, axis=(0, 1))
    return np.asarray(np.hypot(down, across).max(axis=2) > RIM)


def _shrink(picture: Picture) -> tuple[Picture, float]:
    height, width = picture.shape[:2]
    if height <= DETECTION_HEIGHT:
        return picture, 1.0
    scale = height / DETECTION_HEIGHT
    small = Image.fromarray(picture).resize((max(1, round(width / scale)), DETECTION_HEIGHT), Image.Resampling.BOX)
    return np.asarray(small), scale


def _face_in(blob: NDArray[np.bool_]) -> Box | None:
    """Return the box of the face in a blob, None where it has no face's shape."""
    if not _has_face_size(*blob.shape):
        return None
    face = _without_neck(ndimage.binary_fill_holes(ndimage.binary_closing(np.pad(blob, MARGIN), iterations=2)))
    if not face.any():
        return None
    rows, columns = ndimage.find_objects(face)[0]
    if not _has_face_size(rows.stop - rows.start, columns.stop - columns.start) or not _is_ellipse(face[rows, columns]):
        return None
    return columns.start - MARGIN, rows.start - MARGIN, columns.stop - MARGIN, rows.stop - MARGIN


def _without_neck(blob: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Keep the biggest part that a disc fits into, marked 1; by distances, since the disc is big."""
    radius = NECK * (blob.shape[1] - 2 * MARGIN)
    core = ndimage.distance_transform_edt(blob) > radius
    if not core.any():
        return np.zeros(blob.shape, dtype=np.int8)
    parts, _ = ndimage.label(ndimage.distance_transform_edt(~core) <= radius)
    biggest = int(np.argmax(np.bincount(parts.ravel())[1:])) + 1
    return np.asarray(parts == biggest, dtype=np.int8)


def _is_ellipse(face: NDArray[np.int8]) -> bool:
    height, width = face.shape
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    ellipse = down**2 + across**2 <= 1
    both, either = np.count_nonzero((face > 0) & ellipse), np.count_nonzero((face > 0) | ellipse)
    return bool(both >= ELLIPSE * either)


def _has_face_size(height: int, width: int) -> bool:
    return width >= SMALLEST[0] and height >= SMALLEST[1] and ASPECT[0] <= width / height <= ASPECT[1]


def _box(found: Box, scale: float, picture: Picture) -> Box:
    """Return the blob's box with the rim that was taken off it, or over the edge where it runs into one."""
    height, width = picture.shape[:2]
    rim = 2
    overhang = max(2, (found[2] - found[0]) // 20)
    left, top = (-overhang if edge <= rim else int((edge - rim) * scale) for edge in found[:2])
    right, bottom = (int((edge + rim) * scale) for edge in found[2:])
    return left, top, min(width, right), min(height, bottom)
