"""The table of all kinds of picture, and the one function that draws them."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from PIL import Image

from reactor.demo.pictures import animals, food, labels, outdoors, pages, paper, people, plain, screens, town
from reactor.demo.pictures.canvas import UNITS, Canvas
from reactor.demo.pictures.lettering import Fonts

Draw = Callable[[Canvas], tuple[str, ...]]

_DRAWN: tuple[Draw, ...] = (
    *(screens.chat, screens.homescreen, screens.applist),
    *(pages.webpage, pages.code, pages.chart, pages.mapview),
    *(paper.document, paper.receipt, paper.handnote, paper.whiteboard),
    *(labels.qr, labels.barcode, labels.idcard, labels.book, labels.meme),
    *(outdoors.mountains, outdoors.beach, outdoors.sea, outdoors.sunset, outdoors.forest, outdoors.snowscene),
    *(outdoors.desert, town.flower, town.city, town.house, town.car, town.nightsky, outdoors.grassfield),
    *(animals.dog, animals.cat, animals.bird, animals.fish),
    *(people.portrait, people.group),
    *(food.food, food.pizza, food.cake, food.coffee, food.fruit),
    *(plain.blurry, plain.blank, plain.indoor),
)
DRAWINGS: Mapping[str, Draw] = MappingProxyType({draw.__name__: draw for draw in _DRAWN})
KINDS: tuple[str, ...] = tuple(DRAWINGS)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawn picture (RGB) and what is special about it, such as dark, snow, candles."""

    image: Image.Image
    attributes: tuple[str, ...]


def canvas(seed: str, size: int, ratio: float = 1.0, fonts: tuple[str, ...] = ()) -> Canvas:
    """Return an empty canvas: `size` pixels on the short side, `ratio` = width / height."""
    rng = random.Random(seed)
    width, height = (UNITS * ratio, UNITS) if ratio >= 1 else (UNITS, UNITS / ratio)
    grain = np.random.default_rng(rng.getrandbits(64))
    return Canvas(rng=rng, grain=grain, fonts=Fonts(files=fonts), width=width, height=height, scale=size / UNITS)


def draw(kind: str, seed: int, size: int = 224, *, ratio: float = 1.0, fonts: tuple[str, ...] = ()) -> Picture:
    """Draw a picture of a kind; the same arguments give the same pixels.

    `size` is the short side in pixels, `ratio` width / height; `fonts` are TrueType files beside Pillow's own font.
    Raises KeyError for an unknown kind.
    """
    sheet = canvas(f"{kind}/{seed}", size, ratio, fonts)
    return Picture(attributes=DRAWINGS[kind](sheet), image=sheet.image)
