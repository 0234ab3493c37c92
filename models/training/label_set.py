"""Draw a folder for `reactor eval labels`: `python -m models.training.label_set --per-kind 24 --out set/labels`.

Every kind is a category, found by the one prompt that training never saw.
"""

import argparse
import json
from pathlib import Path

from models.training.words import UNSEEN
from reactor.demo.pictures import KINDS, draw

# Far from the seeds of training and of the held-out set.
FIRST_SEED = 3_000_000
PIXELS = 224


def write(folder: Path, per_kind: int, first_seed: int = FIRST_SEED) -> None:
    """Write FOLDER/images and FOLDER/labels.json; the kinds take turns."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    photos = []
    for number in range(per_kind):
        for kind in KINDS:
            name = f"{kind}-{number:03d}.jpg"
            draw(kind, first_seed + number, PIXELS).image.save(images / name, quality=90)
            photos.append({"file": name, "labels": [kind]})
    categories = [{"name": kind, "prompts": [UNSEEN[kind]]} for kind in KINDS]
    (folder / "labels.json").write_text(json.dumps({"categories": categories, "photos": photos}))


def main() -> None:
    """Write the folder OUT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-kind", type=int, default=24)
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="first seed; past those of training")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write(options.out, options.per_kind, options.seed)


if __name__ == "__main__":
    main()
