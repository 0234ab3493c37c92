"""What other tools would stack of the same photos, to be set beside the reactor's own rule."""

from collections.abc import Mapping, Sequence

from reactor.core.auto_stacker import AutoStackerPolicy, partition_days
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto

Stacks = frozenset[frozenset[AssetId]]

AUTO_STACKER = "Auto Stacker"
GAPS_S = {"immich-go (500 ms)": 0.5, "immich-stack (1 s)": 1.0}
"""Seconds after which a series of photos ends (facts: peers.md 1.4 and 1.6); of immich-stack its part about time."""


def other_rules(photos: Sequence[EmbeddedPhoto]) -> Mapping[str, Stacks]:
    """Return by name the stacks that each rule makes of the photos of one account."""
    # The Auto Stacker knows no largest stack.
    policy = AutoStackerPolicy(maximum_size=max(1, len(photos)))
    days = frozenset(frozenset(group.members) for group in partition_days(photos, policy) if len(group.members) > 1)
    return {AUTO_STACKER: days} | {name: series(photos, gap) for name, gap in GAPS_S.items()}


def series(photos: Sequence[EmbeddedPhoto], gap_s: float) -> Stacks:
    """Return the rows of two photos or more in which none is more than ``gap_s`` after the one before."""
    rows: list[list[EmbeddedPhoto]] = []
    for photo in sorted(photos, key=lambda photo: (photo.taken_at, photo.asset)):
        if rows and (photo.taken_at - rows[-1][-1].taken_at).total_seconds() <= gap_s:
            rows[-1].append(photo)
        else:
            rows.append([photo])
    return frozenset(frozenset(photo.asset for photo in row) for row in rows if len(row) > 1)
