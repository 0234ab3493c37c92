"""What one camera took in a row: photos in the order of their times, chained by likeness, grown into groups."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from reactor.core.growing import Growing, Pairs, joining
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.likeness import Likeness, is_one_shot

IN_TURNS = 32
"""A photo looks at so many groups at most, the last to grow: who takes motifs in turns takes few of them."""
PILE = 40
"""No camera takes more frames of one moment, so that moment was written by something else: an import, a download."""


def trusted(line: Sequence[EmbeddedPhoto], span_s: float) -> frozenset[AssetId]:
    """Return which photos of a camera, in order, have a capture time that tells when they were taken.

    Photos of one moment by the dozen (of no named camera: two), and neighbours that all lie on whole minutes, were
    dated by an import or a download that kept no seconds. Who tells of a burst tells the time.
    """
    piles = Counter(photo.taken_at for photo in line)
    minutes = [photo.taken_at.timestamp() for photo in line if _is_whole_minute(photo)]

    def is_trusted(photo: EmbeddedPhoto) -> bool:
        if photo.burst_id is not None:
            return True
        if piles[photo.taken_at] > (PILE if photo.camera else 1):
            return False
        return not (_is_whole_minute(photo) and _has_company(photo, minutes, span_s))

    return frozenset(photo.asset for photo in line if is_trusted(photo))


def chains(line: Sequence[EmbeddedPhoto], like: Likeness, apart: Pairs) -> list[list[Growing]]:
    """Return the groups of one camera's photos, given in order, chain by chain.

    A chain joins photos that may stand in one group by time and look; no group reaches beyond its chain. One that is
    longer than a group may span is cut where the clock strikes a multiple of the span: then where a group ends hangs
    on the photos near by, and not on where the chain began, however long ago.
    """
    found: list[list[Growing]] = []
    if not line:
        return found
    for chain in _chained(line, like):
        span = like.policy.maximum_span_s
        is_long = (chain[-1].taken_at - chain[0].taken_at).total_seconds() > span
        parts = groupby(chain, key=lambda photo: int(photo.taken_at.timestamp() // span) if is_long else 0)
        found.append([grown for _, part in parts for grown in _grown(list(part), like, apart)])
    return found


def _is_whole_minute(photo: EmbeddedPhoto) -> bool:
    return photo.taken_at.second == 0 and photo.taken_at.microsecond == 0


def _has_company(photo: EmbeddedPhoto, minutes: Sequence[float], span_s: float) -> bool:
    at = photo.taken_at.timestamp()
    return bisect_right(minutes, at + span_s) - bisect_left(minutes, at - span_s) > 1


def _chained(line: Sequence[EmbeddedPhoto], like: Likeness) -> list[list[EmbeddedPhoto]]:
    """Return the photos chain by chain; each chain and all of them in order."""
    first = list(range(len(line)))

    def root(index: int) -> int:
        while first[index] != index:
            first[index] = first[first[index]]
            index = first[index]
        return index

    for one, other in _links(line, like):
        older, newer = sorted((root(one), root(other)))
        first[newer] = older
    found: dict[int, list[EmbeddedPhoto]] = {}
    for index, photo in enumerate(line):
        found.setdefault(root(index), []).append(photo)
    return list(found.values())


def _links(line: Sequence[EmbeddedPhoto], like: Likeness) -> list[tuple[int, int]]:
    """Return pairs that a group may join, as indices; more than it will, for the group as a whole must agree too."""
    if len(line) < 2:
        return []
    policy = like.policy
    least = min(like.same, like.wide) if like.same is not None and like.wide is not None else 2.0
    times = np.array([photo.taken_at.timestamp() for photo in line])
    vectors = np.stack([photo.vector for photo in line])
    hashes = np.array([photo.phash for photo in line], dtype=np.uint64)
    ends = np.searchsorted(times, times + policy.gap_s, side="right")
    links: list[tuple[int, int]] = []
    newest_of: dict[str, int] = {}
    for index, photo in enumerate(line):
        after = slice(index + 1, int(ends[index]))
        if after.start < after.stop:
            near = np.bitwise_count(hashes[after] ^ hashes[index]) <= policy.near_phash
            linked = near | (vectors[after] @ photo.vector >= least)
            links += [(index, index + 1 + other) for other in np.flatnonzero(linked).tolist()]
        if index and is_one_shot(line[index - 1], photo, times[index] - times[index - 1]):
            links.append((index - 1, index))
        if photo.burst_id is not None:
            before = newest_of.get(photo.burst_id)
            if before is not None and times[index] - times[before] <= policy.maximum_span_s:
                links.append((before, index))
            newest_of[photo.burst_id] = index
    return links


def _grown(chain: Sequence[EmbeddedPhoto], like: Likeness, apart: Pairs) -> list[Growing]:
    """Let each photo, in order of time, join the growing group that it agrees with best, or begin its own."""
    policy = like.policy
    groups: list[Growing] = []
    growing: list[Growing] = []
    for photo in chain:
        growing = [group for group in growing[-IN_TURNS:] if group.age_s(photo) <= policy.maximum_span_s]
        offers = [
            (bond, group)
            for group in growing
            if group.has_room(photo, policy.maximum_size, apart) and (bond := joining(group, photo, like)) is not None
        ]
        if offers:
            bond, best = max(offers, key=lambda offer: offer[0].rank)
            best.add(photo, bond)
            growing.remove(best)
        else:
            best = Growing(photo)
            groups.append(best)
        growing.append(best)
    return groups
