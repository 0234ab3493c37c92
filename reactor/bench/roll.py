"""A camera roll for measuring: few pictures of shapes and noise, many photos of them, some in bursts."""

import io
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageDraw

SEED = 20261121
START = datetime(2024, 1, 1, 8, 0, tzinfo=UTC)
# Of fifteen photos three are a burst: a fifth, as in the demo's household.
SINGLES, FRAMES = 12, 3
ROUNDS = 2
QUALITY = 92
# With this much grain a preview of 1920 x 1440 takes some 400 kB, as real ones do (facts/clip.md section 4).
GRAIN = 9.0
SHAPES = 40
SHIFT = 12
PLAN = "crowd.json"


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One photo of the roll: which picture it shows, and when it was taken."""

    picture: str
    taken_at: datetime


def roll(count: int) -> tuple[Photo, ...]:
    """Return that many photos in order of time; every fifteenth begins a burst."""
    chance = random.Random(SEED)  # noqa: S311 - a drawing of lots, not a secret
    found: list[Photo] = []
    now, scene = START, 0
    while len(found) < count:
        now += timedelta(seconds=math.exp(chance.uniform(math.log(180), math.log(18_000))))
        place = scene % (ROUNDS * (SINGLES + 1))
        frames = FRAMES if place % (SINGLES + 1) == SINGLES else 1
        for frame in range(frames):
            found.append(Photo(picture=f"{place:02d}-{frame}.jpg", taken_at=now))
            now += timedelta(seconds=chance.uniform(0.2, 2.0))
        scene += 1
    return tuple(found[:count])


def make_pictures(folder: Path, names: Sequence[str], size: tuple[int, int]) -> None:
    """Draw each picture as a JPEG of this size (pixels); frames of one scene differ by a shift and by their grain."""
    for name in sorted(set(names)):
        scene, _, frame = name.removesuffix(".jpg").partition("-")
        (folder / name).write_bytes(_jpeg(int(scene), int(frame), size))


def write_plan(
    folder: Path,
    photos: Sequence[Photo],
    *,
    delays: Mapping[str, tuple[float, float]] | None = None,
    tell: bool = False,
) -> None:
    """Write down what the simulated Immich shall hold, as ``reactor.demo.immich.crowd`` reads it."""
    assets = [
        {"picture": photo.picture, "file_name": f"IMG_{number}.jpg", "taken_at": photo.taken_at.isoformat()}
        for number, photo in enumerate(photos)
    ]
    plan = {"seed": SEED, "delays": dict(delays or {}), "tell": tell, "assets": assets}
    (folder / PLAN).write_text(json.dumps(plan), "utf-8")


def _jpeg(scene: int, frame: int, size: tuple[int, int]) -> bytes:
    drawing = _drawing(scene, size)
    grain = np.random.default_rng((SEED, scene, frame))
    left, top = (int(one) for one in grain.integers(0, SHIFT, 2))
    pixels = np.asarray(drawing.crop((left, top, left + size[0], top + size[1])), np.float32)
    pixels = pixels + grain.standard_normal(pixels.shape, dtype=np.float32) * np.float32(GRAIN)
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Bench", "Roll"
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=QUALITY, exif=exif)
    return file.getvalue()


def _drawing(scene: int, size: tuple[int, int]) -> Image.Image:
    chance = np.random.default_rng((SEED, scene))
    width, height = size[0] + SHIFT, size[1] + SHIFT
    coarse = Image.fromarray(chance.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    image = coarse.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for number in range(SHAPES):
        left, top = int(chance.integers(width)), int(chance.integers(height))
        box = (left, top, left + int(chance.integers(width // 4)) + 1, top + int(chance.integers(height // 4)) + 1)
        colour = tuple(int(one) for one in chance.integers(0, 255, 3))
        (draw.ellipse if number % 2 else draw.rectangle)(box, fill=colour)
    return image
