"""The sample library: a household's camera roll, made from a seed."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle

from PIL import Image

from reactor.demo.pictures.household import PEOPLE, PHONES, Phone, portrait_of
from reactor.demo.pictures.kinds import canvas, draw
from reactor.demo.pictures.photo import SLACK, frames, jpeg

Size = tuple[int, int]

WIDE: Size = (1600, 1200)
TALL: Size = (1200, 1600)
SCREEN: Size = (1080, 2160)
# Photos are drawn at this short side and enlarged: sharp enough, and a ninth of the work.
DRAWN = 400

SCREENS = ("chat", "homescreen", "applist", "chat", "applist")
PAPERS = ("receipt", "document", "receipt", "handnote", "receipt", "document")
SIGHTS = ("mountains", "beach", "sea", "sunset", "forest", "snowscene", "flower", "city", "grassfield", "nightsky")
REST = ("dog", "cat", "bird", "food", "pizza", "cake", "coffee", "fruit", "house", "car")
SINGLES = tuple(kind for pair in zip(SIGHTS, REST, strict=True) for kind in pair)
BURSTS = ("dog", "cat", "beach", "flower", "car", "cake", "bird", "sea", "food", "mountains")


@dataclass(frozen=True, kw_only=True)
class SampleFace:
    """Whose face is where: left, top, right, bottom in pixels of the JPEG."""

    person: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class SamplePhoto:
    """One file of the camera roll and the truth about it; `burst` is None for a single photo."""

    file_name: str
    jpeg: bytes
    taken_at: datetime
    camera: str
    kind: str
    burst: str | None
    faces: tuple[SampleFace, ...]
    size: Size


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """Something that the household points a phone at: `frames` pictures of one kind, with these people."""

    kind: str
    frames: int = 1
    people: tuple[str, ...] = ()


def sample_library(*, seed: int, photos: int, start: datetime) -> Iterator[SamplePhoto]:
    """Yield that many photos in the order in which they were taken, from `start` (aware) on.

    A fifth in bursts, a fifth screenshots, a tenth receipts and documents, a quarter portraits of Anna, Ben, Clara
    and Dr. Who (five faces each in 60 photos), the rest sights, pets, food and things. Deterministic by seed. Raises
    ValueError for a naive start.
    """
    if start.utcoffset() is None:
        raise ValueError("The library's start needs a time zone: the photos say when they were taken.")
    rng = random.Random(f"library/{seed}")
    now = start.replace(microsecond=start.microsecond // 1000 * 1000)
    for scene in _plan(rng, photos):
        now += timedelta(seconds=round(math.exp(rng.uniform(math.log(180), math.log(18_000))), 3))
        for photo in _shoot(rng, scene, now):
            yield photo
            now = photo.taken_at


def _plan(rng: random.Random, photos: int) -> list[_Scene]:
    lengths = _burst_lengths(rng, round(photos * 0.2))
    scenes = [_Scene(kind=kind, frames=count) for kind, count in zip(cycle(BURSTS), lengths, strict=False)]
    scenes += [_Scene(kind=kind) for kind, _ in zip(cycle(SCREENS), range(round(photos * 0.2)), strict=False)]
    scenes += [_Scene(kind=kind) for kind, _ in zip(cycle(PAPERS), range(round(photos * 0.1)), strict=False)]
    scenes += [_Scene(kind="portrait", people=_sitters(number)) for number in range(round(photos * 0.25))]
    left = photos - sum(scene.frames for scene in scenes)
    scenes += [_Scene(kind=kind) for kind, _ in zip(cycle(SINGLES), range(left), strict=False)]
    rng.shuffle(scenes)
    return scenes


def _sitters(number: int) -> tuple[str, ...]:
    """Take turns; every third portrait shows two, going round so that all get five faces in fifteen portraits."""
    names = tuple(PEOPLE)
    alone = names[number % len(names)]
    return (alone, names[(3 - number // 3) % len(names)]) if number % 3 == 2 else (alone,)


def _burst_lengths(rng: random.Random, photos: int) -> list[int]:
    lengths = []
    while photos >= 3:
        length = min(photos, rng.choice((3, 3, 4, 4, 5, 6, 8)))
        if photos - length in (1, 2):
            length = photos if photos <= 8 else length - 2
        lengths.append(length)
        photos -= length
    return lengths


def _shoot(rng: random.Random, scene: _Scene, begin: datetime) -> Iterator[SamplePhoto]:
    phone, seed = rng.choice(PHONES), rng.getrandbits(48)
    if scene.kind in SCREENS:
        image = draw(scene.kind, seed, SCREEN[0], ratio=SCREEN[0] / SCREEN[1]).image
        yield _photo(image, SCREEN, begin, phone, scene)
        return
    size = TALL if _stands(rng, scene) else WIDE
    ratio = size[0] / size[1]
    if scene.people:
        image, faces = _portrait(seed, scene.people, size)
        yield _photo(image, size, begin, phone, scene, faces=faces)
    elif scene.frames == 1:
        yield _photo(draw(scene.kind, seed, DRAWN, ratio=ratio).image, size, begin, phone, scene)
    else:
        drawing = draw(scene.kind, seed, round(DRAWN / (1 - SLACK)), ratio=ratio).image
        now, name = begin, f"burst-{begin:%Y%m%d-%H%M%S}"
        for frame in frames(rng, drawing, scene.frames):
            yield _photo(frame.image, size, now, phone, scene, burst=name)
            now += timedelta(milliseconds=rng.randint(200, 2000))


def _stands(rng: random.Random, scene: _Scene) -> bool:
    if scene.kind in PAPERS:
        return rng.random() < 0.8
    return len(scene.people) < 2 and rng.random() < (0.6 if scene.people else 0.2)


def _portrait(seed: int, people: Sequence[str], size: Size) -> tuple[Image.Image, tuple[SampleFace, ...]]:
    sheet = canvas(f"portrait/{seed}", DRAWN, size[0] / size[1])
    boxes = portrait_of(sheet, people)
    across, down = size[0] / sheet.w, size[1] / sheet.h
    faces = tuple(
        SampleFace(person=name, box=(left * across, top * down, right * across, foot * down))
        for name, (left, top, right, foot) in zip(people, boxes, strict=True)
    )
    return sheet.image, faces


def _photo(
    image: Image.Image,
    size: Size,
    taken_at: datetime,
    phone: Phone,
    scene: _Scene,
    *,
    burst: str | None = None,
    faces: tuple[SampleFace, ...] = (),
) -> SamplePhoto:
    stamp = f"{taken_at:%Y%m%d_%H%M%S}{taken_at.microsecond // 1000:03d}"
    return SamplePhoto(
        file_name=f"{'Screenshot' if scene.kind in SCREENS else 'IMG'}_{stamp}.jpg",
        jpeg=jpeg(image, size, taken_at, phone),
        taken_at=taken_at,
        camera=f"{phone.make} {phone.model}",
        kind=scene.kind,
        burst=burst,
        faces=faces,
        size=size,
    )
