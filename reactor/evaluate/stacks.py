"""Measure stacking on labelled photos: every photo goes the way of a live one, in order of time."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from reactor.core.bursts import StackPolicy
from reactor.core.errors import Permanent, StartError
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.vectors import median_pair_cosine
from reactor.evaluate.library import MemoryLibrary
from reactor.evaluate.truth import Row, read_truth
from reactor.ports import Embedder
from reactor.stages.stack import Desk, wishes

ACCOUNT = AccountId("evaluation")
AT_ONCE = 4
SEED = 7


@dataclass(frozen=True, kw_only=True)
class StackReport:
    """How the stacks made compare with the bursts labelled; precision, recall and f1 over all pairs of photos.

    ``exact_bursts`` of ``bursts`` were reproduced to the photo; ``wrong_singles`` counts by kind the photos of no burst
    that ended in a stack; ``seconds`` is the time for all, embedding included.
    """

    images: int
    precision: float
    recall: float
    f1: float
    exact_bursts: int
    bursts: int
    wrong_singles: Mapping[str, int]
    seconds: float


async def evaluate_stacks(
    folder: Path,
    embedder: Embedder,
    *,
    policy: StackPolicy | None = None,
    random_pair_cosine: float | None = None,
) -> StackReport:
    """Embed the folder's images and stack them one by one as they were taken; raises StartError for a bad folder.

    Without ``random_pair_cosine`` the model is measured on these images, as on a library that is new to it.
    """
    started = time.monotonic()
    rows = await read_truth(folder)
    photos = await _embed(folder, rows, embedder)
    if random_pair_cosine is None and len(photos) > 1:
        random_pair_cosine = median_pair_cosine(np.stack([photo.vector for photo in photos]), SEED)
    library = MemoryLibrary()
    desk = Desk(
        account=ACCOUNT,
        library=library,
        photos=library,
        journal=library,
        model=embedder.model,
        policy=policy or StackPolicy(),
        random_pair_cosine=random_pair_cosine,
    )
    for photo in photos:
        library.add(photo)
        for change in await wishes((photo.asset,), desk):
            library.carry_out(change)
    return compare(rows, library.stacks(), time.monotonic() - started)


def compare(rows: Sequence[Row], stacks: Collection[frozenset[AssetId]], seconds: float) -> StackReport:
    """Score stacks against the labels; of no pair made, precision is 1, of no pair labelled, recall is 1."""
    labelled: dict[str, set[AssetId]] = {}
    for row in rows:
        if row.burst is not None:
            labelled.setdefault(row.burst, set()).add(AssetId(row.file))
    bursts = [frozenset(members) for members in labelled.values() if len(members) > 1]
    true, made = _pairs(bursts), _pairs(stacks)
    right = len(true & made)
    stacked = frozenset[AssetId]().union(*stacks)
    wrong = Counter(row.kind for row in rows if row.burst is None and row.file in stacked)
    return StackReport(
        images=len(rows),
        precision=right / len(made) if made else 1.0,
        recall=right / len(true) if true else 1.0,
        f1=2 * right / (len(made) + len(true)) if made or true else 1.0,
        exact_bursts=sum(burst in stacks for burst in bursts),
        bursts=len(bursts),
        wrong_singles=dict(sorted(wrong.items())),
        seconds=seconds,
    )


def _pairs(groups: Iterable[frozenset[AssetId]]) -> frozenset[tuple[AssetId, AssetId]]:
    return frozenset(pair for group in groups for pair in combinations(sorted(group), 2))


async def _embed(folder: Path, rows: Sequence[Row], embedder: Embedder) -> tuple[EmbeddedPhoto, ...]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def embed(row: Row) -> EmbeddedPhoto:
        async with slots:
            return await _embed_one(folder / "images" / row.file, row, embedder)

    photos = await asyncio.gather(*map(embed, rows), return_exceptions=True)
    for photo in photos:
        if isinstance(photo, BaseException):
            raise photo
    return tuple(photo for photo in photos if isinstance(photo, EmbeddedPhoto))


async def _embed_one(path: Path, row: Row, embedder: Embedder) -> EmbeddedPhoto:
    try:
        seen = await embedder.image(await asyncio.to_thread(path.read_bytes))
    except (OSError, Permanent) as error:
        raise StartError(f"{path} cannot be looked at: {error}") from error
    return EmbeddedPhoto(
        account=ACCOUNT,
        asset=AssetId(row.file),
        taken_at=row.time,
        camera=row.camera,
        phash=seen.phash,
        sharpness=seen.sharpness,
        width=seen.width,
        height=seen.height,
        checksum="",
        vector=seen.vector,
    )
