"""Which process feeds a run, how far it is, and how much of it is still to be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
from pydantic import ValidationError

from reactor.adapters.postgres.pool import translated
from reactor.adapters.postgres.runs import FOLLOW, PROGRESS, REQUESTS, progress_of
from reactor.core.errors import Permanent
from reactor.core.ids import RunId
from reactor.core.orders import OrderProgress
from reactor.core.relabel_runs import RelabelProgress
from reactor.core.runs import ReplayProgress, RunKind, RunProgress, RunRequest, RunState, ScanProgress

# Orders of both kinds write down alike how far they are.
KINDS: Mapping[type[RunProgress], RunKind] = {
    ScanProgress: "scan",
    ReplayProgress: "replay",
    RelabelProgress: "relabel",
    OrderProgress: "undo",
}
OPEN = "('waiting', 'running', 'joined', 'held')"


@dataclass(frozen=True, kw_only=True)
class Fed:
    """A run in the hand of its feeder."""

    id: RunId
    request: RunRequest
    progress: RunProgress
    note: str


class PostgresFeeding:
    """Hold the lease of a run while it is fed; of all processes one feeds it at a time."""

    def __init__(self, pool: asyncpg.Pool, *, feeder: str, lease: timedelta = timedelta(seconds=30)) -> None:
        self._pool = pool
        self._feeder = feeder
        self._lease = lease

    async def claim(self, kind: RunKind) -> Fed | None:
        """Take the run of this kind that nobody feeds, or go on with ours; None where there is none to feed."""
        async with translated():
            row = await self._pool.fetchrow(
                """
                UPDATE runs SET feeder = $2, fed_until = clock_timestamp() + $3
                WHERE id = (
                    SELECT id FROM runs WHERE kind = $1 AND state = 'running' AND (feeder IS NULL OR feeder = $2
                        -- A lease from further ahead than one can be was taken before the clock was set back.
                        OR fed_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + 2 * $3::interval)
                    ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING *
                """,
                kind,
                self._feeder,
                self._lease,
            )
        if row is None:
            return None
        try:
            request: RunRequest = REQUESTS[row["kind"]].validate_json(row["request"])
            return Fed(id=RunId(row["id"]), request=request, progress=progress_of(row), note=row["note"])
        except ValidationError as error:
            raise Permanent(f"{row['id']} was written by another release and cannot be read; cancel it") from error

    async def renew(self, run: RunId) -> None:
        """Prolong the lease while a turn takes long."""
        async with translated():
            await self._pool.execute(
                """
                UPDATE runs SET fed_until = clock_timestamp() + $3
                WHERE id = $1 AND feeder = $2 AND state = 'running'
                """,
                run,
                self._feeder,
                self._lease,
            )

    async def save(self, run: RunId, progress: RunProgress, note: str) -> bool:
        """Write down how far the run is; False where it is no longer ours to feed."""
        async with translated():
            saved = await self._pool.fetchval(
                """
                UPDATE runs SET progress = $3::jsonb, note = $4, fed_until = clock_timestamp() + $5
                WHERE id = $1 AND feeder = $2 AND state = 'running' RETURNING true
                """,
                run,
                self._feeder,
                PROGRESS[KINDS[type(progress)]].dump_json(progress).decode(),
                note,
                self._lease,
            )
        return bool(saved)

    async def outstanding(self, run: RunId) -> tuple[int, int]:
        """Return how many deliveries of the run wait for their first try, and how many are to be done in all."""
        async with translated():
            row = await self._pool.fetchrow(
                f"""
                SELECT count(*) FILTER (WHERE first_tried_at IS NULL) AS untried, count(*) AS open FROM deliveries
                WHERE run = $1 AND run <> 'live' AND state IN {OPEN}
                """,
                run,
            )
        assert row is not None
        return row["untried"], row["open"]

    async def finish(self, run: RunId, state: RunState) -> bool:
        """End a run of which nothing is left to do, and keep what it counted; False where something is left."""
        async with translated():
            ended = await self._pool.fetchval(
                f"""
                UPDATE runs SET state = $3, note = '', finished_at = clock_timestamp(), feeder = NULL, fed_until = NULL,
                    progress = progress || jsonb_build_object('counts', (
                        SELECT jsonb_build_object('asked', count(*), 'done', count(*) FILTER (WHERE state = 'done'),
                            'failed', count(*) FILTER (WHERE state = 'dead'),
                            'shelved', count(*) FILTER (WHERE state = 'shelved'),
                            'cancelled', count(*) FILTER (WHERE state = 'cancelled'))
                        FROM deliveries WHERE run = $1 AND run <> 'live'))
                WHERE id = $1 AND feeder = $2 AND state = 'running'
                    AND NOT EXISTS (SELECT FROM deliveries WHERE run = $1 AND run <> 'live' AND state IN {OPEN})
                RETURNING true
                """,
                run,
                self._feeder,
                state,
            )
        return bool(ended)

    async def fail(self, run: RunId, note: str) -> None:
        """End a run that cannot be fed any further; what was asked for is still done."""
        async with translated():
            await self._pool.execute(
                """
                UPDATE runs SET state = 'failed', note = $3, finished_at = clock_timestamp(), feeder = NULL,
                    fed_until = NULL
                WHERE id = $1 AND feeder = $2 AND state = 'running'
                """,
                run,
                self._feeder,
                note,
            )

    async def follow(self) -> None:
        """Let deliveries that stand otherwise than their run follow it."""
        async with translated():
            await self._pool.execute(FOLLOW)
