"""Where the scenes of a household play, and the files that come of them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image

DAY = 86_400.0
QUALITY = 88


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
