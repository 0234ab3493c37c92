"""When two photos show the same: cosine, hash, framing, names and times, pair by pair."""

import re
from dataclasses import dataclass

from reactor.core.file_names import ending_of, stem_of
from reactor.core.framing import best_match, closest_match, still_match
from reactor.core.images import hamming
from reactor.core.library import EmbeddedPhoto
from reactor.core.stack_policy import StackPolicy
from reactor.core.thumbs import is_plain
from reactor.core.vectors import cosine, share_to_cosine

TWO_FILES_S = 2.0
"""A camera writes the two files of one shot with one time; some write a whole second, or the time of writing."""
ELSEWHERE = 0.7
"""Of a pan the match with less than one framing in common leaves at most so much of what the other leaves."""
SAME_FRAME = 0.98
"""What matches as well in one framing shows that view; of a plain sky any part matches any other."""
SAME_PLACE = 0.7
"""How well one place matches at least, however the camera was moved, turned and zoomed a little."""
STILL = 0.85
"""How well it matches where the camera stood still, whatever the model sees in what moved or changed its light."""
UNMOVED = 0.9
"""What matches as well by shifting alone need not be turned and zoomed, which costs five times the work."""
SAME_PICTURE = 0.95
"""How well the small pictures of copies match at least, as they lie; another frame moves a leaf, or the camera."""
SAME_SHAPE = 0.03
"""By which part the shapes of copies may differ: scaling rounds to whole pixels, cropping goes further."""

RAW = frozenset(
    [
        ".3fr",
        ".arw",
        ".cr2",
        ".cr3",
        ".dng",
        ".erf",
        ".nef",
        ".nrw",
        ".orf",
        ".pef",
        ".raf",
        ".raw",
        ".rw2",
        ".srw",
        ".x3f",
    ]
)
_EDITED = re.compile(r"([-_ ](edit(ed)?|bearbeitet|editado|modificato|modifi[eé]|copy|kopie|copie)|\(\d{1,3}\))+$")
_APPLE_EDIT = re.compile(r"^img_e(?=\d{4})")


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """The thresholds of a policy for one model: cosines, None where the model is not measured yet.

    ``same``: one view. ``wide``: half the evidence for it. ``copy``: all but the same picture.
    """

    policy: StackPolicy
    same: float | None
    wide: float | None
    copy: float | None

    def is_near(self, one: EmbeddedPhoto, other: EmbeddedPhoto) -> bool:
        """Say whether the structure is all but the same, whatever the light."""
        return hamming(one.phash, other.phash) <= self.policy.near_phash

    def is_same_view(self, one: EmbeddedPhoto, other: EmbeddedPhoto) -> bool:
        """Say whether the two show one view: the model sees it, or half so and the structure agrees.

        Two pages, two screens and two dogs look alike to a model, and so do the parts of a view: the framing tells.
        """
        if self.same is None or self.wide is None:
            return False
        seen = cosine(one.vector, other.vector)
        # A file that names no camera may have the time of its copying, so more is asked for.
        unnamed = not one.camera or not other.camera
        if seen < (self.same if unnamed else self.wide):
            return False
        if hamming(one.phash, other.phash) <= self.policy.wide_phash:
            return True  # the hashes vouch for the framing: of 100 pans 95 differ in 24 bits or more
        if (framing := _framing(one, other)) is None:
            return seen >= self.same and not unnamed
        near, far = framing
        if near < SAME_PLACE or (near < SAME_FRAME and 1.0 - far < ELSEWHERE * (1.0 - near)):
            return False
        return near >= STILL or (seen >= self.same and not unnamed)

    def is_loosely_alike(self, one: EmbeddedPhoto, other: EmbeddedPhoto) -> bool:
        """Say whether the model or the hash sees more in common than chance."""
        if self.wide is not None and cosine(one.vector, other.vector) >= self.wide:
            return True
        return hamming(one.phash, other.phash) <= self.policy.wide_phash

    def is_copy(self, one: EmbeddedPhoto, other: EmbeddedPhoto) -> bool:
        """Say whether the two are all but the same picture."""
        if self.copy is None or hamming(one.phash, other.phash) > self.policy.copy_phash:
            return False
        if cosine(one.vector, other.vector) < self.copy or not _of_one_shape(one, other):
            return False
        if one.thumb is None or other.thumb is None or one.thumb == other.thumb:
            return True
        return still_match(one.thumb, other.thumb) >= SAME_PICTURE


def likeness(policy: StackPolicy, random_pair_cosine: float | None) -> Likeness:
    """Return the thresholds for a model whose random pairs have this cosine, None while nobody knows it."""

    def reached(share: float) -> float | None:
        return None if random_pair_cosine is None else share_to_cosine(share, random_pair_cosine)

    same = policy.high_clip if policy.high_clip is not None else reached(policy.share)
    wide = policy.low_clip if policy.low_clip is not None else reached(policy.wide_share)
    return Likeness(policy=policy, same=same, wide=wide, copy=reached(policy.copy_share))


def is_one_shot(one: EmbeddedPhoto, other: EmbeddedPhoto, gap_s: float) -> bool:
    """Say whether the two are files of one shot, a RAW and what the camera made of it."""
    if one.name is None or other.name is None or gap_s > TWO_FILES_S:
        return False
    if stem_of(one.name) != stem_of(other.name):
        return False
    return (ending_of(one.name) in RAW) != (ending_of(other.name) in RAW)


def is_edit_by_name(one: EmbeddedPhoto, other: EmbeddedPhoto) -> bool:
    """Say whether one file's name says that it was made from the other."""
    if one.name is None or other.name is None:
        return False
    stems = [stem_of(name) for name in (one.name, other.name)]
    origins = [_origin(stem) for stem in stems]
    return origins[0] == origins[1] and stems[0] != stems[1]


def _origin(stem: str) -> str:
    return _APPLE_EDIT.sub("img_", _EDITED.sub("", stem))


def _of_one_shape(one: EmbeddedPhoto, other: EmbeddedPhoto) -> bool:
    if not (one.width and one.height and other.width and other.height):
        return True  # nobody knows
    across, down = one.width * other.height, other.width * one.height
    return abs(across - down) <= SAME_SHAPE * max(across, down)


def _framing(one: EmbeddedPhoto, other: EmbeddedPhoto) -> tuple[float, float] | None:
    """Return how well the small pictures match, None where that cannot be told."""
    if one.thumb is None or other.thumb is None or is_plain(one.thumb) or is_plain(other.thumb):
        return None
    if (one.width > one.height) != (other.width > other.height):
        return None  # turned upright between the two; squeezed into squares they cannot be compared
    found = best_match(one.thumb, other.thumb)
    return found if found[0] >= UNMOVED else closest_match(one.thumb, other.thumb)
