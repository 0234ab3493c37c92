"""A library of vectors that nobody has photographed: about speed alone, not about what is found."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import numpy as np

from reactor.bench.running import ACCOUNT
from reactor.core.categories import Category
from reactor.core.ids import AssetId
from reactor.core.scoring import Vectors
from reactor.core.vectors import to_bytes

MODEL = "drawn"
DIMENSION = 512
CATEGORIES = 50
PROMPTS = 5
SIMILARITY = 0.3
TAKEN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = "random unit vectors, a fifth of them near a prompt, nine of ten of these tagged already"
# Apart, so that prompts and photos are the same ones in every process.
_PROMPT_SEED, _PHOTO_SEED = 1, 2
_FITTING, _UNTAGGED = 5, 10
_TOGETHER = 5000


def categories() -> tuple[Category, ...]:
    """Return the categories."""
    return tuple(
        Category(
            name=f"Category {number}",
            prompts=tuple(f"prompt {number}-{which}" for which in range(PROMPTS)),
            similarity=SIMILARITY,
        )
        for number in range(CATEGORIES)
    )


def prompts() -> Mapping[str, Vectors]:
    """Return the unit vector of every prompt."""
    texts = [text for category in categories() for text in category.prompts]
    drawn = np.random.default_rng(_PROMPT_SEED).standard_normal((len(texts), DIMENSION)).astype(np.float32)
    return dict(zip(texts, _unit(drawn), strict=True))


async def store(pool: asyncpg.Pool, photos: int) -> None:
    """Store so many photos as the reactor has them once they are embedded and labelled."""
    for begin, vectors, near in _drawn(photos):
        assets = [asset_of(begin + row) for row in range(len(vectors))]
        async with pool.acquire() as connection:
            await connection.copy_records_to_table(
                "photos",
                columns=["account", "asset", "taken_at", "phash", "sharpness", "width", "height", "checksum"],
                records=[
                    (ACCOUNT, asset, TAKEN + timedelta(minutes=begin + row), 0, 1.0, 4, 3, asset[:8])
                    for row, asset in enumerate(assets)
                ],
            )
            await connection.copy_records_to_table(
                "vectors",
                columns=["account", "asset", "model", "vector"],
                records=[
                    (ACCOUNT, asset, MODEL, to_bytes(vector)) for asset, vector in zip(assets, vectors, strict=True)
                ],
            )
            await connection.executemany(_TAG, _tagged(begin, assets, near))
    async with pool.acquire() as connection:
        await connection.execute("ANALYZE")


_TAG = f"""
INSERT INTO journal (account, feature, kind, subjects, change, handler, event, run, state, before, settled_at)
VALUES ('{ACCOUNT}', 'tags', 'TagAsset', ARRAY[$1], jsonb_build_object('tags', jsonb_build_array($2::text)),
    'classify', 1, 'live', 'done', '{json.dumps({"state": {"tags": []}})}', clock_timestamp())
"""  # noqa: S608 - joined from constants alone


def asset_of(number: int) -> AssetId:
    """Return the id of a photo, in no order."""
    return AssetId(str(UUID(bytes=np.random.default_rng((3, number)).bytes(16))))


def _tagged(begin: int, assets: Sequence[AssetId], near: Sequence[int]) -> list[tuple[str, str]]:
    names = [category.tag for category in categories()]
    return [
        (asset, names[prompt // PROMPTS])
        for row, (asset, prompt) in enumerate(zip(assets, near, strict=True))
        if prompt >= 0 and (begin + row) // _FITTING % _UNTAGGED
    ]


def _drawn(photos: int) -> Iterator[tuple[int, Vectors, list[int]]]:
    """Yield photos block by block: the number of the first, vectors [n, D], and which prompt each is near, or -1."""
    chance = np.random.default_rng(_PHOTO_SEED)
    known = np.stack(list(prompts().values()))
    for begin in range(0, photos, _TOGETHER):
        count = min(_TOGETHER, photos - begin)
        vectors = _unit(chance.standard_normal((count, DIMENSION)).astype(np.float32))
        near = np.where(np.arange(begin, begin + count) % _FITTING == 0, chance.integers(len(known), size=count), -1)
        fitting = near >= 0
        vectors[fitting] = _unit(vectors[fitting] + known[near[fitting]])
        yield begin, vectors, near.tolist()


def _unit(vectors: Vectors) -> Vectors:
    found: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found
