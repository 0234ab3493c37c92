"""A reactor and its user who tag the same photos in the same moments, each with a key of their own."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import asyncpg
import numpy as np
from pydantic import SecretStr

from reactor.acts.perform import Performer
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.core.events import AssetEmbedded
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.limits import LimitPolicy
from reactor.core.modes import Mode
from reactor.demo.phone import Shot
from reactor.routing import Router, merge
from reactor.stages import classify, keep, orders
from reactor.worker.worker import WorkerPolicy

from ..household import ME, START, a_performer, eventually, hands_of
from ..immich_client.phone import jpeg
from ..stages.house import House, a_house
from ..working import AT_ONCE, a_worker

OURS = "Auto/Any"
THEIRS = "Holiday"
KEEPING = merge([classify.router, keep.router, orders.router])
CARELESS = merge([classify.router, orders.router])
PLENTY = LimitPolicy(floor=100_000, tag_share=1.0)
OPEN = "('waiting', 'running', 'joined')"

Hook = Callable[[AssetId], Awaitable[None]]


@dataclass(kw_only=True)
class Desk:
    """What a test does and sees; ``on_tagging`` is awaited before each tag call of the reactor's is handled."""

    house: House
    router: Router
    session: aiohttp.ClientSession
    reactors_key: str
    on_tagging: Hook | None = None
    beside: list[asyncio.Task[Any]] = field(default_factory=list)

    def watch(self) -> None:
        self.house.home.immich.on_request = self._asked

    async def _asked(self, method: str, path: str, body: object, key: str) -> None:
        if self.on_tagging is None or key != "reactor" or (method, path) != ("PUT", "/api/tags/assets"):
            return
        assert isinstance(body, dict)
        (asset,) = body["assetIds"]
        await self.on_tagging(AssetId(asset))

    async def user(self, method: str, path: str, body: object = None) -> Any:
        """Do what the user's own app does, and wait for nothing."""
        async with self.session.request(method, f"/api{path}", json=body) as answer:
            assert answer.status < 300, f"{method} {path}: {answer.status} {await answer.text()}"
            return await answer.json() if answer.content_type == "application/json" else None

    def soon(self, what: Awaitable[Any], seconds: float) -> None:
        """Do something beside what is under way."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await what

        self.beside.append(asyncio.create_task(later()))

    async def tag_id(self, tag: str) -> str:
        found: str = (await self.user("PUT", "/tags", {"tags": [tag]}))[0]["id"]
        return found

    async def user_tags(self, asset: AssetId, tag: str = THEIRS) -> None:
        await self.user("PUT", "/tags/assets", {"tagIds": [await self.tag_id(tag)], "assetIds": [asset]})

    async def user_untags(self, asset: AssetId, tag: str) -> None:
        await self.user("DELETE", f"/tags/{await self.tag_id(tag)}/assets", {"ids": [asset]})

    async def user_refreshes(self, asset: AssetId) -> None:
        await self.user("POST", "/assets/jobs", {"assetIds": [asset], "name": "refresh-metadata"})

    async def photos(self, count: int) -> list[AssetId]:
        """Upload photos that are embedded; nothing is decided of them yet."""
        phone = self.house.home.phone
        shots = [Shot(file_name=f"{number}.jpg", data=jpeg(number), taken_at=START) for number in range(count)]
        assets = [AssetId(await phone.upload(shot)) for shot in shots]
        await self.house.home.rest()
        for asset in assets:
            await self.house.photos.save(embedded(asset), self.house.looker.model)
        return assets

    async def decide(self, assets: Sequence[AssetId]) -> None:
        """Let it be heard of them."""
        model = self.house.looker.model
        told = [AssetEmbedded(account=ME, asset=asset, model=model, checksum=asset) for asset in assets]
        await self.house.log.append(told)

    async def rest(self, seconds: float = 20.0) -> None:
        """Wait until nothing is left to do for anybody."""

        async def nothing_waits() -> bool:
            waiting = await self.house.pool.fetchval(f"SELECT count(*) FROM deliveries WHERE state IN {OPEN}")
            return not waiting and self.house.home.immich.idle and all(task.done() for task in self.beside)

        await eventually(nothing_waits, "nothing waits", seconds)
        for task in self.beside:
            task.result()

    async def tags(self, asset: AssetId) -> set[str]:
        return set((await self.house.home.library.asset(asset)).tags)

    def performer(self, mode: Mode = "apply", now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Performer:
        hands = hands_of(self.house.home)
        return a_performer(self.house.pool, hands, mode=mode, limits=PLENTY, now=now, router=self.router)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        policy = WorkerPolicy(quiet=AT_ONCE, deadline_s=30)
        house = self.house
        async with a_worker(house.pool, house.wake, self.router, house.services(), self.performer(), policy):
            yield


def embedded(asset: AssetId) -> EmbeddedPhoto:
    return EmbeddedPhoto(
        account=ME,
        asset=asset,
        taken_at=START,
        camera="cam",
        phash=0,
        sharpness=1.0,
        width=64,
        height=48,
        checksum=asset,
        vector=np.full(64, 0.125, dtype=np.float32),
    )


@asynccontextmanager
async def a_desk(pool: asyncpg.Pool, router: Router = KEEPING, *, tag_race_s: float = 0.1) -> AsyncIterator[Desk]:
    """Start an Immich that writes tags down as slowly as measured (facts/immich-api.md section 5)."""
    async with AsyncExitStack() as exits:
        house = await exits.enter_async_context(a_house(pool, tag_race_s=tag_race_s))
        home = house.home
        user = (await home.library.whoami())[0]
        key = home.immich.add_key(user, name="reactor")
        theirs = await exits.enter_async_context(
            aiohttp.ClientSession(home.immich.url, headers={"x-api-key": home.key})
        )
        ours = await exits.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        transport = ImmichTransport(home.immich.url, SecretStr(key), ME, session=ours)
        home = replace(home, library=ImmichLibrary(transport), writer=ImmichWriter(transport))
        house = replace(house, home=home, log=PostgresEventLog(pool, router, house.wake))
        desk = Desk(house=house, router=router, session=theirs, reactors_key=key)
        desk.watch()
        yield desk


@dataclass(kw_only=True)
class Race:
    """The user tags, or has the metadata read again, within a tenth of a second of our tag calls.

    ``first`` are photos whose tag of the user's was the first of two calls, so that Immich keeps it whatever we do.
    """

    desk: Desk
    chance: random.Random
    first: set[AssetId] = field(default_factory=set)
    raced: dict[AssetId, int] = field(default_factory=dict)

    async def meet(self, asset: AssetId) -> None:
        """Meet one tag call of ours; a photo is met twice at most."""
        times = self.raced[asset] = self.raced.get(asset, 0) + 1
        if times > 2:
            return
        desk, pause = self.desk, self.chance.uniform(0.0, 0.09)
        match self.chance.choice(("before", "after", "both", "refresh before", "refresh after", "never")):
            case "before":
                await self._before(asset, pause)
            case "after":
                desk.soon(desk.user_tags(asset), pause)
            case "both":
                await self._before(asset, pause)
                desk.soon(desk.user_tags(asset, f"{THEIRS} again"), pause)
            case "refresh before":
                await desk.user_refreshes(asset)
                await asyncio.sleep(pause)
            case "refresh after":
                desk.soon(desk.user_refreshes(asset), pause)

    async def _before(self, asset: AssetId, pause: float) -> None:
        if self.raced[asset] == 1:
            self.first.add(asset)
        await self.desk.user_tags(asset)
        await asyncio.sleep(pause)
