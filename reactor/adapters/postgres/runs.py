"""The runs beside the live one: asked for, paused, resumed, cancelled, and looked at."""

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
from pydantic import TypeAdapter, ValidationError

from reactor.adapters.postgres.entries import entry_of
from reactor.adapters.postgres.limits import MADE_IN_A_RUN
from reactor.adapters.postgres.pool import translated
from reactor.adapters.postgres.replays import preview
from reactor.adapters.postgres.wake import CHANNEL, SERVICE_LOCK
from reactor.core.ids import RunId
from reactor.core.journal import Entry
from reactor.core.limits import LimitPolicy
from reactor.core.orders import ApplyRequest, OrderProgress, UndoRequest
from reactor.core.relabel_runs import RelabelProgress, RelabelRequest
from reactor.core.runs import (
    Counts,
    ReplayProgress,
    ReplayRequest,
    Run,
    RunKind,
    RunProgress,
    RunRequest,
    RunState,
    ScanProgress,
    ScanRequest,
    WouldDeliver,
    handlers_of,
)
from reactor.routing import Router

REQUESTS: Mapping[str, TypeAdapter[Any]] = {
    "scan": TypeAdapter(ScanRequest),
    "replay": TypeAdapter(ReplayRequest),
    "relabel": TypeAdapter(RelabelRequest),
    "undo": TypeAdapter(UndoRequest),
    "apply": TypeAdapter(ApplyRequest),
}
PROGRESS: Mapping[str, TypeAdapter[Any]] = {
    "scan": TypeAdapter(ScanProgress),
    "replay": TypeAdapter(ReplayProgress),
    "relabel": TypeAdapter(RelabelProgress),
    "undo": TypeAdapter(OrderProgress),
    "apply": TypeAdapter(OrderProgress),
}
# What a person orders is meant as it is said: never one with what was ordered before.
JOINED = ("scan", "replay")
# These ask for more once they made as many changes as they may.
BUDGETED = (ScanRequest, ReplayRequest, RelabelRequest)
COUNTS = TypeAdapter(Counts)

# Two starts at once wait for each other, so that the second finds the first's run.
_START_LOCK = 0x52756E73

# Where deliveries stand otherwise than their run, which a statement that read the run before it changed can leave:
# seen again some seconds later, so that nothing of a paused run is begun and nothing of a resumed one stays held.
# What a person tries again long after a cancellation is theirs to try.
FOLLOW = """
UPDATE deliveries d SET
    state = CASE r.state WHEN 'paused' THEN 'held' WHEN 'cancelled' THEN 'cancelled' ELSE 'waiting' END,
    settled_at = CASE r.state WHEN 'cancelled' THEN clock_timestamp() END
FROM runs r
WHERE d.run = r.id AND d.run <> 'live' AND d.state IN ('waiting', 'held')
    AND (r.finished_at IS NULL OR r.finished_at > clock_timestamp() - interval '2 minutes')
    AND d.state <> CASE r.state WHEN 'paused' THEN 'held' WHEN 'cancelled' THEN 'cancelled' ELSE 'waiting' END
"""

_MADE = f"SELECT run, count(*) AS number FROM journal WHERE run = ANY($1) AND {MADE_IN_A_RUN} GROUP BY run"

# What asked for more changes waits for minutes; with a larger budget it goes on at once.
_HASTEN = """
UPDATE deliveries SET run_at = clock_timestamp()
WHERE run = $1 AND run <> 'live' AND state IN ('waiting', 'held') AND run_at > clock_timestamp()
"""

_COUNT = """
SELECT run, state, count(*) AS number FROM deliveries WHERE run = ANY($1) AND run <> 'live' GROUP BY run, state
"""


class PostgresRuns:
    """Ask for runs and steer them; whichever reactor is running on this database feeds them.

    A caller checks a request with ``core.runs.check`` first.
    """

    def __init__(self, pool: asyncpg.Pool, router: Router, *, usual: int = LimitPolicy().run_budget) -> None:
        """Take ``usual`` for the budget of changes of a run that names none."""
        self._pool = pool
        self._router = router
        self._usual = usual

    async def start(self, request: RunRequest) -> Run:
        """Start a run; a scan or replay that is running or paused already is joined (``joined``) as it is."""
        prefix = "dry" if isinstance(request, ScanRequest | RelabelRequest) and request.dry else request.kind
        async with translated(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _START_LOCK)
            row = await connection.fetchrow(
                "SELECT * FROM runs WHERE kind = $1 AND state IN ('running', 'paused') ORDER BY created_at LIMIT 1",
                request.kind if request.kind in JOINED else None,
            )
            joined = row is not None
            if row is None:
                handlers = handlers_of(request)
                row = await connection.fetchrow(
                    """
                    INSERT INTO runs (id, kind, handlers, request, budget) VALUES ($1, $2, $3, $4::jsonb, $5)
                    RETURNING *
                    """,
                    f"{prefix}:{uuid.uuid4().hex[:12]}",
                    request.kind,
                    list(handlers) if handlers is not None else None,
                    REQUESTS[request.kind].dump_json(request).decode(),
                    request.budget if isinstance(request, BUDGETED) else None,
                )
        assert row is not None
        (run,) = await self._runs([row])
        return replace(run, joined=joined)

    async def get(self, run: RunId) -> Run | None:
        """Return a run, or None where there is none of this id."""
        return next(iter(await self._fetch("SELECT * FROM runs WHERE id = $1", run)), None)

    async def list(self, limit: int = 20, kind: RunKind | None = None) -> tuple[Run, ...]:
        """Return runs, or those of a kind: what waits for a person, then what else is open, each newest first."""
        return await self._fetch(
            """
            SELECT * FROM runs WHERE $2::text IS NULL OR kind = $2
            ORDER BY state = 'paused' DESC, finished_at IS NULL DESC, created_at DESC, id LIMIT $1
            """,
            limit,
            kind,
        )

    async def pause(self, run: RunId) -> Run | None:
        """Hold a running run: nothing of it is begun any more. Return it, None where there is none of this id."""
        return await self._turn(run, ("running",), "state = 'paused', feeder = NULL, fed_until = NULL")

    async def resume(self, run: RunId, budget: int | None = None) -> Run | None:
        """Let a paused run go on; one that asks for more changes may make ``budget`` more, or as many as before."""
        found = await self.get(run)
        if found is None or found.state is not RunState.PAUSED:
            return found
        if budget is not None or found.asks:
            async with translated():
                await self._grant(found, budget)
                await self._pool.execute(_HASTEN, run)
        return await self._turn(run, ("paused",), "state = 'running', note = ''")

    async def _grant(self, run: Run, budget: int | None) -> None:
        """Let a paused run make so many more changes, or as many as it was last given, which its request tells."""
        request = run.request
        if isinstance(request, BUDGETED):
            request = replace(request, budget=budget or request.budget)
            budget = request.budget
        made = sum(row["number"] for row in await self._pool.fetch(_MADE, [run.id]))
        await self._pool.execute(
            "UPDATE runs SET budget = $2, request = $3::jsonb WHERE id = $1 AND state = 'paused'",
            run.id,
            made + (budget or self._usual),
            REQUESTS[request.kind].dump_json(request).decode(),
        )

    async def cancel(self, run: RunId) -> Run | None:
        """End a run; what is in hand is finished, what waits is cancelled."""
        change = "state = 'cancelled', feeder = NULL, fed_until = NULL, finished_at = clock_timestamp()"
        return await self._turn(run, ("running", "paused"), change)

    async def _turn(self, run: RunId, before: Sequence[str], change: str) -> Run | None:
        """Change the state of a run that stands in one of the states before; any other is left as it is."""
        async with translated(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(f"UPDATE runs SET {change} WHERE id = $1 AND state = ANY($2)", run, list(before))
            await connection.execute(FOLLOW + " AND r.id = $1", run)
            # Seldom enough to be sent inside the transaction.
            await connection.execute(f"NOTIFY {CHANNEL}")
        return await self.get(run)

    async def plan(self, run: RunId) -> tuple[Entry, ...]:
        """Return what a run planned, or found undone by the user before, in the order of its finding."""
        async with translated():
            rows = await self._pool.fetch(
                "SELECT * FROM journal WHERE run = $1 AND state IN ('planned', 'vetoed') ORDER BY id", run
            )
        # A scan of a whole library may have planned 100,000 changes: read beside the event loop.
        return await asyncio.to_thread(lambda: tuple(entry_of(row) for row in rows))

    async def would_deliver(self, request: ReplayRequest) -> WouldDeliver:
        """Return what a replay would ask for; nothing is written."""
        async with translated():
            return await preview(self._pool, self._router, request)

    async def service_runs(self) -> bool:
        """Say whether a reactor runs on this database."""
        async with translated():
            # A lock of one 64-bit number is listed in two halves.
            found: bool = await self._pool.fetchval(
                """
                SELECT EXISTS (
                    SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        AND classid = $1::bigint::oid AND objid = $2::bigint::oid
                )
                """,
                SERVICE_LOCK >> 32,
                SERVICE_LOCK & 0xFFFFFFFF,
            )
        return found

    async def _fetch(self, statement: str, *arguments: object) -> tuple[Run, ...]:
        async with translated():
            return await self._runs(await self._pool.fetch(statement, *arguments))

    async def _runs(self, rows: Sequence[asyncpg.Record]) -> tuple[Run, ...]:
        """Return the runs of these rows; what a finished one counted stands in its row."""
        counting = [row["id"] for row in rows if "counts" not in json.loads(row["progress"])]
        counted: dict[str, dict[str, int]] = {}
        for row in await self._pool.fetch(_COUNT, counting) if counting else ():
            counted.setdefault(row["run"], {})[row["state"]] = row["number"]
        asking = await self._asking(rows)
        return tuple(_run(row, counted.get(row["id"], {}), asks=row["id"] in asking) for row in rows)

    async def _asking(self, rows: Sequence[asyncpg.Record]) -> frozenset[str]:
        """Return the paused scans and replays that have made as many changes as they may."""
        budgets = {
            row["id"]: self._usual if row["budget"] is None else row["budget"]
            for row in rows
            if row["state"] == "paused" and row["kind"] not in ("undo", "apply")
        }
        made = await self._pool.fetch(_MADE, list(budgets)) if budgets else ()
        return frozenset(row["run"] for row in made if row["number"] >= budgets[row["run"]])


def counts_of(states: Mapping[str, int]) -> Counts:
    """Return the counts of a run from how many of its deliveries stand in each state."""
    return Counts(
        asked=sum(states.values()),
        done=states.get("done", 0),
        failed=states.get("dead", 0),
        shelved=states.get("shelved", 0),
        cancelled=states.get("cancelled", 0),
    )


def progress_of(row: asyncpg.Record) -> RunProgress:
    """Return how far the run of a row is."""
    progress: RunProgress = PROGRESS[row["kind"]].validate_json(row["progress"])
    return progress


def _run(row: asyncpg.Record, states: Mapping[str, int], *, asks: bool) -> Run:
    stored = json.loads(row["progress"])
    try:
        progress = progress_of(row)
    except ValidationError:
        # Written by another release: the run is shown as if it had just begun, so that it can be cancelled.
        progress = PROGRESS[row["kind"]].validate_python({})
    return Run(
        id=RunId(row["id"]),
        kind=row["kind"],
        state=RunState(row["state"]),
        request=REQUESTS[row["kind"]].validate_json(row["request"]),
        progress=progress,
        counts=COUNTS.validate_python(stored["counts"]) if "counts" in stored else counts_of(states),
        note=row["note"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        asks=asks,
    )
