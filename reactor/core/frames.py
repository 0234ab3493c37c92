"""Frames of one scene held against each other: which are as sharp, as well exposed, and show as much of the faces.

Each answer is the photos that count as equal to the best; the margins are the noise of the measure between frames that
nobody could tell apart, taken on the labelled bursts (docs/stacks.md).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import log2, sqrt
from statistics import fmean, median

import numpy as np

from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto, Face

AS_SHARP = 0.8
"""Equal frames keep .86 of the best one's sharpness and more, another quality of JPEG .92; the least blur that can be
seen, half a pixel of the small picture, leaves .78 and mostly less, a frame that is to be thrown away .5 and less."""
AS_SHARP_AT_ANY_SIZE = 0.35
"""The small picture that is measured is a whole fraction of the preview, so that the same photo at another size keeps
.37 to 2.1 of its sharpness."""
LIGHTEST = 2.0
"""At most so many times the light, as grey values, is made up for: two stops. Beyond it the noise would be what counts,
as in a frame from inside a pocket."""
AS_CLEAR = 0.14
"""By which share of black and white pixels equally sharp frames of one scene differ at most; two stops too many add
.23."""
MIDDLE_GREY = 118.0
"""What a well exposed scene has as its mean, mostly: 18 % of the light, as a grey value of 0..255."""
AS_LIT = 0.25
"""By which factor, as its logarithm to 2, the light of equal frames differs at most is .16; a stop is .48."""
OF_NOTE = 1 / 3
"""Faces of less than this part of the largest one's side are people in the background, who come and go."""
AT_THE_EDGE = 0.01
"""A box that ends within this share of the frame's side from its edge is cut off there: detectors keep inside."""
THUMBS_KEPT = 4096
"""Of so many, in 4 MB, the light is remembered: it is asked for several times while a cover is chosen."""
AS_NEAR = 0.8
"""The box of a face that does not move breathes by a tenth of its side from frame to frame."""


def sharp(photos: Sequence[EmbeddedPhoto]) -> frozenset[AssetId]:
    """Return the photos that count as sharp as the sharpest; among those of other sizes the margin is wide."""
    found = sharpness_of(photos)
    best = max(found.values())
    of_size: dict[tuple[int, ...], float] = {}
    for photo in photos:
        of_size[_size(photo)] = max(found[photo.asset], of_size.get(_size(photo), 0.0))
    return frozenset(
        photo.asset
        for photo in photos
        if found[photo.asset] >= AS_SHARP * of_size[_size(photo)] and found[photo.asset] >= AS_SHARP_AT_ANY_SIZE * best
    )


def sharpness_of(photos: Sequence[EmbeddedPhoto]) -> dict[AssetId, float]:
    """Return the sharpness of each photo as if all had been taken with the same light.

    The measure is a variance, so more light alone makes it larger, by its square: an overexposed frame would win.
    """
    lights = _lights(photos)
    if lights is None:
        return {photo.asset: photo.sharpness for photo in photos}
    usual = median(lights.values())
    return {
        photo.asset: photo.sharpness / min(max(lights[photo.asset] / usual, 1 / LIGHTEST), LIGHTEST) ** 2
        for photo in photos
    }


def exposed(photos: Sequence[EmbeddedPhoto]) -> frozenset[AssetId]:
    """Return the photos that lose as little to black and white as the best, and of these the best lit.

    What is not known of one photo is asked of none.
    """
    left = list(photos)
    clipped = {photo.asset: photo.clipped for photo in photos if photo.clipped is not None}
    if len(clipped) == len(photos):
        least = min(clipped.values())
        left = [photo for photo in photos if clipped[photo.asset] <= least + AS_CLEAR]
    if (lights := _lights(left)) is None:
        return frozenset(photo.asset for photo in left)
    off = {asset: abs(log2(light / MIDDLE_GREY)) for asset, light in lights.items()}
    return frozenset(asset for asset, distance in off.items() if distance <= min(off.values()) + AS_LIT)


def in_sight(faces: Mapping[AssetId, Sequence[Face]]) -> frozenset[AssetId]:
    """Return the photos that show most faces whole, and of these those that show them as large as any."""
    sides = {asset: [_side(face) for face in whole_faces(found)] for asset, found in faces.items()}
    largest = max((side for found in sides.values() for side in found), default=0.0)
    noted = {asset: [side for side in found if side >= OF_NOTE * largest] for asset, found in sides.items()}
    most = max(map(len, noted.values()))
    if not most:
        return frozenset(faces)
    means = {asset: fmean(found) for asset, found in noted.items() if len(found) == most}
    return frozenset(asset for asset, mean in means.items() if mean >= AS_NEAR * max(means.values()))


def whole_faces(faces: Sequence[Face]) -> tuple[Face, ...]:
    """Return the faces that no edge of the picture cuts."""
    return tuple(face for face in faces if _is_whole(face))


def _is_whole(face: Face) -> bool:
    (left, top, right, bottom), (width, height) = face.box, face.frame
    across, down = AT_THE_EDGE * width, AT_THE_EDGE * height
    return across <= left < right <= width - across and down <= top < bottom <= height - down


def _side(face: Face) -> float:
    """Return the side of a face as a share of the picture's, whatever the size of the frame."""
    (left, top, right, bottom), (width, height) = face.box, face.frame
    return sqrt((right - left) * (bottom - top) / (width * height))


def _lights(photos: Sequence[EmbeddedPhoto]) -> dict[AssetId, float] | None:
    """Return the mean grey value of each photo, at least 1; None where it is not known of one."""
    known = {photo.asset: photo.thumb for photo in photos if photo.thumb}
    if len(known) < len(photos):
        return None
    return {asset: _light_of(thumb) for asset, thumb in known.items()}


@lru_cache(maxsize=THUMBS_KEPT)
def _light_of(thumb: bytes) -> float:
    return max(1.0, float(np.frombuffer(thumb, np.uint8).mean()))


def _size(photo: EmbeddedPhoto) -> tuple[int, ...]:
    return tuple(sorted((photo.width, photo.height)))
