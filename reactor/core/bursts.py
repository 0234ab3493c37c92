"""Which photos belong together: capture time, camera and vision looked at jointly, as a pure partition.

What a group is hangs on the photos near by alone: those that one camera took within ``reach_s`` of it, and those that
are all but the same picture. So the same photos end in the same groups in whatever order they arrive.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from reactor.core.copies import attach
from reactor.core.growing import Group, Growing, Pairs, order
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.likeness import likeness
from reactor.core.lines import chains, trusted
from reactor.core.stack_policy import StackPolicy

Family = tuple[Group, ...]
"""The groups of one chain of photos: what comes to any of it may change any of them."""


def reach(policy: StackPolicy) -> timedelta:
    """Return how far from a photo, before and after, others may bear on any group that it may bear on.

    It bears on groups of its chain up to a span and a gap away; whether those photos stand in a long chain is told by
    as much again, and whether their times are trusted by another span.
    """
    return timedelta(seconds=3 * policy.maximum_span_s + 2 * policy.gap_s)


def partition(
    photos: Sequence[EmbeddedPhoto],
    policy: StackPolicy,
    random_pair_cosine: float | None,
    apart: Pairs = frozenset(),
) -> tuple[Group, ...]:
    """Put every photo into exactly one group, whatever the order in which the photos are given; as ``families``."""
    return tuple(group for family in families(photos, policy, random_pair_cosine, apart) for group in family)


def families(
    photos: Sequence[EmbeddedPhoto],
    policy: StackPolicy,
    random_pair_cosine: float | None,
    apart: Pairs = frozenset(),
) -> tuple[Family, ...]:
    """Put every photo into exactly one group and return the groups chain by chain; videos are left out.

    ``random_pair_cosine`` is None while the model is not measured: then only near-identical pictures that one camera
    took in a row join. ``apart`` holds pairs that never stand together.
    """
    like = likeness(policy, random_pair_cosine)
    stills = sorted((photo for photo in photos if photo.kind == "IMAGE"), key=_by_line)
    place = {photo.asset: index for index, photo in enumerate(stills)}
    dated: list[list[Growing]] = []
    undated: list[EmbeddedPhoto] = []
    for _, members in groupby(stills, key=lambda photo: (photo.account, photo.camera)):
        line = list(members)
        times = trusted(line, policy.maximum_span_s)
        dated += chains([photo for photo in line if photo.asset in times], like, apart)
        undated += [photo for photo in line if photo.asset not in times]
    grown = sorted(
        ([group.group() for group in chain] for chain in attach(dated, undated, like, apart)),
        key=lambda family: place[family[0].members[0]],
    )
    return tuple(map(tuple, grown))


def _by_line(photo: EmbeddedPhoto) -> tuple[AccountId, str, float, AssetId]:
    return (photo.account, photo.camera, *order(photo))
