"""The Auto Stacker's rule, for those who want it: any one likeness within a day is enough (facts: peers.md 1.1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from reactor.core.changes import Reason
from reactor.core.growing import ALONE_RULE, Group, Pairs
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.stack_policy import StackPolicy

HIGH_RULE = "of one day, and they look the same"
STRICT_RULE = "of one day, and of the same structure"
BOTH_RULE = "of one day, and alike in looks and structure"

BLOCK = 512
"""Photos that are held against all others of their day at a time; bounds the memory."""


@dataclass(frozen=True, kw_only=True)
class AutoStackerPolicy:
    """The numbers of the Auto Stacker: cosines as they are, hashes in differing bits of 64."""

    high_clip: float = 0.94
    low_clip: float = 0.90
    phash_strict: int = 3
    phash_loose: int = 5
    maximum_size: int = 100


def auto_stacker(policy: StackPolicy) -> AutoStackerPolicy:
    """Return the numbers of the Auto Stacker's rule as a policy for that rule names them."""
    usual = AutoStackerPolicy()
    return AutoStackerPolicy(
        high_clip=policy.high_clip if policy.high_clip is not None else usual.high_clip,
        low_clip=policy.low_clip if policy.low_clip is not None else usual.low_clip,
        phash_strict=policy.near_phash,
        phash_loose=policy.wide_phash,
        maximum_size=policy.maximum_size,
    )


def partition_days(
    photos: Sequence[EmbeddedPhoto], policy: AutoStackerPolicy, apart: Pairs = frozenset()
) -> tuple[Group, ...]:
    """Put every photo into exactly one group, whatever the order in which the photos are given.

    Photos of one account and one local day that any chain of likenesses joins are a group; more than the policy's
    size are cut into runs in order of time. The likest join first, and a join is refused that would bring a pair of
    ``apart`` together. Videos are left out.
    """
    stills = sorted((photo for photo in photos if photo.kind == "IMAGE"), key=_order)
    groups: list[tuple[EmbeddedPhoto, Group]] = []
    for _, members in groupby(stills, key=lambda photo: (photo.account, local_day(photo))):
        day = list(members)
        for component in _components(_Day(day), policy):
            for begin in range(0, len(component), policy.maximum_size):
                run = [day[number] for number in component[begin : begin + policy.maximum_size]]
                groups += [(grown.members[0], grown.group()) for grown in _linked(run, policy, apart)]
    return tuple(group for _, group in sorted(groups, key=lambda found: _order(found[0])))


def local_day(photo: EmbeddedPhoto) -> date:
    """Return the day on the photographer's calendar, or that of UTC where it is not known."""
    return photo.day if photo.day is not None else photo.taken_at.astimezone(UTC).date()


def _order(photo: EmbeddedPhoto) -> tuple[AccountId, date, float, AssetId]:
    return (photo.account, local_day(photo), photo.taken_at.timestamp(), photo.asset)


class _Day:
    """The photos of a day as arrays: unit vectors [n, D] and hashes [n]."""

    def __init__(self, photos: Sequence[EmbeddedPhoto]) -> None:
        self.count = len(photos)
        self._vectors = np.stack([photo.vector for photo in photos])
        self._hashes = np.array([photo.phash for photo in photos], np.uint64)

    def against(self, begin: int, end: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return cosines and differing bits [end - begin, n - begin] of some photos and all from the first of them."""
        cosines = self._vectors[begin:end] @ self._vectors[begin:].T
        return cosines, np.bitwise_count(self._hashes[begin:end, None] ^ self._hashes[None, begin:])


def _accepted(cosines: NDArray[np.float32], bits: NDArray[np.uint8], policy: AutoStackerPolicy) -> NDArray[np.bool_]:
    both = (cosines >= policy.low_clip) & (bits <= policy.phash_loose)
    return np.asarray((bits <= policy.phash_strict) | (cosines >= policy.high_clip) | both)


def _components(day: _Day, policy: AutoStackerPolicy) -> Iterator[list[int]]:
    """Yield the connected components of the day, each in order."""
    root = np.arange(day.count)
    for begin in range(0, day.count, BLOCK):
        cosines, bits = day.against(begin, min(begin + BLOCK, day.count))
        one, other = np.nonzero(_accepted(cosines, bits, policy))
        root = _joined(root, one + begin, other + begin)
    order = np.argsort(root, kind="stable")
    ends = np.flatnonzero(np.diff(root[order])) + 1
    for members in np.split(order, ends):
        yield members.tolist()


def _joined(root: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return of each photo the first of its component, once the pairs are joined as well."""
    while True:
        left, right = root[one], root[other]
        apart = left != right
        if not apart.any():
            return root
        one, other = one[apart], other[apart]
        low, high = np.minimum(left[apart], right[apart]), np.maximum(left[apart], right[apart])
        # Every root points at the lowest one that it meets, and the chains of pointers are shortened to one step.
        parent = np.arange(len(root))
        np.minimum.at(parent, high, low)
        while (shorter := parent[parent]).tolist() != parent.tolist():
            parent = shorter
        root = parent[root]


class _Linked:
    """Photos that were joined, in order of time, and the weakest of the bonds that joined them."""

    def __init__(self, photo: EmbeddedPhoto) -> None:
        self.members = [photo]
        self.bonds: list[tuple[float, int, str]] = []

    def join(self, other: "_Linked", bond: tuple[float, int, str]) -> None:
        self.members = sorted(self.members + other.members, key=_order)
        self.bonds += [*other.bonds, bond]

    def group(self) -> Group:
        members = tuple(photo.asset for photo in self.members)
        if not self.bonds:
            return Group(members=members, reason=Reason(rule=ALONE_RULE))
        cosine, _, rule = min(self.bonds)
        scores = (("lowest cosine", round(cosine, 4)), ("most pHash bits", float(max(bond[1] for bond in self.bonds))))
        return Group(members=members, reason=Reason(rule=rule, scores=scores))


def _linked(run: Sequence[EmbeddedPhoto], policy: AutoStackerPolicy, apart: Pairs) -> list[_Linked]:
    """Join a run of photos by single linkage, the likest pair first; ties go by the order of the photos."""
    linked = [_Linked(photo) for photo in run]
    if len(run) == 1:
        return linked
    cosines, bits = _Day(run).against(0, len(run))
    one, other = np.nonzero(np.triu(_accepted(cosines, bits, policy), 1))
    likest = np.lexsort((other, one, bits[one, other], -cosines[one, other]))
    for left, right in zip(one[likest].tolist(), other[likest].tolist(), strict=True):
        first, second = linked[left], linked[right]
        if first is second or _kept_apart(first, second, apart):
            continue
        cosine, differing = float(cosines[left, right]), int(bits[left, right])
        first.join(second, (cosine, differing, _rule(cosine, differing, policy)))
        linked = [first if each is second else each for each in linked]
    return list(dict.fromkeys(linked))


def _rule(cosine: float, bits: int, policy: AutoStackerPolicy) -> str:
    if cosine >= policy.high_clip:
        return HIGH_RULE
    return STRICT_RULE if bits <= policy.phash_strict else BOTH_RULE


def _kept_apart(one: _Linked, other: _Linked, apart: Pairs) -> bool:
    return bool(apart) and any(
        frozenset((left.asset, right.asset)) in apart for left in one.members for right in other.members
    )
