"""The event log: what was heard, once, with the deliveries that it asks for."""

from collections.abc import Sequence

import asyncpg

from reactor.adapters.postgres.codec import dump_event
from reactor.adapters.postgres.pool import translated
from reactor.adapters.postgres.wake import Wake
from reactor.core.events import Event, kind_of
from reactor.core.ids import LIVE, AccountId, RunId
from reactor.routing import Router

# One statement: the events that are new, and the deliveries of each. In the live run, an event that was delivered there
# asks for nothing (one that a dry scan told of first does); a scan or a replay ($7) asks again, under its own run,
# which may name the only handlers to be asked. Deliveries point at their event by position. An event that somebody else
# writes in the same moment is not seen by this statement's snapshot: it comes back from the conflict, since else the
# deliveries of this run would be lost (xmax tells it from one that was inserted here).
_APPEND = """
WITH told AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
        WITH ORDINALITY AS t(account, kind, subject, version, payload, position)
), fresh AS (
    INSERT INTO events (account, kind, subject, version, payload, source)
    SELECT account, kind, subject, version, payload, $12 FROM told
    WHERE NOT EXISTS (
        SELECT FROM events e WHERE (e.account, e.kind, e.subject, e.version)
            = (told.account, told.kind, told.subject, told.version))
    ORDER BY position
    ON CONFLICT (account, kind, subject, version) DO UPDATE SET source = events.source
    RETURNING seq, account, kind, subject, version, xmax = 0 AS inserted
), present AS (
    SELECT seq, account, kind, subject, version FROM fresh
    UNION ALL
    SELECT e.seq, e.account, e.kind, e.subject, e.version
    FROM events e JOIN told USING (account, kind, subject, version)
    WHERE $7 OR NOT EXISTS (SELECT FROM deliveries d WHERE d.event = e.seq AND d.run = 'live')
), asked AS (
    INSERT INTO deliveries (event, handler, run, account, lane, priority, state, settled_at)
    SELECT present.seq, plan.handler, $6, present.account, plan.lane, $8,
        CASE r.state WHEN 'paused' THEN 'held' WHEN 'cancelled' THEN 'cancelled' ELSE 'waiting' END,
        CASE r.state WHEN 'cancelled' THEN clock_timestamp() END
    FROM unnest($9::bigint[], $10::text[], $11::text[]) WITH ORDINALITY AS plan(position, handler, lane, number)
    JOIN told ON told.position = plan.position
    JOIN present USING (account, kind, subject, version)
    LEFT JOIN runs r ON r.id = $6
    WHERE r.handlers IS NULL OR plan.handler = ANY(r.handlers)
    ORDER BY plan.number
    ON CONFLICT (event, handler, run) DO NOTHING
)
SELECT account, kind, subject, version FROM fresh WHERE inserted
"""

# A person waits for what was ordered, and less long than a whole scan takes.
PRIORITY = {"live": 0, "undo": 5, "apply": 5, "scan": 10, "relabel": 10, "dry": 10, "replay": 20}


def priority_of(run: RunId) -> int:
    """Return the claim order of a run, named ``kind`` or ``kind:id``: live before orders before scan before replay."""
    return PRIORITY.get(run.partition(":")[0], PRIORITY["replay"])


async def append_on(
    connection: asyncpg.Pool | asyncpg.Connection | asyncpg.pool.PoolConnectionProxy,
    router: Router,
    events: Sequence[Event],
    run: RunId,
    source: str = "",
) -> tuple[Event, ...]:
    """Append on a given connection, so that follow-ups commit with the settlement that made them."""
    # In one order, whoever appends, so that two who tell of the same photos at once do not lock each other out.
    known = dict(sorted({_identity(event): event for event in events}.items()))
    unique = list(known.values())
    plans = [(position, plan) for position, event in enumerate(unique, 1) for plan in router.plans(event)]
    fresh = await connection.fetch(
        _APPEND,
        [event.account for event in unique],
        [kind_of(event) for event in unique],
        [event.subject for event in unique],
        [event.version for event in unique],
        [dump_event(event) for event in unique],
        run,
        run != LIVE,
        priority_of(run),
        [position for position, _ in plans],
        [plan.handler for _, plan in plans],
        [plan.lane for _, plan in plans],
        source,
    )
    return tuple(known[row["account"], row["kind"], row["subject"], row["version"]] for row in fresh)


def _identity(event: Event) -> tuple[str, str, str, str]:
    return event.account, kind_of(event), event.subject, event.version


class PostgresEventLog:
    """Append events; tell what of them is still to be done."""

    def __init__(self, pool: asyncpg.Pool, router: Router, wake: Wake) -> None:
        self._pool = pool
        self._router = router
        self._wake = wake

    async def append(self, events: Sequence[Event], run: RunId = LIVE, *, source: str = "") -> tuple[Event, ...]:
        """Write what is new, with its deliveries, durably in one statement; return the events that were new."""
        if not events:
            return ()
        async with translated():
            written = await append_on(self._pool, self._router, events, run, source)
        if written or run != LIVE:
            self._wake.ring(self._router.handlers(events))
        return written

    async def pending(self, account: AccountId, subject: str, handler: str) -> bool:
        """Say whether the handler still has a delivery of this subject before it; one that is switched off has none."""
        if handler not in self._router.reactions:
            return False
        async with translated():
            found: bool = await self._pool.fetchval(
                """
                SELECT EXISTS (
                    SELECT FROM events e JOIN deliveries d ON d.event = e.seq
                    WHERE e.account = $1 AND e.subject = $2 AND d.handler = $3
                        AND d.state IN ('waiting', 'running', 'joined')
                )
                """,
                account,
                subject,
                handler,
            )
        return found

    async def heard(self, account: AccountId, subjects: Sequence[str], kind: str) -> frozenset[str]:
        """Return those of the subjects for which an event of this kind stands in the log."""
        async with translated():
            rows = await self._pool.fetch(
                "SELECT DISTINCT subject FROM events WHERE account = $1 AND subject = ANY($2) AND kind = $3",
                account,
                list(subjects),
                kind,
            )
        return frozenset(row["subject"] for row in rows)
