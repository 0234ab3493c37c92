"""What looks like a burst and is none."""

from collections.abc import Iterator
from dataclasses import replace

from PIL import Image

from models.training.burst_frames import (
    Window,
    moved,
    noisy,
    other_light,
    overlap,
    see,
    somewhere,
    toned,
)
from models.training.burst_stage import DAY, Shot, Stage
from reactor.demo.pictures import draw

SCREENS = ("chat", "homescreen", "applist", "webpage")
PAPERS = ("document", "receipt", "handnote")
ROWS_OF_A_KIND = ("dog", "cat", "food", "flower", "mountains", "beach", "car", "house", "cake", "forest")


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
    return row_of(stage, "near_time", [stage.base() for _ in range(stage.rng.randint(2, 4))], (0.8, 5))


def same_class(stage: Stage) -> Iterator[Shot]:
    """Yield several motifs of one kind in a row."""
    kind = stage.rng.choice(ROWS_OF_A_KIND)
    return row_of(stage, "same_class", [_drawn(stage, kind) for _ in range(stage.rng.randint(3, 6))], (2, 9))


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
    row = [*row_of(stage, "bulk", bases, (0.2, 1)), *_swept(stage, "bulk_pan", (0.2, 1), (0.2, 0.4))]
    row += list(_again(stage, "bulk_again", (0.2, 1)))
    rng.shuffle(row)
    times = sorted(shot.at for shot in row)
    for at, shot in zip(times, row, strict=True):
        yield replace(shot, at=at, camera=False, grid=grid)


def takeout(stage: Stage) -> Iterator[Shot]:
    """Yield photos of a few minutes whose dates have lost their seconds."""
    rng = stage.rng
    row = list(row_of(stage, "takeout", [stage.base() for _ in range(rng.randint(3, 6))], (10, 50)))
    begin = row[-1].at + 12
    row += [replace(shot, at=shot.at + begin) for shot in _swept(stage, "takeout_pan", (4, 12), (0.2, 0.4))]
    for shot in row:
        yield replace(shot, grid=60.0)


def two_cameras(stage: Stage) -> Iterator[Shot]:
    """Yield what two people photograph at one moment, each something else."""
    for number, shot in enumerate(row_of(stage, "two_cameras", [stage.base() for _ in range(4)], (0.2, 1.5))):
        yield replace(shot, second_camera=number % 2 == 1)


def single(stage: Stage) -> Iterator[Shot]:
    """Yield a photo alone."""
    return row_of(stage, "single", [stage.base()], (1, 2))


def timelapse(stage: Stage) -> Iterator[Shot]:
    """Yield a tripod's photos of ten minutes, one every 5 s; what of them belongs together nobody can say."""
    rng, base, every, count = stage.rng, stage.base(), 5.0, 121
    window = somewhere(rng, base, (0.6, 0.9), stage.ratio())
    for number in range(count):
        lit = toned(see(base, window), gain=1.1 - 0.3 * number / count)
        yield Shot(image=noisy(rng, lit, light=0.01), at=number * every, kind="timelapse", style="timelapse")


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


def row_of(stage: Stage, kind: str, bases: list[Image.Image], gap: tuple[float, float]) -> Iterator[Shot]:
    """Yield photos of different motifs, one after the other."""
    rng, ratio = stage.rng, stage.ratio()
    for at, base in zip(stage.gaps(len(bases), *gap), bases, strict=True):
        frame = see(base, somewhere(rng, base, (0.7, 0.95), ratio))
        yield Shot(image=noisy(rng, frame), at=at, kind=kind, style=kind)


def _drawn(stage: Stage, kind: str) -> Image.Image:
    return draw(kind, stage.rng.getrandbits(40), 560, ratio=4 / 3).image
