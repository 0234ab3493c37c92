"""What a household points its cameras at: true bursts and copies, and what looks like them and is none."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from PIL import Image

from models.training.burst_frames import (
    Window,
    exposed,
    moved,
    noisy,
    other_light,
    overlap,
    rescaled,
    see,
    somewhere,
    toned,
    trimmed,
    with_subject,
)
from reactor.demo.pictures import draw

LEAST_REFRAMED = 0.65
"""Photos of a reframed burst show at least so much of each other's frame."""
DAY = 86_400.0
QUALITY = 88
SCREENS = ("chat", "homescreen", "applist", "webpage")
PAPERS = ("document", "receipt", "handnote")
ROWS_OF_A_KIND = ("dog", "cat", "food", "flower", "mountains", "beach", "car", "house", "cake", "forest")


class NoMorePictures(Exception):
    """There are too few base pictures for another scene."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One file: the picture, seconds after its scene began, and the truth about it.

    ``group`` names the burst within the scene, None for a photo of no burst; ``suffix`` tells how the file is called:
    a name with the stem that the scene's photos of the same ``stem`` share. ``grid`` is what its clock can tell.
    """

    image: Image.Image
    at: float
    kind: str
    style: str
    group: str | None = None
    camera: bool = True
    second_camera: bool = False
    stem: int | None = None
    suffix: str = ".jpg"
    quality: int = QUALITY
    grid: float = 0.001
    overlap: float | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where a scene plays: chance, and base pictures of different motifs, each of which is given away once."""

    rng: random.Random
    bases: Iterator[Image.Image]

    def base(self) -> Image.Image:
        """Return a motif that no scene had yet; raises NoMorePictures."""
        for picture in self.bases:
            return picture
        raise NoMorePictures("every base picture was used")

    def ratio(self) -> float:
        return self.rng.choice((4 / 3, 4 / 3, 3 / 2, 3 / 4))

    def gaps(self, count: int, least: float, most: float) -> Iterator[float]:
        """Yield times of that many photos, from 0 on."""
        now = 0.0
        for _ in range(count):
            yield now
            now += self.rng.uniform(least, most)


Scene = Callable[[Stage], Iterator[Shot]]


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


def pan(stage: Stage) -> Iterator[Shot]:
    """Yield two views side by side that share 20 to 40 % of the frame."""
    return _swept(stage, "pan", (2, 6), (0.2, 0.4))


def pan_half(stage: Stage) -> Iterator[Shot]:
    """Yield two views side by side that share 40 to 50 % of the frame."""
    return _swept(stage, "pan_half", (2, 6), (0.4, 0.5))


def side_by_side(stage: Stage) -> Iterator[Shot]:
    """Yield two views side by side that share nothing but the light and the place."""
    return _swept(stage, "side_by_side", (2, 6), (0.0, 0.05))


def fast_pan(stage: Stage) -> Iterator[Shot]:
    """Yield two views of a pan within a second, as of a held-down button while the camera turns."""
    return _swept(stage, "fast_pan", (0.4, 1.0), (0.2, 0.4))


def minutes_later(stage: Stage) -> Iterator[Shot]:
    """Yield one view, and the same again minutes later."""
    return _again(stage, "minutes_later", (180, 1800))


def next_day(stage: Stage) -> Iterator[Shot]:
    """Yield one view, and the same again the next day."""
    return _again(stage, "next_day", (0.95 * DAY, 1.05 * DAY))


def near_time(stage: Stage) -> Iterator[Shot]:
    """Yield other motifs within seconds."""
    return _row(stage, "near_time", [stage.base() for _ in range(stage.rng.randint(2, 4))], (0.8, 5))


def same_class(stage: Stage) -> Iterator[Shot]:
    """Yield several motifs of one kind in a row."""
    kind = stage.rng.choice(ROWS_OF_A_KIND)
    return _row(stage, "same_class", [_drawn(stage, kind) for _ in range(stage.rng.randint(3, 6))], (2, 9))


def screenshots(stage: Stage) -> Iterator[Shot]:
    """Yield screenshots of one app."""
    rng, kind, ratio = stage.rng, stage.rng.choice(SCREENS), 1080 / 2160
    for at in stage.gaps(rng.randint(2, 5), 4, 60):
        image = draw(kind, rng.getrandbits(40), 540, ratio=ratio).image
        yield Shot(image=image, at=at, kind="screenshot", style="screenshot")


def doc_pages(stage: Stage) -> Iterator[Shot]:
    """Yield the pages of one document, one after the other."""
    rng, kind = stage.rng, stage.rng.choice(PAPERS)
    for at in stage.gaps(rng.randint(2, 6), 4, 60):
        image = draw(kind, rng.getrandbits(40), 540, ratio=3 / 4).image
        yield Shot(image=noisy(rng, image), at=at, kind="doc_page", style="doc_page")


def bulk(stage: Stage) -> Iterator[Shot]:
    """Yield files without a camera that one import gave one and the same time, or the seconds of its copying."""
    rng, count = stage.rng, stage.rng.randint(5, 9)
    grid = rng.choice((1.0, 3600.0))
    bases = [stage.base() for _ in range(count)]
    row = [*_row(stage, "bulk", bases, (0.2, 1)), *_swept(stage, "bulk_pan", (0.2, 1), (0.2, 0.4))]
    row += list(_again(stage, "bulk_again", (0.2, 1)))
    rng.shuffle(row)
    times = sorted(shot.at for shot in row)
    for at, shot in zip(times, row, strict=True):
        yield replace(shot, at=at, camera=False, grid=grid)


def takeout(stage: Stage) -> Iterator[Shot]:
    """Yield photos of a few minutes whose dates have lost their seconds."""
    rng = stage.rng
    row = list(_row(stage, "takeout", [stage.base() for _ in range(rng.randint(3, 6))], (10, 50)))
    begin = row[-1].at + 12
    row += [replace(shot, at=shot.at + begin) for shot in _swept(stage, "takeout_pan", (4, 12), (0.2, 0.4))]
    for shot in row:
        yield replace(shot, grid=60.0)


def two_cameras(stage: Stage) -> Iterator[Shot]:
    """Yield what two people photograph at one moment, each something else."""
    for number, shot in enumerate(_row(stage, "two_cameras", [stage.base() for _ in range(4)], (0.2, 1.5))):
        yield replace(shot, second_camera=number % 2 == 1)


def interrupted(stage: Stage) -> Iterator[Shot]:
    """Yield a slow burst with one photo of something else in its midst."""
    shots = [replace(shot, style="interrupted") for shot in slow(stage)]
    other = next(_row(stage, "near_time", [stage.base()], (1, 2)))
    after = stage.rng.randrange(len(shots) - 1) if len(shots) > 1 else 0
    for number, shot in enumerate(shots):
        yield replace(shot, at=shot.at + (1.0 if number > after else 0.0))
        if number == after:
            yield replace(other, at=shot.at + 0.7, style="interrupting")


def single(stage: Stage) -> Iterator[Shot]:
    """Yield a photo alone."""
    return _row(stage, "single", [stage.base()], (1, 2))


def timelapse(stage: Stage) -> Iterator[Shot]:
    """Yield a tripod's photos of ten minutes, one every 5 s; what of them belongs together nobody can say."""
    rng, base, every, count = stage.rng, stage.base(), 5.0, 121
    window = somewhere(rng, base, (0.6, 0.9), stage.ratio())
    for number in range(count):
        lit = toned(see(base, window), gain=1.1 - 0.3 * number / count)
        yield Shot(image=noisy(rng, lit, light=0.01), at=number * every, kind="timelapse", style="timelapse")


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


def _by_hand(
    stage: Stage, style: str, count: int, gap: tuple[float, float], *, shift: float, turn: float, zoom: float
) -> Iterator[Shot]:
    rng, base = stage.rng, stage.base()
    window = somewhere(rng, base, (0.6, 0.9), stage.ratio())
    for at in stage.gaps(count, *gap):
        frame = see(base, moved(rng, base, window, shift=shift, turn=turn, zoom=zoom))
        yield Shot(image=noisy(rng, frame), at=at, kind="burst", style=style, group="a")


def _swept(stage: Stage, kind: str, gap: tuple[float, float], shared: tuple[float, float]) -> Iterator[Shot]:
    rng, base = stage.rng, stage.base()
    common, along = rng.uniform(*shared), base.width >= base.height
    long, short = max(base.size) / min(base.size), 1.0
    step = 1 - common
    # The two together fill the base's long side, but for a little to shake in.
    reach, across = 0.97 * long / (1 + step), 0.95 * short
    ratio = min(max(reach / across if along else across / reach, 3 / 4), 4 / 3)
    height = min(across, reach / ratio) if along else min(reach, across / ratio)
    side = height * ratio if along else height
    middle = rng.uniform(0.5 * short - (across - (height if along else height * ratio)) / 2, 0.5 * short)
    windows = []
    for sign in rng.choice(((-1, 1), (1, -1))):
        far, level = long / 2 + sign * step * side / 2, middle + rng.uniform(-0.01, 0.01)
        angle = rng.uniform(-0.5, 0.5)
        windows.append(
            Window(x=far if along else level, y=level if along else far, height=height * 0.98, ratio=ratio, angle=angle)
        )
    common = overlap(*windows)
    for at, window in zip(stage.gaps(2, *gap), windows, strict=True):
        yield Shot(image=noisy(rng, see(base, window)), at=at, kind=kind, style=kind, overlap=common)


def _again(stage: Stage, kind: str, gap: tuple[float, float]) -> Iterator[Shot]:
    rng, base = stage.rng, stage.base()
    first = somewhere(rng, base, (0.6, 0.85), stage.ratio())
    second = moved(rng, base, first, shift=0.12, turn=3, zoom=0.1)
    common = overlap(first, second)
    images = (see(base, first), other_light(rng, see(base, second)))
    for at, image in zip((0.0, rng.uniform(*gap)), images, strict=True):
        yield Shot(image=noisy(rng, image), at=at, kind=kind, style=kind, overlap=common)


def _row(stage: Stage, kind: str, bases: list[Image.Image], gap: tuple[float, float]) -> Iterator[Shot]:
    rng, ratio = stage.rng, stage.ratio()
    for at, base in zip(stage.gaps(len(bases), *gap), bases, strict=True):
        frame = see(base, somewhere(rng, base, (0.7, 0.95), ratio))
        yield Shot(image=noisy(rng, frame), at=at, kind=kind, style=kind)


def _saved_again(rng: random.Random, photo: Image.Image, style: str, at: float) -> Shot:
    small = rescaled(photo, rng.uniform(0.35, 0.8))
    return Shot(
        image=small, at=at, kind="burst", style=style, group="a", camera=False, quality=60, suffix="-WA.jpg", grid=1.0
    )


def _drawn(stage: Stage, kind: str) -> Image.Image:
    return draw(kind, stage.rng.getrandbits(40), 560, ratio=4 / 3).image
