"""Everything that lies in the database, over one pool."""

from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.adapters.postgres.catalogue import PostgresCatalogue
from reactor.adapters.postgres.claims import PostgresClaims
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.history import PostgresHistory
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.runs import PostgresRuns
from reactor.adapters.postgres.sightings import PostgresSightings
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.adapters.postgres.wake import Wake
from reactor.config import Settings
from reactor.routing import Router
from reactor.wiring.database import worker_name


@dataclass(frozen=True, kw_only=True)
class Stores:
    """What is kept."""

    pool: asyncpg.Pool
    wake: Wake
    log: PostgresEventLog
    queue: PostgresQueue
    journal: PostgresJournal
    vetoes: PostgresVetoes
    claims: PostgresClaims
    limits: PostgresLimits
    orders: PostgresOrders
    photos: PostgresPhotos
    labels: PostgresLabels
    catalogue: PostgresCatalogue
    bookmarks: PostgresBookmarks
    sightings: PostgresSightings
    history: PostgresHistory
    runs: PostgresRuns
    worker: str


def open_stores(pool: asyncpg.Pool, router: Router, settings: Settings) -> Stores:
    """Return the stores over one pool."""
    wake = Wake(pool)
    worker = worker_name(settings.data_dir)
    lease = timedelta(seconds=settings.lease_seconds)
    return Stores(
        pool=pool,
        wake=wake,
        log=PostgresEventLog(pool, router, wake),
        queue=PostgresQueue(pool, router, wake, worker=worker, lease=lease),
        journal=PostgresJournal(pool, router, wake),
        vetoes=PostgresVetoes(pool),
        claims=PostgresClaims(pool),
        limits=PostgresLimits(pool),
        orders=PostgresOrders(pool),
        photos=PostgresPhotos(pool),
        labels=PostgresLabels(pool),
        catalogue=PostgresCatalogue(pool),
        bookmarks=PostgresBookmarks(pool),
        sightings=PostgresSightings(pool),
        history=PostgresHistory(pool),
        runs=PostgresRuns(pool, router, usual=settings.limit_policy().run_budget),
        worker=worker,
    )
