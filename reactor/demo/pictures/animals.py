"""Dogs, cats, birds and fish."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from PIL import Image

from reactor.demo.pictures.backdrops import bokeh, mottle, sky, surface
from reactor.demo.pictures.canvas import Canvas, as_mask
from reactor.demo.pictures.colour import Colour, any_colour, hsv, jitter, mix
from reactor.demo.pictures.outdoors import grassfield
from reactor.demo.pictures.pen import Pen

Animal = Literal["dog", "cat"]

FUR: tuple[Colour, ...] = (
    (150, 105, 60),
    (60, 50, 45),
    (225, 215, 200),
    (190, 150, 100),
    (110, 110, 112),
    (35, 32, 30),
    (215, 165, 95),
)
CAT_EYES: tuple[Colour, ...] = ((170, 190, 60), (220, 170, 50), (90, 160, 190), (120, 150, 60))
FEATHERS: tuple[Colour, ...] = (
    (40, 80, 170),
    (190, 40, 40),
    (120, 95, 70),
    (230, 200, 60),
    (60, 60, 65),
    (235, 235, 235),
    (70, 130, 80),
)


def dog(c: Canvas) -> tuple[str, ...]:
    """Draw a dog's head, or a dog from its side."""
    if c.chance(0.65):
        _head(c, "dog")
    else:
        _side(c, "dog")
    return ()


def cat(c: Canvas) -> tuple[str, ...]:
    """Draw a cat's head, or a cat from its side."""
    if c.chance(0.65):
        _head(c, "cat")
    else:
        _side(c, "cat")
    return ()


def _backdrop(c: Canvas) -> None:
    match c.rng.randrange(5):
        case 0:
            bokeh(c)
        case 1:
            surface(c)
        case 2:
            grassfield(c)
        case 3:
            bokeh(c, hsv(c.between(0.2, 0.35), 0.5, 0.5))
        case _:
            c.fill(jitter(c.rng, (200, 195, 185), 40))


def _fur(c: Canvas, mask: Image.Image, colour: Colour, spots: Colour | None = None, amount: float = 0.5) -> None:
    coat = c.texture(colour, amount, beta=0.9, sx=c.between(0.6, 1.4))
    if spots:
        coat.paste(c.texture(spots, amount, beta=0.9), (0, 0), as_mask((c.noise(beta=2) > 0.55).astype(np.float32)))
    c.blend(coat, mask)


def _head(c: Canvas, animal: Animal) -> None:
    _backdrop(c)
    coat = jitter(c.rng, c.rng.choice(FUR), 20)
    spots = jitter(c.rng, c.rng.choice(FUR), 20) if c.chance(0.5) else None
    x, y, r = c.cx + c.between(-25, 25), c.cy + c.between(-10, 15), c.between(42, 68)
    _fur(c, c.mask(lambda pen: pen.ellipse((x - r * 1.3, y + r * 0.5, x + r * 1.3, y + r * 3.5), 255), 2), coat, spots)
    if animal == "cat":
        _fur(c, c.mask(_pointed_ears(c, x, y, r), 1), mix(coat, (20, 10, 10), 0.15))
    wide = r * c.between(0.85, 1.1)
    _fur(c, c.mask(lambda pen: pen.ellipse((x - wide, y - r, x + wide, y + r), 255), 2), coat, spots)
    if animal == "dog":
        _fur(c, c.mask(_hanging_ears(c, x, y, r), 2), mix(coat, (20, 10, 5), 0.35))
        _dog_face(c, x, y, r, coat)
    else:
        _cat_face(c, x, y, r, coat)


def _pointed_ears(c: Canvas, x: float, y: float, r: float) -> Callable[[Pen], None]:
    tips = [(side, c.between(0.75, 0.95), c.between(1.25, 1.6)) for side in (-1, 1)]

    def draw(pen: Pen) -> None:
        for side, out, up in tips:
            tip = (x + side * r * out, y - r * up)
            pen.poly([(x + side * r * 0.95, y - r * 0.25), tip, (x + side * r * 0.2, y - r * 0.75)], 255)

    return draw


def _hanging_ears(c: Canvas, x: float, y: float, r: float) -> Callable[[Pen], None]:
    half, length = c.between(0.3, 0.45) * r, c.between(0.9, 1.5) * r

    def draw(pen: Pen) -> None:
        for side in (-1, 1):
            middle = x + side * r * 0.95
            pen.ellipse((middle - half, y - r * 0.7, middle + half, y - r * 0.7 + length), 255)

    return draw


def _dog_face(c: Canvas, x: float, y: float, r: float, coat: Colour) -> None:
    pen, eye, look = c.pen, r * c.between(0.1, 0.16), y - r * 0.15
    for side in (-1, 1):
        ex = x + side * r * 0.42
        pen.disc(ex, look, eye, (25, 15, 10))
        pen.ellipse((ex - eye * 0.1, look - eye * 0.6, ex + eye * 0.4, look - eye * 0.1), (240, 240, 240))
    muzzle = mix(coat, (240, 230, 215), c.between(0.1, 0.7))
    pen.ellipse((x - r * 0.48, y + r * 0.05, x + r * 0.48, y + r * 0.95), muzzle)
    nose = r * c.between(0.18, 0.26)
    pen.ellipse((x - nose, y + r * 0.15, x + nose, y + r * 0.15 + nose * 1.4), (20, 15, 15))
    pen.line([(x, y + r * 0.45), (x, y + r * 0.65)], (40, 25, 20), 2)
    if c.chance(0.4):
        pen.ellipse((x - r * 0.15, y + r * 0.65, x + r * 0.15, y + r * 1.1), (225, 110, 120))


def _cat_face(c: Canvas, x: float, y: float, r: float, coat: Colour) -> None:
    pen, eye, look, iris = c.pen, r * c.between(0.16, 0.22), y - r * 0.15, c.rng.choice(CAT_EYES)
    for side in (-1, 1):
        ex = x + side * r * 0.42
        pen.disc(ex, look, eye, iris, flat=0.9)
        pen.ellipse((ex - eye * 0.3, look - eye * 0.85, ex + eye * 0.3, look + eye * 0.85), (8, 8, 8))
    pen.ellipse((x - r * 0.34, y + r * 0.25, x + r * 0.34, y + r * 0.7), mix(coat, (245, 240, 235), 0.5))
    pen.poly([(x - r * 0.1, y + r * 0.25), (x + r * 0.1, y + r * 0.25), (x, y + r * 0.38)], (210, 120, 120))
    for side in (-1, 1):
        for hair in range(3):
            end = (x + side * r * 1.25, y + r * (0.3 + 0.15 * hair))
            pen.line([(x + side * r * 0.25, y + r * 0.45), end], (240, 240, 240))


def _side(c: Canvas, animal: Animal) -> None:
    if c.chance(0.5):
        grassfield(c)
    else:
        _backdrop(c)
    coat = jitter(c.rng, c.rng.choice(FUR), 20)
    spots = jitter(c.rng, c.rng.choice(FUR)) if c.chance(0.3) else None
    x, y, size = c.cx + c.between(-15, 15), c.between(115, 135), c.between(50, 68)
    _fur(c, c.mask(_body(animal, x, y, size, c.between(0.85, 1)), 1.2), coat, spots)
    hx, hy, r = x + size * 1.05, y - size * 0.55, size * 0.33
    if animal == "dog":
        c.pen.ellipse((hx + r * 1.45, hy - r * 0.1, hx + r * 1.8, hy + r * 0.25), (10, 10, 10))
        c.pen.ellipse((hx - r * 0.75, hy - r * 0.8, hx - r * 0.1, hy + r * 0.7), mix(coat, (10, 5, 0), 0.4))
    c.pen.ellipse((hx + r * 0.15, hy - r * 0.35, hx + r * 0.4, hy - r * 0.1), (15, 10, 10))
    if c.chance(0.5):
        c.mirror()


def _body(animal: Animal, x: float, y: float, size: float, leg: float) -> Callable[[Pen], None]:
    hx, hy, r = x + size * 1.05, y - size * 0.55, size * 0.33

    def draw(pen: Pen) -> None:
        pen.disc(x, y, size, 255, flat=0.38)
        for share in (-0.75, -0.5, 0.5, 0.75):
            pen.rect((x + share * size - 6, y, x + share * size + 6, y + size * leg), 255)
        pen.disc(hx, hy, r, 255)
        neck = [(x + size * 0.55, y - size * 0.3), (hx - r * 0.5, hy - r * 0.5), (hx + r * 0.6, hy + r * 0.8)]
        pen.poly([*neck, (x + size * 0.9, y + size * 0.2)], 255)
        if animal == "dog":
            pen.ellipse((hx + r * 0.2, hy - r * 0.2, hx + r * 1.7, hy + r * 0.6), 255)
            pen.line([(x - size * 0.9, y - size * 0.2), (x - size * 1.35, y - size * 0.8)], 255, 7)
            return
        for side in (-1, 1):
            ear = [(hx + side * r * 0.8, hy - r * 0.4), (hx + side * r * 0.6, hy - r * 1.5)]
            pen.poly([*ear, (hx + side * r * 0.05, hy - r * 0.7)], 255)
        tail = [(x - size * 0.9, y - size * 0.1), (x - size * 1.3, y - size * 0.5), (x - size * 1.2, y - size * 1.1)]
        pen.line(tail, 255, 8)

    return draw


def bird(c: Canvas) -> tuple[str, ...]:
    """Draw a bird that sits on a branch or flies."""
    if c.chance(0.4):
        sky(c)
    else:
        bokeh(c, hsv(c.between(0.2, 0.45), 0.4, 0.5))
    plumage = jitter(c.rng, c.rng.choice(FEATHERS), 25)
    x, y, size = c.cx + c.between(-20, 20), c.cy + c.between(-15, 15), c.between(38, 60)
    if c.chance(0.3):
        _fur(c, c.mask(_flight(c, x, y, size), 1), plumage, amount=0.35)
    else:
        _perched(c, x, y, size, plumage)
    if c.chance(0.5):
        c.mirror()
    return ()


def _flight(c: Canvas, x: float, y: float, size: float) -> Callable[[Pen], None]:
    wings = [(x - size * 0.1 + c.between(-0.5, 0.5) * size, y + s * size * c.between(0.8, 1.4)) for s in (-1, -0.6)]

    def draw(pen: Pen) -> None:
        pen.ellipse((x - size * 0.6, y - size * 0.16, x + size * 0.6, y + size * 0.16), 255)
        for tip in wings:
            pen.poly([(x - size * 0.2, y), (x + size * 0.25, y), tip], 255)
        pen.poly([(x - size * 0.55, y), (x - size * 0.95, y - size * 0.15), (x - size * 0.95, y + size * 0.15)], 255)

    return draw


def _perched(c: Canvas, x: float, y: float, size: float, plumage: Colour) -> None:
    def outline(pen: Pen) -> None:
        pen.ellipse((x - size, y - size * 0.5, x + size * 0.75, y + size * 0.62), 255)
        pen.ellipse((x + size * 0.3, y - size * 0.95, x + size * 1.05, y - size * 0.15), 255)
        tail = [(-0.8, -0.1), (-1.8, 0.55), (-1.6, 0.75), (-0.6, 0.35)]
        pen.poly([(x + size * along, y + size * down) for along, down in tail], 255)

    spots = jitter(c.rng, c.rng.choice(FUR)) if c.chance(0.4) else None
    _fur(c, c.mask(outline, 1), plumage, spots, 0.4)
    pen, eye = c.pen, size * 0.08
    pen.ellipse((x - size * 0.8, y - size * 0.25, x + size * 0.3, y + size * 0.4), mix(plumage, (20, 20, 25), 0.45))
    beak = [(0.98, -0.65), (1.45, -0.5), (0.98, -0.4)]
    pen.poly([(x + size * along, y + size * down) for along, down in beak], jitter(c.rng, (225, 160, 50), 30))
    pen.disc(x + size * 0.7, y - size * 0.65, eye, (8, 8, 8))
    for share in (-0.05, 0.2):
        pen.line([(x + share * size, y + size * 0.55), (x + share * size, y + size * 0.95)], (110, 80, 50), 3)
    branch = [(0.0, y + size * 0.98), (c.w, y + size * c.between(0.85, 1.15))]
    pen.line(branch, jitter(c.rng, (95, 70, 45)), c.rng.choice((3, 7)))


def fish(c: Canvas) -> tuple[str, ...]:
    """Draw fish under water."""
    blue = hsv(c.between(0.47, 0.6), c.between(0.5, 0.9), c.between(0.3, 0.75))
    c.image.paste(c.texture(blue, 0.35, beta=1.3, sx=c.between(2, 6), sy=0.5))
    for _ in range(c.rng.choice((1, 1, 3, 6))):
        colour = any_colour(c.rng, (0.5, 1), (0.6, 1))
        x, y, size = c.between(50, c.w - 54), c.between(40, 180), c.between(25, 60)
        tail = [(x - size * 0.8, y), (x - size * 1.5, y - size * 0.5), (x - size * 1.5, y + size * 0.5)]
        c.pen.poly(tail, jitter(c.rng, colour, 30))
        c.pen.disc(x, y, size, colour, flat=0.45)
        for stripe in range(c.rng.randrange(4)):
            at = x - size * 0.5 + stripe * size * 0.35
            c.pen.line([(at, y - size * 0.4), (at, y + size * 0.4)], jitter(c.rng, colour, 90), 3)
        c.pen.ellipse((x + size * 0.6, y - size * 0.15, x + size * 0.75, y), (0, 0, 0))
    mottle(c, 0.8, 0.4)
    return ()
