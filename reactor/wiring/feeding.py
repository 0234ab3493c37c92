"""The loops beside the live stream: scans, replays, orders, and what forgets the old."""

from collections.abc import Collection, Coroutine
from typing import Any

from reactor.adapters.postgres.feeding import PostgresFeeding
from reactor.adapters.postgres.pruning import PostgresPruning
from reactor.adapters.postgres.replays import PostgresReplays
from reactor.config import Settings
from reactor.core.ids import AccountId
from reactor.core.orders import OrderKind
from reactor.ports import Embedder, LabelRules
from reactor.routing import Router
from reactor.sources.feeding import Feeder
from reactor.sources.orders import OrdersFeed
from reactor.sources.pruning import prune_for_ever
from reactor.sources.relabel import RelabelFeed
from reactor.sources.replay import ReplayFeed
from reactor.sources.scan import ScanFeed, ScanPace, Timeline
from reactor.wiring.immich import Accounts
from reactor.wiring.stores import Stores
from reactor.wiring.work import now


def run_loops(
    settings: Settings, router: Router, stores: Stores, accounts: Accounts, rules: LabelRules, embedder: Embedder
) -> tuple[Coroutine[Any, Any, None], ...]:
    """Return what feeds scans, replays, orders and looks at labels, and what forgets, unless all is kept for ever."""

    def timeline(account: AccountId) -> Timeline:
        return accounts.guarded(account).timeline

    leases = PostgresFeeding(stores.pool, feeder=stores.worker)
    scan = ScanFeed(
        tuple(status.account for status in accounts.status()),
        timeline,
        stores.log,
        pace=ScanPace(per_minute=settings.scan.photos_per_minute, rest=settings.scan.rest()),
        faces="faces" in router.reactions,
        now=now,
    )
    replay = ReplayFeed(PostgresReplays(stores.pool, router), stores.log)
    relabel = RelabelFeed(
        tuple(status.account for status in accounts.status()),
        stores.labels,
        rules,
        embedder,
        stores.log,
        tag_external=settings.tag_external,
    )
    loops = (
        Feeder("scan", leases, scan).run(),
        Feeder("replay", leases, replay).run(),
        Feeder("relabel", leases, relabel).run(),
        *order_loops(stores, ("undo", "apply")),
    )
    retention = settings.log_retention()
    return loops if retention is None else (*loops, prune_for_ever(PostgresPruning(stores.pool), retention))


def order_loops(stores: Stores, kinds: Collection[OrderKind]) -> tuple[Coroutine[Any, Any, None], ...]:
    """Return what feeds orders of these kinds."""
    leases = PostgresFeeding(stores.pool, feeder=stores.worker)
    feed = OrdersFeed(stores.orders, stores.log)
    return tuple(Feeder(kind, leases, feed).run() for kind in kinds)
