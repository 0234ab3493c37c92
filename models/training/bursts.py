"""What belongs together: bursts, the files of one shot, and copies."""

import random
from collections.abc import Iterator
from dataclasses import replace

from PIL import Image

from models.training.burst_frames import (
    exposed,
    moved,
    noisy,
    overlap,
    rescaled,
    see,
    somewhere,
    toned,
    trimmed,
    with_subject,
)
from models.training.burst_stage import DAY, Shot, Stage
from models.training.burst_traps import row_of

LEAST_REFRAMED = 0.65
"""Photos of a reframed burst show at least so much of each other's frame."""


def rapid(stage: Stage) -> Iterator[Shot]:
    """Yield a burst as of a held-down button."""
    return _by_hand(stage, "rapid", stage.rng.randint(3, 10), (0.1, 0.6), shift=0.02, turn=0.5, zoom=0.01)


def slow(stage: Stage) -> Iterator[Shot]:
    """Yield a burst of single presses."""
    return _by_hand(stage, "slow", stage.rng.randint(2, 10), (1.0, 5.0), shift=0.06, turn=1.5, zoom=0.03)


def reframed(stage: Stage) -> Iterator[Shot]:
    """Yield a burst in which the photographer steps and turns."""
    rng, base = stage.rng, stage.base()
    windows = [somewhere(rng, base, (0.55, 0.75), stage.ratio())]
    while len(windows) < 2 + rng.randrange(4):
        tried = moved(rng, base, windows[0], shift=0.3, turn=5, zoom=0.15)
        if all(overlap(tried, other) >= LEAST_REFRAMED for other in windows):
            windows.append(tried)
    for at, window in zip(stage.gaps(len(windows), 2, 9), windows, strict=True):
        least = min((overlap(window, other) for other in windows if other is not window), default=1.0)
        yield Shot(image=noisy(rng, see(base, window)), at=at, kind="burst", style="reframed", group="a", overlap=least)


def bracket(stage: Stage) -> Iterator[Shot]:
    """Yield three exposures of one view, as cameras do for high dynamic range."""
    rng, base = stage.rng, stage.base()
    window, stops = somewhere(rng, base, (0.6, 0.9), stage.ratio()), rng.uniform(1, 2)
    order = rng.choice(((0, -1, 1), (-1, 0, 1)))
    for at, step in zip(stage.gaps(3, 0.2, 0.8), order, strict=True):
        frame = see(base, moved(rng, base, window, shift=0.01, turn=0.2, zoom=0))
        yield Shot(
            image=noisy(rng, exposed(frame, step * stops), light=0), at=at, kind="burst", style="bracket", group="a"
        )


def moving(stage: Stage) -> Iterator[Shot]:
    """Yield a burst in which somebody walks through a still view."""
    rng, base, subject = stage.rng, stage.base(), stage.base()
    window, count = somewhere(rng, base, (0.6, 0.9), stage.ratio()), rng.randint(3, 7)
    begin, end, size = rng.uniform(0.15, 0.35), rng.uniform(0.65, 0.85), rng.uniform(0.3, 0.6)
    for number, at in enumerate(stage.gaps(count, 0.3, 1.5)):
        frame = see(base, moved(rng, base, window, shift=0.01, turn=0.3, zoom=0.005))
        place = (begin + (end - begin) * number / (count - 1), 0.95 - size / 2)
        shown = with_subject(frame, subject, place, size)
        yield Shot(image=noisy(rng, shown), at=at, kind="burst", style="moving", group="a")


def edited(stage: Stage) -> Iterator[Shot]:
    """Yield a photo and the copy that an editor made of it, which keeps its capture time and camera."""
    rng, base = stage.rng, stage.base()
    photo = noisy(rng, see(base, somewhere(rng, base, (0.6, 0.9), stage.ratio())))
    yield Shot(image=photo, at=0, kind="burst", style="edited", group="a", stem=0)
    gain, warm, colour = rng.uniform(0.85, 1.2), rng.uniform(-0.08, 0.08), rng.uniform(0.7, 1.5)
    copy = toned(trimmed(rng, photo, 0.05), gain=gain, warm=warm, colour=colour, contrast=rng.uniform(0.9, 1.25))
    suffix = rng.choice(("~2.jpg", "-edited.jpg", "_edit.jpg"))
    yield Shot(image=copy, at=0, kind="burst", style="edited", group="a", stem=0, suffix=suffix)


def grey(stage: Stage) -> Iterator[Shot]:
    """Yield a photo and its copy in black and white."""
    rng, base = stage.rng, stage.base()
    photo = noisy(rng, see(base, somewhere(rng, base, (0.6, 0.9), stage.ratio())))
    yield Shot(image=photo, at=0, kind="burst", style="grey", group="a", stem=0)
    copy = toned(photo, colour=0, contrast=rng.uniform(1, 1.2))
    yield Shot(image=copy, at=0, kind="burst", style="grey", group="a", stem=0, suffix="-edited.jpg")


def resaved(stage: Stage) -> Iterator[Shot]:
    """Yield a photo and what a messenger made of it: smaller, without a camera, saved at any later time."""
    rng, base = stage.rng, stage.base()
    photo = noisy(rng, see(base, somewhere(rng, base, (0.6, 0.9), stage.ratio())))
    yield Shot(image=photo, at=0, kind="burst", style="resaved", group="a")
    yield _saved_again(rng, photo, "resaved", rng.choice((60.0, 3600.0, DAY, 200 * DAY)) * rng.uniform(1, 2))


def resaved_frame(stage: Stage) -> Iterator[Shot]:
    """Yield a burst and a messenger's copy of one of its photos."""
    shots = [replace(shot, style="resaved_frame") for shot in rapid(stage)]
    yield from shots
    yield _saved_again(stage.rng, stage.rng.choice(shots).image, "resaved_frame", stage.rng.uniform(0.1, 30) * DAY)


def raw_pair(stage: Stage) -> Iterator[Shot]:
    """Yield what a camera saves of one shot as RAW and as JPEG: one stem, other tones."""
    rng, base = stage.rng, stage.base()
    photo = see(base, somewhere(rng, base, (0.6, 0.9), stage.ratio()))
    yield Shot(image=noisy(rng, photo), at=0, kind="burst", style="raw", group="a", stem=0)
    flat = toned(photo, gain=rng.uniform(0.75, 1.05), colour=rng.uniform(0.6, 0.9), contrast=rng.uniform(0.7, 0.9))
    yield Shot(
        image=noisy(rng, trimmed(rng, flat, 0.02), grain=6),
        at=0,
        kind="burst",
        style="raw",
        group="a",
        stem=0,
        suffix=rng.choice((".CR2", ".DNG")),
    )


def interrupted(stage: Stage) -> Iterator[Shot]:
    """Yield a slow burst with one photo of something else in its midst."""
    shots = [replace(shot, style="interrupted") for shot in slow(stage)]
    other = next(row_of(stage, "near_time", [stage.base()], (1, 2)))
    after = stage.rng.randrange(len(shots) - 1) if len(shots) > 1 else 0
    for number, shot in enumerate(shots):
        yield replace(shot, at=shot.at + (1.0 if number > after else 0.0))
        if number == after:
            yield replace(other, at=shot.at + 0.7, style="interrupting")


def _by_hand(
    stage: Stage, style: str, count: int, gap: tuple[float, float], *, shift: float, turn: float, zoom: float
) -> Iterator[Shot]:
    rng, base = stage.rng, stage.base()
    window = somewhere(rng, base, (0.6, 0.9), stage.ratio())
    for at in stage.gaps(count, *gap):
        frame = see(base, moved(rng, base, window, shift=shift, turn=turn, zoom=zoom))
        yield Shot(image=noisy(rng, frame), at=at, kind="burst", style=style, group="a")


def _saved_again(rng: random.Random, photo: Image.Image, style: str, at: float) -> Shot:
    small = rescaled(photo, rng.uniform(0.35, 0.8))
    return Shot(
        image=small, at=at, kind="burst", style=style, group="a", camera=False, quality=60, suffix="-WA.jpg", grid=1.0
    )
