"""A reactor with everything that a scan passes through, over a simulated Immich and a real database."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import aiohttp
import asyncpg
from pydantic import SecretStr

from reactor.adapters.clip.embedder import ClipEmbedder
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.timeline import ImmichTimeline
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.postgres.feeding import PostgresFeeding
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.replays import PostgresReplays
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.categories import Category
from reactor.core.ids import AccountId
from reactor.core.limits import LimitPolicy
from reactor.core.modes import Mode
from reactor.core.pace import Window
from reactor.core.portraits import PortraitPolicy
from reactor.core.runs import Run, RunRequest, RunState
from reactor.core.stack_policy import StackPolicy
from reactor.ports import Library, Portraits, Services
from reactor.routing import Quiet, merge
from reactor.sources.feeding import Feeder
from reactor.sources.replay import ReplayFeed
from reactor.sources.scan import ScanFeed, ScanPace
from reactor.stages import actions, archive, classify, embed, stack
from reactor.worker.worker import Worker, WorkerPolicy

from ..household import ME, Household, a_performer, eventually, hands_of
from ..rules import NamedRules
from ..similar import ExactSimilar
from .bench import Bench

EVERYTHING = Category(name="Everything", prompts=("a photo",), similarity=-1.0)
ARCHIVED = replace(EVERYTHING, name="Away", action="tag_and_archive")


async def card() -> float | None:
    return 0.1


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Place:
    """What a reactor is made of, and the means to run it."""

    home: Household
    pool: asyncpg.Pool
    embedder: ClipEmbedder
    mode: Mode = "apply"
    categories: tuple[Category, ...] = (EVERYTHING,)
    limits: LimitPolicy = field(default_factory=LimitPolicy)
    pace: ScanPace = field(default_factory=lambda: ScanPace(per_minute=100_000))
    window: Window = field(default_factory=Window)
    bench: Bench = field(init=False)

    def __post_init__(self) -> None:
        self.bench = Bench(self.pool)
        self.bench.router.reactions.clear()
        self.bench.router.reactions.update(
            merge([embed.router, classify.router, archive.router, actions.router, stack.router]).reactions
        )

    def worker(self) -> Worker:
        def library(_: AccountId) -> Library:
            return self.home.library

        services = Services(
            library=library,
            embedder=self.embedder,
            photos=PostgresPhotos(self.pool),
            similar=ExactSimilar(self.pool),
            backlog=self.bench.log,
            journal=self.bench.journal,
            vetoes=PostgresVetoes(self.pool),
            rules=NamedRules(lambda: self.categories),
            labels=PostgresLabels(self.pool),
            portraits=cast(Portraits, None),
            random_pair_cosine=card,
            tag_external=True,
            stack_policy=StackPolicy(),
            portrait_policy=PortraitPolicy(),
            now=now,
        )
        return Worker(
            queue=self.bench.queue,
            router=self.bench.router,
            services=services,
            acts=a_performer(self.pool, hands_of(self.home), mode=self.mode, limits=self.limits, now=now),
            wake=self.bench.wake,
            policy=WorkerPolicy(
                quiet=Quiet(quiet=timedelta(seconds=0.3), patience=timedelta(seconds=2), size=200), deadline_s=30
            ),
            chance=random.Random(1),
        )

    def feeders(self, session: aiohttp.ClientSession, name: str = "a") -> list[Feeder]:
        leases = PostgresFeeding(self.pool, feeder=name)
        replays = ReplayFeed(PostgresReplays(self.pool, self.bench.router), self.bench.log)
        return [
            Feeder("scan", leases, self.scan(session), window=self.window),
            Feeder("replay", leases, replays, window=self.window),
        ]

    def scan(self, session: aiohttp.ClientSession) -> ScanFeed:
        transport = ImmichTransport(self.home.immich.url, SecretStr(self.home.key), ME, session=session)
        timeline = ImmichTimeline(transport, ImmichLibrary(transport))
        return ScanFeed([ME], lambda _: timeline, self.bench.log, pace=self.pace, faces=False, now=now)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run worker and feeders."""
        async with AsyncExitStack() as exits:
            session = await exits.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
            tasks = [asyncio.create_task(self.worker().run())]
            tasks += [asyncio.create_task(feeder.run()) for feeder in self.feeders(session)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                found = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(isinstance(one, asyncio.CancelledError) for one in found), found

    async def carried_out(self, request: RunRequest) -> Run:
        """Start a run and wait for its end."""
        run = await self.bench.runs.start(request)

        async def over() -> bool:
            return not (await self.bench.now(run.id)).is_open

        await eventually(over, "the run has ended", seconds=60)
        await self.home.rest()
        return await self.bench.now(run.id)

    async def stacks(self) -> list[list[str]]:
        """Return the members of each stack that Immich shows."""
        async with (
            aiohttp.ClientSession(f"{self.home.immich.url}/api/", headers={"x-api-key": self.home.key}) as session,
            session.get("stacks") as answer,
        ):
            return [sorted(asset["id"] for asset in stack["assets"]) for stack in await answer.json()]

    async def tagged(self, assets: Sequence[str]) -> int:
        found = [await self.home.library.asset(cast(Any, asset)) for asset in assets]
        return sum(bool(asset.tags) for asset in found)


__all__ = ["ARCHIVED", "EVERYTHING", "Place", "RunState", "now"]
