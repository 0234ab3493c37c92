"""The journal table."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg

from reactor.adapters.postgres.codec import dump_change, dump_state, load_change, load_state
from reactor.adapters.postgres.pool import translated
from reactor.core.changes import Change, Feature, State, feature_of, subjects_of
from reactor.core.ids import AccountId, AssetId, FaceId, PersonId, RunId
from reactor.core.journal import Cause, Entry, EntryState

KEPT = timedelta(seconds=10)

# A backlog brings its own allowance with it: both are counted from its oldest delivery, where that is earlier. What
# waits for another account, whose key may be refused for months, says nothing about this one.
_CHANGES = """
SELECT b.at, (
    SELECT count(*) FROM journal
    WHERE account = $2 AND feature = $3 AND written_at >= b.at AND state IN ('open', 'done')) AS changes
FROM (
    SELECT least($1, (
        SELECT min(created_at) FROM deliveries
        WHERE account = $2 AND state IN ('waiting', 'running', 'joined'))) AS at
) b
"""

# Of a scan or a replay the handler that it asked most tells how many photos it asked for; a dry one changes nothing.
_HEARD = """
SELECT (
    SELECT count(*) FROM events
    WHERE account = $2 AND kind = 'AssetUploaded' AND heard_at >= $1::timestamptz - interval '1 minute'
) + (
    SELECT coalesce(sum(most), 0)::bigint FROM (
        SELECT DISTINCT ON (run) count(*) AS most FROM deliveries
        WHERE account = $2 AND run <> 'live' AND run NOT LIKE 'dry:%' AND created_at >= $1
        GROUP BY run, handler ORDER BY run, most DESC) asked
)
"""


class PostgresJournal:
    """Write down every change before its call and after it, and read what was done."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._heard: dict[AccountId, tuple[datetime, int]] = {}

    async def write(self, change: Change, cause: Cause, before: State, state: EntryState, note: str = "") -> int:
        """Write an entry durably and return its id; a plan or a veto that stands already is not written again.

        The plan of a dry run is complete in itself, and stands for nothing outside its run.
        """
        arguments = (
            change.account,
            feature_of(change),
            type(change).__name__,
            list(subjects_of(change)),
            dump_change(change),
            cause.handler,
            cause.event,
            cause.run,
            state,
            dump_state(before),
            note,
        )
        async with translated():
            if state in (EntryState.PLANNED, EntryState.VETOED) and (known := await self._same(arguments)):
                return known
            written: int = await self._pool.fetchval(
                """
                INSERT INTO journal
                    (account, feature, kind, subjects, change, handler, event, run, state, before, note, settled_at)
                VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9::text, $10::jsonb, $11,
                    CASE WHEN $9::text <> 'open' THEN clock_timestamp() END)
                RETURNING id
                """,
                *arguments,
            )
        return written

    async def _same(self, arguments: tuple[object, ...]) -> int | None:
        account, _, kind, subjects, change, _, _, run, state, *_ = arguments
        found: int | None = await self._pool.fetchval(
            """
            SELECT id FROM journal
            WHERE subjects @> $3 AND account = $1 AND kind = $2 AND state = $5 AND change = $4::jsonb
                AND CASE WHEN $6 LIKE 'dry:%' THEN run = $6 ELSE run NOT LIKE 'dry:%' END
            LIMIT 1
            """,
            account,
            kind,
            subjects,
            change,
            state,
            run,
        )
        return found

    async def settle(self, entry: int, state: EntryState, after: State | None, note: str = "") -> None:
        """Settle an open entry."""
        async with translated():
            await self._pool.execute(
                """
                UPDATE journal SET state = $2, after = $3::jsonb, note = $4, settled_at = clock_timestamp()
                WHERE id = $1 AND state = 'open'
                """,
                entry,
                state,
                dump_state(after) if after is not None else None,
                note,
            )

    async def open_entries(self, change: Change) -> tuple[Entry, ...]:
        """Return the open entries of the change's feature that touch one of its subjects, oldest first."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT * FROM journal
                WHERE account = $1 AND feature = $2 AND state = 'open' AND subjects && $3 ORDER BY id
                """,
                change.account,
                feature_of(change),
                list(subjects_of(change)),
            )
        return tuple(entry_of(row) for row in rows)

    async def newest(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Mapping[str, Entry]:
        """Return for each subject the newest entry that is done, where there is one."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT DISTINCT ON (subject) subject, j.*
                FROM unnest($3::text[]) AS asked(subject) JOIN journal j ON j.subjects @> ARRAY[asked.subject]
                WHERE j.account = $1 AND j.feature = $2 AND j.state = 'done'
                ORDER BY subject, j.id DESC
                """,
                account,
                feature,
                list(subjects),
            )
        return {row["subject"]: entry_of(row) for row in rows}

    async def portraits(self, account: AccountId, person: PersonId) -> Mapping[FaceId, EntryState]:
        """Return how the newest entry of each face of the person stands."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT DISTINCT ON (change ->> 'face') change ->> 'face' AS face, state FROM journal
                WHERE subjects @> ARRAY[$2] AND account = $1 AND kind = 'AddPortrait'
                ORDER BY change ->> 'face', id DESC
                """,
                account,
                person,
            )
        return {FaceId(row["face"]): EntryState(row["state"]) for row in rows}

    async def unanswered(self, handler: str, account: AccountId, subjects: Sequence[str]) -> tuple[Entry, ...]:
        """Return the open entries that a handler wrote about one of the subjects, oldest first."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT * FROM journal
                WHERE account = $1 AND handler = $2 AND state = 'open' AND subjects && $3 ORDER BY id
                """,
                account,
                handler,
                list(subjects),
            )
        return tuple(entry_of(row) for row in rows)

    async def tags_left(self, account: AccountId, asset: AssetId, until: datetime) -> frozenset[str]:
        """Return every tag that a done entry, settled by then, set on the asset."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT DISTINCT jsonb_array_elements_text(change -> 'tags') AS tag FROM journal
                WHERE subjects @> ARRAY[$2] AND account = $1 AND kind = 'TagAsset' AND state = 'done'
                    AND settled_at <= $3
                """,
                account,
                asset,
                until,
            )
        return frozenset(row["tag"] for row in rows)

    async def count_since(self, account: AccountId, feature: Feature, since: datetime) -> tuple[int, int]:
        """Return (changes carried out in the feature, photos heard) since then, or since the backlog's oldest.

        What a scan or a replay asked for counts as heard. The photos are counted again when they might be too few,
        and after some seconds: counting a whole hour of a scan for each of its changes would cost more than they do.
        """
        async with translated():
            row = await self._pool.fetchrow(_CHANGES, since, account, feature)
            assert row is not None
            counted_from, heard = self._heard.get(account, (row["at"], 0))
            if abs(row["at"] - counted_from) > KEPT or row["changes"] >= heard:
                heard = await self._pool.fetchval(_HEARD, row["at"], account)
                self._heard[account] = row["at"], heard
        return row["changes"], heard


def entry_of(row: asyncpg.Record) -> Entry:
    """Return the entry of a stored row."""
    return Entry(
        id=row["id"],
        change=load_change(row["kind"], row["change"]),
        cause=Cause(handler=row["handler"], event=row["event"], run=RunId(row["run"])),
        state=EntryState(row["state"]),
        before=load_state(row["before"]),
        after=load_state(row["after"]) if row["after"] is not None else None,
        note=row["note"],
        written_at=row["written_at"],
        settled_at=row["settled_at"],
    )
