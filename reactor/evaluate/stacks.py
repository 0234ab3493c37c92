"""Measure stacking on labelled photos: every photo goes the way of a live one, in order of time."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.stack_policy import StackPolicy
from reactor.core.vectors import median_pair_cosine
from reactor.evaluate.library import MemoryLibrary
from reactor.evaluate.pictures import look_at
from reactor.evaluate.report import to_json, to_table
from reactor.evaluate.rules import other_rules
from reactor.evaluate.scores import StackReport, bursts_of, compare
from reactor.evaluate.truth import Row, read_truth
from reactor.ports import Embedder
from reactor.stages.stack import Desk, wishes

ACCOUNT = AccountId("evaluation")
SEED = 7


async def main(folder: Path, as_json: bool, embedder: Embedder, *, random_pair_cosine: float | None = None) -> int:
    """Evaluate the folder and print the report; return the exit status. Raises StartError for a bad folder."""
    report = await evaluate_stacks(folder, embedder, random_pair_cosine=random_pair_cosine)
    if as_json:
        print(to_json(report))
    else:
        Console().print(to_table(report))
    return 0


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
        similar=library,
        journal=library,
        model=embedder.model,
        policy=policy or StackPolicy(),
        random_pair_cosine=random_pair_cosine,
    )
    for photo in photos:
        library.add(photo)
        for change in await wishes((photo.asset,), desk):
            library.carry_out(change)
    seconds = time.monotonic() - started
    return StackReport(
        images=len(rows),
        bursts=len(bursts_of(rows)),
        score=compare(rows, library.stacks()),
        others={name: compare(rows, stacks) for name, stacks in other_rules(photos).items()},
        seconds=seconds,
    )


async def _embed(folder: Path, rows: Sequence[Row], embedder: Embedder) -> tuple[EmbeddedPhoto, ...]:
    features = await look_at(folder, [row.file for row in rows], embedder)
    return tuple(
        EmbeddedPhoto(
            account=ACCOUNT,
            asset=AssetId(row.file),
            taken_at=row.time,
            camera=row.camera,
            phash=seen.phash,
            sharpness=seen.sharpness,
            width=seen.width,
            height=seen.height,
            checksum="",
            name=row.name or row.file,
            thumb=seen.thumb,
            clipped=seen.clipped,
            day=row.time.date(),
            vector=seen.vector,
        )
        for row, seen in zip(rows, features, strict=True)
    )
