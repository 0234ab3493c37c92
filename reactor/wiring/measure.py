"""The number that cosine thresholds of stacks are stated against, measured once for a model."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import structlog

from reactor.adapters.clip.encoder import ModelInfo
from reactor.core.ids import AccountId
from reactor.core.library import EmbeddedPhoto
from reactor.core.vectors import median_pair_cosine
from reactor.ports import Bookmarks

log = structlog.get_logger(__name__)

ENOUGH = 100
SAMPLE = 500
SEED = 1


class Sampled(Protocol):
    """Where stored vectors can be drawn from."""

    async def sample(self, account: AccountId, model: str, *, limit: int) -> tuple[EmbeddedPhoto, ...]: ...


class Model(Protocol):
    """Which model makes the vectors; raises Unreachable while none is loaded."""

    @property
    def model(self) -> str: ...

    @property
    def info(self) -> ModelInfo: ...


class RandomPairs:
    """Know the median cosine of random pairs for a model.

    The model's own card tells it, where there is one; else it is measured on the first ``ENOUGH`` stored photos and
    frozen, so that a threshold never drifts. Before that it is unknown, and only near-identical frames are stacked.
    """

    def __init__(
        self, *, embedder: Model, accounts: Sequence[AccountId], photos: Sampled, bookmarks: Bookmarks
    ) -> None:
        self._embedder = embedder
        self._accounts = accounts
        self._photos = photos
        self._bookmarks = bookmarks
        self._values: dict[str, float] = {}

    async def __call__(self) -> float | None:
        """Return the median cosine of random pairs, or None while too few photos are stored."""
        model = self._embedder.model
        if (value := self._values.get(model, self._embedder.info.random_pair_cosine)) is None:
            stored = await self._bookmarks.get(_name(model))
            value = float(stored) if isinstance(stored, int | float) else await self._measure(model)
        if value is not None:
            self._values[model] = value
        return value

    async def _measure(self, model: str) -> float | None:
        found = [
            photo for account in self._accounts for photo in await self._photos.sample(account, model, limit=SAMPLE)
        ]
        if len(found) < ENOUGH:
            return None
        value = round(float(median_pair_cosine(np.stack([photo.vector for photo in found]), seed=SEED)), 4)
        await self._bookmarks.put(_name(model), value)
        log.info("measured the model on stored photos", random_pair_cosine=value, photos=len(found))
        return value


def _name(model: str) -> str:
    return f"random-pair-cosine:{model}"
