"""A group of photos while it grows, and why each of its members may join it."""

from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from reactor.core.changes import Reason
from reactor.core.ids import AssetId
from reactor.core.images import hamming
from reactor.core.library import EmbeddedPhoto
from reactor.core.likeness import Likeness, is_one_shot
from reactor.core.vectors import cosine

BURST_RULE = "the camera counts them as one burst"
ALIKE_RULE = "one camera, taken in a row, and alike"
NEAR_RULE = "one camera, taken in a row, and nearly identical"
SHOT_RULE = "files of one shot"
COPY_RULE = "copies of one picture"
ALONE_RULE = "no other photo belongs to it"

SURE = (BURST_RULE, SHOT_RULE)

Pairs = frozenset[frozenset[AssetId]]
"""Pairs of photos that never stand together."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Photos that belong together, in order of time and then of id; a photo alone is a group of one."""

    members: tuple[AssetId, ...]
    reason: Reason
    row: frozenset[AssetId] = frozenset()
    """The members that one camera took in a row; the others are copies, or what these are copies of."""
    elsewhere: frozenset[AssetId] = frozenset()
    """Photos of the same chain, told by one of its groups, that stand in other groups as copies."""


@dataclass(frozen=True, kw_only=True)
class Bond:
    """Why a photo may join a group: the rule, and the numbers against the member that it joins by."""

    rule: str
    cosine: float
    bits: int
    gap_s: float

    @property
    def rank(self) -> tuple[bool, float, float]:
        return (self.rule in SURE, self.cosine, -self.gap_s)


def order(photo: EmbeddedPhoto) -> tuple[float, AssetId]:
    """Return what photos are ordered by: the capture time, then the id."""
    return (photo.taken_at.timestamp(), photo.asset)


def gap_s(one: EmbeddedPhoto, other: EmbeddedPhoto) -> float:
    """Return how many seconds lie between two photos."""
    return abs((other.taken_at - one.taken_at).total_seconds())


class Growing:
    """A group while it grows: its members in the order of joining, and the sum of their vectors."""

    def __init__(self, first: EmbeddedPhoto) -> None:
        self.members = [first]
        self.bursts = {first.burst_id} - {None}
        self.elsewhere: set[AssetId] = set()
        self._total: NDArray[np.float32] = first.vector.copy()
        self._bonds: list[Bond] = []

    def add(self, photo: EmbeddedPhoto, bond: Bond) -> None:
        self.members.append(photo)
        self.bursts |= {photo.burst_id} - {None}
        self._total += photo.vector
        self._bonds.append(bond)

    def age_s(self, photo: EmbeddedPhoto) -> float:
        """Return how many seconds after the first member the photo was taken."""
        return gap_s(self.members[0], photo)

    def centroid_cosine(self, photo: EmbeddedPhoto) -> float:
        return float(self._total @ photo.vector) / max(float(np.linalg.norm(self._total)), 1e-9)

    def median_bits(self, photo: EmbeddedPhoto) -> float:
        return float(median(hamming(member.phash, photo.phash) for member in self.members))

    def has_room(self, photo: EmbeddedPhoto, size: int, apart: Pairs) -> bool:
        """Say whether the group may grow by the photo at all."""
        if len(self.members) >= size:
            return False
        return not apart or not any(frozenset((member.asset, photo.asset)) in apart for member in self.members)

    def group(self) -> Group:
        """Return what has grown."""
        members = tuple(photo.asset for photo in sorted(self.members, key=order))
        if not self._bonds:
            return Group(members=members, reason=Reason(rule=ALONE_RULE), elsewhere=frozenset(self.elsewhere))
        weakest = min(self._bonds, key=lambda bond: (bond.rule in SURE, bond.cosine))
        scores = [
            ("lowest cosine", round(min(bond.cosine for bond in self._bonds), 4)),
            ("most pHash bits", float(max(bond.bits for bond in self._bonds))),
        ]
        # Copies join when all rows have grown.
        gaps = [bond.gap_s for bond in self._bonds if bond.rule != COPY_RULE]
        scores += [("longest gap s", round(max(gaps), 3))] if gaps else []
        row = frozenset(photo.asset for photo in self.members[: len(gaps) + 1]) if gaps else frozenset()
        reason = Reason(rule=weakest.rule, scores=tuple(scores))
        return Group(members=members, reason=reason, row=row, elsewhere=frozenset(self.elsewhere))


def joining(group: Growing, photo: EmbeddedPhoto, like: Likeness) -> Bond | None:
    """Return why a photo of the same camera may join a group that has room, None if it may not.

    It must agree with the last member, and at least loosely with the group as a whole.
    """
    last = group.members[-1]
    gap = gap_s(last, photo)
    rule = None
    if photo.burst_id is not None and photo.burst_id in group.bursts:
        rule = BURST_RULE
    elif gap > like.policy.gap_s:
        return None
    elif any(is_one_shot(member, photo, gap_s(member, photo)) for member in group.members[-2:]):
        rule = SHOT_RULE if like.is_loosely_alike(last, photo) else None
    if rule is None:
        rule = _seen(group, photo, gap, like)
    if rule is None:
        return None
    return Bond(
        rule=rule,
        cosine=cosine(last.vector, photo.vector),
        bits=hamming(last.phash, photo.phash),
        gap_s=gap,
    )


def _seen(group: Growing, photo: EmbeddedPhoto, gap: float, like: Likeness) -> str | None:
    last, policy = group.members[-1], like.policy
    # A measured model sees more than a hash, so it is asked unless light may have deceived it.
    by_structure = like.same is None or gap <= policy.bracket_s
    if by_structure and like.is_near(last, photo) and group.median_bits(photo) <= 2 * policy.near_phash:
        return NEAR_RULE
    if like.wide is None or group.centroid_cosine(photo) < like.wide:
        return None
    return ALIKE_RULE if like.is_same_view(last, photo) else None
