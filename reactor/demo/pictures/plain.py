"""What is left: rooms, spoilt pictures, nothing at all."""

import numpy as np

from reactor.demo.pictures.animals import dog
from reactor.demo.pictures.backdrops import mottle, shade
from reactor.demo.pictures.canvas import Canvas
from reactor.demo.pictures.colour import BLACK, any_colour, jitter, mix
from reactor.demo.pictures.food import food
from reactor.demo.pictures.outdoors import forest, mountains
from reactor.demo.pictures.people import portrait
from reactor.demo.pictures.town import car, city


def blurry(c: Canvas) -> tuple[str, ...]:
    """Draw some motif far out of focus."""
    c.rng.choice((mountains, city, portrait, food, forest, dog, car))(c)
    c.soften(c.between(7, 14))
    return ()


def blank(c: Canvas) -> tuple[str, ...]:
    """Draw one colour with a little noise."""
    kind, level = c.rng.random(), c.rng.randrange(0, 18)
    if kind < 0.4:
        c.fill((level, level, level))
    elif kind < 0.7:
        c.fill(any_colour(c.rng, (0, 1), (0.1, 1)))
    else:
        c.fill((238 + level, 238 + level, 238 + level))
    grain = c.grain.standard_normal(c.pixels[::-1], dtype=np.float32)
    c.glow(grain * np.float32(c.between(0, 7)), (1, 1, 1))
    return ()


def indoor(c: Canvas) -> tuple[str, ...]:
    """Draw a living room: window, sofa, lamp, floor."""
    c.image.paste(c.texture(jitter(c.rng, (215, 205, 190), 35), 0.07))
    pen, floor, left = c.pen, c.h - c.between(59, 84), c.cx - 112
    planks = jitter(c.rng, (150, 110, 75), 30)
    pen.poly([(0, c.h), (c.w, c.h), (c.w, floor + c.between(0, 20)), (0, floor)], planks)
    x = left + c.between(20, 80)
    pane = c.rng.choice(((190, 220, 240), (240, 245, 250)))
    pen.rect((x, 30, x + 60, 100), pane, outline=(250, 250, 250), width=4)
    pen.line([(x + 30, 30), (x + 30, 100)], (250, 250, 250), 3)
    sofa, x = any_colour(c.rng, (0.2, 0.8), (0.3, 0.8)), left + c.between(60, 110)
    pen.rounded((x - 45, floor - 20, x + 65, floor + 35), 12, sofa)
    pen.rounded((x - 45, floor - 45, x + 65, floor), 10, mix(sofa, BLACK, 0.15))
    x = left + c.between(150, 195)
    pen.line([(x, floor - 60), (x, floor + 35)], (60, 50, 45), 4)
    lamp = [(x - 20, floor - 55), (x + 20, floor - 55), (x + 10, floor - 90), (x - 10, floor - 90)]
    pen.poly(lamp, (250, 235, 190))
    if c.chance(0.6):
        frame = (left + c.between(110, 150), 35, left + c.between(170, 205), 80)
        pen.rect(frame, any_colour(c.rng), outline=(50, 40, 30), width=3)
    shade(c)
    mottle(c, 0.93, 0.14)
    return ()
