"""Drawn pictures as files, for whoever is in another process: ``python -m reactor.demo.pictures.export FOLDER COUNT``.

Of all kinds in turn; each file is named after its number and its kind.
"""

import sys
from pathlib import Path

from reactor.demo.pictures.kinds import KINDS, draw

SIDE = 160
QUALITY = 90


def export(folder: Path, count: int) -> None:
    """Write that many different pictures as JPEG."""
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        draw(kind, number, SIDE).image.save(folder / f"{number:06d}-{kind}.jpg", "JPEG", quality=QUALITY)


if __name__ == "__main__":
    export(Path(sys.argv[1]), int(sys.argv[2]))
