"""A log, its runs and their feeders over one database, and a worker that does nothing but settle."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.feeding import PostgresFeeding
from reactor.adapters.postgres.history import PostgresHistory
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.replays import PostgresReplays
from reactor.adapters.postgres.runs import PostgresRuns
from reactor.adapters.postgres.wake import Wake
from reactor.core.deliveries import Delivery
from reactor.core.events import AssetEmbedded, AssetUploaded, Event, PersonNamed, PersonRenamed
from reactor.core.ids import AccountId, AssetId, PersonId, RunId
from reactor.core.pace import Window
from reactor.core.runs import Run
from reactor.core.settlement import Dead
from reactor.routing import Outcome, Router
from reactor.sources.feeding import Feed, Feeder
from reactor.sources.replay import ReplayFeed

ME = AccountId("me")
YOU = AccountId("you")
LEASE = timedelta(seconds=60)


async def nothing(*_: object) -> Outcome:
    return Outcome()


def a_router() -> Router:
    router = Router()
    router.on(AssetUploaded, name="embed")(nothing)
    router.on(AssetEmbedded, name="classify", lane=lambda event: f"tags:{event.subject}")(nothing)
    router.on(AssetEmbedded, name="stack", lane=lambda event: f"stacks:{event.account}", batch=True)(nothing)
    router.on(PersonNamed, PersonRenamed, name="faces", lane=lambda _: "frigate")(nothing)
    return router


def uploaded(name: str, account: AccountId = ME) -> AssetUploaded:
    return AssetUploaded(account=account, asset=AssetId(name))


def embedded(name: str, account: AccountId = ME) -> AssetEmbedded:
    return AssetEmbedded(account=account, asset=AssetId(name), model="m", checksum="c")


def named(person: str, name: str, revision: int = 0) -> PersonNamed:
    return PersonNamed(account=ME, person=PersonId(person), name=name, revision=revision)


class Bench:
    """Everything over one pool."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.router = a_router()
        self.wake = Wake(pool)
        self.log = PostgresEventLog(pool, self.router, self.wake)
        self.runs = PostgresRuns(pool, self.router)
        self.history = PostgresHistory(pool)
        self.journal = PostgresJournal(pool)
        self.queue = PostgresQueue(pool, self.router, self.wake, worker="a", lease=LEASE)

    def replays(self, name: str = "a", window: Window | None = None) -> Feeder:
        feed = ReplayFeed(PostgresReplays(self.pool, self.router), self.log)
        return Feeder("replay", self.feeding(name), feed, window=window)

    def scans(self, feed: Feed, name: str = "a", window: Window | None = None) -> Feeder:
        return Feeder("scan", self.feeding(name), feed, window=window)

    def feeding(self, name: str = "a", lease: timedelta = timedelta(seconds=30)) -> PostgresFeeding:
        return PostgresFeeding(self.pool, feeder=name, lease=lease)

    async def now(self, run: RunId) -> Run:
        found = await self.runs.get(run)
        assert found is not None
        return found

    async def fed(self, feeder: Feeder, run: RunId, turns: int = 200) -> Run:
        """Feed and settle, turn by turn, until the run has ended."""
        for _ in range(turns):
            await feeder.turn()
            await self.work()
            if not (found := await self.now(run)).is_open:
                return found
        raise AssertionError(f"it did not end within {turns} turns: {found}")

    async def work(self, limit: int = 1000) -> list[Delivery]:
        """Settle what is due as done; nothing follows."""
        done: list[Delivery] = []
        for handler in self.router.reactions:
            while len(done) < limit and (claimed := await self.queue.claim(handler, min(50, limit - len(done)))):
                await self.queue.done(claimed, [])
                done += claimed
        return done

    async def kill(self, handler: str, subjects: Sequence[str], why: str = "no picture") -> None:
        """Let the deliveries of these subjects end among the dead, and all others of the handler be done."""
        while claimed := await self.queue.claim(handler, 50):
            for delivery in claimed:
                if delivery.event.subject in subjects:
                    await self.queue.failed([delivery], Dead(why=why))
                else:
                    await self.queue.done([delivery], [])

    async def states(self, run: str = "%") -> list[tuple[str, str, str, str]]:
        rows = await self.pool.fetch(
            """
            SELECT e.subject, d.handler, d.run, d.state FROM deliveries d JOIN events e ON e.seq = d.event
            WHERE d.run LIKE $1 ORDER BY d.id
            """,
            run,
        )
        return [tuple(row) for row in rows]


def subjects(events: Sequence[Event]) -> list[str]:
    return [event.subject for event in events]
