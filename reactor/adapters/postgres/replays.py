"""What a replay finds in the log: told beforehand, and page by page when it runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from reactor.adapters.postgres.codec import load_event
from reactor.adapters.postgres.eventlog import priority_of
from reactor.adapters.postgres.history import Conditions, matching
from reactor.adapters.postgres.pool import translated
from reactor.core.events import Event
from reactor.core.history import EventFilter
from reactor.core.ids import RunId
from reactor.core.runs import ReplayRequest, WouldDeliver
from reactor.routing import Router

SHOWN = 20
# What a person once asked for is not asked for again by a replay of everything.
ORDERS = frozenset({"UndoAsked", "ApplyAsked"})

# An event about a person that was renamed, merged, hidden or went later says what is no longer so.
_STANDS = """
    NOT EXISTS (
        SELECT FROM events l WHERE l.account = e.account AND l.subject = e.subject AND l.seq > e.seq
            AND (l.kind IN ('PersonRenamed', 'PersonMerged', 'PersonHidden', 'PersonGone')
                OR (l.kind IN ('PersonNamed', 'PersonGainedFaces') AND l.payload ->> 'name' <> e.payload ->> 'name')))
"""

# The old delivery is closed in the statement that asks for the new one: whatever is dead is shown once.
_ASK_AGAIN = """
WITH given_up AS (
    SELECT d.id, d.event, d.handler, d.account, d.lane FROM deliveries d JOIN events e ON e.seq = d.event
    WHERE d.state = 'dead' AND {conditions} ORDER BY d.id LIMIT $2 FOR UPDATE OF d
), closed AS (
    UPDATE deliveries d
    SET state = 'done', error = 'replayed in ' || $1 || coalesce('; it had failed with: ' || error, '')
    FROM given_up WHERE d.id = given_up.id
), asked AS (
    INSERT INTO deliveries (event, handler, run, account, lane, priority, state, settled_at)
    SELECT DISTINCT ON (g.event, g.handler) g.event, g.handler, r.id, g.account, g.lane, $3,
        CASE r.state WHEN 'paused' THEN 'held' WHEN 'cancelled' THEN 'cancelled' ELSE 'waiting' END,
        CASE r.state WHEN 'cancelled' THEN clock_timestamp() END
    FROM given_up g JOIN runs r ON r.id = $1 ORDER BY g.event, g.handler, g.id
    ON CONFLICT (event, handler, run) DO NOTHING
)
SELECT id FROM given_up
"""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of what a replay is to deliver; ``at`` is the number up to which it was looked for."""

    at: int
    number: int
    events: tuple[Event, ...] = ()


def _handlers(request: ReplayRequest, router: Router) -> list[str]:
    return [name for name in router.reactions if not request.handlers or name in request.handlers]


def _events(request: ReplayRequest, router: Router, *arguments: object) -> Conditions:
    """Return the conditions on events that somebody hears of today."""
    handlers = _handlers(request, router)
    heard = {kind for name in handlers for kind in router.reactions[name].kinds}
    if not request.handlers and not request.kinds:
        heard -= ORDERS
    conditions = _matching(request, *arguments)
    conditions.add("e.kind = ANY({})", sorted(heard))
    conditions.always(_STANDS)
    return conditions


def _dead(request: ReplayRequest, router: Router, *arguments: object) -> Conditions:
    conditions = _matching(request, *arguments)
    conditions.add("d.handler = ANY({})", _handlers(request, router))
    return conditions


def _matching(request: ReplayRequest, *arguments: object) -> Conditions:
    wanted = EventFilter(
        since=request.since,
        until=request.until,
        kinds=request.kinds,
        account=request.account,
        subject=request.asset,
    )
    return matching(wanted, *arguments)


async def preview(pool: asyncpg.Pool, router: Router, request: ReplayRequest) -> WouldDeliver:
    """Return what a replay would ask for."""
    if request.failed:
        conditions = _dead(request, router)
        source = "deliveries d JOIN events e ON e.seq = d.event"
        where = f"d.state = 'dead' AND {conditions}"
        grouped = (
            f"SELECT e.kind, d.handler, count(DISTINCT d.event) AS number FROM {source} WHERE {where} GROUP BY 1, 2"
        )
    else:
        conditions = _events(request, router)
        source, where = "events e", str(conditions)
        grouped = f"SELECT e.kind, NULL AS handler, count(*) AS number FROM {source} WHERE {where} GROUP BY 1"
    first = f"SELECT DISTINCT e.seq, e.kind, e.subject FROM {source} WHERE {where} ORDER BY e.seq LIMIT {SHOWN}"
    total = f"SELECT count(DISTINCT e.seq) FROM {source} WHERE {where}"
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        counted = await connection.fetch(grouped, *conditions.arguments)
        shown = await connection.fetch(first, *conditions.arguments)
        events: int = await connection.fetchval(total, *conditions.arguments)
    return WouldDeliver(
        events=events,
        deliveries=tuple(sorted(_planned(counted, router, _handlers(request, router)))),
        first=tuple((row["seq"], row["kind"], row["subject"]) for row in shown),
    )


def _planned(counted: Sequence[asyncpg.Record], router: Router, handlers: Sequence[str]) -> list[tuple[str, str, int]]:
    return [
        (row["kind"], name, row["number"])
        for row in counted
        for name in ([row["handler"]] if row["handler"] is not None else handlers)
        if row["handler"] is not None or row["kind"] in router.reactions[name].kinds
    ]


class PostgresReplays:
    """Find what a replay is to deliver, a page at a time."""

    def __init__(self, pool: asyncpg.Pool, router: Router) -> None:
        self._pool = pool
        self._router = router

    async def end(self, request: ReplayRequest) -> int:
        """Return the highest number there is now: what comes later is no part of the replay."""
        number = (
            "SELECT coalesce(max(id), 0) FROM deliveries"
            if request.failed
            else "SELECT coalesce(max(seq), 0) FROM events"
        )
        async with translated():
            return int(await self._pool.fetchval(number))

    async def page(self, request: ReplayRequest, *, at: int, last: int, limit: int) -> Page:
        """Return the next events that fit, oldest first; fewer than ``limit`` are the end."""
        conditions = _events(request, self._router, limit)
        conditions.add("e.seq > {}", at)
        conditions.add("e.seq <= {}", last)
        async with translated():
            rows = await self._pool.fetch(
                f"SELECT e.seq, e.kind, e.payload FROM events e WHERE {conditions} ORDER BY e.seq LIMIT $1",
                *conditions.arguments,
            )
        events = tuple(load_event(row["kind"], row["payload"]) for row in rows)
        return Page(at=rows[-1]["seq"] if len(rows) == limit else last, number=len(rows), events=events)

    async def ask_again(self, run: RunId, request: ReplayRequest, *, at: int, last: int, limit: int) -> Page:
        """Close the next dead deliveries that fit and ask for the same in the run, in one statement."""
        conditions = _dead(request, self._router, run, limit, priority_of(run))
        conditions.add("d.id > {}", at)
        conditions.add("d.id <= {}", last)
        # What fails again in the replay itself is not asked for a third time.
        conditions.add("d.run <> {}", run)
        async with translated():
            rows = await self._pool.fetch(_ASK_AGAIN.format(conditions=conditions), *conditions.arguments)
        highest = max((row["id"] for row in rows), default=last)
        return Page(at=highest if len(rows) == limit else last, number=len(rows))
