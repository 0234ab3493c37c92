"""Which photo of a stack lies on top."""

from collections.abc import Sequence

from reactor.core.changes import Reason
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto

KEPT_RULE = "the user chose it"
SHARPEST_RULE = "the sharpest of the stack"
LARGEST_RULE = "as sharp as the sharpest, and the largest"

AS_SHARP = 0.9
"""Frames within this share of the sharpest count as equally sharp: the measure's own noise between equal frames."""


def choose_cover(photos: Sequence[EmbeddedPhoto], keep: AssetId | None) -> tuple[AssetId, Reason]:
    """Choose the cover among at least one photo: the user's own, else by sharpness, resolution, time and id.

    Sharpness is relative within the group: an absolute score picks the kept photo at chance (facts/peers.md
    section 5.2). ``keep`` is the user's own cover; one that is not among the photos is passed over.
    """
    best = max(photo.sharpness for photo in photos)
    chosen = min(photos, key=lambda photo: _rank(photo, best))
    if keep is not None and any(photo.asset == keep for photo in photos):
        return keep, Reason(rule=KEPT_RULE)
    share = chosen.sharpness / best if best > 0 else 1.0
    rule = SHARPEST_RULE if share == 1.0 else LARGEST_RULE
    scores = (("share of the best sharpness", round(share, 4)), ("pixels", float(chosen.width * chosen.height)))
    return chosen.asset, Reason(rule=rule, scores=scores)


def _rank(photo: EmbeddedPhoto, best: float) -> tuple[bool, int, float, float, AssetId]:
    soft = photo.sharpness < AS_SHARP * best
    # Among soft photos only sharpness counts, but those never win while a sharp one exists; there always is one.
    return (soft, -photo.width * photo.height, photo.taken_at.timestamp(), -photo.sharpness, photo.asset)
