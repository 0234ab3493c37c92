"""Deliveries: claimed with SKIP LOCKED, settled in one transaction together with what follows.

A claim raises ``attempts``, so a job that kills its process is counted; a settlement is fenced by (id, attempts,
worker). A lane has at most one running delivery (a unique index holds it); a batch is one running delivery, the leader,
and others that joined it.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

import asyncpg

from reactor.adapters.postgres.codec import load_event
from reactor.adapters.postgres.eventlog import append_on
from reactor.adapters.postgres.pool import translated
from reactor.adapters.postgres.wake import Wake
from reactor.core.deliveries import Delivery, LeaseLost
from reactor.core.events import Event
from reactor.core.ids import AccountId, RunId
from reactor.core.settlement import Again, Dead, Moot, Shelved, Verdict
from reactor.routing import Quiet, Router

LONGEST_WAIT = timedelta(minutes=30)
"""Longer than any backoff or Retry-After that is honoured."""

_CLAIMED = """
UPDATE deliveries d
SET state = CASE WHEN d.id = {leader} THEN 'running' ELSE 'joined' END, leader = {leader},
    attempts = attempts + 1, first_tried_at = coalesce(first_tried_at, clock_timestamp()),
    lease_until = clock_timestamp() + $2, worker = $3
FROM picked, events e
WHERE d.id = picked.id AND e.seq = d.event
RETURNING d.id, d.event, d.handler, d.run, d.attempts, d.lane, e.kind, e.payload,
    clock_timestamp() - d.first_tried_at AS waited
"""

# Of a lane only its first delivery that is due may be claimed, and only while none of the lane runs.
_CLAIM_SINGLE = """
WITH picked AS (
    SELECT id FROM deliveries c
    WHERE handler = $1 AND state = 'waiting' AND run_at <= clock_timestamp()
        AND ($5::text[] IS NULL OR account = ANY($5)) AND account <> ALL($6::text[])
        AND (lane IS NULL OR (
            NOT EXISTS (SELECT FROM deliveries o WHERE o.lane = c.lane AND o.state = 'running')
            AND NOT EXISTS (
                SELECT FROM deliveries o
                WHERE o.lane = c.lane AND o.state = 'waiting' AND o.handler = c.handler
                    AND o.run_at <= clock_timestamp() AND (o.priority, o.id) < (c.priority, c.id))))
    ORDER BY priority, run_at, id LIMIT $4
    FOR UPDATE SKIP LOCKED
)
""" + _CLAIMED.format(leader="d.id")

# A batch is of one run and one account: a dry run must not carry live work along, nor a refused key another account's.
# A delivery that was tried twice in company is tried alone, so that one that kills does not take the others with it.
# What was created in the future was created before the clock was set back.
_CLAIM_BATCH = """
WITH ready AS (
    SELECT lane, run, account FROM deliveries c
    WHERE handler = $1 AND state = 'waiting' AND run_at <= clock_timestamp()
        AND NOT EXISTS (SELECT FROM deliveries o WHERE o.lane = c.lane AND o.state = 'running')
    GROUP BY lane, run, account
    HAVING max(created_at) NOT BETWEEN clock_timestamp() - $4::interval AND clock_timestamp() + interval '1 minute'
        OR min(created_at) <= clock_timestamp() - $5::interval OR count(*) >= $6
    ORDER BY min(priority), min(id) LIMIT 1
), first AS (
    SELECT c.id, c.attempts FROM deliveries c JOIN ready USING (lane, run, account)
    WHERE c.handler = $1 AND c.state = 'waiting' AND c.run_at <= clock_timestamp()
    ORDER BY c.id LIMIT 1
), picked AS (
    SELECT c.id FROM deliveries c JOIN ready USING (lane, run, account), first
    WHERE c.handler = $1 AND c.state = 'waiting' AND c.run_at <= clock_timestamp()
        AND CASE WHEN first.attempts >= 2 THEN c.id = first.id ELSE c.attempts < 2 END
    ORDER BY c.id LIMIT $6
    FOR UPDATE OF c SKIP LOCKED
)
""" + _CLAIMED.format(leader="(SELECT min(id) FROM picked)")

# Where a delivery goes that is to be tried again: its run may have been paused or cancelled meanwhile. What a person
# tries again after the cancellation is theirs to try, as often as any other.
_BACK = """coalesce((SELECT CASE WHEN r.state = 'paused' THEN 'held'
    WHEN r.state = 'cancelled' AND r.finished_at >= d.first_tried_at THEN 'cancelled' END
    FROM runs r WHERE r.id = d.run), 'waiting')"""

# Those of the same handler and photo that were put aside before are through: what they lacked came, or it is waited for
# and put aside anew, once for each photo.
_TAKEN_UP = """
UPDATE deliveries s SET state = 'done', settled_at = clock_timestamp(),
    error = 'taken up again' || coalesce(': it was put aside for ' || s.error, '')
FROM deliveries d JOIN events e ON e.seq = d.event
    JOIN events o ON o.account = e.account AND o.subject = e.subject
WHERE d.id = ANY($1) AND s.id <> ALL($1) AND s.event = o.seq AND s.handler = d.handler AND s.state = 'shelved'
"""


class PostgresQueue:
    """Hand out deliveries and take back what became of them."""

    def __init__(self, pool: asyncpg.Pool, router: Router, wake: Wake, *, worker: str, lease: timedelta) -> None:
        self._pool = pool
        self._router = router
        self._wake = wake
        self._worker = worker
        self._lease = lease

    async def claim(
        self, handler: str, limit: int, *, of: Collection[AccountId] | None = None, but: Collection[AccountId] = ()
    ) -> tuple[Delivery, ...]:
        """Take up to ``limit`` deliveries that are due, at most one of each lane; only ``of`` and not ``but`` these."""
        accounts = None if of is None else list(of)
        return await self._claim(_CLAIM_SINGLE, handler, self._lease, self._worker, limit, accounts, list(but))

    async def claim_batch(self, handler: str, quiet: Quiet) -> tuple[Delivery, ...]:
        """Take what waits in one lane, once the lane has been quiet."""
        return await self._claim(
            _CLAIM_BATCH, handler, self._lease, self._worker, quiet.quiet, quiet.patience, quiet.size
        )

    async def _claim(self, statement: str, *arguments: object) -> tuple[Delivery, ...]:
        async with translated():
            try:
                rows = await self._pool.fetch(statement, *arguments)
            except asyncpg.UniqueViolationError:
                return ()  # another worker took the lane in the same moment
        return tuple(sorted((_delivery(row) for row in rows), key=lambda delivery: delivery.id))

    async def done(self, deliveries: Sequence[Delivery], events: Sequence[Event]) -> None:
        """Settle as done and append what follows, in one transaction; raises LeaseLost when it is no longer ours."""
        async with translated(), self._pool.acquire() as connection, connection.transaction():
            await self._fence(
                connection,
                """
                UPDATE deliveries d
                SET state = 'done', error = NULL, settled_at = clock_timestamp(), lease_until = NULL
                """,
                deliveries,
            )
            if events:
                await append_on(connection, self._router, events, deliveries[0].run)
                await connection.execute(_TAKEN_UP, [delivery.id for delivery in deliveries])
        # Who waits for the lane is behind, and the lane is free again.
        if events:
            self._wake.ring(self._router.handlers(events))
        else:
            self._wake.here()

    async def failed(self, deliveries: Sequence[Delivery], verdict: Verdict) -> None:
        """Settle a try that failed: tried again later, kept among the dead, or ended where nothing is left to do."""
        match verdict:
            case Again(wait=wait, why=why, counted=counted):
                change = f"""
                    UPDATE deliveries d SET state = {_BACK}, leader = NULL, lease_until = NULL, error = $4,
                        settled_at = CASE {_BACK} WHEN 'cancelled' THEN clock_timestamp() END,
                        run_at = clock_timestamp() + $5::interval, attempts = d.attempts - $6
                """
                arguments: tuple[object, ...] = (why, wait, 0 if counted else 1)
            case Moot(why=why):
                change = """
                    UPDATE deliveries d
                    SET state = 'done', lease_until = NULL, error = $4, settled_at = clock_timestamp()
                """
                arguments = (why,)
            case Dead(why=why) | Shelved(why=why):
                state = "dead" if isinstance(verdict, Dead) else "shelved"
                change = f"""
                    UPDATE deliveries d
                    SET state = '{state}', lease_until = NULL, error = $4, settled_at = clock_timestamp()
                """
                arguments = (why,)
        async with translated(), self._pool.acquire() as connection, connection.transaction():
            await self._fence(connection, change, deliveries, *arguments)
            if isinstance(verdict, Shelved):
                await connection.execute(_TAKEN_UP, [delivery.id for delivery in deliveries])

    async def _fence(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        change: str,
        deliveries: Sequence[Delivery],
        *arguments: object,
    ) -> None:
        settled = await connection.fetch(
            change
            + """
            FROM unnest($1::bigint[], $2::int[]) AS ours(id, attempts)
            WHERE d.id = ours.id AND d.attempts = ours.attempts AND d.worker = $3 AND d.state IN ('running', 'joined')
            RETURNING d.id
            """,
            [delivery.id for delivery in deliveries],
            [delivery.attempts for delivery in deliveries],
            self._worker,
            *arguments,
        )
        if len(settled) != len(deliveries):
            raise LeaseLost(f"{len(deliveries) - len(settled)} of {len(deliveries)} deliveries were taken over")

    async def release(self, *, attempts: int, in_hand: Sequence[Delivery] = (), grace: timedelta = timedelta(0)) -> int:
        """Give back what nobody holds: expired leases, and what bears this worker's name but is not ``in_hand``.

        The latter was left by a former self, or by a claim whose answer was lost; ``grace`` spares claims that are
        still on their way. What is in hand stays there whatever the clock says: were it jumped past the lease, a second
        try would run beside the first. A delivery that was tried ``attempts`` times goes to the dead: it may be what
        kills.
        """
        async with translated():
            rows = await self._pool.fetch(
                f"""
                UPDATE deliveries d SET lease_until = NULL, leader = NULL,
                    state = CASE WHEN attempts >= $1 THEN 'dead' ELSE {_BACK} END,
                    settled_at = CASE WHEN attempts >= $1 OR {_BACK} = 'cancelled' THEN clock_timestamp() END,
                    error = 'the worker ended while it had this in hand (try ' || attempts || ')'
                WHERE state IN ('running', 'joined') AND NOT (worker = $2 AND id = ANY($3))
                    AND (lease_until < clock_timestamp()
                        OR (worker = $2 AND lease_until <= clock_timestamp() + $4::interval))
                RETURNING id
                """,
                attempts,
                self._worker,
                [delivery.id for delivery in in_hand],
                self._lease - grace,
            )
        if rows:
            self._wake.ring(self._router.reactions)
        return len(rows)

    async def mend_clock(self) -> int:
        """Let nothing wait for a time that no wait of ours reaches: the clock was set back since it was written."""
        async with translated():
            rows = await self._pool.fetch(
                """
                UPDATE deliveries SET run_at = least(run_at, clock_timestamp()),
                    lease_until = least(lease_until, clock_timestamp() + $1::interval)
                WHERE (state = 'waiting' AND run_at > clock_timestamp() + $2::interval)
                    OR (state IN ('running', 'joined') AND lease_until > clock_timestamp() + 2 * $1::interval)
                RETURNING id
                """,
                self._lease,
                LONGEST_WAIT,
            )
        if rows:
            self._wake.ring(self._router.reactions)
        return len(rows)

    async def hasten(self, account: AccountId) -> None:
        """Let everything of an account that waits for a later try be tried now: what it waited for is mended."""
        async with translated():
            await self._pool.execute(
                """
                UPDATE deliveries SET run_at = clock_timestamp()
                WHERE account = $1 AND state = 'waiting' AND run_at > clock_timestamp()
                """,
                account,
            )
        self._wake.ring(self._router.reactions)

    async def next_due(self, handler: str) -> float | None:
        """Return the seconds until the handler's next delivery is due (negative when overdue), None without any."""
        async with translated():
            due: float | None = await self._pool.fetchval(
                """
                SELECT extract(epoch FROM min(run_at) - clock_timestamp())::float8 FROM deliveries
                WHERE handler = $1 AND state = 'waiting'
                """,
                handler,
            )
        return due


def _delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(
        id=row["id"],
        seq=row["event"],
        event=load_event(row["kind"], row["payload"]),
        handler=row["handler"],
        run=RunId(row["run"]),
        attempts=row["attempts"],
        lane=row["lane"],
        waited=row["waited"],
    )
