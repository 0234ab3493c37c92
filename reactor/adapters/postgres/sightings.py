"""How photos were when the poll for changes last saw them, beside what the log, the queue and the journal know."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from reactor.adapters.postgres.codec import load_change, load_state
from reactor.adapters.postgres.pool import translated
from reactor.adapters.postgres.vetoes import CLAIMS, spoken_of
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import EntryState
from reactor.core.past import SETTLES
from reactor.core.sightings import Known, Ours, Sighting

NEVER_CALLED = (
    EntryState.PLANNED,
    EntryState.SUGGESTED,
    EntryState.CARRIED_OUT,
    EntryState.DECLINED,
    EntryState.VETOED,
    EntryState.LEFT,
)

# Known is what was heard of or embedded. A new photo is left to embedding first: how it is then is how it began.
_MOVED = """
SELECT t.asset FROM unnest($2::text[], $3::timestamptz[]) AS t(asset, updated_at)
LEFT JOIN sightings s ON s.account = $1 AND s.asset = t.asset
WHERE s.updated_at IS DISTINCT FROM t.updated_at AND (
    EXISTS (SELECT FROM photos p WHERE p.account = $1 AND p.asset = t.asset)
    OR EXISTS (
        SELECT FROM events e WHERE e.account = $1 AND e.kind = 'AssetUploaded' AND e.subject = t.asset
            AND (s.asset IS NOT NULL OR NOT EXISTS (
                SELECT FROM deliveries d WHERE d.event = e.seq AND d.handler = 'embed'
                    AND d.state IN ('waiting', 'running', 'joined', 'held')))))
"""

# Times of the database are compared with each other alone. A sighting of the future is from before the clock was set
# back; then every entry counts as new, since states tell what times cannot.
_KNOWN = f"""
SELECT t.asset, statement_timestamp() AS at, p.taken_at AS embedded_as,
    s.asset IS NOT NULL AS seen, s.updated_at, s.visibility, s.trashed, s.taken_at, s.tags,
    p.asset IS NULL AND coalesce(d.ended, true) AND NOT coalesce(d.open, false) AS "left",
    j.ours, coalesce(j.newest, 0) AS newest, coalesce(j.unsettled, false) AS unsettled,
    k.stacked, coalesce(k.parted, false) AS parted, coalesce(f.favoured, false) AS favoured
FROM unnest($2::text[]) AS t(asset)
LEFT JOIN sightings s ON s.account = $1 AND s.asset = t.asset
LEFT JOIN photos p ON p.account = $1 AND p.asset = t.asset
CROSS JOIN LATERAL (
    SELECT bool_or(state IN ('shelved', 'done')) AS ended,
        bool_or(state IN ('waiting', 'running', 'joined', 'held')) AS open
    FROM events e JOIN deliveries d ON d.event = e.seq
    WHERE e.account = $1 AND e.subject = t.asset AND d.handler = 'embed'
) d
CROSS JOIN LATERAL (
    SELECT max(id) AS newest, bool_or(state = 'open') AS unsettled,
        jsonb_agg(jsonb_build_object(
            'kind', kind, 'change', change, 'before', before, 'after', after,
            'sure', state IN ('done', 'undone'), 'new', is_new, 'recent', is_recent
        ) ORDER BY id) FILTER (WHERE feature IN ('tags', 'archive') AND (is_new OR is_recent)) AS ours
    FROM (SELECT * FROM journal WHERE subjects @> ARRAY[t.asset] OFFSET 0) j CROSS JOIN LATERAL (
        SELECT settled_at > statement_timestamp() - $3::interval AS is_recent,
            settled_at IS NOT NULL AND
                (s.seen_at IS NULL OR settled_at > s.seen_at OR s.seen_at > statement_timestamp()) AS is_new
    ) age
    WHERE account = $1 AND state <> ALL ($4)
) j
LEFT JOIN LATERAL (
    SELECT (
            SELECT s.stack -> 1 FROM jsonb_array_elements(j.after -> 'state' -> 'stacks') AS s(stack)
            WHERE s.stack -> 1 ? t.asset LIMIT 1
        ) AS stacked,
        EXISTS (SELECT FROM vetoes v WHERE v.account = $1 AND v.kind = 'stack' AND v.entry >= j.id
            AND v.subjects @> ARRAY[t.asset]) AS parted
    FROM (SELECT * FROM journal WHERE subjects @> ARRAY[t.asset] OFFSET 0) j
    WHERE j.account = $1 AND j.feature = 'stacks' AND j.state = 'done' AND {CLAIMS}
        AND NOT {spoken_of("'stack'", "t.asset")}
    ORDER BY j.id DESC LIMIT 1
) k ON true
LEFT JOIN LATERAL (
    SELECT (j.after -> 'state' ->> 'favourite')::boolean AS favoured
    FROM (SELECT * FROM journal WHERE subjects @> ARRAY[t.asset] OFFSET 0) j
    WHERE j.account = $1 AND j.feature = 'favourites' AND j.state = 'done'
        AND NOT {spoken_of("'favourite'", "t.asset")}
    ORDER BY j.id DESC LIMIT 1
) f ON true
"""


class PostgresSightings:
    """Find what moved, tell what is known of it, and remember how it was."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def moved(self, account: AccountId, seen: Mapping[AssetId, datetime]) -> tuple[AssetId, ...]:
        """Return the known photos whose updatedAt is another than when they were last looked at."""
        async with translated():
            rows = await self._pool.fetch(_MOVED, account, list(seen), list(seen.values()))
        return tuple(AssetId(row["asset"]) for row in rows)

    async def known(self, account: AccountId, assets: tuple[AssetId, ...]) -> Mapping[AssetId, Known]:
        """Return what is known of each photo, all at one moment."""
        async with translated():
            rows = await self._pool.fetch(_KNOWN, account, list(assets), SETTLES, list(NEVER_CALLED))
        return {AssetId(row["asset"]): _known(row) for row in rows}

    async def save(self, account: AccountId, sightings: Mapping[AssetId, Sighting], at: datetime) -> None:
        """Remember how the photos were; ``at`` is the time of the knowledge that they were compared with."""
        seen = sightings.values()
        async with translated():
            await self._pool.execute(
                """
                INSERT INTO sightings (account, asset, updated_at, visibility, trashed, taken_at, tags, seen_at)
                SELECT $1, t.asset, t.updated_at, t.visibility, t.trashed, t.taken_at,
                    CASE WHEN t.tags IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(t.tags)) END, $8
                FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::bool[], $6::timestamptz[], $7::jsonb[])
                    AS t(asset, updated_at, visibility, trashed, taken_at, tags)
                ON CONFLICT (account, asset) DO UPDATE SET
                    updated_at = excluded.updated_at, visibility = excluded.visibility, trashed = excluded.trashed,
                    taken_at = excluded.taken_at, tags = excluded.tags, seen_at = excluded.seen_at
                """,
                account,
                list(sightings),
                [sighting.updated_at for sighting in seen],
                [sighting.visibility for sighting in seen],
                [sighting.trashed for sighting in seen],
                [sighting.taken_at for sighting in seen],
                [None if sighting.tags is None else json.dumps(sorted(sighting.tags)) for sighting in seen],
                at,
            )


def _known(row: asyncpg.Record) -> Known:
    sighting = Sighting(
        updated_at=row["updated_at"],
        visibility=row["visibility"],
        trashed=row["trashed"],
        taken_at=row["taken_at"],
        tags=None if row["tags"] is None else frozenset(row["tags"]),
    )
    return Known(
        at=row["at"],
        sighting=sighting if row["seen"] else None,
        taken_at=row["embedded_as"],
        left=row["left"],
        ours=tuple(_ours(entry) for entry in json.loads(row["ours"] or "[]")),
        newest=row["newest"],
        unsettled=row["unsettled"],
        stacked=None if row["stacked"] is None else frozenset(map(AssetId, json.loads(row["stacked"]))),
        parted=row["parted"],
        favoured=row["favoured"],
    )


def _ours(entry: dict[str, Any]) -> Ours:
    return Ours(
        change=load_change(entry["kind"], json.dumps(entry["change"])),
        before=load_state(json.dumps(entry["before"])),
        after=None if entry["after"] is None else load_state(json.dumps(entry["after"])),
        sure=entry["sure"],
        new=entry["new"],
        recent=entry["recent"],
    )
