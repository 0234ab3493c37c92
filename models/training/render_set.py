"""Render a training or held-out set: `python -m models.training.render_set --per-kind 560 --seed 0 --out set/train`."""

import argparse
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reactor.demo.pictures import KINDS, draw

PIXELS = 128
# One picture in this many is drawn large and passes through a JPEG, as the previews of Immich do.
LARGE_EVERY = 8
RATIOS = (1.0, 4 / 3, 3 / 4, 0.5)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture to render: its kind (index into KINDS), seed and fonts."""

    kind: int
    seed: int
    fonts: tuple[str, ...]


def dejavu() -> tuple[str, ...]:
    """Return the DejaVu files that matplotlib carries."""
    return tuple(sorted(str(file) for file in Path(matplotlib.get_data_path(), "fonts", "ttf").glob("DejaVuS*.ttf")))


def render(job: Job) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return one picture as (128, 128, 3) and its attributes."""
    kind, number = KINDS[job.kind], job.seed
    if number % LARGE_EVERY:
        picture = draw(kind, number, fonts=job.fonts)
        return np.asarray(picture.image.resize((PIXELS, PIXELS), Image.Resampling.LANCZOS)), picture.attributes
    turn = number // LARGE_EVERY
    picture = draw(kind, number, (480, 640)[turn % 2], ratio=RATIOS[turn % len(RATIOS)], fonts=job.fonts)
    return np.asarray(_centre(_compressed(picture.image, 70 + turn % 20))), picture.attributes


def _compressed(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def _centre(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((PIXELS, PIXELS), Image.Resampling.LANCZOS)


def jobs(per_kind: int, seed: int) -> Iterator[Job]:
    """Yield `per_kind` jobs for every kind; seeds from `seed` on, the kinds taking turns."""
    fonts = dejavu()
    for number in range(per_kind):
        for kind in range(len(KINDS)):
            yield Job(kind=kind, seed=seed + number, fonts=fonts)


def main() -> None:
    """Write OUT.npy (pictures) and OUT.json (kinds and attributes)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-kind", type=int, default=560)
    parser.add_argument("--seed", type=int, default=0, help="first seed; held-out sets start past the training seeds")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    todo = list(jobs(options.per_kind, options.seed))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    shape = (len(todo), PIXELS, PIXELS, 3)
    pictures = np.lib.format.open_memmap(options.out.with_suffix(".npy"), "w+", np.uint8, shape)
    attributes = []
    with Pool(options.processes) as pool:
        for row, (picture, special) in enumerate(pool.imap(render, todo, chunksize=43)):
            pictures[row] = picture
            attributes.append(special)
    pictures.flush()
    truth = {"names": KINDS, "kinds": [job.kind for job in todo], "attributes": attributes}
    options.out.with_suffix(".json").write_text(json.dumps(truth))


if __name__ == "__main__":
    main()
