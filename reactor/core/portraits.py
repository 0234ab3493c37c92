"""Which faces of a person are worth giving to Frigate, and how they are cut out."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reactor.core.errors import Permanent
from reactor.core.ids import AssetId, FaceId

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of a frame."""

Frame: TypeAlias = tuple[int, int]
"""Width, height in pixels."""


class NoFace(Permanent):
    """Say that Frigate found no face in a picture."""


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """Whose face Frigate sees, ``name`` None for a stranger, and how sure it is, 0..1."""

    name: str | None
    score: float


@dataclass(frozen=True, kw_only=True)
class PortraitPolicy:
    """What a portrait must be like (facts/frigate-api.md sections 2 and 6).

    ``maximum`` pictures a person. ``min_side`` pixels of the shorter side of the face. ``margin`` share of the face's
    side left on each side; ``height`` of the crop in pixels. ``min_sharpness`` as ``tile_sharpness`` measures it.
    ``rival_share`` of the face's area that any other face in the crop must stay below. ``edge_share`` of the side
    that must lie between the face and the picture's edge. ``twin_seconds`` within which two faces are one moment.
    ``review`` is the share of the least sharpness by which a face may stay below it and still be suggested; 0 is none.
    """

    maximum: int = 8
    min_side: float = 90.0
    margin: float = 0.4
    height: int = 320
    min_sharpness: float = 30.0
    rival_share: float = 0.6
    edge_share: float = 0.05
    twin_seconds: float = 10.0
    review: float = 0.0

    def loose(self) -> "PortraitPolicy":
        """Return the rule that reaches down to the end of the grey zone."""
        return replace(self, min_sharpness=self.min_sharpness * (1.0 - self.review), review=0.0)


@dataclass(frozen=True, kw_only=True)
class FaceCandidate:
    """A face of a person in one photo; boxes are in pixels of ``frame``, ``taken_at`` is aware."""

    asset: AssetId
    face: FaceId
    box: Box
    frame: Frame
    taken_at: datetime
    sharpness: float
    other_faces: tuple[Box, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A candidate, whether it is to be given to Frigate, and why or why not in words.

    One that is not ``sure`` is only suggested.
    """

    candidate: FaceCandidate
    chosen: bool
    reason: str
    sure: bool = True


def choose_portraits(
    candidates: Iterable[FaceCandidate], already: frozenset[FaceId], policy: PortraitPolicy
) -> tuple[Choice, ...]:
    """Choose the newest good faces of one person; every candidate gets a choice, newest first.

    Frigate wants few and different pictures (section 6): faces in ``already`` take places of the maximum, and of one
    moment only the newest is taken. Faces of the grey zone take no place, and are suggested only for places that are
    left. The order of the candidates does not matter.
    """
    newest_first = sorted(candidates, key=lambda one: (-one.taken_at.timestamp(), one.face))
    moments = [one.taken_at for one in newest_first if one.face in already]
    free = policy.maximum - len(already)
    choices: list[Choice] = []
    for candidate in newest_first:
        if candidate.face in already:
            choices.append(Choice(candidate=candidate, chosen=False, reason="Frigate was given it already"))
            continue
        objection = objection_to(candidate, policy) or _crowding(candidate, moments, free, policy)
        choices.append(Choice(candidate=candidate, chosen=not objection, reason=objection or "new, sharp and clear"))
        if not objection:
            moments.append(candidate.taken_at)
            free -= 1
    return tuple(_with_doubtful(choices, already, moments, free, policy) if policy.review else choices)


def _with_doubtful(
    choices: Iterable[Choice], already: frozenset[FaceId], moments: list[datetime], free: int, policy: PortraitPolicy
) -> Iterator[Choice]:
    """Suggest what only the grey zone lets through."""
    loose = policy.loose()
    for choice in choices:
        candidate = choice.candidate
        doubtful = not choice.chosen and candidate.face not in already and objection_to(candidate, policy)
        if not doubtful or objection_to(candidate, loose) or _crowding(candidate, moments, free, policy):
            yield choice
            continue
        moments.append(candidate.taken_at)
        free -= 1
        yield replace(choice, chosen=True, sure=False)


def objection_to(candidate: FaceCandidate, policy: PortraitPolicy) -> str:
    """Say what is wrong with a face on its own, "" if nothing is."""
    left, top, right, bottom = candidate.box
    width, height = candidate.frame
    side = min(right - left, bottom - top)
    if side < policy.min_side:
        return f"the face is {max(0.0, side):.0f} px wide, below {policy.min_side:.0f}"
    if min(left, top, width - right, height - bottom) < policy.edge_share * side:
        # Frigate answers 500 when its box starts outside the picture (section 3, b), and half a face teaches little.
        return "the face is cut off by the picture's edge"
    if candidate.sharpness < policy.min_sharpness:
        return f"the face is blurred: sharpness {candidate.sharpness:.0f}, below {policy.min_sharpness:.0f}"
    crop = crop_box(candidate.box, candidate.frame, policy.margin)
    rival = max((_overlap(other, crop) for other in candidate.other_faces), default=0.0)
    if rival >= policy.rival_share * _area(candidate.box):
        # Frigate keeps the biggest box of a crop, whoever that is (section 0, 3).
        return "another face as big would be in the crop"
    return ""


def crop_box(box: Box, frame: Frame, margin: float) -> tuple[int, int, int, int]:
    """Widen a face box by ``margin`` of its side on each side, whole pixels, clamped to the picture.

    Raises ValueError for a box that lies outside its picture or has no area.
    """
    left, top, right, bottom = box
    across, down = margin * (right - left), margin * (bottom - top)
    wide = (
        max(0, math.floor(left - across)),
        max(0, math.floor(top - down)),
        min(frame[0], math.ceil(right + across)),
        min(frame[1], math.ceil(bottom + down)),
    )
    if right <= left or bottom <= top or wide[0] >= wide[2] or wide[1] >= wide[3]:
        raise ValueError(f"the face box {box} is not in a picture of {frame[0]} x {frame[1]}")
    return wide


def tile_sharpness(gray: NDArray[np.float32], *, tiles: int = 4, best: int = 4) -> float:
    """Return the sharpness of a grey picture, [H, W] in 0..255: 0 for a plain one, 100s for a sharp face.

    It is the variance of the Laplacian, Frigate's own measure of blur (section 2), but taken as the mean of the
    ``best`` of ``tiles`` x ``tiles`` tiles: eyes and mouth tell how sharp a face is, smooth cheeks and a blurred
    background say nothing against it.
    """
    if min(gray.shape) < 3:
        return 0.0
    centre = gray[1:-1, 1:-1]
    laplacian = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:] - 4 * centre
    variances = [
        float(np.var(tile, dtype=np.float64))
        for band in np.array_split(laplacian, tiles, axis=0)
        for tile in np.array_split(band, tiles, axis=1)
        if tile.size
    ]
    return float(np.mean(sorted(variances)[-best:]))


def _crowding(candidate: FaceCandidate, moments: list[datetime], free: int, policy: PortraitPolicy) -> str:
    """Say why a good face is one too many, "" if it is not."""
    twin = timedelta(seconds=policy.twin_seconds)
    if any(abs(candidate.taken_at - moment) <= twin for moment in moments):
        return "a newer face of the same moment is taken"
    return f"the person has {policy.maximum} pictures already" if free <= 0 else ""


def _area(box: tuple[float, float, float, float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _overlap(one: Box, other: Box) -> float:
    return _area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))


def fits_into(part: NDArray[np.float32], whole: NDArray[np.float32]) -> float:
    """Return how well one grey picture is a piece of another, 0..1: the highest normalised correlation of any place.

    Frigate cuts its detector's box out of the pixels that we sent and does not scale it (section 2), so a picture
    that was cut out of our crop fits somewhere almost exactly, wherever its box lies. Shapes [h, w] and [H, W].
    """
    (height, width), (tall, wide) = part.shape, whole.shape
    if not 0 < height <= tall or not 0 < width <= wide:
        return 0.0
    piece = part - part.mean(dtype=np.float64)
    ground = whole - whole.mean(dtype=np.float64)
    places = (slice(0, tall - height + 1), slice(0, wide - width + 1))
    waves = np.fft.rfft2(ground) * np.conj(np.fft.rfft2(piece, s=whole.shape))
    together = np.fft.irfft2(waves, s=whole.shape)[places]
    spread = _window_sums(ground**2, height, width) - _window_sums(ground, height, width) ** 2 / (height * width)
    scale = np.sqrt(np.maximum(spread, 1e-6) * max(float((piece**2).sum()), 1e-6))
    return float(np.clip(np.max(together / scale), 0.0, 1.0))


def _window_sums(values: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Sum every window of that size."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    return np.asarray(sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width])
