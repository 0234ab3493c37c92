"""What labels are decided by: the categories of the file or of the database, and what the model was measured at."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np
import structlog

from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.adapters.postgres.catalogue import PostgresCatalogue
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.config import Settings
from reactor.core.calibration import ENOUGH, Calibration, measure
from reactor.core.categories import Catalogue, Category, catalogue_of
from reactor.core.category_changes import beside
from reactor.core.everyday import BANK, CAPTIONS
from reactor.ports import Embedder
from reactor.sources.label_keeper import SNAPSHOT

log = structlog.get_logger(__name__)

SWITCH = "classification"
KEPT_S = 1.0
"""So long what was read may be used; a change by this process counts at once (``forget``)."""
SAMPLE = 2000


class KeptRules:
    """Know the rules of now (ports.LabelRules)."""

    def __init__(
        self,
        settings: Settings,
        catalogue: PostgresCatalogue,
        labels: PostgresLabels,
        bookmarks: PostgresBookmarks,
        embedder: Embedder,
    ) -> None:
        self._settings = settings
        self._fixed = settings.catalogue()
        self._store = catalogue
        self._labels = labels
        self._bookmarks = bookmarks
        self._embedder = embedder
        self._catalogue: tuple[float, Catalogue] | None = None
        self._calibration: tuple[float, str, Calibration | None] | None = None

    def forget(self) -> None:
        """Read everything again: something was changed."""
        self._catalogue = self._calibration = None

    async def catalogue(self) -> Catalogue:
        """Return all categories; those of the database may be a second old."""
        if self._fixed is not None:
            return self._fixed
        if self._catalogue is None or time.monotonic() > self._catalogue[0] + KEPT_S:
            read_at = time.monotonic()
            categories = self._settings.with_zone(await self._store.categories())
            self._catalogue = read_at, catalogue_of(categories, enabled=await self.switched_on(), managed="reactor")
        return self._catalogue[1]

    async def adopt(self, categories: Sequence[Category]) -> None:
        """Keep the categories of a file that is gone, beside those that are kept here."""
        await self._store.edit(lambda known: (*known, *beside(known, categories)))
        self.forget()

    @property
    def off_by_file(self) -> bool:
        """Say whether the settings switch labelling off, which nothing else can undo."""
        return not self._settings.classification.enabled

    async def switched_on(self) -> bool:
        """Say whether anything is labelled: the file may switch it off, and so may the database."""
        return not self.off_by_file and await self._bookmarks.get(SWITCH) is not False

    async def switch(self, on: bool) -> None:
        """Switch labelling on or off as a whole; the file goes before that."""
        await self._bookmarks.put(SWITCH, on)
        self.forget()

    async def calibration(self) -> Calibration | None:
        """Return what the present model was measured at, None before it was; raises Unreachable without a model."""
        model = self._embedder.model
        known = self._calibration
        if known is None or known[1] != model or time.monotonic() > known[0] + KEPT_S:
            known = self._calibration = time.monotonic(), model, await self._store.calibration(model)
        return known[2]

    async def last_measured(self) -> Calibration | None:
        """Return what the model by which labels were decided last was measured at, for those who load none."""
        snapshot = await self._bookmarks.get(SNAPSHOT)
        found = await self._store.calibrations()
        model = snapshot.get("model") if isinstance(snapshot, dict) else None
        return next((one for one in found if model in (None, one.model)), None)

    async def measured(self) -> Calibration | None:
        """Measure the present model on stored photos and return what was found, None where they are too few.

        Nothing is kept; ``keep`` does that.
        """
        model = self._embedder.model
        photos = await self._labels.sample(model, SAMPLE)
        if len(photos) < ENOUGH:
            return None
        prompts = await self._embedder.texts(CAPTIONS)
        lo, hi = await asyncio.to_thread(measure, photos, np.stack([prompts[caption] for caption in CAPTIONS]))
        before = await self._store.calibration(model)
        version = before.version + 1 if before is not None else 1
        return Calibration(model=model, bank=BANK, lo=lo, hi=hi, photos=len(photos), version=version)

    async def keep(self, found: Calibration) -> Calibration:
        """Let a measurement hold from now on; return the one that does, which another process may have kept first."""
        kept = await self._store.keep(found)
        self.forget()
        log.info("measured the model on stored photos", lo=round(kept.lo, 4), hi=round(kept.hi, 4), photos=kept.photos)
        return kept
