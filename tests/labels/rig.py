"""Labels through the real stages, worker and runs, over a simulated Immich and a real database.

A photo is made of the cosines that it has with words; a prompt is such a word.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reactor.adapters.postgres.catalogue import PostgresCatalogue
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.feeding import PostgresFeeding
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.runs import PostgresRuns
from reactor.config.settings import FixedSettings
from reactor.core.calibration import Calibration
from reactor.core.events import AssetChanged, AssetEmbedded, Event
from reactor.core.everyday import BANK, CAPTIONS
from reactor.core.ids import LIVE, AssetId, RunId
from reactor.core.library import EmbeddedPhoto
from reactor.core.modes import Mode
from reactor.core.orders import ApplyRequest, OrderKind
from reactor.core.relabel_runs import RelabelRequest
from reactor.core.runs import Run, RunRequest
from reactor.core.settlement import RetryPolicy
from reactor.ports import ImageFeatures, Services
from reactor.routing import Router, merge
from reactor.sources.feeding import Feeder
from reactor.sources.label_keeper import LabelKeeper
from reactor.sources.orders import OrdersFeed
from reactor.sources.relabel import RelabelFeed
from reactor.stages import actions, archive, classify, keep, orders, veto
from reactor.wiring.rules import KeptRules
from reactor.worker.worker import Worker, WorkerPolicy

from ..household import ME, a_performer, eventually, hands_of
from ..stages.house import House
from ..working import AT_ONCE, LEASE

Managed = Literal["file", "reactor"]
WORDS = ("cat", "dog", "receipt", "screenshot", "beach", "toy")
ORDERS: Sequence[OrderKind] = ("apply", "undo")
QUICK = RetryPolicy(first_s=0.05, soon_s=0.05, soon_longest_s=0.2, longest_s=0.2)
DAY = datetime(2026, 6, 1, 9, tzinfo=UTC)


class Words:
    """An embedder to which every word is an axis of its own; each caption of the bank lies near one of them."""

    def __init__(self) -> None:
        self.model = "words"
        self.encoded: list[str] = []

    async def image(self, data: bytes) -> ImageFeatures:
        raise AssertionError("no picture is looked at again")

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        self.encoded += prompts
        return {text: _meant(text) for text in prompts}


def _meant(text: str) -> NDArray[np.float32]:
    axes = np.eye(len(WORDS) + 2, dtype=np.float32)
    if text in CAPTIONS:
        mixed = 0.8 * axes[CAPTIONS.index(text) % len(WORDS)] + 0.6 * axes[len(WORDS)]
        return np.asarray(mixed, dtype=np.float32)
    return np.asarray(axes[WORDS.index(text) if text in WORDS else len(WORDS)], dtype=np.float32)


def seen(**cosines: float) -> NDArray[np.float32]:
    """Return the unit vector of a picture that has these cosines with words; the rest lies where no word is."""
    vector = np.zeros(len(WORDS) + 2, dtype=np.float32)
    for word, value in cosines.items():
        vector[WORDS.index(word)] = value
    vector[-1] = np.sqrt(max(0.0, 1.0 - float(vector @ vector)))
    return vector


def category(name: str, *prompts: str, **more: Any) -> dict[str, Any]:
    """Return a category as a file spells it; by default its threshold is the cosine 0.5."""
    said: dict[str, Any] = {"name": name, "prompts": list(prompts)} | more
    return said if "strictness" in said else {"similarity": 0.5} | said


@dataclass(kw_only=True)
class LabelRig:
    """A household, and the means to change its categories and to see what comes of it."""

    house: House
    managed: Managed = "reactor"
    mode: Mode = "apply"
    embedder: Words = field(default_factory=Words)

    def __post_init__(self) -> None:
        self.pool, self.home = self.house.pool, self.house.home
        self.router: Router = merge(
            [classify.router, archive.router, actions.router, keep.router, orders.router, veto.router]
        )
        self.log = PostgresEventLog(self.pool, self.router, self.house.wake)
        self.runs = PostgresRuns(self.pool, self.router)
        self.labels = PostgresLabels(self.pool)
        self.store = PostgresCatalogue(self.pool)
        self.rules = self._rules({})

    def _rules(self, classification: dict[str, Any]) -> KeptRules:
        settings = FixedSettings.model_validate({"classification": classification})
        return KeptRules(settings, self.store, self.labels, self.house.bookmarks, self.embedder)

    async def categories(self, *categories: dict[str, Any], enabled: bool = True) -> Run | None:
        """Let these be the categories, from a file and a restart or by an edit; return the run that follows, ended."""
        if self.managed == "file":
            self.rules = self._rules({"enabled": enabled, "categories": list(categories)})
        else:
            settings = FixedSettings.model_validate({"classification": {"categories": list(categories)}})
            named = settings.classification.categories
            await self.store.edit(lambda _: named)
            await self.rules.switch(enabled)
        return await self.looked()

    async def looked(self) -> Run | None:
        """Have the consequences drawn, and wait for the run that follows."""
        before = await self.runs.list(100)
        await LabelKeeper(self.rules, self.embedder, self.runs, self.house.bookmarks).once()
        new = [run for run in await self.runs.list(100) if run.id not in {old.id for old in before}]
        return await self.ended(new[0]) if new else None

    async def photo(
        self, seed: int, *, heard: bool = True, cosines: Mapping[str, float] | None = None, **more: float
    ) -> AssetId:
        """Upload a photo that has these cosines, and have it classified unless it is not heard of."""
        asset = await self.home.photo(seed, DAY + timedelta(minutes=seed))
        shown = await self.home.library.asset(asset)
        stored = EmbeddedPhoto(
            account=ME, asset=asset, taken_at=shown.taken_at, camera="", phash=0, sharpness=1.0,
            width=shown.width, height=shown.height, checksum=f"c{seed}", name=shown.file_name, path=shown.path,
            vector=seen(**{**(cosines or {}), **more}),
        )  # fmt: skip
        await self.house.photos.save(stored, self.embedder.model)
        if heard:
            await self.hear(AssetEmbedded(account=ME, asset=asset, model=self.embedder.model, checksum=f"c{seed}"))
        return asset

    async def reseen(self, asset: AssetId, **cosines: float) -> None:
        """Have a known photo seen by the model of now, and classified."""
        (known,) = await self.house.photos.embedded(ME, (asset,), "words")
        await self.house.photos.save(replace(known, vector=seen(**cosines)), self.embedder.model)
        await self.hear(AssetEmbedded(account=ME, asset=asset, model=self.embedder.model, checksum=known.checksum))

    async def hear(self, *events: Event, run: RunId = LIVE) -> None:
        await self.log.append(events, run)
        async with self.working():
            await eventually(self._idle, "everything is done")
        await self.home.rest()

    async def asked(self, request: RunRequest) -> Run:
        return await self.ended(await self.runs.start(request))

    async def rescan(self, *tags: str) -> Run:
        """Have all stored photos held against the categories of now, what is missing set, too; or only these tags."""
        return await self.asked(RelabelRequest(add=True, tags=tags or None))

    async def accept_suggestions(self) -> Run:
        return await self.asked(ApplyRequest(suggestions=True, everything=True))

    async def carry_out_plans(self) -> Run:
        return await self.asked(ApplyRequest(everything=True))

    async def taken_off_by_the_user(self, asset: AssetId, tag: str) -> None:
        """Take a tag off as the user does, long after it was set, and have that noticed."""
        await self.pool.execute("UPDATE journal SET settled_at = settled_at - interval '5 minutes'")
        found = await self.house.user("GET", "/tags", None)
        (number,) = [one["id"] for one in found if one["value"] == tag]
        await self.house.user("DELETE", f"/tags/{number}/assets", {"ids": [asset]})
        await self.hear(AssetChanged(account=ME, asset=asset, updated_at="later", fields=("tags",)))

    async def ended(self, run: Run) -> Run:
        async def over() -> bool:
            found = await self.runs.get(run.id)
            return found is not None and not found.is_open

        async with self.working():
            await eventually(over, f"{run.id} has ended")
        await self.home.rest()
        found = await self.runs.get(run.id)
        assert found is not None
        return found

    async def _idle(self) -> bool:
        left: int = await self.pool.fetchval(
            "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'running', 'joined')"
        )
        return left == 0

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run worker and feeder."""
        leases = PostgresFeeding(self.pool, feeder="a")
        orders_feed = OrdersFeed(PostgresOrders(self.pool), self.log)
        feed = RelabelFeed((ME,), self.labels, self.rules, self.embedder, self.log, settles_s=0.0)
        tasks = [
            asyncio.create_task(self._worker().run()),
            asyncio.create_task(Feeder("relabel", leases, feed).run()),
            *(asyncio.create_task(Feeder(kind, leases, orders_feed).run()) for kind in ORDERS),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in found), found

    def _worker(self) -> Worker:
        return Worker(
            queue=PostgresQueue(self.pool, self.router, self.house.wake, worker="w", lease=LEASE),
            router=self.router,
            services=self.services(),
            acts=a_performer(self.pool, hands_of(self.home), mode=self.mode),
            wake=self.house.wake,
            policy=WorkerPolicy(quiet=AT_ONCE, deadline_s=30, retry=QUICK),
            chance=random.Random(1),
        )

    def services(self) -> Services:
        return replace(self.house.services(), rules=self.rules, embedder=self.embedder)

    async def tags(self, asset: AssetId) -> set[str]:
        return set((await self.home.library.asset(asset)).tags)

    async def is_archived(self, asset: AssetId) -> bool:
        return (await self.home.library.asset(asset)).visibility == "archive"

    async def calibrate(self, lo: float, hi: float, *, version: int = 1) -> None:
        """Let the model be measured at these two numbers."""
        await self.store.keep(
            Calibration(model=self.embedder.model, bank=BANK, lo=lo, hi=hi, photos=len(CAPTIONS), version=version)
        )
        self.rules.forget()
