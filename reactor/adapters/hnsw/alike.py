"""Who of the nearest is like enough, by cosine and by hash: all that needs no table."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reactor.adapters.hnsw.graph import Graph, Neighbours
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto, LookalikesWanted

WEIGHED = 64
"""So many of the nearest are weighed by their hashes at least: many look alike to a model, few of them are copies."""


def alike(
    graph: Graph,
    photos: Sequence[EmbeddedPhoto],
    vectors: NDArray[np.float32],
    wanted: LookalikesWanted,
    hashes: Mapping[int, int],
) -> list[Neighbours]:
    """Return who is like enough to each, best first and maybe itself, in the graph or among those that it lacks yet.

    ``vectors`` are those of the photos [n, D]. One whose hash is not among the ``hashes`` counts as like enough.
    """
    row_of = {photo.number: row for row, photo in enumerate(photos)}
    lacking = graph.lacks(list(row_of))
    cosines = np.clip(vectors @ vectors[[row_of[number] for number in lacking]].T, -1.0, 1.0)
    count = max(wanted.limit + 1, WEIGHED)
    found = []
    for photo, row, near in zip(photos, cosines, graph.nearest(vectors, count, wanted.least), strict=True):
        pairs = dict(near) | {lacking[at]: float(row[at]) for at in np.flatnonzero(row >= wanted.least)}
        enough = (
            (number, cosine)
            for number, cosine in pairs.items()
            if (photo.phash ^ hashes.get(number, photo.phash)).bit_count() <= wanted.bits
        )
        found.append(sorted(enough, key=lambda pair: -pair[1])[: wanted.limit + 1])
    return found


def others(asset: AssetId, near: Neighbours, known: Mapping[int, AssetId]) -> tuple[tuple[AssetId, float], ...]:
    """Return who of those near is known by a name and not the photo itself, with their cosines."""
    pairs = ((known[number], cosine) for number, cosine in near if number in known)
    return tuple((other, cosine) for other, cosine in pairs if other != asset)


def by_number(numbers: NDArray[np.int64], hashes: NDArray[np.uint64]) -> dict[int, int]:
    """Return the hashes [N] by the numbers [N]."""
    return dict(zip(numbers.tolist(), hashes.tolist(), strict=True))
