"""What the first page shows, read from the log, the deliveries and the journal."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from reactor.adapters.postgres.codec import load_change
from reactor.adapters.postgres.pool import translated
from reactor.core.activity import (
    Deed,
    Note,
    PhotoCard,
    Summary,
    Work,
    in_order,
    notes_of_deed,
    notes_of_photo,
    notes_of_work,
)
from reactor.core.changes import AddPortrait, Change, RemovePortrait, RemoveTag, subjects_of
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import EntryState

RECENT = 500
"""How many of the newest events and journal entries are looked through for the photos to show."""

REST = 30.0

Photo = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Counts, and until when (on the monotonic clock) they are good enough."""

    counts: dict[str, int]
    until: float


# What moves all the time; each count walks a partial index that holds nothing else. Only paused runs hold deliveries.
_OPEN = """
SELECT
    (SELECT count(*) FROM deliveries WHERE state = 'waiting' {of})
        + (SELECT count(*) FROM deliveries WHERE state IN ('running', 'joined') {of}) AS waiting,
    (SELECT count(*) FROM deliveries WHERE state = 'dead' {of}) AS failed,
    (SELECT count(*) FROM deliveries WHERE state = 'shelved' {of}) AS shelved,
    (SELECT count(*) FROM runs JOIN deliveries d ON d.run = runs.id
        WHERE runs.state = 'paused' AND d.run <> 'live' AND d.state = 'held' {of}) AS held
"""

# What only grows. A stack counts where no later change took a member of it: of a stack that grew, shrank or got another
# cover only its last form stands. What a dry run planned is shown with the run. A plan that was carried out later, when
# the mode had changed, is none any more; the last subject of a portrait is its face, where the person has several.
_TOTALS = """
WITH moved AS (SELECT id, account, kind, state, subjects, run FROM journal WHERE state IN ('done', 'planned') {of}),
made AS (
    SELECT account, kind, subject, max(id) AS id FROM moved, unnest(subjects) AS subject
    WHERE state = 'done' GROUP BY account, kind, subject
)
SELECT
    (SELECT count(*) FROM events WHERE kind = 'AssetUploaded' {of}) AS heard,
    (SELECT count(*) FROM photos WHERE true {of}) AS embedded,
    (SELECT count(*) FROM (SELECT DISTINCT account, subjects FROM moved
        WHERE kind = 'TagAsset' AND state = 'done') tagged) AS tagged,
    (SELECT count(*) FROM (SELECT id, count(*) AS members FROM made WHERE kind = 'StackAssets' GROUP BY id) standing
        JOIN moved USING (id) WHERE members = cardinality(subjects)) AS stacks,
    (SELECT coalesce(sum(cardinality(subjects)), 0) FROM moved
        WHERE kind = 'ArchiveAssets' AND state = 'done') AS archived,
    (SELECT count(*) FROM moved WHERE kind = 'AddPortrait' AND state = 'done') AS portraits,
    (SELECT count(*) FROM moved p
        LEFT JOIN made m ON (m.account, m.kind, m.subject) = (p.account, p.kind, p.subjects[cardinality(p.subjects)])
        WHERE p.state = 'planned' AND p.run NOT LIKE 'dry:%' AND (m.id IS NULL OR m.id < p.id)) AS planned
"""

# The photos of the newest events and entries, whichever moved last; both are read backwards from the end.
_NEWEST = """
WITH moved AS (
    SELECT account, subject, heard_at AS at FROM (SELECT * FROM events ORDER BY seq DESC LIMIT $2) e
    WHERE payload ? 'asset'
    UNION ALL
    SELECT account, subject, coalesce(settled_at, written_at)
    FROM (SELECT * FROM journal ORDER BY id DESC LIMIT $2) j
    CROSS JOIN LATERAL unnest(CASE kind WHEN 'AddPortrait' THEN ARRAY[change ->> 'asset']
        WHEN 'RemovePortrait' THEN ARRAY[]::text[] WHEN 'RemoveTag' THEN ARRAY[]::text[] ELSE subjects END) AS subject
), shown AS (
    SELECT account, subject FROM moved GROUP BY account, subject ORDER BY max(at) DESC LIMIT $1
)
SELECT s.account, s.subject, coalesce(e.heard_at, p.embedded_at, clock_timestamp()) AS heard_at,
    p.embedded_at, p.taken_at, p.camera
FROM shown s
LEFT JOIN events e ON e.account = s.account AND e.kind = 'AssetUploaded' AND e.subject = s.subject AND e.version = ''
LEFT JOIN photos p ON p.account = s.account AND p.asset = s.subject
ORDER BY heard_at DESC, s.subject
"""

_WORK = """
SELECT e.account, e.subject, d.handler, d.state, d.attempts, d.error, coalesce(d.settled_at, d.created_at) AS at
FROM unnest($1::text[], $2::text[]) AS s(account, subject)
JOIN events e USING (account, subject)
JOIN deliveries d ON d.event = e.seq
WHERE d.state NOT IN ('done', 'cancelled')
ORDER BY d.id DESC LIMIT $3
"""

# Subject by subject: for all at once (&&) the planner would rather walk the whole journal than use its index.
_DEEDS = """
SELECT DISTINCT ON (j.id) j.account, j.kind, j.change, j.state, j.note, coalesce(j.settled_at, j.written_at) AS at
FROM unnest($1::text[]) AS s(subject)
CROSS JOIN LATERAL (SELECT * FROM journal WHERE subjects @> ARRAY[s.subject] OFFSET 0) j
ORDER BY j.id DESC LIMIT $2
"""

_PORTRAITS = """
SELECT account, kind, change, state, note, coalesce(settled_at, written_at) AS at
FROM (SELECT * FROM journal ORDER BY id DESC LIMIT $2) j
WHERE kind = 'AddPortrait' AND change ->> 'asset' = ANY($1)
"""


class PostgresActivity:
    """Tell what happened; everything but the totals costs as much as is shown, however large the library is.

    Totals walk whole tables, so they are taken anew only after ``rest`` times as long as they took last.
    """

    def __init__(self, pool: asyncpg.Pool, *, rest: float = REST) -> None:
        self._pool = pool
        self._rest = rest
        self._totals: dict[AccountId | None, Totals] = {}

    async def version(self) -> str:
        """Return the end of the write-ahead log: it moves with every change, though not only with ours."""
        async with translated():
            return str(await self._pool.fetchval("SELECT pg_current_wal_insert_lsn()"))

    async def summary(self, account: AccountId | None = None) -> Summary:
        """Return the counts of one account, or of all."""
        totals = self._totals.get(account)
        if totals is None or time.monotonic() >= totals.until:
            began = time.monotonic()
            counts = await self._count(_TOTALS, account)
            took = time.monotonic() - began
            totals = self._totals[account] = Totals(counts=counts, until=began + (1 + self._rest) * took)
        return Summary(**totals.counts, **await self._count(_OPEN, account))

    async def backlog(self) -> Summary:
        """Return only the counts of what is open, waiting or given up."""
        return Summary(**await self._count(_OPEN, None))

    async def _count(self, statement: str, account: AccountId | None) -> dict[str, int]:
        """Run a statement of counts; the condition is left out for all accounts, so that indexes alone are read."""
        async with translated():
            if account is None:
                row = await self._pool.fetchrow(statement.format(of=""))
            else:
                row = await self._pool.fetchrow(statement.format(of="AND account = $1"), account)
        assert row is not None
        return {name: int(value) for name, value in row.items()}

    async def newest(self, limit: int) -> tuple[PhotoCard, ...]:
        """Return the photos to which something happened last, the newest heard first."""
        async with translated(), self._pool.acquire() as connection, connection.transaction(readonly=True):
            rows = await connection.fetch(_NEWEST, limit, RECENT)
            accounts = [row["account"] for row in rows]
            assets = [row["subject"] for row in rows]
            works = await connection.fetch(_WORK, accounts, assets, RECENT)
            deeds = await connection.fetch(_DEEDS, assets, RECENT)
            portraits = await connection.fetch(_PORTRAITS, assets, RECENT)
        notes = _notes([*deeds, *portraits])
        pending = _works(works)
        return tuple(_card(row, pending, notes) for row in rows)


def _card(row: asyncpg.Record, works: dict[Photo, list[Work]], notes: dict[Photo, list[Note]]) -> PhotoCard:
    photo = row["account"], row["subject"]
    way_in = notes_of_photo(row["heard_at"], row["embedded_at"])
    return PhotoCard(
        account=AccountId(row["account"]),
        asset=AssetId(row["subject"]),
        heard_at=row["heard_at"],
        taken_at=row["taken_at"],
        camera=row["camera"] or "",
        notes=in_order([*way_in, *notes[photo], *notes_of_work(works[photo])]),
    )


def _works(rows: Sequence[asyncpg.Record]) -> dict[Photo, list[Work]]:
    found: dict[Photo, list[Work]] = defaultdict(list)
    for row in rows:
        work = Work(
            handler=row["handler"],
            state=row["state"],
            attempts=row["attempts"],
            error=row["error"] or "",
            at=row["at"],
        )
        found[row["account"], row["subject"]].append(work)
    return found


def _notes(rows: Sequence[asyncpg.Record]) -> dict[Photo, list[Note]]:
    found: dict[Photo, list[Note]] = defaultdict(list)
    for row in rows:
        change = load_change(row["kind"], row["change"])
        deed = Deed(change=change, state=EntryState(row["state"]), note=row["note"], at=row["at"])
        subjects = _photos_of(change)
        for subject in subjects:
            found[row["account"], subject].extend(notes_of_deed(deed, AssetId(subject)))
    return found


def _photos_of(change: Change) -> tuple[str, ...]:
    """Return the photos that a change is about; a portrait is found by person and face, which are none."""
    match change:
        case AddPortrait(asset=asset):
            return (asset,)
        case RemovePortrait() | RemoveTag():
            return ()
    return subjects_of(change)
