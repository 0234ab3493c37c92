"""The household of the sample library: four people whose faces keep their features, and their phones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from PIL import Image

from reactor.demo.pictures.backdrops import bokeh, mottle, sky, surface, tilt
from reactor.demo.pictures.canvas import Canvas
from reactor.demo.pictures.colour import hsv
from reactor.demo.pictures.outdoors import grassfield, mountains, sea
from reactor.demo.pictures.pen import Box
from reactor.demo.pictures.people import Look, person

# Skins lie inside the usual chroma range of skin (Cb 77-127, Cr 133-173); hair and clothes lie outside it, so that a
# plain detector of skin-coloured blobs finds exactly the faces.
PEOPLE: Mapping[str, Look] = MappingProxyType(
    {
        "Anna": Look(skin=(240, 205, 175), hair=(185, 40, 22), long_hair=True, glasses=False, polo_neck=True),
        "Ben": Look(skin=(140, 95, 65), hair=(22, 22, 30), long_hair=False, glasses=True, width=0.84, polo_neck=True),
        "Clara": Look(
            skin=(222, 172, 136),
            hair=(238, 212, 48),
            long_hair=True,
            glasses=False,
            width=0.72,
            bow=(60, 90, 200),
            polo_neck=True,
        ),
        "Dr. Who": Look(
            skin=(250, 220, 200), hair=(128, 131, 138), long_hair=False, glasses=True, width=0.74, polo_neck=True
        ),
    }
)
# The highest Cr behind a portrait: well under skin's 133, since JPEG moves chroma by a few steps.
BACKGROUND_RED = 124


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A phone as its pictures name it."""

    make: str
    model: str


PHONES = (Phone(make="Google", model="Pixel 8"), Phone(make="Apple", model="iPhone 15"))


def portrait_of(c: Canvas, names: Sequence[str]) -> tuple[Box, ...]:
    """Draw one or two of the household; return their faces' boxes in units, in the order of the names."""
    _background(c)
    boxes = []
    for place, name in enumerate(names):
        if len(names) == 1:
            r, x = c.between(34, 54), c.cx + c.between(-26, 26)
        else:
            r, x = c.between(27, 34), c.cx + (place - 0.5) * c.w * 0.45 + c.between(-6, 6)
        y = c.cy - c.between(0, 28)
        shirt = hsv(c.between(0.36, 0.72), c.between(0.3, 0.9), c.between(0.25, 0.85))
        boxes.append(person(c, PEOPLE[name], x, y, r, shirt=shirt))
    c.soften(c.between(0.3, 0.7))
    c.light((c.between(0.88, 1.02) + tilt(c, 0.08))[None])
    mottle(c, 0.96, 0.08, 1.6)
    return tuple(boxes)


def _background(c: Canvas) -> None:
    scenes: tuple[Callable[[Canvas], object], ...] = (bokeh, bokeh, surface, sky, grassfield, mountains, sea)
    c.rng.choice(scenes)(c)
    brightness, blue, red = c.image.convert("YCbCr").split()
    red = red.point([min(value, BACKGROUND_RED) for value in range(256)])
    c.image.paste(Image.merge("YCbCr", (brightness, blue, red)).convert("RGB"))
