"""What our done entries left standing outside, of which no veto speaks yet."""

import asyncpg

from reactor.adapters.postgres.pool import translated
from reactor.adapters.postgres.vetoes import CLAIMS, FIRST_TIME, spoken_of
from reactor.core.claims import AlbumClaim, MadeTag, PortraitClaim, StackClaim
from reactor.core.ids import AccountId, AlbumId, AssetId, FaceId, TagId
from reactor.core.past import SETTLES

# Nothing is said of a tag while it may just be coming or going by our own hand.
_TAG_LEFT = f"""
SELECT CASE WHEN NOT bool_or(j.state = 'open' OR j.settled_at > clock_timestamp() - $3::interval) THEN
    max(j.id) FILTER (WHERE j.kind = 'TagAsset' AND j.state = 'done' AND {FIRST_TIME}
        AND NOT j.before -> 'state' -> 'tags' ? $2
        AND NOT {spoken_of("'tag'", "j.subjects[1]", " AND v.value = $2")})
    END
FROM journal j
WHERE j.account = $1 AND j.kind IN ('TagAsset', 'UntagAsset') AND j.state IN ('open', 'done')
    AND j.change -> 'tags' ? $2
"""

_STACKS = f"""
SELECT j.id, s.stack ->> 0 AS cover, m.members,
    ARRAY(SELECT v.subjects[1] FROM vetoes v WHERE v.account = j.account AND v.kind = 'cover' AND v.entry >= j.id
        AND v.subjects && m.members AND v.state <> 'revoked' ORDER BY v.id DESC) AS chosen,
    ARRAY(SELECT v.subjects[1] FROM vetoes v WHERE v.account = j.account AND v.kind = 'cover' AND v.entry >= j.id
        AND v.subjects && m.members AND v.state = 'revoked') AS released,
    ARRAY(SELECT o.change ->> 'cover' FROM journal o WHERE o.account = j.account AND o.kind = 'MoveCover'
        AND o.state = 'done' AND o.id > j.id AND o.subjects && m.members
        AND o.change ->> 'cover' IS DISTINCT FROM o.change ->> 'chosen') AS moved
FROM journal j
CROSS JOIN LATERAL jsonb_array_elements(j.after -> 'state' -> 'stacks') AS s(stack)
CROSS JOIN LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(s.stack -> 1)) AS members) m
WHERE j.account = $1 AND j.feature = 'stacks' AND j.state = 'done' AND {CLAIMS} AND j.id >= $2::bigint
    AND (j.id, s.stack ->> 0) > ($2::bigint, $3::text)
    AND j.settled_at <= clock_timestamp() - $4::interval
    AND NOT EXISTS (SELECT FROM journal o WHERE o.account = j.account AND o.feature = 'stacks'
        AND (o.state = 'open' OR (o.state = 'done' AND o.id > j.id AND {CLAIMS.replace("j.", "o.")}))
        AND o.subjects && m.members)
    AND NOT {spoken_of("'stack'", "(s.stack ->> 0)")}
ORDER BY j.id, cover LIMIT $5
"""

_ALBUMS = f"""
SELECT album, max(named) AS named, array_agg(asset) AS assets, array_agg(id) AS entries FROM (
    SELECT DISTINCT ON (album, asset) j.after -> 'state' ->> 'album' AS album, j.subjects[1] AS asset, j.id,
        j.change ->> 'album' AS named
    FROM journal j
    WHERE j.account = $1 AND j.kind = 'AddToAlbum' AND j.state = 'done'
        AND j.settled_at <= clock_timestamp() - $2::interval
        AND NOT EXISTS (SELECT FROM journal o WHERE o.account = j.account AND o.feature = 'albums'
            AND o.state = 'open' AND o.subjects && j.subjects)
        AND NOT {spoken_of("'album'", "j.subjects[1]", " AND v.value = j.change ->> 'album'")}
    ORDER BY album, asset, j.id DESC
) put GROUP BY album ORDER BY album
"""

_PORTRAITS = f"""
SELECT j.id, j.account, j.change ->> 'face' AS face, j.change ->> 'name' AS name, j.after -> 'state' ->> 'ours' AS file
FROM journal j
WHERE j.feature = 'faces' AND j.kind = 'AddPortrait' AND j.state = 'done' AND j.after -> 'state' ->> 'ours' IS NOT NULL
    AND j.settled_at <= clock_timestamp() - $1::interval
    AND NOT EXISTS (SELECT FROM journal o WHERE o.account = j.account AND o.feature = 'faces' AND o.state = 'open'
        AND o.subjects @> ARRAY[j.change ->> 'face'])
    AND NOT {spoken_of("'portrait'", "(j.change ->> 'face')")}
ORDER BY j.id
"""


# A tag of ours may still be on a photo by any entry of which neither an undo nor a veto speaks; who is asked whether
# Immich lost it ("lost") may still say so. A photo that was deleted keeps its entry, and so the tag.
_MADE = f"""
SELECT made.tag ->> 0 AS tag, made.tag ->> 1 AS id, max(m.id) AS entry
FROM journal m CROSS JOIN LATERAL jsonb_array_elements(m.after -> 'state' -> 'made') AS made(tag)
WHERE m.account = $1 AND m.kind = 'TagAsset' AND NOT EXISTS (
    SELECT FROM journal j
    WHERE j.account = $1 AND j.kind IN ('TagAsset', 'UntagAsset') AND j.change -> 'tags' ? (made.tag ->> 0) AND (
        j.state = 'open' OR j.settled_at > clock_timestamp() - $2::interval
        OR (j.kind = 'TagAsset' AND j.state = 'done' AND {FIRST_TIME}
            AND NOT j.before -> 'state' -> 'tags' ? (made.tag ->> 0)
            AND NOT EXISTS (SELECT FROM journal u WHERE u.undoes = j.id AND u.kind = 'UntagAsset' AND u.state = 'done'
                AND u.change -> 'tags' ? (made.tag ->> 0))
            AND NOT {spoken_of("'tag'", "j.subjects[1]", " AND v.value = made.tag ->> 0 AND v.state <> 'lost'")})))
GROUP BY 1, 2 ORDER BY 1
"""


class PostgresClaims:
    """Tell what should stand outside by our hand; what is open or done just now is left out."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def tags(self, account: AccountId) -> frozenset[str]:
        """Return every tag that entries of ours set, whether or not a veto speaks of it."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT DISTINCT tag FROM journal, jsonb_array_elements_text(change -> 'tags') AS t(tag)
                WHERE account = $1 AND kind = 'TagAsset' AND state = 'done'
                """,
                account,
            )
        return frozenset(row["tag"] for row in rows)

    async def tag_left(self, account: AccountId, tag: str) -> int | None:
        """Return the newest entry that left the tag on a photo, None where nothing is to be concluded."""
        async with translated():
            found: int | None = await self._pool.fetchval(_TAG_LEFT, account, tag, SETTLES)
        return found

    async def made_tags(self, account: AccountId) -> tuple[MadeTag, ...]:
        """Return the tags that we made and that nothing of ours leaves on a photo, nor may be setting just now."""
        async with translated():
            rows = await self._pool.fetch(_MADE, account, SETTLES)
        return tuple(MadeTag(tag=row["tag"], id=TagId(row["id"]), entry=row["entry"]) for row in rows)

    async def stacks(self, account: AccountId, after: tuple[int, str], limit: int) -> tuple[StackClaim, ...]:
        """Return stacks in order of entry and cover, those behind ``after``."""
        async with translated():
            rows = await self._pool.fetch(_STACKS, account, *after, SETTLES, limit)
        return tuple(
            StackClaim(
                entry=row["id"],
                cover=AssetId(row["cover"]),
                members=frozenset(map(AssetId, row["members"])),
                chosen=tuple(map(AssetId, row["chosen"])),
                released=frozenset(map(AssetId, row["released"])),
                moved=frozenset(map(AssetId, row["moved"])),
            )
            for row in rows
        )

    async def albums(self, account: AccountId) -> tuple[AlbumClaim, ...]:
        """Return the albums into which entries of ours put photos, in order of their ids."""
        async with translated():
            rows = await self._pool.fetch(_ALBUMS, account, SETTLES)
        return tuple(
            AlbumClaim(
                album=AlbumId(row["album"]),
                name=row["named"],
                photos=dict(zip(map(AssetId, row["assets"]), row["entries"], strict=True)),
            )
            for row in rows
        )

    async def portraits(self) -> tuple[PortraitClaim, ...]:
        """Return the files of all accounts."""
        async with translated():
            rows = await self._pool.fetch(_PORTRAITS, SETTLES)
        return tuple(
            PortraitClaim(
                account=AccountId(row["account"]),
                entry=row["id"],
                face=FaceId(row["face"]),
                name=row["name"],
                file=row["file"],
            )
            for row in rows
        )
