"""A library for the index: pictures that are drawn and looked at by the model, and many photos that are like them."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import numpy as np

from reactor.bench.roll import roll
from reactor.bench.running import ACCOUNT
from reactor.core.errors import StartError
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.scoring import Vectors
from reactor.core.thumbs import SIDE
from reactor.core.vectors import to_bytes
from reactor.ports import Embedder, ImageFeatures

WORDS = (
    "rendered pictures through the shipped model, and photos that differ from them as pictures of one kind differ from"
    " each other, with noise besides; a fifth in bursts, a fiftieth copies"
)
# How far along the difference of two pictures of the same kind a photo lies from its own, and how long its noise is.
ALONG, GRAIN, FRAME_GRAIN = (0.3, 0.9), (0.05, 0.25), 0.07
# By how many bits the structure of two scenes differs from that of their picture, and that of two frames.
SCENE_BITS, FRAME_BITS = 24, 3
# One scene of so many is a picture that was saved once more.
COPIED = 50
MOST_PICTURES, LEAST_PICTURES, PHOTOS_A_PICTURE = 2150, 86, 20
_MODULE = "reactor.demo.pictures.export"
_TOGETHER = 5000
_SEED = 4


async def look_at_drawn(folder: Path, photos: int, embedder: Embedder) -> tuple[tuple[ImageFeatures, str], ...]:
    """Draw pictures for so many photos, in another process, and return what the model sees, with their kinds."""
    count = min(MOST_PICTURES, max(LEAST_PICTURES, photos // PHOTOS_A_PICTURE))
    artist = await asyncio.create_subprocess_exec(sys.executable, "-m", _MODULE, str(folder), str(count))
    if status := await artist.wait():
        raise StartError(f"the process that draws pictures ended with status {status}")
    found = []
    for path in await asyncio.to_thread(lambda: sorted(folder.glob("*.jpg"))):
        found.append((await embedder.image(await asyncio.to_thread(path.read_bytes)), path.stem.partition("-")[2]))
    return tuple(found)


def photos_like(pictures: Sequence[tuple[ImageFeatures, str]], count: int) -> Iterator[list[EmbeddedPhoto]]:
    """Yield so many photos block by block, in order of time; the same arguments give the same photos."""
    chance = np.random.default_rng(_SEED)
    seen = np.stack([features.vector for features, _ in pictures])
    kinds: dict[str, list[int]] = {}
    for row, (_, kind) in enumerate(pictures):
        kinds.setdefault(kind, []).append(row)
    block: list[EmbeddedPhoto] = []
    at, scene, bits, thumb = 0, seen[0], 0, b""
    for number, taken in enumerate(roll(count)):
        if taken.picture.endswith("-0.jpg") and chance.integers(COPIED):
            at = int(chance.integers(len(pictures)))
            one, other = chance.choice(kinds[pictures[at][1]], 2)
            along = chance.uniform(*ALONG)
            scene = _with_grain(seen[at] + along * (seen[one] - seen[other]), chance.uniform(*GRAIN), chance)
            thumb = _blended(pictures[at][0].thumb, pictures[one][0].thumb, along)
            bits = _bits(SCENE_BITS, chance)
        features = pictures[at][0]
        block.append(
            EmbeddedPhoto(
                account=ACCOUNT,
                asset=AssetId(str(UUID(bytes=chance.bytes(16)))),
                taken_at=taken.taken_at,
                camera="Bench Roll",
                phash=features.phash ^ bits ^ _bits(FRAME_BITS, chance),
                sharpness=features.sharpness,
                width=4000,
                height=3000,
                checksum=f"{number:x}",
                name=f"IMG_{number}.jpg",
                thumb=thumb,
                clipped=features.clipped,
                day=(taken.taken_at + timedelta(hours=2)).date(),
                vector=_with_grain(scene, FRAME_GRAIN, chance),
            )
        )
        if len(block) == _TOGETHER:
            yield block
            block = []
    yield block


async def store(pool: asyncpg.Pool, photos: Sequence[EmbeddedPhoto], model: str) -> None:
    """Store photos as the reactor has them once they are embedded, many at a time."""
    columns = "account asset taken_at camera phash sharpness width height checksum file_name thumb clipped local_day"
    async with pool.acquire() as connection:
        await connection.copy_records_to_table(
            "photos", columns=columns.split(), records=[_row(photo) for photo in photos]
        )
        await connection.copy_records_to_table(
            "vectors",
            columns=["account", "asset", "model", "vector"],
            records=[(photo.account, photo.asset, model, to_bytes(photo.vector)) for photo in photos],
        )


def _row(photo: EmbeddedPhoto) -> tuple[object, ...]:
    phash = photo.phash - (1 << 64) if photo.phash >> 63 else photo.phash
    facts = (photo.taken_at, photo.camera, phash, photo.sharpness, photo.width, photo.height, photo.checksum)
    return (photo.account, photo.asset, *facts, photo.name, photo.thumb, photo.clipped, photo.day)


def _with_grain(vector: Vectors, length: float, chance: np.random.Generator) -> Vectors:
    noise = chance.standard_normal(vector.size)
    found = vector / np.linalg.norm(vector) + length * noise / np.linalg.norm(noise)
    return np.asarray(found / np.linalg.norm(found), dtype=np.float32)


def _blended(one: bytes | None, other: bytes | None, share: float) -> bytes:
    """Return a small picture between two."""
    first, second = (np.frombuffer(thumb or bytes(SIDE**2), np.uint8).astype(np.float32) for thumb in (one, other))
    return np.rint(first + share * (second - first)).astype(np.uint8).tobytes()


def _bits(most: int, chance: np.random.Generator) -> int:
    """Return a mask of at most so many bits of 64."""
    return int(sum({1 << int(bit) for bit in chance.integers(64, size=int(chance.integers(most + 1)))}))
