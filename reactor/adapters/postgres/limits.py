"""What the limits count, and what they stopped until a person confirms."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from reactor.adapters.postgres.pool import translated
from reactor.core.categories import tag_of
from reactor.core.changes import Feature
from reactor.core.ids import AccountId, RunId
from reactor.core.limits import LEADS_TO, Share, Trip

KEPT = timedelta(seconds=10)
# Counting what a category did costs as much as it did, so it is done seldom, and what is added in between is counted.
SHARE_KEPT_S = 600.0

# A backlog brings its own allowance with it: both are counted from its oldest delivery, where that is earlier. What
# waits for another account, whose key may be refused for months, or for another feature (Frigate may be away for
# weeks), says nothing about this one. What a scan or a replay does, it does on its own budget; what a person ordered is
# not counted at all.
_CHANGES = """
SELECT b.at, (
    SELECT count(*) FROM journal
    WHERE account = $2 AND feature = $3 AND written_at >= b.at AND state IN ('open', 'done', 'undone')
        AND run = 'live' AND undoes IS NULL) AS changes
FROM (
    SELECT greatest($4, least($1, (
        SELECT min(created_at) FROM deliveries
        WHERE account = $2 AND run = 'live' AND state IN ('waiting', 'running', 'joined') AND handler = ANY($5)))) AS at
) b
"""

_HEARD = """
SELECT count(*) FROM events
WHERE account = $2 AND kind = 'AssetUploaded' AND source <> 'scan'
    AND heard_at >= $1::timestamptz - interval '1 minute'
"""

_ONCE_EACH = """
SELECT count(DISTINCT subjects) FROM journal
WHERE account = $1 AND kind = '{kind}' AND state IN ('open', 'done') AND change -> 'categories' ? $2
"""

_CLAIMED = {
    "tags": """
        SELECT count(DISTINCT subjects) FROM journal
        WHERE account = $1 AND kind = 'TagAsset' AND state IN ('open', 'done') AND change -> 'tags' ? $2
            -- what was only set again counts as the entry that set it first
            AND coalesce(change -> 'again', '0') = '0'
            -- of an entry with several tags one may have been taken back
            AND NOT EXISTS (
                SELECT FROM journal AS undo
                WHERE undo.undoes = journal.id AND undo.state = 'done' AND undo.change -> 'tags' ? $2)
    """,
    "archive": """
        SELECT coalesce(sum(cardinality(subjects)), 0) FROM journal
        WHERE account = $1 AND kind = 'ArchiveAssets' AND state IN ('open', 'done') AND change -> 'categories' ? $2
    """,
    "favourites": _ONCE_EACH.format(kind="FavouriteAsset"),
    "albums": _ONCE_EACH.format(kind="AddToAlbum"),
}


MADE_IN_A_RUN = "run <> 'live' AND state IN ('open', 'done', 'undone')"
"""Which journal entries count as changes made in a run beside the live one."""


class PostgresLimits:
    """Count, stop, confirm."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._heard: dict[tuple[AccountId, Feature], tuple[datetime, int]] = {}
        self._shares: dict[tuple[AccountId, Feature, str], tuple[float, Share]] = {}

    async def tripped(self, account: AccountId, feature: Feature) -> Trip | None:
        """Return the limit that stands in the way of a feature of an account."""
        async with translated():
            row = await self._pool.fetchrow(
                "SELECT * FROM trips WHERE account = $1 AND feature = $2 AND confirmed_at IS NULL", account, feature
            )
        return _trip(row) if row is not None else None

    async def trip(self, trip: Trip) -> Trip:
        """Stop the feature; return what stands, which may be an earlier trip."""
        async with translated():
            await self._pool.execute(
                """
                INSERT INTO trips (account, feature, rule, subject, why, value) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (account, feature) WHERE confirmed_at IS NULL DO NOTHING
                """,
                trip.account,
                trip.feature,
                trip.rule,
                trip.subject,
                trip.why,
                trip.value,
            )
        return await self.tripped(trip.account, trip.feature) or trip

    async def open_trips(self) -> tuple[Trip, ...]:
        """Return everything that stands still until a person confirms, oldest first."""
        async with translated():
            rows = await self._pool.fetch("SELECT * FROM trips WHERE confirmed_at IS NULL ORDER BY id")
        return tuple(_trip(row) for row in rows)

    async def confirm(self, ids: Sequence[int]) -> tuple[AccountId, ...]:
        """Let what these stopped go on; return the accounts concerned."""
        async with translated():
            rows = await self._pool.fetch(
                """
                UPDATE trips SET confirmed_at = clock_timestamp() WHERE id = ANY($1) AND confirmed_at IS NULL
                RETURNING account
                """,
                list(ids),
            )
        return tuple(AccountId(row["account"]) for row in rows)

    async def confirmed(
        self, account: AccountId, feature: Feature, rule: str, subject: str
    ) -> tuple[int, datetime | None]:
        """Return the highest value that a person confirmed of a rule, and when they did so last."""
        async with translated():
            row = await self._pool.fetchrow(
                """
                SELECT coalesce(max(value), 0) AS value, max(confirmed_at) AS at FROM trips
                WHERE account = $1 AND feature = $2 AND rule = $3 AND subject = $4 AND confirmed_at IS NOT NULL
                """,
                account,
                feature,
                rule,
                subject,
            )
        assert row is not None
        return row["value"], row["at"]

    async def count_since(
        self, account: AccountId, feature: Feature, since: datetime, *, at_least: datetime | None = None
    ) -> tuple[int, int]:
        """Return (changes carried out in the feature, photos heard) since then, or since the backlog's oldest.

        ``at_least`` bounds both: a confirmation begins them anew. The photos are counted again when they might be too
        few, and after some seconds: counting a whole hour for each change would cost more than it does.
        """
        async with translated():
            row = await self._pool.fetchrow(_CHANGES, since, account, feature, at_least, LEADS_TO[feature])
            assert row is not None
            counted_from, heard = self._heard.get((account, feature), (row["at"], 0))
            if abs(row["at"] - counted_from) > KEPT or row["changes"] >= heard:
                heard = await self._pool.fetchval(_HEARD, row["at"], account)
                self._heard[account, feature] = row["at"], heard
        return row["changes"], heard

    async def deleted_since(self, account: AccountId, since: datetime) -> int:
        """Return how many pictures were deleted in Frigate since then that nobody asked to be taken back."""
        async with translated():
            found: int = await self._pool.fetchval(
                """
                SELECT count(*) FROM journal
                WHERE account = $1 AND kind = 'RemovePortrait' AND written_at >= $2 AND state IN ('open', 'done')
                    AND run NOT LIKE 'undo:%'
                """,
                account,
                since,
            )
        return found

    async def share(self, account: AccountId, feature: Feature, category: str) -> Share:
        """Return how many photos a category did this to, and how many were looked at; minutes old at most."""
        key = (account, feature, category)
        read_at, share = self._shares.get(key, (0.0, Share(category=category, claimed=0, photos=0)))
        if not read_at or time.monotonic() > read_at + SHARE_KEPT_S:
            async with translated():
                subject = tag_of(category) if feature == "tags" else category
                claimed = await self._pool.fetchval(_CLAIMED[feature], account, subject)
                photos = await self._pool.fetchval("SELECT count(*) FROM photos WHERE account = $1", account)
            read_at, share = time.monotonic(), Share(category=category, claimed=claimed, photos=photos)
        # The one that is about to be made; a few that are then not made count until the next reading.
        after = Share(category=category, claimed=share.claimed + 1, photos=max(share.photos, share.claimed + 1))
        self._shares[key] = read_at, after
        return share

    async def budget(self, run: RunId) -> tuple[int, int | None]:
        """Return (changes made in a run, its own budget or None for the usual one).

        None are counted where there is nobody to ask: of a run that has ended, of which a person tries again what is
        left, and of one that carries out what a person said yes to.
        """
        async with translated():
            row = await self._pool.fetchrow(
                f"""
                SELECT CASE WHEN r.kind = 'apply' OR r.state NOT IN ('running', 'paused') THEN 0 ELSE (
                    SELECT count(*) FROM journal
                    WHERE run = $1 AND {MADE_IN_A_RUN}) END AS made, r.budget
                FROM (VALUES (1)) AS one LEFT JOIN runs r ON r.id = $1
                """,
                run,
            )
        assert row is not None
        return row["made"], row["budget"]

    async def ask_for_budget(self, run: RunId, why: str) -> None:
        """Pause a run that has made as many changes as it may, with a note that asks for more."""
        async with translated():
            await self._pool.execute(
                """
                UPDATE runs SET state = 'paused', note = $2, feeder = NULL, fed_until = NULL
                WHERE id = $1 AND state = 'running'
                """,
                run,
                why,
            )


def _trip(row: asyncpg.Record) -> Trip:
    return Trip(
        id=row["id"],
        account=AccountId(row["account"]),
        feature=row["feature"],
        rule=row["rule"],
        why=row["why"],
        value=row["value"],
        subject=row["subject"],
        tripped_at=row["tripped_at"],
        confirmed_at=row["confirmed_at"],
    )
