"""What a household points its cameras at: true bursts and copies, and what looks like them and is none."""

from collections.abc import Mapping
from types import MappingProxyType

from models.training.burst_stage import Scene
from models.training.burst_traps import (
    bulk,
    doc_pages,
    fast_pan,
    minutes_later,
    near_time,
    next_day,
    pan,
    pan_half,
    same_class,
    screenshots,
    side_by_side,
    single,
    takeout,
    timelapse,
    two_cameras,
)
from models.training.bursts import (
    bracket,
    edited,
    grey,
    interrupted,
    moving,
    rapid,
    raw_pair,
    reframed,
    resaved,
    resaved_frame,
    slow,
)

SCENES: Mapping[str, tuple[Scene, int]] = MappingProxyType(
    {
        scene.__name__: (scene, share)
        for scene, share in (
            *((rapid, 6), (slow, 8), (reframed, 8), (bracket, 3), (moving, 4)),
            *((edited, 3), (grey, 1), (resaved, 3), (resaved_frame, 2), (raw_pair, 3), (interrupted, 2)),
            *((pan, 7), (pan_half, 2), (fast_pan, 2), (side_by_side, 3), (minutes_later, 6), (next_day, 5)),
            *((near_time, 3), (same_class, 4), (screenshots, 3), (doc_pages, 3), (bulk, 1), (takeout, 1)),
            *((two_cameras, 2), (single, 15), (timelapse, 0)),
        )
    }
)
"""Each scene and how often it is played in one round; one that is not played is made when it is asked for by name."""
