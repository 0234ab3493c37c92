"""Who of the nearest is like enough, by cosine and by hash: all that needs no table."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reactor.adapters.hnsw.graph import SEARCH_WIDTH, Graph
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto, LookalikesWanted

Numbers = NDArray[np.int64]
Neighbours = list[tuple[int, float]]
"""Numbers with their cosines, best first."""


class Hashes:
    """The perceptual hashes of the photos of an account by their numbers, which are never used twice.

    Sorted arrays, 16 bytes a photo, and what is otherwise since; a photo whose hash is not known agrees with all.
    """

    def __init__(self, numbers: Numbers, hashes: NDArray[np.uint64]) -> None:
        """Know the hashes [N] of the numbers [N], in any order."""
        order = np.argsort(numbers)
        # Number 0 is nobody's, so there is always one to compare with.
        self._numbers = np.concatenate([np.zeros(1, dtype=np.int64), numbers[order]])
        self._hashes = np.concatenate([np.zeros(1, dtype=np.uint64), hashes[order]])
        self._last = int(self._numbers[-1])
        self._newer: dict[int, int] = {}

    def learn(self, photos: Iterable[EmbeddedPhoto]) -> None:
        """Know the hashes of photos as they are now."""
        told = {photo.number: photo.phash for photo in photos if photo.number}
        now = {number: phash for number, phash in told.items() if number <= self._last}
        self._newer |= {number: told[number] for number in told.keys() - now.keys()}
        if not now:
            return
        held, is_known = self._held(np.fromiter(now, dtype=np.int64, count=len(now)))
        for (number, phash), known, before in zip(now.items(), is_known.tolist(), held.tolist(), strict=True):
            if known and phash == before:
                self._newer.pop(number, None)
            else:
                self._newer[number] = phash

    def agree(self, numbers: Numbers, phash: int, bits: int) -> NDArray[np.bool_]:
        """Say of each of the numbers [n] whether its hash differs from ``phash`` in at most ``bits``."""
        held, is_known = self._held(numbers)
        found = ~is_known | (np.bitwise_count(held ^ np.uint64(phash)) <= bits)
        for row, number in enumerate(numbers.tolist()):
            if (newer := self._newer.get(number)) is not None:
                found[row] = (newer ^ phash).bit_count() <= bits
        return np.asarray(found, dtype=np.bool_)

    def _held(self, numbers: Numbers) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Return the hashes [n] as they were, and of which of the numbers they are at all."""
        at = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        return self._hashes[at], self._numbers[at] == numbers


def alike(
    graph: Graph,
    photos: Sequence[EmbeddedPhoto],
    vectors: NDArray[np.float32],
    wanted: LookalikesWanted,
    hashes: Hashes,
) -> list[Neighbours]:
    """Return who is like enough to each, best first and maybe itself, in the graph or among those that it lacks yet.

    ``vectors`` are those of the photos [n, D]. Many look alike to a model, and few of them are copies: all candidates
    of a search are weighed by their hashes.
    """
    row_of = {photo.number: row for row, photo in enumerate(photos)}
    # A photo need not find itself.
    lacking = np.array(graph.lacks(list(row_of)) if len(row_of) > 1 else [], dtype=np.int64)
    cosines = np.clip(vectors @ vectors[[row_of[number] for number in lacking.tolist()]].T, -1.0, 1.0)
    count = max(wanted.limit + 1, SEARCH_WIDTH)
    found: list[Neighbours] = []
    for photo, row, near in zip(photos, cosines, graph.nearest(vectors, count), strict=True):
        numbers, likeness = near
        if len(lacking):
            numbers, likeness = np.concatenate([numbers, lacking]), np.concatenate([likeness, row])
        enough = np.flatnonzero(likeness >= wanted.least)
        if len(enough):
            enough = enough[hashes.agree(numbers[enough], photo.phash, wanted.bits)]
        pairs = dict(zip(numbers[enough].tolist(), likeness[enough].tolist(), strict=True))
        found.append(sorted(pairs.items(), key=lambda pair: -pair[1])[: wanted.limit + 1])
    return found


def named(asset: AssetId, near: Neighbours, known: Mapping[int, AssetId]) -> tuple[tuple[AssetId, float], ...]:
    """Return who of those near is known by a name and not the photo itself, with their cosines."""
    pairs = ((known[number], cosine) for number, cosine in near if number in known)
    return tuple((other, cosine) for other, cosine in pairs if other != asset)
