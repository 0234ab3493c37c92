"""Words and fonts for everything that carries writing."""

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont

Style = Literal["plain", "bold", "mono", "serif"]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_WORDS = """
the of and to in is you that it he was for on are as with his they at be this have from or one had by word but
not what all were we when your can said there use an each which she do how their if will up other about out many
then them these so some her would make like him into time has look two more write go see number no way could
people my than first water been call who oil its now find long down day did get come made may part total order
invoice price item store cash thanks street phone date amount due
"""
WORDS = tuple(_WORDS.split())


def words(rng: random.Random, count: int) -> str:
    """Return that many everyday words."""
    return " ".join(rng.choice(WORDS) for _ in range(count))


@dataclass(frozen=True, kw_only=True)
class Fonts:
    """Choose fonts: Pillow's own, and the given TrueType files for half of the writing."""

    files: tuple[str, ...] = ()

    def pick(self, rng: random.Random, style: Style, pixels: float) -> Font:
        """Return a font of that style and height; without files every style is Pillow's own."""
        fitting = [file for file in self.files if style in Path(file).stem.lower()] or list(self.files)
        return load(rng.choice(fitting) if fitting and rng.random() < 0.5 else None, max(5, round(pixels)))


@lru_cache(maxsize=1024)
def load(file: str | None, pixels: int) -> Font:
    """Return the font of a file at that height, Pillow's own for None."""
    return ImageFont.load_default(pixels) if file is None else ImageFont.truetype(file, pixels)
