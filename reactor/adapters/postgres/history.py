"""The log as people read it, and what they do with deliveries that were given up."""

import json
from collections.abc import Sequence

import asyncpg

from reactor.adapters.postgres.pool import translated
from reactor.core.history import DeadFilter, DeadLetter, DeliveryLine, EventFilter, EventLine
from reactor.core.ids import AccountId, RunId

_LINES = """
WITH shown AS (
    SELECT seq, heard_at, source, account, kind, subject, payload FROM events e
    WHERE {where} ORDER BY seq {order} LIMIT $1
)
SELECT s.*, d.id, d.handler, d.run, d.state, d.attempts, d.error
FROM shown s LEFT JOIN deliveries d ON d.event = s.seq ORDER BY s.seq {order}, d.id
"""

# A delivery of a paused run waits with the others of its run.
_RETRY = """
UPDATE deliveries d SET attempts = 0, first_tried_at = NULL, run_at = clock_timestamp(), leader = NULL,
    lease_until = NULL, worker = NULL, settled_at = NULL,
    state = coalesce((SELECT 'held' FROM runs r WHERE r.id = d.run AND r.state = 'paused'), 'waiting')
"""
_DROP = """
UPDATE deliveries d SET state = 'cancelled', settled_at = clock_timestamp(),
    error = 'dropped by hand' || coalesce('; it had failed with: ' || d.error, '')
"""


class Conditions:
    """Conditions of a statement, with the arguments that they name; written by us, valued by the caller."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = list(arguments)
        self._said: list[str] = []

    def add(self, condition: str, argument: object | None) -> None:
        """Add a condition whose ``{}`` stands for the argument; None and () ask for nothing."""
        if argument is None or argument == ():
            return
        self.arguments.append(list(argument) if isinstance(argument, tuple) else argument)
        self._said.append(condition.format(f"${len(self.arguments)}"))

    def always(self, condition: str) -> None:
        """Add a condition that names no argument."""
        self._said.append(condition)

    def __str__(self) -> str:
        return " AND ".join(self._said) or "true"


def matching(wanted: EventFilter, *arguments: object) -> Conditions:
    """Return the conditions of a filter on events named ``e``, behind the arguments that the statement has anyway."""
    conditions = Conditions(*arguments)
    conditions.add("e.heard_at >= {}", wanted.since)
    conditions.add("e.heard_at <= {}", wanted.until)
    conditions.add("e.kind = ANY({})", wanted.kinds)
    conditions.add("e.account = {}", wanted.account)
    conditions.add("e.subject = {}", wanted.subject)
    return conditions


class PostgresHistory:
    """Read events with their deliveries; list, retry and drop what was given up."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def events(self, wanted: EventFilter, limit: int, before_seq: int | None = None) -> tuple[EventLine, ...]:
        """Return the newest events that fit, newest first; with ``before_seq`` those older than it."""
        conditions = matching(wanted, limit)
        conditions.add("e.seq < {}", before_seq)
        return await self._lines(conditions, "DESC")

    async def unseen(
        self, wanted: EventFilter, limit: int, *, after: int, seen: Sequence[int] = ()
    ) -> tuple[EventLine, ...]:
        """Return the oldest events that fit, oldest first, numbered above ``after`` and not among ``seen``."""
        conditions = matching(wanted, limit)
        conditions.add("e.seq > {}", after)
        conditions.add("e.seq <> ALL({}::bigint[])", tuple(seen))
        return await self._lines(conditions, "ASC")

    async def _lines(self, conditions: Conditions, order: str) -> tuple[EventLine, ...]:
        async with translated():
            rows = await self._pool.fetch(_LINES.format(where=conditions, order=order), *conditions.arguments)
        found: dict[int, list[asyncpg.Record]] = {}
        for row in rows:
            found.setdefault(row["seq"], []).append(row)
        return tuple(_line(of_event) for of_event in found.values())

    async def dead(self, wanted: DeadFilter, limit: int = 1000) -> tuple[DeadLetter, ...]:
        """Return what was given up, newest first."""
        conditions = _given_up(wanted, limit)
        async with translated():
            rows = await self._pool.fetch(
                f"""
                SELECT d.id, d.event AS seq, d.account, e.kind, e.subject, d.handler, d.run, d.state, d.attempts,
                    coalesce(d.error, '') AS error, e.payload, d.settled_at AS given_up_at
                FROM deliveries d JOIN events e ON e.seq = d.event
                WHERE {conditions} ORDER BY d.settled_at DESC, d.id DESC LIMIT $1
                """,
                *conditions.arguments,
            )
        return tuple(
            DeadLetter(
                **{
                    **row,
                    "account": AccountId(row["account"]),
                    "run": RunId(row["run"]),
                    "payload": json.loads(row["payload"]),
                }
            )
            for row in rows
        )

    async def retry(self, ids: Sequence[int] | None = None, wanted: DeadFilter | None = None) -> int:
        """Let given-up deliveries wait again as if never tried; by id, or all that fit. Return how many."""
        return await self._change(_RETRY, ids, wanted)

    async def drop(self, ids: Sequence[int] | None = None, wanted: DeadFilter | None = None) -> int:
        """End given-up deliveries for good; by id, or all that fit. Return how many."""
        return await self._change(_DROP, ids, wanted)

    async def _change(self, change: str, ids: Sequence[int] | None, wanted: DeadFilter | None) -> int:
        if ids is not None:
            conditions = Conditions()
            conditions.always("d.state IN ('dead', 'shelved')")
            conditions.add("d.id = ANY({})", list(ids))
        else:
            conditions = _given_up(wanted or DeadFilter())
        async with translated():
            rows = await self._pool.fetch(f"{change} WHERE {conditions} RETURNING d.id", *conditions.arguments)
        return len(rows)


def _given_up(wanted: DeadFilter, *arguments: object) -> Conditions:
    conditions = Conditions(*arguments)
    # Spelled out, since each state has an index of its own.
    conditions.always("d.state = 'shelved'" if wanted.shelved else "d.state = 'dead'")
    conditions.add("d.handler = {}", wanted.handler)
    conditions.add("d.account = {}", wanted.account)
    return conditions


def _line(rows: Sequence[asyncpg.Record]) -> EventLine:
    event = rows[0]
    return EventLine(
        seq=event["seq"],
        heard_at=event["heard_at"],
        source=event["source"],
        account=AccountId(event["account"]),
        kind=event["kind"],
        subject=event["subject"],
        payload=json.loads(event["payload"]),
        deliveries=tuple(
            DeliveryLine(
                id=row["id"],
                handler=row["handler"],
                run=RunId(row["run"]),
                state=row["state"],
                attempts=row["attempts"],
                error=row["error"] or "",
            )
            for row in rows
            if row["id"] is not None
        ),
    )
