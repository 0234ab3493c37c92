"""Orders through the real feeders and the real worker, over a simulated Immich and a real database."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from reactor.acts.perform import Performer
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.feeding import PostgresFeeding
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.runs import PostgresRuns
from reactor.core.categories import Category
from reactor.core.changes import ArchiveAssets, Change, Reason, StackAssets, TagAsset
from reactor.core.ids import LIVE, AccountId, AssetId, RunId
from reactor.core.journal import Cause
from reactor.core.modes import Mode
from reactor.core.orders import OrderReport, OrderRequest
from reactor.core.pace import Window
from reactor.core.runs import Run
from reactor.core.settlement import RetryPolicy
from reactor.routing import Router, merge
from reactor.sources.feeding import Feeder
from reactor.sources.orders import OrdersFeed
from reactor.stages import archive, orders
from reactor.worker.worker import Worker, WorkerPolicy

from ..household import ME, Household, a_performer, eventually, hands_of
from ..stages.house import House
from ..working import AT_ONCE, LEASE

WHY = Reason(rule="because", scores=(("Receipts", 0.91),))
KNOWN = tuple(Category(name=name, prompts=("a photo",), similarity=0.5) for name in ("A", "B", "C", "Cats", "X"))
QUICK = RetryPolicy(first_s=0.05, soon_s=0.05, soon_longest_s=0.2, longest_s=0.2)


def tag(photo: AssetId, *tags: str, sure: bool = True, account: AccountId = ME) -> TagAsset:
    return TagAsset(account=account, asset=photo, tags=tags, reason=replace(WHY, sure=sure))


def archived(*photos: AssetId, categories: tuple[str, ...] = ()) -> ArchiveAssets:
    return ArchiveAssets(account=ME, assets=photos, categories=categories, reason=WHY)


def stack(cover: AssetId, *rest: AssetId) -> StackAssets:
    return StackAssets(account=ME, cover=cover, members=(cover, *rest), reason=WHY)


def reactions() -> Router:
    return merge([archive.router, orders.router])


@dataclass(kw_only=True)
class Rig:
    """What carries out orders, and the means to give them."""

    house: House
    window: Window = field(default_factory=Window)
    categories: tuple[Category, ...] = KNOWN

    def __post_init__(self) -> None:
        self.pool, self.home = self.house.pool, self.house.home
        self.router = reactions()
        self.log = PostgresEventLog(self.pool, self.router, self.house.wake)
        self.runs = PostgresRuns(self.pool, self.router)
        self.orders = PostgresOrders(self.pool)

    def performer(self, mode: Mode = "apply") -> Performer:
        return a_performer(self.pool, hands_of(self.home), mode=mode)

    async def did(self, change: Change, *, run: RunId = LIVE, event: int = 1, mode: Mode = "apply") -> int:
        """Carry a change out, or plan it, and return the number of its entry."""
        await self.performer(mode).perform(change, Cause(handler="test", event=event, run=run))
        await self.home.rest()
        entry: int = await self.pool.fetchval("SELECT max(id) FROM journal")
        return entry

    async def planned(self, change: Change, *, run: RunId = LIVE) -> int:
        return await self.did(change, run=run, mode="observe")

    def worker(self) -> Worker:
        return Worker(
            queue=PostgresQueue(self.pool, self.router, self.house.wake, worker="w", lease=LEASE),
            router=self.router,
            services=self.house.services(categories=self.categories),
            acts=self.performer("observe"),
            wake=self.house.wake,
            policy=WorkerPolicy(quiet=AT_ONCE, deadline_s=30, retry=QUICK),
            chance=random.Random(1),
        )

    def feeders(self, name: str = "a") -> list[Feeder]:
        leases = PostgresFeeding(self.pool, feeder=name)
        feed = OrdersFeed(self.orders, self.log)
        return [Feeder(kind, leases, feed, window=self.window) for kind in ("undo", "apply")]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run worker and feeders."""
        tasks = [asyncio.create_task(self.worker().run())]
        tasks += [asyncio.create_task(feeder.run()) for feeder in self.feeders()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in found), found

    async def ended(self, run: Run) -> Run:
        async def over() -> bool:
            return not (await self.now(run.id)).is_open

        await eventually(over, f"{run.id} has ended")
        await self.home.rest()
        return await self.now(run.id)

    async def now(self, run: RunId) -> Run:
        found = await self.runs.get(run)
        assert found is not None
        return found

    async def carried_out(self, request: OrderRequest) -> OrderReport:
        """Give an order and return what came of it."""
        run = await self.runs.start(request)
        async with self.running():
            await self.ended(run)
        return await self.report(run.id)

    async def report(self, run: RunId) -> OrderReport:
        found = await self.orders.report(run)
        assert found is not None
        return found

    async def states(self, *entries: int) -> list[str]:
        rows = await self.pool.fetch("SELECT id, state FROM journal WHERE id = ANY($1)", list(entries))
        states = {row["id"]: row["state"] for row in rows}
        return [states[entry] for entry in entries]

    async def tags(self, photo: AssetId) -> frozenset[str]:
        return (await self.home.library.asset(photo)).tags

    async def stack_of(self, photo: AssetId) -> frozenset[AssetId]:
        found = (await self.home.library.asset(photo)).stack
        return (await self.home.library.stack(found)).members if found is not None else frozenset()

    async def asked(self, run: RunId) -> list[int]:
        """Return the entries that a run asked for, in the order of its asking."""
        rows = await self.pool.fetch(
            """
            SELECT (e.payload ->> 'entry')::int AS entry FROM deliveries d JOIN events e ON e.seq = d.event
            WHERE d.run = $1 ORDER BY d.id
            """,
            run,
        )
        return [row["entry"] for row in rows]


async def photos(home: Household, count: int) -> Sequence[AssetId]:
    return await home.photos(count)


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)
