"""Copies of one picture: saved again, sent and received, edited; at any distance in time, whatever camera they tell."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reactor.core.growing import COPY_RULE, Bond, Growing, Pairs, gap_s, order
from reactor.core.ids import AssetId
from reactor.core.images import hamming
from reactor.core.library import EmbeddedPhoto
from reactor.core.likeness import Likeness, is_edit_by_name
from reactor.core.vectors import cosine


def attach(
    dated: Sequence[Sequence[Growing]],
    undated: Sequence[EmbeddedPhoto],
    like: Likeness,
    apart: Pairs,
) -> list[list[Growing]]:
    """Let copies join the groups in which their originals stand; return all chains of groups.

    ``dated`` are the chains of photos whose capture times are trusted, ``undated`` the other photos. Two frames of a
    still scene are as alike as copies, so where both name a camera and are dated only a name tells that one was made
    from the other; an edit that kept the time stands in the chain of its original. A copy joins by an original, never
    by another copy, so that likenesses do not add up. Who joins elsewhere bears on the chain in which it was taken all
    the same.
    """
    times = frozenset(photo.asset for chain in dated for group in chain for photo in group.members)
    known = [(photo, group) for chain in dated for group in chain if len(group.members) > 1 for photo in group.members]
    originals = _Originals(known, times, like)
    joined: set[AssetId] = set()
    alone = [group for chain in dated for group in chain if len(group.members) == 1]
    for group in sorted(alone, key=lambda group: (not group.members[0].camera, order(group.members[0]))):
        (photo,) = group.members
        if originals.take_in(photo, apart):
            joined.add(photo.asset)
        else:
            originals.add(photo, group)
    begun: list[list[Growing]] = []
    for photo in sorted(undated, key=order):
        if not originals.take_in(photo, apart):
            begun.append([Growing(photo)])
            originals.add(photo, begun[-1][0])
    stayed = [[group for group in chain if group.members[0].asset not in joined] for chain in dated]
    for before, chain in zip(dated, stayed, strict=True):
        if chain:
            chain[0].elsewhere = joined & {group.members[0].asset for group in before}
    return [chain for chain in (*stayed, *begun) if chain]


class _Originals:
    """Photos that others may be copies of, and the groups in which they stand."""

    def __init__(
        self, known: Sequence[tuple[EmbeddedPhoto, Growing]], times: frozenset[AssetId], like: Likeness
    ) -> None:
        self._known = list(known)
        self._vectors = _Rows([photo.vector for photo, _ in known])
        self._times = times
        self._like = like

    def add(self, photo: EmbeddedPhoto, group: Growing) -> None:
        self._known.append((photo, group))
        self._vectors.append(photo.vector)

    def take_in(self, photo: EmbeddedPhoto, apart: Pairs) -> bool:
        """Let the photo join the group of the original that it is likest to, if there is one with room for it."""
        if (found := self._of(photo, apart)) is None:
            return False
        original, group = found
        group.add(photo, _bond(original, photo))
        return True

    def _of(self, photo: EmbeddedPhoto, apart: Pairs) -> tuple[EmbeddedPhoto, Growing] | None:
        if not self._known or self._like.copy is None:
            return None
        likely = np.flatnonzero(self._vectors.rows @ photo.vector >= self._like.copy)
        found = [self._known[int(index)] for index in likely]
        fit = [
            (original, group)
            for original, group in found
            if self._may_be(original, photo)
            and self._like.is_copy(original, photo)
            and group.has_room(photo, self._like.policy.maximum_size, apart)
        ]
        return min(fit, key=lambda one: _rank(one[0], photo), default=None)

    def _may_be(self, original: EmbeddedPhoto, photo: EmbeddedPhoto) -> bool:
        if original.account != photo.account:
            return False
        if not (original.camera and photo.camera) or not {original.asset, photo.asset} <= self._times:
            return True
        return is_edit_by_name(original, photo)


class _Rows:
    """Vectors one below the other, with room to grow."""

    def __init__(self, vectors: Sequence[NDArray[np.float32]]) -> None:
        self._count = len(vectors)
        self._rows = np.stack(vectors) if vectors else np.empty((0, 0), np.float32)

    @property
    def rows(self) -> NDArray[np.float32]:
        return self._rows[: self._count]

    def append(self, vector: NDArray[np.float32]) -> None:
        if self._count == len(self._rows):
            more = np.empty((max(16, self._count), len(vector)), np.float32)
            self._rows = np.concatenate([self._rows.reshape(-1, len(vector)), more])
        self._rows[self._count] = vector
        self._count += 1


def _rank(original: EmbeddedPhoto, photo: EmbeddedPhoto) -> tuple[float, int, float, AssetId]:
    return (
        -cosine(original.vector, photo.vector),
        hamming(original.phash, photo.phash),
        gap_s(original, photo),
        original.asset,
    )


def _bond(original: EmbeddedPhoto, photo: EmbeddedPhoto) -> Bond:
    return Bond(
        rule=COPY_RULE,
        cosine=cosine(original.vector, photo.vector),
        bits=hamming(original.phash, photo.phash),
        gap_s=0.0,
    )
