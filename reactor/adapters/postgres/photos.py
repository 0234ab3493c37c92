"""What embedding found of each photo: the truth for every decision about stacks."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from reactor.adapters.postgres.entries import UNTOUCHED
from reactor.adapters.postgres.pool import translated
from reactor.core.gates import Faces
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import FEW, Asset, EmbeddedPhoto, Surroundings
from reactor.core.vectors import from_bytes, to_bytes

# PostgreSQL's bigint is signed; a perceptual hash has 64 bits.
_SIGN = 1 << 63
_WRAP = 1 << 64

SELECT_PHOTO = """
SELECT p.*, v.vector, b.burst_id FROM photos p
JOIN vectors v ON v.account = p.account AND v.asset = p.asset AND v.model = $2
LEFT JOIN bursts b ON b.account = p.account AND b.asset = p.asset
"""

# The planner is not shown how many are asked for: it would take every number for worth a plan of its own, and planning
# the three tables takes longer than to read some photos.
_EMBEDDED = f"""
{SELECT_PHOTO}
WHERE p.account = $1 AND p.asset = ANY((SELECT $3::text[])::text[]) ORDER BY p.taken_at, p.asset
"""

# Span by span, each row looked up by its keys: the planner cannot know how short the spans are, and of a join as a
# whole it would rather read the whole library. Spans that overlap are one, so no photo is read twice.
_AROUND = f"""
SELECT p.*, b.burst_id,
    CASE WHEN row_number() OVER (ORDER BY p.taken_at, p.asset) <= {FEW} THEN {UNTOUCHED} END AS untouched
FROM unnest((
    SELECT range_agg(tstzrange(p.taken_at - make_interval(secs => $4), p.taken_at + make_interval(secs => $4), '[]'))
    FROM photos p
    WHERE p.account = $1 AND p.asset = ANY((SELECT $3::text[])::text[])
        AND EXISTS (SELECT FROM vectors v WHERE v.account = $1 AND v.asset = p.asset AND v.model = $2)
)) AS span
CROSS JOIN LATERAL (
    SELECT p.*, v.vector FROM photos p
    CROSS JOIN LATERAL (SELECT vector FROM vectors WHERE account = $1 AND asset = p.asset AND model = $2 LIMIT 1) v
    WHERE p.account = $1 AND p.taken_at BETWEEN lower(span) AND upper(span)
    ORDER BY p.taken_at, p.asset LIMIT $5
) p
LEFT JOIN LATERAL (SELECT burst_id FROM bursts WHERE account = $1 AND asset = p.asset LIMIT 1) b ON true
ORDER BY p.taken_at, p.asset LIMIT $5
"""


_SAVE = """
WITH seen AS (
    INSERT INTO sightings (account, asset, updated_at, visibility, trashed, taken_at, tags)
    SELECT $1, $2, $14, $15, $16, $17, $18 WHERE $14::timestamptz IS NOT NULL
    ON CONFLICT (account, asset) DO NOTHING
), photo AS (
    INSERT INTO photos
        (account, asset, taken_at, camera, kind, phash, sharpness, width, height, checksum, external,
         file_name, path, thumb, clipped, local_day)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, $19, $20, $21, $22, $23)
    ON CONFLICT (account, asset) DO UPDATE SET
        taken_at = excluded.taken_at, camera = excluded.camera, kind = excluded.kind,
        phash = excluded.phash, sharpness = excluded.sharpness, width = excluded.width,
        height = excluded.height, checksum = excluded.checksum, external = excluded.external,
        file_name = coalesce(excluded.file_name, photos.file_name),
        path = coalesce(excluded.path, photos.path), thumb = coalesce(excluded.thumb, photos.thumb),
        clipped = coalesce(excluded.clipped, photos.clipped),
        local_day = coalesce(excluded.local_day, photos.local_day), embedded_at = clock_timestamp()
)
INSERT INTO vectors (account, asset, model, vector) VALUES ($1, $2, $11, $12)
ON CONFLICT (account, asset, model) DO UPDATE SET vector = excluded.vector
"""


class PostgresPhotos:
    """Store and find embedded photos; vectors are kept as float16."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def save(self, photo: EmbeddedPhoto, model: str, *, seen: Asset | None = None) -> None:
        """Write or replace what is known of a photo, durably and in one statement.

        ``seen`` is the photo as Immich showed it: where it was never looked at before, later changes are told by that.
        """
        async with translated():
            await self._pool.execute(
                _SAVE,
                photo.account,
                photo.asset,
                photo.taken_at,
                photo.camera,
                photo.kind,
                _signed(photo.phash),
                photo.sharpness,
                photo.width,
                photo.height,
                photo.checksum,
                model,
                to_bytes(photo.vector),
                photo.external,
                *_sighting(seen),
                photo.name,
                photo.path,
                photo.thumb,
                photo.clipped,
                photo.day,
            )

    async def set_file(self, account: AccountId, asset: AssetId, name: str, path: str) -> None:
        """Remember the file's name and path of a photo that an earlier release stored without them."""
        async with translated():
            await self._pool.execute(
                "UPDATE photos SET file_name = $3, path = $4 WHERE account = $1 AND asset = $2",
                account,
                asset,
                name,
                path,
            )

    async def set_faces(self, account: AccountId, asset: AssetId, faces: Faces) -> None:
        """Remember who is seen on a photo; decided once."""
        async with translated():
            await self._pool.execute(
                "UPDATE photos SET faces = $3 WHERE account = $1 AND asset = $2 AND faces IS NULL",
                account,
                asset,
                int(faces),
            )

    async def retake(self, account: AccountId, asset: AssetId, taken_at: datetime) -> None:
        """Correct the capture time of a stored photo."""
        async with translated():
            await self._pool.execute(
                "UPDATE photos SET taken_at = $3 WHERE account = $1 AND asset = $2", account, asset, taken_at
            )

    async def set_burst(self, account: AccountId, asset: AssetId, burst_id: str) -> None:
        """Remember the camera's burst id, which may be heard before the photo is embedded."""
        async with translated():
            await self._pool.execute(
                """
                INSERT INTO bursts (account, asset, burst_id) VALUES ($1, $2, $3)
                ON CONFLICT (account, asset) DO UPDATE SET burst_id = excluded.burst_id
                """,
                account,
                asset,
                burst_id,
            )

    async def embedded(self, account: AccountId, assets: Sequence[AssetId], model: str) -> tuple[EmbeddedPhoto, ...]:
        """Return those of the photos that have a vector of the model, in order of time."""
        async with translated():
            rows = await self._pool.fetch(_EMBEDDED, account, model, list(assets))
        return tuple(photo_of(row) for row in rows)

    async def around(
        self, account: AccountId, assets: Sequence[AssetId], margin: timedelta, model: str, *, limit: int
    ) -> Surroundings:
        """Return photos with those taken within ``margin`` of one of them, in order of time, the first ``limit``.

        Of the first FEW of them it is told who is untouched.
        """
        async with translated():
            rows = await self._pool.fetch(_AROUND, account, model, list(assets), margin.total_seconds(), limit)
        return Surroundings(
            photos=tuple(photo_of(row) for row in rows),
            untouched=frozenset(AssetId(row["asset"]) for row in rows if row["untouched"]),
        )

    async def drop(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        """Forget photos that are gone, with their vectors of every model.

        To a key a photo in the locked folder is gone as well, and may come back; so how it was last seen stays, by
        which its return is noticed, and its burst id, which Immich tells but once. It is then embedded again.
        """
        async with translated():
            await self._pool.execute(
                """
                WITH gone AS (DELETE FROM vectors WHERE account = $1 AND asset = ANY($2))
                DELETE FROM photos WHERE account = $1 AND asset = ANY($2)
                """,
                account,
                list(assets),
            )

    async def sample(self, account: AccountId, model: str, *, limit: int) -> tuple[EmbeddedPhoto, ...]:
        """Return photos spread over the library by a hash of their ids, to measure the model on."""
        async with translated():
            rows = await self._pool.fetch(
                SELECT_PHOTO + "WHERE p.account = $1 ORDER BY md5(p.asset) LIMIT $3", account, model, limit
            )
        return tuple(photo_of(row) for row in rows)


def _sighting(seen: Asset | None) -> tuple[object, ...]:
    if seen is None:
        return (None,) * 5
    return seen.updated_at, seen.visibility, seen.trashed, seen.taken_at, sorted(seen.tags)


def _signed(phash: int) -> int:
    """Return a perceptual hash as it is stored."""
    return phash - _WRAP if phash >= _SIGN else phash


def photo_of(row: asyncpg.Record) -> EmbeddedPhoto:
    """Return the photo of a row of SELECT_PHOTO."""
    return EmbeddedPhoto(
        account=AccountId(row["account"]),
        asset=AssetId(row["asset"]),
        taken_at=row["taken_at"],
        camera=row["camera"],
        kind=row["kind"],
        phash=row["phash"] % _WRAP,
        sharpness=row["sharpness"],
        width=row["width"],
        height=row["height"],
        checksum=row["checksum"],
        burst_id=row["burst_id"],
        external=row["external"],
        name=row["file_name"],
        path=row["path"],
        faces=None if row["faces"] is None else Faces(row["faces"]),
        thumb=row["thumb"],
        clipped=row["clipped"],
        day=row["local_day"],
        number=row["number"],
        vector=from_bytes(row["vector"]),
    )
