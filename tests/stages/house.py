"""A simulated Immich, a real database, and the stages on both: what a stage is given, and what it leaves behind."""

import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import asyncpg
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reactor.acts.perform import Performer
from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.sightings import PostgresSightings
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.adapters.postgres.wake import Wake
from reactor.core.categories import Category
from reactor.core.changes import Change
from reactor.core.events import AssetUploaded, Event
from reactor.core.ids import LIVE, AssetId
from reactor.core.journal import Cause
from reactor.core.portraits import PortraitPolicy
from reactor.core.stack_policy import StackPolicy
from reactor.core.thumbs import thumb_of
from reactor.ports import ImageFeatures, Services
from reactor.routing import Outcome, merge
from reactor.stages import classify, embed, stack

from ..household import ME, Household, a_household, a_performer, hands_of
from ..immich_client.phone import ask
from ..rules import NamedRules
from ..similar import ExactSimilar

CAUSE = Cause(handler="test", event=1, run=LIVE)
EVERYTHING = Category(name="Any", prompts=("a picture",), similarity=-1.0)


class Looker:
    """An embedder whose vector is the picture itself, eight pixels by eight; it counts what it decodes."""

    model = "pixels"

    def __init__(self) -> None:
        self.looked = 0

    async def image(self, data: bytes) -> ImageFeatures:
        self.looked += 1
        with Image.open(io.BytesIO(data)) as image:
            small = np.asarray(image.convert("L").resize((8, 8)), dtype=np.float32).ravel() + 1.0
            thumb = thumb_of(np.asarray(image.convert("L"), dtype=np.float32))
            width, height = image.size
        vector = small / np.linalg.norm(small)
        return ImageFeatures(
            vector=vector, phash=1, sharpness=1.0, width=width, height=height, thumb=thumb, clipped=0.0
        )

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        return dict.fromkeys(prompts, np.full(64, 0.125, dtype=np.float32))


@dataclass(frozen=True, kw_only=True)
class House:
    """One user's Immich with the reactor's stores; the stages are run by hand."""

    home: Household
    pool: asyncpg.Pool
    wake: Wake
    log: PostgresEventLog
    journal: PostgresJournal
    photos: PostgresPhotos
    sightings: PostgresSightings
    bookmarks: PostgresBookmarks
    looker: Looker

    def services(self, *, tag_external: bool = True, categories: tuple[Category, ...] = (EVERYTHING,)) -> Services:
        async def random_pair_cosine() -> float | None:
            return 0.5

        return Services(
            library=lambda _: self.home.library,
            embedder=self.looker,
            photos=self.photos,
            similar=ExactSimilar(self.pool),
            backlog=self.log,
            journal=self.journal,
            vetoes=PostgresVetoes(self.pool),
            rules=NamedRules(categories),
            labels=PostgresLabels(self.pool),
            portraits=cast("Any", None),
            random_pair_cosine=random_pair_cosine,
            tag_external=tag_external,
            stack_policy=StackPolicy(),
            portrait_policy=PortraitPolicy(),
            now=lambda: datetime.now(UTC),
        )

    def performer(self) -> Performer:
        return a_performer(self.pool, hands_of(self.home))

    async def embed(self, event: Event) -> Outcome:
        return await embed.embed([event], self.services())

    async def we_do(self, change: Change) -> None:
        """Carry a change out, journalled, as the worker does, and wait for Immich's jobs that follow."""
        await self.performer().carry_out([change], CAUSE)
        await self.home.rest()

    async def heard(self, asset: AssetId) -> AssetUploaded:
        event = AssetUploaded(account=ME, asset=asset)
        await self.log.append([event])
        return event

    async def photo(self, seed: int, *, minutes: float = 0.0) -> AssetId:
        """Upload a photo that is heard of and embedded."""
        asset = await self.home.photo(seed, datetime(2026, 6, 1, 9, tzinfo=UTC) + timedelta(minutes=minutes))
        await self.embed(await self.heard(asset))
        await self.end(asset, "done")
        return asset

    async def end(self, asset: AssetId, state: str) -> None:
        """Let the deliveries of the photo end so."""
        await self.pool.execute(
            "UPDATE deliveries d SET state = $2 FROM events e WHERE e.seq = d.event AND e.subject = $1", asset, state
        )

    async def user(self, method: str, path: str, body: object) -> Any:
        """Do what the user does in Immich's own pages, and wait until Immich has written it down."""
        await self.home.rest()
        read = await ask(self.home.immich.url, self.home.key, method, path, body)
        await self.home.rest()
        return read

    async def user_tags(self, asset: AssetId, tag: str) -> None:
        (made,) = await self.user("PUT", "/tags", {"tags": [tag]})
        await self.user("PUT", "/tags/assets", {"tagIds": [made["id"]], "assetIds": [asset]})

    async def taken_at(self, asset: AssetId) -> datetime:
        (stored,) = await self.photos.embedded(ME, (asset,), self.looker.model)
        return stored.taken_at


@asynccontextmanager
async def a_house(pool: asyncpg.Pool, *, tag_race_s: float = 0.05) -> AsyncIterator[House]:
    router = merge([embed.router, classify.router, stack.router])
    async with aclosing(Wake(pool)) as wake, a_household(tag_race_s=tag_race_s) as home:
        yield House(
            home=home,
            pool=pool,
            wake=wake,
            log=PostgresEventLog(pool, router, wake),
            journal=PostgresJournal(pool),
            photos=PostgresPhotos(pool),
            sightings=PostgresSightings(pool),
            bookmarks=PostgresBookmarks(pool),
            looker=Looker(),
        )
