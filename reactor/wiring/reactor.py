"""Open everything, in the order of need, in one exit stack."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from reactor.acts.hands import ArchiveHand, Hand, PortraitHand, StackHand, TagHand
from reactor.acts.perform import Performer
from reactor.adapters.clip.embedder import ClipEmbedder, EmbedderOptions, open_embedder
from reactor.adapters.pictures import PillowPortraits
from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.pool import open_pool
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.wake import Wake
from reactor.config import Settings
from reactor.core.changes import AddPortrait, ArchiveAssets, Change, StackAssets, TagAsset
from reactor.core.ids import AccountId
from reactor.core.limits import LimitPolicy
from reactor.ports import Library, LibraryWriter, Services
from reactor.routing import Router, merge
from reactor.stages import archive, classify, embed, faces, stack
from reactor.wiring.database import open_database, worker_name
from reactor.wiring.frigate import Frigate, open_frigate
from reactor.wiring.immich import Account, look_at, open_accounts
from reactor.wiring.measure import RandomPairs
from reactor.wiring.outside import Heard, make_sources, open_session, serve
from reactor.worker.worker import Worker, WorkerPolicy

log = structlog.get_logger(__name__)

# One try ends well before its lease does, so that two workers never hold one delivery.
DEADLINE_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Everything that lies in the database."""

    pool: asyncpg.Pool
    wake: Wake
    log: PostgresEventLog
    queue: PostgresQueue
    journal: PostgresJournal
    photos: PostgresPhotos
    bookmarks: PostgresBookmarks


@dataclass(frozen=True, kw_only=True)
class Reactor:
    """A running reactor."""

    url: str
    stores: Stores
    embedder: ClipEmbedder


def table_of_contents(settings: Settings) -> Router:
    """Return every reaction, in the order in which they are read."""
    reactions = [embed.router, classify.router, archive.router]
    if settings.stacks.enabled:
        reactions.append(stack.router)
    if settings.face_library() is not None:
        reactions.append(faces.router)
    return merge(reactions)


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_reactor(settings: Settings, *, model_folder: Path) -> AsyncIterator[Reactor]:
    """Run the reactor for as long as the context lasts; raises StartError with a sentence."""
    households = settings.households()
    router = table_of_contents(settings)
    async with AsyncExitStack() as exits:
        session = await exits.enter_async_context(open_session())
        accounts = open_accounts(households, session)
        for account in accounts.values():
            await look_at(account)
        embedder = await exits.enter_async_context(open_embedder(model_folder, embedder_options(settings)))
        log.info("the model is loaded", model=model_folder.name, provider=embedder.provider)
        dsn = await exits.enter_async_context(open_database(settings))
        pool = await exits.enter_async_context(open_pool(dsn))
        stores = open_stores(pool, router, settings)
        exits.push_async_callback(stores.wake.aclose)
        frigate = await exits.enter_async_context(open_frigate(settings.face_library()))
        worker = make_worker(settings, router, stores, accounts, embedder, frigate)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(worker.run()), group.create_task(stores.wake.listen())]
            sources = make_sources(settings, accounts, stores.log, stores.bookmarks)
            tasks += [group.create_task(loop) for loop in sources.loops]
            sink = Heard(stores.log, sources.polls)
            try:
                async with serve(settings, stores.pool, sink, accounts, embedder, stores.queue, frigate) as port:
                    url = f"http://127.0.0.1:{port}"
                    log.info("the reactor runs", page=url, mode=settings.mode)
                    yield Reactor(url=url, stores=stores, embedder=embedder)
            finally:
                for task in tasks:
                    task.cancel()


def embedder_options(settings: Settings) -> EmbedderOptions:
    """Return how the model is run."""
    return EmbedderOptions(
        provider=settings.provider,
        threads=settings.threads,
        batch=settings.batch,
        fast_decode=settings.fast_decode,
    )


def open_stores(pool: asyncpg.Pool, router: Router, settings: Settings) -> Stores:
    """Return the stores over one pool."""
    wake = Wake(pool)
    return Stores(
        pool=pool,
        wake=wake,
        log=PostgresEventLog(pool, router, wake),
        queue=PostgresQueue(
            pool,
            router,
            wake,
            worker=worker_name(settings.data_dir),
            lease=timedelta(seconds=settings.lease_seconds),
        ),
        journal=PostgresJournal(pool),
        photos=PostgresPhotos(pool),
        bookmarks=PostgresBookmarks(pool),
    )


def make_services(
    settings: Settings,
    stores: Stores,
    accounts: Mapping[AccountId, Account],
    embedder: ClipEmbedder,
    portraits: PillowPortraits,
) -> Services:
    """Return everything that a stage may ask."""
    categories = settings.categories()

    def library(account: AccountId) -> Library:
        return accounts[account].library

    return Services(
        library=library,
        embedder=embedder,
        photos=stores.photos,
        backlog=stores.log,
        journal=stores.journal,
        categories=lambda _: categories,
        portraits=portraits,
        random_pair_cosine=RandomPairs(
            model=embedder.model,
            card=embedder.info.random_pair_cosine,
            accounts=tuple(accounts),
            photos=stores.photos,
            bookmarks=stores.bookmarks,
        ),
        stack_policy=settings.stack_policy(),
        portrait_policy=settings.portrait_policy(),
        now=now,
    )


def make_worker(
    settings: Settings,
    router: Router,
    stores: Stores,
    accounts: Mapping[AccountId, Account],
    embedder: ClipEmbedder,
    frigate: Frigate | None,
) -> Worker:
    """Return the worker with everything that its stages and acts may use."""
    portraits = PillowPortraits(settings.portrait_policy())
    return Worker(
        queue=stores.queue,
        router=router,
        services=make_services(settings, stores, accounts, embedder, portraits),
        acts=make_performer(settings, stores, accounts, portraits, frigate),
        wake=stores.wake,
        policy=WorkerPolicy(quiet=settings.stacks.quiet(), deadline_s=settings.lease_seconds * DEADLINE_SHARE),
        chance=random.Random(),  # noqa: S311 - jitter, not a secret
    )


def make_performer(
    settings: Settings,
    stores: Stores,
    accounts: Mapping[AccountId, Account],
    portraits: PillowPortraits,
    frigate: Frigate | None,
) -> Performer:
    """Return the one path of every change, with the hands that this installation has."""

    def library(account: AccountId) -> Library:
        return accounts[account].library

    def writer(account: AccountId) -> LibraryWriter:
        return accounts[account].writer

    hands: dict[type[Change], Hand[Any]] = {
        TagAsset: TagHand(library, writer),
        ArchiveAssets: ArchiveHand(library, writer),
        StackAssets: StackHand(library, writer),
    }
    conclusions: dict[type[Change], Callable[[Any], Awaitable[None]]] = {}
    found = settings.face_library()
    if frigate is not None and found is not None:
        unanswered = timedelta(seconds=found.unanswered_seconds)
        hand = PortraitHand(library, frigate.faces, frigate.writer, portraits, now=now, unanswered=unanswered)
        hands[AddPortrait] = hand
        conclusions[AddPortrait] = hand.conclude
    return Performer(
        stores.journal, hands, modes=settings.modes(), limits=LimitPolicy(), now=now, conclusions=conclusions
    )
