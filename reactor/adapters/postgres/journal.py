"""The journal table."""

from collections.abc import Mapping, Sequence

import asyncpg

from reactor.adapters.postgres.codec import dump_change, dump_state
from reactor.adapters.postgres.entries import entry_of, past_of_stacks
from reactor.adapters.postgres.eventlog import append_on
from reactor.adapters.postgres.pool import translated
from reactor.adapters.postgres.vetoes import CLAIMS, FIRST_TIME, remember_on, spoken_of, standing_on
from reactor.adapters.postgres.wake import Wake
from reactor.core.changes import Change, Feature, StackAssets, State, feature_of, subjects_of, undoes
from reactor.core.events import Event
from reactor.core.ids import LIVE, AccountId, AlbumId, FaceId, PersonId, RunId, is_dry
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.past import Past
from reactor.core.vetoes import KIND_OF, Veto
from reactor.routing import Router

# Written once, however often it is decided.
REPEATED = (EntryState.PLANNED, EntryState.SUGGESTED, EntryState.VETOED, EntryState.LEFT)

NEWEST = f"""
SELECT asked.subject, j.* FROM unnest($3::text[]) AS asked(subject) CROSS JOIN LATERAL (
    SELECT * FROM (SELECT * FROM journal WHERE subjects @> ARRAY[asked.subject] OFFSET 0) j
    WHERE j.account = $1 AND j.feature = $2 AND j.state = 'done' AND {CLAIMS}
        AND NOT {spoken_of("$4", "asked.subject")}
    ORDER BY j.id DESC LIMIT 1
) j
"""

# A tag counts as left by the entry that found it missing: the user's own is none of ours. What was only set again,
# since Immich had lost it, is still by the entry that set it first.
TAGS_LEFT = f"""
SELECT DISTINCT ON (tag) tag, j.*
FROM (SELECT * FROM journal WHERE subjects @> ARRAY[$2] OFFSET 0) j
    CROSS JOIN LATERAL jsonb_array_elements_text(j.after -> 'state' -> 'tags') AS t(tag)
WHERE j.account = $1 AND j.kind = 'TagAsset' AND j.state = 'done' AND {FIRST_TIME}
    AND j.change -> 'tags' ? tag AND NOT j.before -> 'state' -> 'tags' ? tag
    AND NOT {spoken_of("'tag'", "$2", " AND v.value = t.tag")}
ORDER BY tag, j.id DESC
"""

# Likewise, by the album's id: what a category calls it is what a veto speaks of.
_ALBUMS = f"""
SELECT DISTINCT ON (album) j.after -> 'state' ->> 'album' AS album, j.*
FROM (SELECT * FROM journal WHERE subjects @> ARRAY[$2] OFFSET 0) j
WHERE j.account = $1 AND j.kind = 'AddToAlbum' AND j.state = 'done'
    AND NOT {spoken_of("'album'", "$2", " AND v.value = j.change ->> 'album'")}
ORDER BY album, j.id DESC
"""

# A stack that was planned again, larger, stands once among the plans, and so it does among the suggestions.
_OVERTAKE = """
UPDATE journal SET state = 'superseded', note = 'planned anew', settled_at = clock_timestamp()
WHERE id IN (SELECT id FROM (SELECT * FROM journal WHERE subjects && $2 OFFSET 0) j
    WHERE j.account = $1 AND j.kind = 'StackAssets' AND j.state = $4 AND j.run NOT LIKE 'dry:%' AND j.id <> $3)
"""


class PostgresJournal:
    """Write down every change before its call and after it, and read what was done."""

    def __init__(self, pool: asyncpg.Pool, router: Router | None = None, wake: Wake | None = None) -> None:
        """Take the router that knows who hears of what follows from an entry; without one nobody does."""
        self._pool = pool
        self._router = router or Router()
        self._wake = wake

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
            undoes(change),
        )
        async with translated():
            if state in REPEATED and (known := await self._same(arguments)):
                return known
            written: int = await self._pool.fetchval(
                """
                INSERT INTO journal
                    (account, feature, kind, subjects, change, handler, event, run, state, before, note, undoes,
                    settled_at)
                VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9::text, $10::jsonb, $11, $12,
                    CASE WHEN $9::text <> 'open' THEN clock_timestamp() END)
                RETURNING id
                """,
                *arguments,
            )
            planned = state in (EntryState.PLANNED, EntryState.SUGGESTED) and not is_dry(cause.run)
            if planned and isinstance(change, StackAssets):
                await self._pool.execute(_OVERTAKE, change.account, list(change.members), written, state)
        return written

    async def _same(self, arguments: tuple[object, ...]) -> int | None:
        account, _, kind, subjects, change, _, _, run, state, *_ = arguments  # in the order of the insert
        found: int | None = await self._pool.fetchval(
            """
            SELECT id FROM (SELECT * FROM journal WHERE subjects @> $3 OFFSET 0) j
            WHERE account = $1 AND kind = $2 AND state = $5 AND change = $4::jsonb
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

    async def settle(
        self,
        entry: int,
        state: EntryState,
        after: State | None,
        note: str = "",
        *,
        undone: int | None = None,
        vetoes: Sequence[Veto] = (),
        told: Sequence[Event] = (),
    ) -> None:
        """Settle an open entry; in the same transaction what it took back is ``undone`` and vetoed."""
        settled = """
            UPDATE journal SET state = $2, after = $3::jsonb, note = $4, settled_at = clock_timestamp()
            WHERE id = $1 AND state = 'open'
        """
        arguments = (entry, state, dump_state(after) if after is not None else None, note)
        async with translated():
            if undone is None and not vetoes and not told:
                await self._pool.execute(settled, *arguments)
                return
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(settled, *arguments)
                await connection.execute(
                    "UPDATE journal SET state = 'undone', note = $2 WHERE id = $1 AND state = 'done'",
                    undone,
                    f"taken back by {entry}",
                )
                await remember_on(connection, vetoes)
                if told:
                    await append_on(connection, self._router, told, LIVE)
        if told and self._wake is not None:
            self._wake.ring(self._router.handlers(told))

    async def close(self, entry: int, state: EntryState, note: str, vetoes: Sequence[Veto] = ()) -> None:
        """End an entry that waits or is done, with what is not to be done again, in one transaction."""
        async with translated(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                """
                UPDATE journal SET state = $2, note = $3, settled_at = coalesce(settled_at, clock_timestamp())
                WHERE id = $1 AND state IN ('planned', 'suggested', 'done')
                """,
                entry,
                state,
                note,
            )
            await remember_on(connection, vetoes)

    async def entry(self, entry: int) -> Entry | None:
        """Return an entry, None where there is none of this number."""
        async with translated():
            row = await self._pool.fetchrow("SELECT * FROM journal WHERE id = $1", entry)
        return entry_of(row) if row is not None else None

    async def open_entries(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> tuple[Entry, ...]:
        """Return the open entries of a feature that touch one of the subjects, oldest first."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT * FROM journal
                WHERE account = $1 AND feature = $2 AND state = 'open' AND subjects && $3 ORDER BY id
                """,
                account,
                feature,
                list(subjects),
            )
        return tuple(entry_of(row) for row in rows)

    async def busy(self, account: AccountId, subjects: Sequence[str]) -> bool:
        """Say whether an open entry is about one of the subjects."""
        async with translated():
            found: bool = await self._pool.fetchval(
                "SELECT EXISTS (SELECT FROM journal WHERE account = $1 AND state = 'open' AND subjects && $2)",
                account,
                list(subjects),
            )
        return found

    async def newest(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Mapping[str, Entry]:
        """Return for each subject the newest entry that is done and of which no veto speaks, where there is one."""
        async with translated():
            rows = await self._pool.fetch(NEWEST, account, feature, list(subjects), KIND_OF[feature])
        return {row["subject"]: entry_of(row) for row in rows}

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past:
        """Return what is known of the subjects: newest entries, their tags and albums by us, standing vetoes."""
        if feature == "stacks":
            async with translated():
                return await past_of_stacks(self._pool, account, subjects)
        newest = await self.newest(account, feature, subjects)
        async with translated():
            tags = await self._pool.fetch(TAGS_LEFT, account, *subjects) if feature == "tags" else ()
            albums = await self._pool.fetch(_ALBUMS, account, *subjects) if feature == "albums" else ()
            vetoes = await standing_on(self._pool, account, feature, subjects)
        return Past(
            newest=newest,
            tags={row["tag"]: entry_of(row) for row in tags},
            albums={AlbumId(row["album"]): entry_of(row) for row in albums},
            vetoes=vetoes,
        )

    async def portraits(self, account: AccountId, person: PersonId) -> Mapping[FaceId, EntryState]:
        """Return how the newest entry of each face of the person stands."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT DISTINCT ON (change ->> 'face') change ->> 'face' AS face, state
                FROM (SELECT * FROM journal WHERE subjects @> ARRAY[$2] OFFSET 0) j
                WHERE account = $1 AND kind = 'AddPortrait'
                ORDER BY change ->> 'face', id DESC
                """,
                account,
                person,
            )
        return {FaceId(row["face"]): EntryState(row["state"]) for row in rows}

    async def unanswered(
        self, handler: str, account: AccountId, subjects: Sequence[str], events: Sequence[int]
    ) -> tuple[Entry, ...]:
        """Return the open entries that a handler wrote about one of the subjects or for one of the events."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT * FROM journal
                WHERE account = $1 AND handler = $2 AND state = 'open' AND (subjects && $3 OR event = ANY($4))
                ORDER BY id
                """,
                account,
                handler,
                list(subjects),
                list(events),
            )
        return tuple(entry_of(row) for row in rows)

    async def acquainted(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> frozenset[str]:
        """Return the other subjects of all entries of the feature about one of these."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT DISTINCT unnest(subjects) AS subject FROM journal
                WHERE account = $1 AND feature = $2 AND subjects && $3
                """,
                account,
                feature,
                list(subjects),
            )
        return frozenset(row["subject"] for row in rows) - frozenset(subjects)

    async def undo_pending(self, run: RunId, entry: int, feature: Feature, subjects: Sequence[str]) -> bool:
        """Say whether the run is still to take back a later entry of the feature about one of the subjects."""
        async with translated():
            found: bool = await self._pool.fetchval(
                """
                SELECT EXISTS (
                    SELECT FROM deliveries d JOIN events e ON e.seq = d.event
                    WHERE d.run = $1 AND d.run <> 'live' AND d.state IN ('waiting', 'running', 'joined', 'held')
                        AND e.kind = 'UndoAsked' AND (e.payload ->> 'entry')::bigint > $2
                        AND e.payload ->> 'feature' = $3 AND e.payload -> 'photos' ?| $4
                )
                """,
                run,
                entry,
                feature,
                list(subjects),
            )
        return found
