"""What meets the outside: the server that answers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

import structlog

from reactor.adapters.clip.embedder import ClipEmbedder
from reactor.adapters.hnsw.index import VectorIndex
from reactor.adapters.immich.checks import OPTIONAL
from reactor.adapters.postgres.activity import PostgresActivity
from reactor.adapters.postgres.losses import PostgresLosses
from reactor.config import Settings
from reactor.core.ids import AccountId, AssetId
from reactor.core.status import Facts
from reactor.core.webhook import SHORTEST_SECRET, is_weak
from reactor.routing import Router
from reactor.server.app import make_app
from reactor.server.desk import Desk, Labels
from reactor.server.run import serving
from reactor.server.webhook import WebhookAccount
from reactor.wiring.frigate import Frigate
from reactor.wiring.immich import Account, Accounts
from reactor.wiring.listening import Ears
from reactor.wiring.stores import Stores
from reactor.wiring.work import now

log = structlog.get_logger(__name__)


# A page that is reloaded looks no oftener at the accounts than this.
LOOK_AGAIN_S = 5.0


@asynccontextmanager
async def serve(
    settings: Settings,
    stores: Stores,
    clients: Mapping[AccountId, Account],
    ears: Mapping[AccountId, Ears],
    accounts: Accounts,
    desk: Desk,
) -> AsyncIterator[int]:
    """Serve webhooks, health, the API and the page; yield the port."""

    async def thumbnail(account: AccountId, asset: AssetId) -> tuple[bytes, str]:
        return await accounts.guarded(account).library.thumbnail(asset)

    def heard(account: AccountId, assets: Sequence[AssetId]) -> None:
        ears[account].pushes.heard("webhook", assets, now())

    warn_of_weak_secrets(clients)
    app = make_app(
        sink=stores.log,
        accounts={account.id: WebhookAccount(secrets=account.webhook_secrets) for account in clients.values()},
        activity=PostgresActivity(stores.pool),
        thumbnail=thumbnail,
        log=log,
        desk=desk,
        heard=heard,
        web_token=settings.web_token,
    )
    async with serving(app, host=settings.host, port=settings.port) as port:
        yield port


def warn_of_weak_secrets(accounts: Mapping[AccountId, Account]) -> None:
    """Say which account has a webhook secret that could be found by trying; it works all the same."""
    for account in accounts.values():
        if any(is_weak(secret) for secret in account.webhook_secrets):
            log.warning(
                f"a webhook secret is shorter than {SHORTEST_SECRET} characters and could be guessed (an empty one "
                "opens nothing); make another with `openssl rand -hex 32`",
                account=account.id,
            )


def make_desk(
    settings: Settings,
    router: Router,
    stores: Stores,
    ears: Mapping[AccountId, Ears],
    accounts: Accounts,
    embedder: ClipEmbedder,
    frigate: Frigate | None,
    labels: Labels,
    index: VectorIndex,
) -> Desk:
    """Return what page and API may ask and do."""

    def facts() -> Facts:
        return Facts(
            modes=settings.modes(),
            model=embedder.name,
            provider=embedder.provider,
            model_fault="" if embedder.ready else embedder.provider,
            accounts=accounts.status(),
            hearing=tuple(one.hearing() for one in ears.values()),
            optional=frozenset(OPTIONAL),
            run_budget=settings.limit_policy().run_budget,
        )

    return Desk(
        facts=facts,
        runs=stores.runs,
        history=stores.history,
        orders=stores.orders,
        vetoes=stores.vetoes,
        losses=PostgresLosses(stores.pool),
        limits=stores.limits,
        labels=labels,
        handlers=tuple(router.reactions),
        reset_missed=lambda account: ears[account].pushes.reset(),
        confirm_people=lambda account: ears[account].people.confirm(),
        hasten=stores.queue.hasten,
        look=partial(accounts.refresh, older_than_s=LOOK_AGAIN_S),
        # Portraits wait while Frigate is away, stacks while the index is built; photos do not: nothing is unready.
        others=({"frigate": frigate.answers} if frigate is not None else {})
        | ({"index": index.answers} if settings.stacks.enabled else {}),
    )
