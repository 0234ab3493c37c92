"""Which photos belong together: capture time, camera and vision looked at jointly, as a pure partition."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from reactor.core.changes import Reason
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.stack_policy import StackPolicy
from reactor.core.vectors import share_to_cosine

BURST_RULE = "the camera counts them as one burst"
ALIKE_RULE = "one camera, taken in a row, and alike"
NEAR_RULE = "one camera, taken in a row, and nearly identical"
ALONE_RULE = "no other photo belongs to it"

IN_TURNS = 32
"""A photo looks at so many groups at most, the last to grow; files without a capture time come by the thousand."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Photos that belong together, in order of time and then of id; a photo alone is a group of one."""

    members: tuple[AssetId, ...]
    reason: Reason


def partition(
    photos: Sequence[EmbeddedPhoto],
    policy: StackPolicy,
    random_pair_cosine: float | None,
    apart: frozenset[frozenset[AssetId]] = frozenset(),
) -> tuple[Group, ...]:
    """Put every photo into exactly one group, whatever the order in which the photos are given.

    Each photo, in order of time, joins the growing group that it agrees with best, or starts its own. Videos are left
    out. ``random_pair_cosine`` is None while the model is not measured: then only near-identical pictures join.
    ``apart`` holds pairs that never stand together.
    """
    rule = _Rule(policy=policy, floor=random_pair_cosine, apart=apart)
    stills = sorted((photo for photo in photos if photo.kind == "IMAGE"), key=_order)
    lines = groupby(stills, key=lambda photo: (photo.account, photo.camera))
    return tuple(grown.group() for _, line in lines for grown in _grow(line, rule))


def _order(photo: EmbeddedPhoto) -> tuple[AccountId, str, float, AssetId]:
    return (photo.account, photo.camera, photo.taken_at.timestamp(), photo.asset)


def _grow(line: Iterator[EmbeddedPhoto], rule: "_Rule") -> list["_Growing"]:
    groups: list[_Growing] = []
    growing: list[_Growing] = []
    for photo in line:
        growing = [group for group in growing[-IN_TURNS:] if group.age(photo) <= rule.policy.maximum_span_s]
        offers = [(bond, group) for group in growing if (bond := rule.bond(group, photo)) is not None]
        if offers:
            bond, best = max(offers, key=lambda offer: offer[0].rank)
            best.add(photo, bond)
            growing.remove(best)
        else:
            best = _Growing(photo)
            groups.append(best)
        growing.append(best)
    return groups


@dataclass(frozen=True, kw_only=True)
class _Bond:
    """Why a photo may join a group."""

    rule: str
    cosine: float
    bits: int
    gap_s: float

    @property
    def rank(self) -> tuple[bool, float, float]:
        return (self.rule == BURST_RULE, self.cosine, -self.gap_s)


class _Growing:
    """A group while it grows: its members in order of time, and the sum of their vectors."""

    def __init__(self, first: EmbeddedPhoto) -> None:
        self.members = [first]
        self.total: NDArray[np.float32] = first.vector.copy()
        self.bursts = {first.burst_id} - {None}
        self.bonds: list[_Bond] = []

    def add(self, photo: EmbeddedPhoto, bond: _Bond) -> None:
        self.members.append(photo)
        self.total += photo.vector
        self.bursts |= {photo.burst_id} - {None}
        self.bonds.append(bond)

    def age(self, photo: EmbeddedPhoto) -> float:
        return (photo.taken_at - self.members[0].taken_at).total_seconds()

    def centroid_cosine(self, photo: EmbeddedPhoto) -> float:
        return float(self.total @ photo.vector) / max(float(np.linalg.norm(self.total)), 1e-9)

    def median_bits(self, photo: EmbeddedPhoto) -> float:
        return float(np.median([bits_apart(member, photo) for member in self.members]))

    def group(self) -> Group:
        members = tuple(photo.asset for photo in self.members)
        if not self.bonds:
            return Group(members=members, reason=Reason(rule=ALONE_RULE))
        weakest = min(self.bonds, key=lambda bond: (bond.rule == BURST_RULE, bond.cosine))
        scores = (
            ("lowest cosine", round(min(bond.cosine for bond in self.bonds), 4)),
            ("most pHash bits", float(max(bond.bits for bond in self.bonds))),
            ("longest gap s", round(max(bond.gap_s for bond in self.bonds), 3)),
        )
        return Group(members=members, reason=Reason(rule=weakest.rule, scores=scores))


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """The policy with the model's measure put in."""

    policy: StackPolicy
    floor: float | None
    apart: frozenset[frozenset[AssetId]]

    def bond(self, group: _Growing, photo: EmbeddedPhoto) -> _Bond | None:
        """Return why the photo may join the group, or None; the group is within the span already."""
        if len(group.members) >= self.policy.maximum_size or self._kept_apart(group, photo):
            return None
        last = group.members[-1]
        gap = (photo.taken_at - last.taken_at).total_seconds()
        same_burst = photo.burst_id is not None and photo.burst_id in group.bursts
        if gap > self.policy.gap_s and not same_burst:
            return None
        cosine, bits = float(last.vector @ photo.vector), bits_apart(last, photo)
        if same_burst:
            return _Bond(rule=BURST_RULE, cosine=cosine, bits=bits, gap_s=gap)
        if self._near(group, photo, bits, gap):
            return _Bond(rule=NEAR_RULE, cosine=cosine, bits=bits, gap_s=gap)
        if self.floor is not None and self._alike(self.floor, cosine, bits, group.centroid_cosine(photo)):
            return _Bond(rule=ALIKE_RULE, cosine=cosine, bits=bits, gap_s=gap)
        return None

    def _kept_apart(self, group: _Growing, photo: EmbeddedPhoto) -> bool:
        return bool(self.apart) and any(
            frozenset((member.asset, photo.asset)) in self.apart for member in group.members
        )

    def _near(self, group: _Growing, photo: EmbeddedPhoto, bits: int, gap: float) -> bool:
        # A measured model sees more than a hash, so it is asked unless light may have deceived it.
        near = bits <= self.policy.near_phash and (self.floor is None or gap <= self.policy.bracket_s)
        return near and group.median_bits(photo) <= 2 * self.policy.near_phash

    def _alike(self, floor: float, cosine: float, bits: int, centroid_cosine: float) -> bool:
        """Agree with the nearest neighbour in time, and at least loosely with the group as a whole."""
        same, wide = share_to_cosine(self.policy.share, floor), share_to_cosine(self.policy.wide_share, floor)
        with_neighbour = cosine >= same or (cosine >= wide and bits <= self.policy.wide_phash)
        return with_neighbour and centroid_cosine >= wide


def bits_apart(one: EmbeddedPhoto, other: EmbeddedPhoto) -> int:
    """Return the number of differing bits of two perceptual hashes, 0 to 64."""
    return (one.phash ^ other.phash).bit_count()
