"""The vetoes: what a person has decided against, listed and revocable."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg

from reactor.adapters.postgres.pool import translated
from reactor.core.changes import Feature
from reactor.core.ids import AccountId, AlbumId
from reactor.core.past import SETTLES
from reactor.core.vetoes import FEATURE_OF, MANY, TOGETHER, Standing, Veto, VetoKind

Connection: TypeAlias = asyncpg.Pool | asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

FIRST_TIME = "coalesce(j.change -> 'again', '0') = '0'"
"""The condition that the entry ``j`` repeats none that Immich did not keep: what is repeated is by the first one."""


CLAIMS = "j.kind NOT IN ('MoveCover', 'ReturnCover') AND coalesce(j.change ->> 'theirs', 'false') = 'false'"
"""The condition that the entry ``j`` claims what it left: a moved cover, and a stack given back to the user, do not."""


STANDS = "(v.state <> 'revoked' OR v.kind = 'cover')"
"""The condition that the veto ``v`` counts: even a revoked choice of a cover says that it is none any more."""


def spoken_of(kind: str, subject: str, more: str = "") -> str:
    """Return the condition that a veto speaks of what the entry ``j`` did to a subject; all are pieces of SQL.

    What a veto speaks of is no sign of the user's will any more, nor is it ours: whatever the veto's state, since a
    revoked one lets the thing be decided anew. A stack's veto says nothing of photos that stood together all the same:
    what the entry left is still to be compared with what the user does to them later.

    OFFSET 0, here and elsewhere, has the few rows of a subject found first: how few they are the planner cannot tell,
    and would read the whole table rather.
    """
    return f"""
    EXISTS (SELECT FROM (SELECT * FROM vetoes WHERE subjects @> ARRAY[{subject}] OFFSET 0) v
        WHERE v.account = j.account AND v.kind = {kind} AND v.entry >= j.id{more}
        AND NOT EXISTS (SELECT FROM jsonb_array_elements(v.groups) AS g(photos)
            WHERE g.photos ? {subject} AND jsonb_array_length(g.photos) > 1))
    """


# Two who notice the same thing write it once, and many that come together are counted together.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('vetoes:' || $1, 0))"

# What stands already is not written twice, but learns of later entries; so does what was revoked before and the user
# did again, as a new row. Whether it was lost is answered where a person now asks for the same.
_REMEMBER = """
WITH told AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::jsonb[], $6::text[], $7::text[],
        $8::bigint[], $9::text[]) AS t(account, kind, subjects, value, groups, source, why, entry, state)
), spelled AS (
    SELECT DISTINCT account, kind, ARRAY(SELECT jsonb_array_elements_text(subjects)) AS subjects, value, groups,
        source, why, entry, state FROM told
), known AS (
    UPDATE vetoes v SET entry = greatest(v.entry, s.entry),
        state = CASE WHEN s.source = 'user' THEN v.state ELSE 'active' END
    FROM spelled s
    WHERE v.subjects @> s.subjects AND v.subjects <@ s.subjects AND v.state <> 'revoked'
        AND (v.account, v.kind, v.value, v.groups) = (s.account, s.kind, s.value, s.groups)
    RETURNING s.account, s.kind, s.subjects, s.value, s.groups
)
INSERT INTO vetoes (account, kind, subjects, value, groups, source, why, entry, state)
SELECT account, kind, subjects, value, groups, source, why, entry, state FROM spelled s
WHERE NOT EXISTS (SELECT FROM known k WHERE (k.account, k.kind, k.subjects, k.value, k.groups)
    = (s.account, s.kind, s.subjects, s.value, s.groups))
"""

# So many of the user's within minutes: rather Immich lost them. Asked, not concluded; what was answered stays so.
# The time of the statement: with clock_timestamp(), which may change from row to row, no index is of use.
_ASK = """
UPDATE vetoes v SET state = 'lost'
WHERE account = $1 AND kind = $2 AND source = 'user' AND state = 'active'
    AND noticed_at > statement_timestamp() - $3::interval AND ended_at IS NULL
    AND (SELECT count(*) FROM vetoes o WHERE o.account = $1 AND o.kind = $2 AND o.source = 'user'
        AND o.state <> 'revoked' AND o.ended_at IS NULL AND o.noticed_at > statement_timestamp() - $3::interval) >= $4
"""

# What was set just now may have made the tag anew.
_TAG_DELETED = f"""
INSERT INTO vetoes (account, kind, subjects, value, source, why, entry)
SELECT j.account, 'tag', j.subjects, $2, 'user', 'the tag was deleted as a whole', max(j.id)
FROM journal j
WHERE j.account = $1 AND j.kind = 'TagAsset' AND j.state = 'done' AND {FIRST_TIME}
    AND j.change -> 'tags' ? $2 AND NOT j.before -> 'state' -> 'tags' ? $2
    AND j.settled_at <= clock_timestamp() - $3::interval
    AND NOT {spoken_of("'tag'", "j.subjects[1]", " AND v.value = $2")}
GROUP BY j.account, j.subjects
RETURNING id
"""

_ALBUM_DELETED = f"""
INSERT INTO vetoes (account, kind, subjects, value, source, why, entry)
SELECT j.account, 'album', j.subjects, j.change ->> 'album', 'user', 'the album was deleted', max(j.id)
FROM journal j
WHERE j.account = $1 AND j.kind = 'AddToAlbum' AND j.state = 'done' AND j.after -> 'state' ->> 'album' = $2
    AND j.settled_at <= clock_timestamp() - $3::interval
    AND NOT {spoken_of("'album'", "j.subjects[1]", " AND v.value = j.change ->> 'album'")}
GROUP BY j.account, j.subjects, j.change ->> 'album'
RETURNING id
"""

_STANDING = f"SELECT * FROM vetoes v WHERE account = $1 AND kind = ANY($2) AND subjects && $3 AND {STANDS}"


class PostgresVetoes:
    """Remember, list, revoke."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def remember(self, vetoes: Sequence[Veto]) -> None:
        """Write down what is not known yet; many of the user's that come together are asked about (``lost``)."""
        if not vetoes:
            return
        async with translated(), self._pool.acquire() as connection, connection.transaction():
            await remember_on(connection, vetoes)
            for account, kind in {(veto.account, veto.kind) for veto in vetoes if veto.source == "user"}:
                await _ask(connection, account, kind)

    async def tag_deleted(self, account: AccountId, tag: str) -> int:
        """Remember that a tag is gone from every photo on which we left it; return of how many."""
        return await self._deleted(_TAG_DELETED, account, tag, "tag")

    async def album_deleted(self, account: AccountId, album: AlbumId) -> int:
        """Remember that no photo is in an album any more into which we put some; return of how many."""
        return await self._deleted(_ALBUM_DELETED, account, album, "album")

    async def _deleted(self, statement: str, account: AccountId, what: str, kind: VetoKind) -> int:
        async with translated(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_ONE_AT_A_TIME, account)
            rows = await connection.fetch(statement, account, what, SETTLES)
            await _ask(connection, account, kind)
        return len(rows)

    async def standing(
        self,
        *,
        account: AccountId | None = None,
        state: Standing | None = None,
        kind: VetoKind | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> tuple[Veto, ...]:
        """Return vetoes, newest first: those of a state, or all that are not revoked."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT * FROM vetoes
                WHERE ($1::text IS NULL OR account = $1) AND ($2::text IS NULL OR kind = $2)
                    AND CASE WHEN $3::text IS NULL THEN state <> 'revoked' ELSE state = $3 END
                    AND ($4::bigint IS NULL OR id < $4)
                ORDER BY id DESC LIMIT $5
                """,
                account,
                kind,
                state,
                before,
                limit,
            )
        return tuple(_veto(row) for row in rows)

    async def revoke(self, ids: Sequence[int]) -> int:
        """Let these be decided anew; return how many stood."""
        return await self._end(ids, "revoked")

    async def mine(self, ids: Sequence[int]) -> int:
        """Take what was asked about for the user's own doing; return how many were asked about."""
        return await self._end(ids, "active")

    async def _end(self, ids: Sequence[int], state: Standing) -> int:
        async with translated():
            rows = await self._pool.fetch(
                """
                UPDATE vetoes SET state = $2, ended_at = clock_timestamp()
                WHERE id = ANY($1) AND state <> 'revoked' AND state <> $2 RETURNING id
                """,
                list(ids),
                state,
            )
        return len(rows)


async def remember_on(connection: Connection, vetoes: Sequence[Veto]) -> None:
    """Write vetoes in the transaction of a given connection, so that they commit with the journal."""
    if not vetoes:
        return
    for account in sorted({veto.account for veto in vetoes}):
        await connection.execute(_ONE_AT_A_TIME, account)
    await connection.execute(
        _REMEMBER,
        [veto.account for veto in vetoes],
        [veto.kind for veto in vetoes],
        [json.dumps(sorted(veto.subjects)) for veto in vetoes],
        [veto.value for veto in vetoes],
        [json.dumps(sorted(sorted(group) for group in veto.groups)) for veto in vetoes],
        [veto.source for veto in vetoes],
        [veto.why for veto in vetoes],
        [veto.entry for veto in vetoes],
        [veto.state for veto in vetoes],
    )


async def standing_on(
    connection: Connection, account: AccountId, feature: Feature, subjects: Sequence[str]
) -> tuple[Veto, ...]:
    """Return the vetoes of a feature that stand and are about one of the subjects.

    Revoked choices of covers are among them: the cover that stands is no choice any more.
    """
    rows = await connection.fetch(_STANDING, account, kinds_of(feature), list(subjects))
    return tuple(_veto(row) for row in rows)


def kinds_of(feature: Feature) -> list[VetoKind]:
    """Return the kinds of vetoes about a feature."""
    return [kind for kind, governed in FEATURE_OF.items() if governed == feature]


def vetoes_of(rows: str) -> tuple[Veto, ...]:
    """Return the vetoes of rows that were gathered into one value, as JSON."""
    return tuple(
        _veto(row | {"groups": json.dumps(row["groups"]), "noticed_at": datetime.fromisoformat(row["noticed_at"])})
        for row in json.loads(rows)
    )


async def _ask(connection: Connection, account: AccountId, kind: VetoKind) -> None:
    if kind in ("tag", "album", "stack"):
        await connection.execute(_ASK, account, kind, TOGETHER, MANY)


def _veto(row: asyncpg.Record | dict[str, Any]) -> Veto:
    return Veto(
        id=row["id"],
        account=AccountId(row["account"]),
        kind=row["kind"],
        subjects=tuple(row["subjects"]),
        value=row["value"],
        groups=tuple(tuple(group) for group in json.loads(row["groups"])),
        source=row["source"],
        why=row["why"],
        entry=row["entry"],
        state=row["state"],
        noticed_at=row["noticed_at"],
    )
