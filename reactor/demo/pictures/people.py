"""People: faces that keep their features, portraits and groups."""

from dataclasses import dataclass

from reactor.demo.pictures.backdrops import bokeh, mottle, sky, surface, tilt
from reactor.demo.pictures.canvas import Canvas
from reactor.demo.pictures.colour import Colour, any_colour, jitter, mix
from reactor.demo.pictures.outdoors import beach, grassfield
from reactor.demo.pictures.pen import Box
from reactor.demo.pictures.town import city

SKINS: tuple[Colour, ...] = (
    (240, 205, 175),
    (225, 180, 145),
    (190, 140, 105),
    (140, 95, 65),
    (95, 65, 48),
    (250, 220, 200),
)
HAIRS: tuple[Colour, ...] = ((30, 22, 18), (80, 50, 30), (140, 95, 50), (200, 165, 100), (120, 120, 120), (150, 60, 30))


@dataclass(frozen=True, kw_only=True)
class Look:
    """What stays the same about one person: colours and the shape of the face.

    `width` is the face's width as a share of its height. `fringe` is the tilt of the hair over the forehead in degrees,
    None for a free forehead. `polo_neck` hides the neck, so that the face alone shows skin.
    """

    skin: Colour
    hair: Colour
    long_hair: bool
    glasses: bool
    width: float = 0.78
    fringe: float | None = None
    bow: Colour | None = None
    polo_neck: bool = False


def any_look(c: Canvas) -> Look:
    """Return a stranger."""
    return Look(
        skin=jitter(c.rng, c.rng.choice(SKINS), 12),
        hair=jitter(c.rng, c.rng.choice(HAIRS), 12),
        long_hair=c.chance(0.45),
        glasses=c.chance(0.2),
        fringe=c.between(-10, 10),
    )


def person(c: Canvas, look: Look, x: float, y: float, r: float, *, shirt: Colour) -> Box:
    """Draw head and shoulders, the head about `r` wide about (x, y); return the face's box in units."""
    pen, half = c.pen, r * look.width * 1.05
    face = (x - half, y - r * 0.95, x + half, y + r * 1.15)
    if look.long_hair:
        pen.ellipse((x - r * 1.05, y - r * 1.25, x + r * 1.05, y + r * 1.7), look.hair)
    pen.rounded((x - r * 1.9, y + r * 1.35, x + r * 1.9, y + r * 6), r * 0.8, shirt)
    neck = mix(shirt, (20, 20, 30), 0.2) if look.polo_neck else mix(look.skin, (90, 50, 30), 0.15)
    pen.rect((x - r * 0.4, y + r * 0.8, x + r * 0.4, y + r * 1.6), neck)
    pen.ellipse((x - r, y - r * 1.3, x + r, y + r * 0.5), look.hair)
    pen.ellipse(face, look.skin)
    if look.fringe is not None:
        cut = (x - r * 0.9, y - r * 1.2, x + r * 0.9, y + r * 0.3)
        pen.chord(cut, 180 + look.fringe, 360 + look.fringe, look.hair)
    _features(c, look, x, y, r)
    return face


def _features(c: Canvas, look: Look, x: float, y: float, r: float) -> None:
    pen, thin = c.pen, max(1.0, r * 0.05)
    for side in (-1, 1):
        ex = x + side * r * 0.35
        pen.ellipse((ex - r * 0.15, y - r * 0.05, ex + r * 0.15, y + r * 0.12), (250, 250, 250))
        pen.ellipse((ex - r * 0.07, y - r * 0.04, ex + r * 0.07, y + r * 0.11), (40, 25, 15))
        pen.line([(ex - r * 0.2, y - r * 0.2), (ex + r * 0.2, y - r * 0.22)], look.hair, max(1.0, r * 0.07))
    nose = [(x, y + r * 0.1), (x - r * 0.06, y + r * 0.45), (x + r * 0.08, y + r * 0.45)]
    pen.line(nose, mix(look.skin, (90, 40, 30), 0.4), thin)
    if c.chance(0.6):
        lips = c.rng.choice(((250, 245, 240), (190, 70, 70)))
        pen.chord((x - r * 0.32, y + r * 0.45, x + r * 0.32, y + r * 0.85), 0, 180, lips)
    else:
        pen.line([(x - r * 0.25, y + r * 0.7), (x + r * 0.25, y + r * 0.7)], (160, 70, 70), 2)
    if look.glasses:
        for side in (-1, 1):
            ex = x + side * r * 0.37
            rim = (ex - r * 0.25, y - r * 0.15, ex + r * 0.25, y + r * 0.25)
            pen.ellipse(rim, outline=(20, 20, 20), width=max(2.0, r * 0.05))
    if look.bow:
        top = y - r * 1.2
        for side in (-1, 1):
            pen.poly([(x, top), (x + side * r * 0.45, top - r * 0.25), (x + side * r * 0.45, top + r * 0.2)], look.bow)


def portrait(c: Canvas) -> tuple[str, ...]:
    """Draw one person before a blurred or plain background."""
    c.rng.choice((bokeh, surface, sky, bokeh))(c)
    shirt = any_colour(c.rng, (0.1, 0.9), (0.2, 0.9))
    person(c, any_look(c), c.cx + c.between(-20, 20), c.cy - c.between(0, 25), c.between(30, 52), shirt=shirt)
    c.soften(c.between(0.4, 1.2))
    c.light((1 + tilt(c, 0.18))[None])
    mottle(c, 0.92, 0.16, 1.6)
    return ()


def group(c: Canvas) -> tuple[str, ...]:
    """Draw people side by side in one or two rows."""
    c.rng.choice((bokeh, surface, sky, grassfield, city, beach))(c)
    count = c.rng.randrange(3, 8)
    for row in range(c.rng.choice((1, 2))):
        for index in range(count):
            x, y = (index + 0.5) * c.w / count + c.between(-6, 6), c.between(80, 105) + row * 42
            size = min(c.w, 224) / count * c.between(0.27, 0.36)
            person(c, any_look(c), x, y, size, shirt=any_colour(c.rng, (0.1, 0.9), (0.2, 0.9)))
    c.soften(0.6)
    mottle(c, 0.92, 0.16, 1.6)
    return ()
