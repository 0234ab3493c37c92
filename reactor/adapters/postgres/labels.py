"""Stored vectors in the large, and which labels of ours the photos carry."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import overload

import asyncpg
import numpy as np
from numpy.typing import NDArray

from reactor.adapters.postgres.entries import entry_of
from reactor.adapters.postgres.journal import NEWEST, TAGS_LEFT
from reactor.adapters.postgres.pool import translated
from reactor.adapters.postgres.vetoes import FIRST_TIME, spoken_of
from reactor.core.gates import Faces, GateFacts
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import Entry
from reactor.core.relabelling import LabelledPage
from reactor.core.vectors import matrix_of
from reactor.core.vetoes import KIND_OF

_FACTS = "p.kind, p.camera, p.width, p.height, p.file_name, p.path, p.faces, p.checksum, p.external"

_VECTORS = "SELECT asset, vector FROM vectors WHERE account = $1 AND model = $2 AND asset > $3 ORDER BY asset LIMIT $4"

# By the span of a page, which the primary key has together: joined, the planner reads the whole account for each page.
_BETWEEN = f"SELECT p.asset, {_FACTS} FROM photos p WHERE p.account = $1 AND p.asset BETWEEN $2 AND $3"

_OF_ASSETS = f"""
SELECT p.asset, {_FACTS} FROM photos p WHERE p.account = $1 AND p.asset IN (SELECT unnest($2::text[])) ORDER BY p.asset
"""
_VECTORS_OF = """
SELECT asset, vector FROM vectors WHERE account = $1 AND model = $2 AND asset IN (SELECT unnest($3::text[]))
"""

# What was there before we came is not ours, nor what a veto speaks of (adapters/postgres/vetoes.py). Photos of a page
# are thousands: IN looks them up by a hash, where && and, once the statement's plan is kept, = ANY would compare each
# entry with every one of them.
_OURS = f"""
SELECT j.subjects[1] AS asset, array_agg(DISTINCT t.tag) AS tags
FROM journal j CROSS JOIN LATERAL jsonb_array_elements_text(j.change -> 'tags') AS t(tag)
WHERE j.account = $1 AND j.kind = 'TagAsset' AND j.state = 'done' AND {FIRST_TIME}
    AND j.subjects[1] IN (SELECT unnest($2::text[])) AND NOT j.before -> 'state' -> 'tags' ? t.tag
    AND NOT {spoken_of("'tag'", "j.subjects[1]", " AND v.value = t.tag")}
GROUP BY 1
"""

_CARRYING = f"""
SELECT DISTINCT j.subjects[1] AS asset FROM journal j
WHERE j.account = $1 AND j.kind = 'TagAsset' AND j.state = 'done' AND {FIRST_TIME}
    AND j.change -> 'tags' ? $2 AND NOT j.before -> 'state' -> 'tags' ? $2
    AND NOT {spoken_of("'tag'", "j.subjects[1]", " AND v.value = $2")}
"""

# What the rules took back is to be decided again.
_ARCHIVING = """
SELECT DISTINCT s.asset FROM journal j CROSS JOIN LATERAL unnest(j.subjects) AS s(asset)
WHERE j.account = $1 AND j.kind = 'ArchiveAssets' AND j.state <> 'superseded' AND s.asset IN (SELECT unnest($2::text[]))
    AND NOT EXISTS (SELECT FROM journal u WHERE u.undoes = j.id AND u.kind = 'UnarchiveAssets' AND u.state = 'done'
        AND u.change ->> 'by' = 'rule' AND s.asset = ANY(u.subjects))
"""

_TAGGED = """
SELECT DISTINCT subjects[1] AS asset FROM journal
WHERE account = $1 AND kind = 'TagAsset' AND state = 'done' AND subjects[1] > $2
    AND ($3::text[] IS NULL OR change -> 'tags' ?| $3)
ORDER BY 1 LIMIT $4
"""

LABELLING = ("classify", "classify-faces", "archive", "apply")
_AT_ONCE = 8192


class PostgresLabels:
    """Read what labels are decided by, many photos at a time."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def page(self, account: AccountId, model: str, *, after: str, limit: int) -> LabelledPage:
        """Return the next photos that have a vector of the model, in the order of their ids."""
        async with translated():
            found = await self._pool.fetch(_VECTORS, account, model, after, limit)
            if not found:
                return await self._page(account, (), {})
            rows = await self._pool.fetch(_BETWEEN, account, found[0]["asset"], found[-1]["asset"])
        facts = {row["asset"]: row for row in rows}
        vectors = {row["asset"]: row["vector"] for row in found}
        page = await self._page(account, [facts[asset] for asset in vectors if asset in facts], vectors)
        return replace(page, last=found[-1]["asset"], full=len(found) == limit)

    async def tagged(
        self, account: AccountId, model: str, tags: Sequence[str] | None, *, after: str, limit: int
    ) -> LabelledPage:
        """Return the next photos on which entries of ours set one of the tags, or any; a vector may be missing."""
        async with translated():
            found = await self._pool.fetch(_TAGGED, account, after, list(tags) if tags is not None else None, limit)
            assets = [row["asset"] for row in found]
            rows = await self._pool.fetch(_OF_ASSETS, account, assets)
            vectors = await self._pool.fetch(_VECTORS_OF, account, model, assets)
        page = await self._page(account, rows, {row["asset"]: row["vector"] for row in vectors})
        return replace(page, last=assets[-1] if assets else "", full=len(assets) == limit)

    async def vectors(
        self, account: AccountId, model: str
    ) -> AsyncGenerator[tuple[tuple[AssetId, ...], NDArray[np.float32]]]:
        """Yield all photos that have a vector of the model, and their unit vectors [n, D], a few megabytes at a time.

        Close it with ``aclosing``: it holds a connection meanwhile.
        """
        statement = "SELECT asset, vector FROM vectors WHERE account = $1 AND model = $2"
        async with translated(), self._pool.acquire() as connection, connection.transaction(readonly=True):
            cursor = await connection.cursor(statement, account, model)
            while rows := await cursor.fetch(_AT_ONCE):
                matrix = await asyncio.to_thread(matrix_of, [row["vector"] for row in rows])
                yield tuple(AssetId(row["asset"]) for row in rows), matrix

    async def facts(self, account: AccountId, assets: Sequence[AssetId]) -> Mapping[AssetId, GateFacts]:
        """Return what gates ask of these photos."""
        async with translated():
            rows = await self._pool.fetch(
                f"SELECT p.asset, {_FACTS} FROM photos p WHERE p.account = $1 AND p.asset = ANY($2)",
                account,
                list(assets),
            )
        return {AssetId(row["asset"]): _facts(row) for row in rows}

    async def carrying(self, account: AccountId, tag: str) -> frozenset[AssetId]:
        """Return the photos that carry a tag by us."""
        async with translated():
            rows = await self._pool.fetch(_CARRYING, account, tag)
        return frozenset(AssetId(row["asset"]) for row in rows)

    async def count(self, model: str) -> int:
        """Return how many photos of all accounts have a vector of the model."""
        async with translated():
            number: int = await self._pool.fetchval("SELECT count(*) FROM vectors WHERE model = $1", model)
        return number

    async def deciding(self) -> tuple[tuple[int, int], ...]:
        """Return the deliveries (id, attempts) that are being worked on and may set labels."""
        async with translated():
            rows = await self._pool.fetch(
                "SELECT id, attempts FROM deliveries WHERE state = 'running' AND handler = ANY($1)", LABELLING
            )
        return tuple((row["id"], row["attempts"]) for row in rows)

    async def still(self, deliveries: Sequence[tuple[int, int]]) -> bool:
        """Say whether one of these is worked on still; one that is tried again decides anew."""
        if not deliveries:
            return False
        async with translated():
            found: bool = await self._pool.fetchval(
                """
                SELECT EXISTS (SELECT FROM deliveries d JOIN unnest($1::bigint[], $2::int[]) AS w(id, attempts)
                    ON d.id = w.id AND d.attempts = w.attempts WHERE d.state = 'running')
                """,
                [number for number, _ in deliveries],
                [attempts for _, attempts in deliveries],
            )
        return found

    async def sample(self, model: str, limit: int) -> NDArray[np.float32]:
        """Return unit vectors [N, D] of photos of all accounts, spread by a hash of their ids."""
        async with translated():
            rows = await self._pool.fetch(
                "SELECT vector FROM vectors WHERE model = $1 ORDER BY md5(asset), account LIMIT $2", model, limit
            )
        return await asyncio.to_thread(matrix_of, [row["vector"] for row in rows])

    async def left(self, account: AccountId, asset: AssetId) -> tuple[Mapping[str, Entry], Entry | None]:
        """Return the tags that are ours on a photo, with who set them last, and who archived it."""
        async with translated():
            rows = await self._pool.fetch(TAGS_LEFT, account, asset)
            archived = await self._pool.fetch(NEWEST, account, "archive", [asset], KIND_OF["archive"])
        return {row["tag"]: entry_of(row) for row in rows}, next((entry_of(row) for row in archived), None)

    async def accepted(self, account: AccountId, asset: AssetId) -> frozenset[str]:
        """Return the tags of a photo that a person accepted, or whose taking back they declined."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT DISTINCT jsonb_array_elements_text(change -> 'tags') AS tag
                FROM (SELECT * FROM journal WHERE subjects @> ARRAY[$2] OFFSET 0) j
                WHERE account = $1 AND (
                    kind = 'TagAsset' AND state = 'carried out' AND change -> 'reason' ->> 'sure' = 'false'
                    OR kind = 'UntagAsset' AND state = 'declined')
                """,
                account,
                asset,
            )
        return frozenset(row["tag"] for row in rows)

    async def _page(
        self, account: AccountId, rows: Sequence[asyncpg.Record], vectors: Mapping[str, bytes]
    ) -> LabelledPage:
        assets = [row["asset"] for row in rows]
        async with translated():
            ours = await self._pool.fetch(_OURS, account, assets)
            decided = await self._pool.fetch(_ARCHIVING, account, assets)
        archiving = frozenset(row["asset"] for row in decided)
        tags = {row["asset"]: frozenset(row["tags"]) for row in ours}
        known = [asset for asset in assets if asset in vectors]
        return LabelledPage(
            assets=tuple(map(AssetId, assets)),
            checksums=tuple(row["checksum"] for row in rows),
            vectors=await asyncio.to_thread(matrix_of, [vectors[asset] for asset in known]),
            known=tuple(asset in vectors for asset in assets),
            facts=_Facts(rows),
            external=tuple(row["external"] for row in rows),
            ours=tuple(tags.get(asset, frozenset()) for asset in assets),
            archiving_decided=tuple(asset in archiving for asset in assets),
            last=assets[-1] if assets else "",
        )


class _Facts(Sequence[GateFacts]):
    """The facts of a page, each made when it is asked for: few photos come near a category."""

    def __init__(self, rows: Sequence[asyncpg.Record]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> GateFacts: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[GateFacts]: ...

    def __getitem__(self, at: int | slice) -> GateFacts | Sequence[GateFacts]:
        return _Facts(self._rows[at]) if isinstance(at, slice) else _facts(self._rows[at])


def _facts(row: asyncpg.Record) -> GateFacts:
    return GateFacts(
        kind=row["kind"],
        camera=row["camera"],
        width=row["width"],
        height=row["height"],
        name=row["file_name"],
        path=row["path"],
        faces=None if row["faces"] is None else Faces(row["faces"]),
    )
