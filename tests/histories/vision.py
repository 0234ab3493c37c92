"""What the photos of a history look like: made-up vectors, by which each stands in its scene and its categories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reactor.core.categories import Category
from reactor.core.ids import AccountId
from reactor.core.library import Asset, EmbeddedPhoto
from reactor.ports import ImageFeatures

ME = AccountId("me")
MODEL = "sight"
AUTO = "Auto/"
# A photo that fits up to three categories lies between .41 and .52 from each, a faint one between .32 and .38.
LOOSE, STRICT = 0.3, 0.4
RECEIPTS = Category(name="Receipts", prompts=("a receipt",), similarity=LOOSE)
AWAY = Category(name="Away", prompts=("a screenshot",), similarity=LOOSE, action="tag_and_archive")
BEST_OF = "Best of"
BEST = Category(name="Best", prompts=("a good one",), similarity=LOOSE, favourite=True, album=BEST_OF)
CATEGORIES = (RECEIPTS, AWAY, BEST)
DAY = datetime(2026, 6, 1, 9, tzinfo=UTC)
RANDOM_PAIR = 0.1
PLACES = 4
DIMENSION = len(CATEGORIES) + 2 * PLACES + 1

Part = Literal["early", "bridge", "wedge", "late"]
# Photos of a place look alike. Between the last early one and the first late one lies more than the 10 s that the
# stack rule allows, and from either to the bridge less. The wedge is like the late ones, which are liker to it than to
# the bridge, and not like the bridge: where it comes later it parts what the bridge had joined.
BEGINS: Mapping[Part, float] = {"early": 0.0, "bridge": 9.0, "wedge": 13.0, "late": 16.0}
STEPS: Mapping[Part, float] = {"early": 1.0, "bridge": 0.5, "wedge": 1.0, "late": 1.0}
ROOM: Mapping[Part, int] = {"early": 5, "bridge": 3, "wedge": 1, "late": 5}
TURNED: Mapping[Part, float] = {"early": 0.0, "bridge": 0.0, "wedge": 84.0, "late": 43.0}
"""Degrees from the view of the early ones; up to 53 are alike, since all hashes are equal (shared categories add)."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """Where and when a photo was taken, how sharp it is, and which categories it fits."""

    place: int
    part: Part
    number: int
    sharpness: int = 1
    fits: frozenset[str] = frozenset()

    @property
    def faint(self) -> bool:
        """Say whether it fits its categories so weakly that a strict one leaves it out."""
        return (self.place + self.number + (self.part == "late")) % 3 == 1

    @property
    def taken_at(self) -> datetime:
        seconds = BEGINS[self.part] + STEPS[self.part] * self.number
        return DAY + timedelta(hours=self.place, seconds=seconds)

    def embedded(self, asset: Asset) -> EmbeddedPhoto:
        """Return what embedding would have found."""
        return EmbeddedPhoto(
            account=ME,
            asset=asset.id,
            taken_at=asset.taken_at,
            camera="cam",
            phash=0,
            sharpness=100.0 * self.sharpness,
            width=64,
            height=48,
            checksum=asset.id,
            vector=self._vector(),
        )

    def _vector(self) -> NDArray[np.float32]:
        vector = np.zeros(DIMENSION, dtype=np.float32)
        turned = np.radians(TURNED[self.part])
        vector[len(CATEGORIES) + self.place] = np.cos(turned)
        vector[len(CATEGORIES) + PLACES + self.place] = np.sin(turned)
        for index, category in enumerate(CATEGORIES):
            vector[index] = (0.4 if self.faint else 0.6) if category.name in self.fits else 0.0
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


class Sight:
    """An embedder that knows the prompts of the categories; pictures are never shown to it."""

    model = MODEL

    async def image(self, data: bytes) -> ImageFeatures:
        raise AssertionError("no stage of a history embeds")

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        axes = np.eye(DIMENSION, dtype=np.float32)
        known = {category.prompts[0]: axes[index] for index, category in enumerate(CATEGORIES)}
        return {prompt: known[prompt] for prompt in prompts}
