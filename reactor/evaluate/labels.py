"""Measure labelling on labelled photos: calibrated on them, tagged by strictness, held against the truth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from reactor.core.calibration import ENOUGH, Strictness
from reactor.core.errors import Permanent, StartError
from reactor.core.everyday import CAPTIONS
from reactor.evaluate.label_report import to_json, to_tables
from reactor.evaluate.label_scores import LabelledVectors, LabelReport, Vectors, calibrate, compare
from reactor.evaluate.labelled import Labelled, read_labels
from reactor.evaluate.pictures import look_at
from reactor.ports import Embedder


async def main(folder: Path, as_json: bool, embedder: Embedder, strictness: Strictness) -> int:
    """Evaluate the folder and print the report; return the exit status. Raises StartError for a bad folder."""
    report = await evaluate_labels(folder, embedder, strictness)
    if as_json:
        print(to_json(report))
    else:
        Console().print(*to_tables(report))
    return 0


async def evaluate_labels(folder: Path, embedder: Embedder, strictness: Strictness = "normal") -> LabelReport:
    """Calibrate the model on the folder's images and label them by that; raises StartError for a bad folder."""
    vectors = await embedded(folder, embedder)
    return compare(vectors, calibrate(vectors), strictness)


async def embedded(folder: Path, embedder: Embedder) -> LabelledVectors:
    """Return images, prompts and bank as vectors; raises StartError, also of fewer photos than a model needs."""
    labelled = await read_labels(folder)
    if len(labelled.photos) < ENOUGH:
        raise StartError(
            f"{folder / 'labels.json'} names {len(labelled.photos)} photos; a model is calibrated on {ENOUGH} or more, "
            "and nothing is tagged by strictness before that."
        )
    seen = await look_at(folder, [photo.file for photo in labelled.photos], embedder)
    return await _with_texts(labelled, np.stack([one.vector for one in seen]), embedder)


async def _with_texts(labelled: Labelled, photos: Vectors, embedder: Embedder) -> LabelledVectors:
    categories = labelled.categories
    texts = {*CAPTIONS, *(text for one in categories for text in (*one.prompts, *one.negative_prompts))}
    try:
        vector_of = await embedder.texts(sorted(texts))
    except Permanent as error:
        raise StartError(f"the model cannot read the prompts: {error}") from error

    def stacked(some: Sequence[str]) -> Vectors:
        return np.stack([vector_of[text] for text in some]) if some else np.empty((0, photos.shape[1]), np.float32)

    return LabelledVectors(
        model=embedder.model,
        names=tuple(one.name for one in categories),
        photos=photos,
        bank=stacked(CAPTIONS),
        prompts=tuple(stacked(one.prompts) for one in categories),
        negatives=tuple(stacked(one.negative_prompts) for one in categories),
        truth=np.array([[one.name in photo.labels for one in categories] for photo in labelled.photos]),
    )
