"""Make a folder for `reactor eval stacks`: `python -m models.training.burst_set OUT --seed 1 [--from PHOTOS]`.

The base pictures are drawn, or the photos of a folder, in which no two should show the same. Each is used for one
scene at most; when a folder has no more, the set is at its end.
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from PIL import Image, ImageOps

from models.training.burst_scenes import SCENES
from models.training.burst_stage import NoMorePictures, Shot, Stage
from reactor.demo.pictures import draw

START = datetime(2025, 6, 2, 8, 0, tzinfo=timezone(timedelta(hours=2)))
CAMERAS = ("Pixel 8", "iPhone 14", "EOS 70D", "SM-S911B")
PIXELS = 560
SIGHTS = (
    *("mountains", "beach", "sea", "sunset", "forest", "snowscene", "desert", "flower", "city", "house", "car"),
    *("grassfield", "dog", "cat", "bird", "fish", "portrait", "group", "food", "pizza", "cake", "coffee", "fruit"),
    *("indoor", "book", "whiteboard"),
)


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """A shot with its scene: when and where it was taken, and how its burst is called."""

    shot: Shot
    scene: int
    begin: datetime
    cameras: tuple[str, str]


def write(folder: Path, *, seed: int, rounds: int = 1, photos: Path | None = None, only: str | None = None) -> int:
    """Write FOLDER/images and FOLDER/truth.json and return how many photos there are.

    A round plays every scene as often as its share says, or ``only`` one of them. Raises ValueError where there is
    no photo to begin with.
    """
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    rng = random.Random(f"bursts/{seed}")
    rows = [_save(images, number, taken) for number, taken in enumerate(_scenes(rng, rounds, photos, only))]
    if not rows:
        raise ValueError("There are too few base pictures for one scene.")
    rows.sort(key=lambda row: (row["time"], row["file"]))
    bursts = len({row["burst"] for row in rows} - {None})
    (folder / "truth.json").write_text(json.dumps({"images": len(rows), "bursts": bursts, "rows": rows}, indent=1))
    return len(rows)


def _scenes(rng: random.Random, rounds: int, photos: Path | None, only: str | None) -> Iterator[_Taken]:
    bases = _drawn(rng) if photos is None else _found(rng, photos)
    shares = {only: (SCENES[only][0], 1)} if only is not None else SCENES
    plan = [scene for scene, share in shares.values() for _ in range(share)] * rounds
    rng.shuffle(plan)
    begin = START
    for number, scene in enumerate(plan):
        try:
            shots = list(scene(Stage(rng=random.Random(rng.getrandbits(64)), bases=bases)))
        except NoMorePictures:
            return
        first, second = rng.sample(CAMERAS, 2)
        for shot in shots:
            yield _Taken(shot=shot, scene=number, begin=begin, cameras=(first, second))
        stay = [shot.at for shot in shots if shot.at < 3600]
        begin += timedelta(seconds=round(max(stay) + rng.uniform(2400, 9000), 3))


def _drawn(rng: random.Random) -> Iterator[Image.Image]:
    while True:
        kinds = list(SIGHTS)
        rng.shuffle(kinds)
        for kind in kinds:
            yield draw(kind, rng.getrandbits(40), PIXELS, ratio=rng.choice((4 / 3, 3 / 2))).image


def _found(rng: random.Random, folder: Path) -> Iterator[Image.Image]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    rng.shuffle(paths)
    for path in paths:
        with Image.open(path) as photo:
            yield ImageOps.exif_transpose(photo).convert("RGB")


def _save(images: Path, number: int, taken: _Taken) -> dict[str, object]:
    shot = taken.shot
    exact = taken.begin + timedelta(seconds=shot.at)
    # What a clock tells is counted from midnight, so that one without seconds tells whole minutes.
    midnight, grid = exact.replace(hour=0, minute=0, second=0, microsecond=0), timedelta(seconds=shot.grid)
    told = midnight + (exact - midnight) // grid * grid
    name = f"IMG_{4000 + (taken.scene * 20 if shot.stem is not None else number + 20_000)}{shot.suffix}"
    file = name if name.endswith(".jpg") else f"{name}.jpg"
    shot.image.convert("RGB").save(images / file, quality=shot.quality)
    row: dict[str, object] = {
        "file": file,
        "time": told.isoformat(timespec="milliseconds"),
        "camera": taken.cameras[shot.second_camera] if shot.camera else "",
        "burst": None if shot.group is None else f"b{taken.scene:03d}{shot.group}",
        "kind": shot.kind,
        "style": shot.style,
        "name": name,
    }
    return row | ({} if shot.overlap is None else {"overlap": round(shot.overlap, 3)})


def main() -> None:
    """Write the folder OUT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--from", dest="photos", type=Path, help="a folder of photos; drawn pictures by default")
    parser.add_argument("--only", choices=sorted(SCENES), help="this scene alone, once a round")
    options = parser.parse_args()
    print(write(options.out, seed=options.seed, rounds=options.rounds, photos=options.photos, only=options.only))


if __name__ == "__main__":
    main()
