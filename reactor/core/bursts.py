"""Which photos belong together: capture time, camera and vision looked at jointly, as a pure partition.

What a group is hangs on the photos near by alone: those that one camera took within ``reach_s`` of it, and those that
are all but the same picture. So the same photos end in the same groups in whatever order they arrive.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby

from reactor.core.auto_stacker import auto_stacker, local_day, partition_days
from reactor.core.copies import attach
from reactor.core.growing import Group, Growing, Pairs, order
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.likeness import likeness
from reactor.core.lines import chains, trusted
from reactor.core.stack_policy import StackPolicy

Family = tuple[Group, ...]
"""The groups of one chain of photos, or of one day: what comes to any of it may change any of them."""
A_DAY = timedelta(hours=38)
"""Two photos of one local day lie no farther apart, though one was taken where it dawned and one where it ended."""


def reach(policy: StackPolicy) -> timedelta:
    """Return how far from a photo, before and after, others may bear on any group that it may bear on.

    It bears on groups that come as near as ``bearing``. Those end a span farther off at most, and whether their photos
    stand in a long chain is told by as much as that again. By the Auto Stacker's rule it is a day, wherever on earth.
    """
    if policy.rule == "auto-stacker":
        return A_DAY
    return 2 * bearing(policy) + timedelta(seconds=policy.maximum_span_s)


def bearing(policy: StackPolicy) -> timedelta:
    """Return how near to a photo, before or after, a group must come for the photo to bear on it.

    Farther off its chain is long with it or without it, and is cut where the clock strikes.
    """
    return timedelta(seconds=policy.maximum_span_s + policy.gap_s)


def near(centres: Iterable[EmbeddedPhoto], policy: StackPolicy) -> Callable[[EmbeddedPhoto], bool]:
    """Return what says of a photo whether one of the centres bears on its group."""
    centres = tuple(centres)
    if policy.rule == "auto-stacker":
        days = {local_day(photo) for photo in centres}
        return lambda photo: local_day(photo) in days
    themselves = {photo.asset for photo in centres}
    lines: dict[str, list[float]] = {}
    for photo in centres:
        lines.setdefault(photo.camera, []).append(photo.taken_at.timestamp())
    times = {camera: sorted(line) for camera, line in lines.items()}
    margin = bearing(policy).total_seconds()

    def is_near(photo: EmbeddedPhoto) -> bool:
        line, at = times.get(photo.camera, []), photo.taken_at.timestamp()
        return photo.asset in themselves or bisect_left(line, at - margin) < bisect_right(line, at + margin)

    return is_near


def stretches(photos: Iterable[EmbeddedPhoto], policy: StackPolicy) -> list[list[EmbeddedPhoto]]:
    """Return photos stretch by stretch, each so far from the next in time that no other bears on both."""
    found: list[list[EmbeddedPhoto]] = []
    for photo in sorted(photos, key=order):
        if found and photo.taken_at - found[-1][-1].taken_at <= 2 * reach(policy):
            found[-1].append(photo)
        else:
            found.append([photo])
    return found


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
    beside: Sequence[EmbeddedPhoto] = (),
) -> tuple[Family, ...]:
    """Put every photo into exactly one group and return the groups chain by chain; videos are left out.

    ``random_pair_cosine`` is None while the model is not measured: then only near-identical pictures that one camera
    took in a row join. ``apart`` holds pairs that never stand together. Photos ``beside`` are put into no group, but
    tell with the others whose times are to be trusted.
    """
    if policy.rule == "auto-stacker":
        return _days(photos, policy, apart)
    like = likeness(policy, random_pair_cosine)
    stills = sorted((photo for photo in photos if photo.kind == "IMAGE"), key=_by_line)
    place = {photo.asset: index for index, photo in enumerate(stills)}
    times = dated([*photos, *beside], policy)
    in_a_row: list[list[Growing]] = []
    for _, line in groupby(stills, key=_line):
        in_a_row += chains([photo for photo in line if photo.asset in times], like, apart)
    undated = [photo for photo in stills if photo.asset not in times]
    grown = sorted(
        ([group.group() for group in chain] for chain in attach(in_a_row, undated, like, apart)),
        key=lambda family: place[family[0].members[0]],
    )
    return tuple(map(tuple, grown))


def dated(photos: Sequence[EmbeddedPhoto], policy: StackPolicy) -> frozenset[AssetId]:
    """Return the photos whose capture times are to be trusted; each may be given several times.

    The Auto Stacker trusts them all.
    """
    if policy.rule == "auto-stacker":
        return frozenset(photo.asset for photo in photos)
    once = {photo.asset: photo for photo in photos if photo.kind == "IMAGE"}
    lines = groupby(sorted(once.values(), key=_by_line), key=_line)
    return frozenset(asset for _, line in lines for asset in trusted(list(line), policy.maximum_span_s))


def _days(photos: Sequence[EmbeddedPhoto], policy: StackPolicy, apart: Pairs) -> tuple[Family, ...]:
    day_of = {photo.asset: local_day(photo) for photo in photos}
    groups = partition_days(photos, auto_stacker(policy), apart)
    found: dict[date, list[Group]] = {}
    for group in groups:
        found.setdefault(day_of[group.members[0]], []).append(group)
    return tuple(map(tuple, found.values()))


def _line(photo: EmbeddedPhoto) -> tuple[AccountId, str]:
    return (photo.account, photo.camera)


def _by_line(photo: EmbeddedPhoto) -> tuple[AccountId, str, float, AssetId]:
    return (*_line(photo), *order(photo))
