"""The hands alone: orders are carried out by a command where no reactor runs."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from reactor.adapters.clip.embedder import open_embedder
from reactor.adapters.postgres.pool import open_pool
from reactor.config import Settings
from reactor.core.orders import OrderKind
from reactor.routing import Router
from reactor.wiring.contents import table_of_contents
from reactor.wiring.database import open_database
from reactor.wiring.feeding import order_loops
from reactor.wiring.frigate import open_frigate
from reactor.wiring.immich import Accounts, open_accounts
from reactor.wiring.models import Model, NoModel, embedder_options
from reactor.wiring.reactor import under_way
from reactor.wiring.session import open_session
from reactor.wiring.stores import Stores, open_stores
from reactor.wiring.work import make_worker


@asynccontextmanager
async def open_hands(
    settings: Settings, *, only: Collection[OrderKind], model_folder: Path | None = None
) -> AsyncIterator[Stores]:
    """Carry out orders of these kinds for as long as the context lasts; raises StartError with a sentence.

    Nothing is listened to, decided or served, and what follows of an order waits for the next reactor; so does what
    needs a model, without ``model_folder``.
    """
    router = table_of_contents(settings)
    async with AsyncExitStack() as exits:
        session = await exits.enter_async_context(open_session())
        dsn = await exits.enter_async_context(open_database(settings))
        pool = await exits.enter_async_context(open_pool(dsn))
        stores = open_stores(pool, router, settings)
        exits.push_async_callback(stores.wake.aclose)
        clients = open_accounts(settings.households(), session)
        accounts = Accounts(clients, stores.bookmarks, on_back=stores.queue.hasten)
        # Where every key is refused, what needs none (portraits) is still done, and the rest says why it was not.
        await accounts.refresh()
        frigate = await exits.enter_async_context(open_frigate(settings.face_library()))
        model: Model = NoModel()
        if model_folder is not None:
            model = await exits.enter_async_context(open_embedder(model_folder, embedder_options(settings)))
        mine = Router(reactions={name: router.reactions[name] for name in (*only, "keep")})
        worker = make_worker(settings, mine, stores, accounts, model, frigate)
        # No loop listens for others: were this taken for a reactor, they would leave their runs to it.
        await exits.enter_async_context(under_way([worker.run(), accounts.run(), *order_loops(stores, only)]))
        yield stores
