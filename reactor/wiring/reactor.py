"""Open everything, in the order of need, in one exit stack."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from reactor.adapters.clip.embedder import ClipEmbedder, open_embedder
from reactor.adapters.postgres.activity import PostgresActivity
from reactor.adapters.postgres.pool import open_pool
from reactor.config import Settings
from reactor.core.ids import AccountId
from reactor.sources.label_keeper import LabelKeeper
from reactor.wiring.contents import table_of_contents
from reactor.wiring.database import open_database
from reactor.wiring.feeding import run_loops
from reactor.wiring.frigate import open_frigate
from reactor.wiring.immich import Accounts, open_accounts
from reactor.wiring.index import open_index
from reactor.wiring.label_desk import LabelDesk
from reactor.wiring.listening import Ears, face_sweep, listening, make_ears
from reactor.wiring.models import embedder_options
from reactor.wiring.mqtt import notices
from reactor.wiring.outside import make_desk, serve
from reactor.wiring.rules import KeptRules
from reactor.wiring.session import open_session
from reactor.wiring.stores import Stores, open_stores
from reactor.wiring.work import make_rules, make_worker

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Reactor:
    """A running reactor."""

    url: str
    stores: Stores


@asynccontextmanager
async def open_reactor(settings: Settings, *, model_folder: Path) -> AsyncIterator[Reactor]:
    """Run the reactor for as long as the context lasts; raises StartError with a sentence."""
    households = settings.households()
    router = table_of_contents(settings)
    async with AsyncExitStack() as exits:
        session = await exits.enter_async_context(open_session())
        clients = open_accounts(households, session)
        dsn = await exits.enter_async_context(open_database(settings))
        pool = await exits.enter_async_context(open_pool(dsn))
        stores = open_stores(pool, router, settings)
        exits.push_async_callback(stores.wake.aclose)
        ears: dict[AccountId, Ears] = {}

        async def back(account: AccountId) -> None:
            if account in ears:
                ears[account].wake()
            await stores.queue.hasten(account)

        accounts = Accounts(clients, stores.bookmarks, on_back=back)
        await accounts.start()
        embedder = await exits.enter_async_context(
            open_embedder(model_folder, embedder_options(settings), patient=True)
        )
        if embedder.ready:
            log.info("the model is loaded", model=embedder.name, provider=embedder.provider)
        frigate = await exits.enter_async_context(open_frigate(settings.face_library()))
        rules = make_rules(settings, stores, embedder)
        kept = await exits.enter_async_context(open_index(settings, stores, accounts, embedder))
        worker = make_worker(settings, router, stores, accounts, embedder, frigate, rules, kept)
        keeper = LabelKeeper(rules, embedder, stores.runs, stores.bookmarks)
        ears |= make_ears(settings, clients, stores, rules)
        sweep = face_sweep(settings, stores, frigate)
        labels = label_desk(rules, stores, embedder, accounts, edited=keeper.wake)
        desk = make_desk(settings, router, stores, ears, accounts, embedder, frigate, labels, kept.index)
        loops = [worker.run(), stores.wake.listen(), accounts.run(), keeper.run(), *listening(settings, accounts, ears)]
        loops += [sweep.run()] if sweep is not None else []
        loops += kept.loops() if settings.stacks.enabled else ()
        loops += run_loops(settings, router, stores, accounts, rules, embedder)
        await exits.enter_async_context(under_way(loops))
        port = await exits.enter_async_context(serve(settings, stores, clients, ears, accounts, desk))
        await exits.enter_async_context(notices(settings, PostgresActivity(pool), desk))
        url = f"http://127.0.0.1:{port}"
        log.info("the reactor runs", page=url, mode=settings.modes().default)
        yield Reactor(url=url, stores=stores)


def label_desk(
    rules: KeptRules, stores: Stores, embedder: ClipEmbedder, accounts: Accounts, *, edited: Callable[[], None]
) -> LabelDesk:
    """Return what page and API ask about categories."""
    return LabelDesk(
        rules,
        stores.catalogue,
        stores.labels,
        stores.orders,
        embedder,
        accounts=tuple(status.account for status in accounts.status()),
        library=lambda account: accounts.guarded(account).library,
        edited=edited,
    )


@asynccontextmanager
async def under_way(loops: Collection[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run loops for as long as the context lasts; it ends with the first that fails."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop) for loop in loops]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
