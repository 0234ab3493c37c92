"""Food and drink: plates, pizza, cake, coffee, fruit."""

import math

import numpy as np

from reactor.demo.pictures.backdrops import bokeh, shade, surface
from reactor.demo.pictures.canvas import Canvas
from reactor.demo.pictures.colour import WHITE, Colour, any_colour, hsv, jitter, mix

BITES: tuple[Colour, ...] = (
    (200, 60, 40),
    (240, 190, 60),
    (90, 150, 60),
    (150, 90, 50),
    (235, 220, 180),
    (120, 60, 40),
    (250, 140, 50),
    (60, 110, 40),
    (225, 180, 120),
)


def food(c: Canvas) -> tuple[str, ...]:
    """Draw a plate with a meal, from above."""
    surface(c)
    r, x, y = c.between(75, 98), c.cx + c.between(-12, 12), c.cy + c.between(-12, 12)
    plates = ((245, 245, 242), (250, 250, 250), any_colour(c.rng, (0.1, 0.5), (0.6, 0.9)), (50, 50, 55))
    plate = c.rng.choice(plates)
    c.pen.disc(x, y + 5, r, mix(plate, (0, 0, 0), 0.45), flat=0.95)
    c.pen.disc(x, y, r, plate, flat=0.95)
    inner = r * 0.78
    c.pen.disc(x, y, inner, mix(plate, (128, 128, 128), 0.08), flat=0.95)
    colours = c.rng.sample(BITES, c.rng.randrange(2, 6))
    for _ in range(c.rng.randrange(14, 70)):
        angle, reach = c.between(0, 6.3), c.between(0, inner * 0.78)
        bite = jitter(c.rng, c.rng.choice(colours), 25)
        _bite(c, x + math.cos(angle) * reach, y + math.sin(angle) * reach * 0.9, bite)
    _grain(c, x, y, inner, 0.7, 0.6)
    shade(c)
    return ()


def _bite(c: Canvas, x: float, y: float, colour: Colour) -> None:
    size, shape = c.between(4, 20), c.rng.random()
    if shape < 0.55:
        c.pen.disc(x, y, size, colour, flat=0.75)
    elif shape < 0.8:
        c.pen.line([(x, y), (x + c.between(-25, 25), y + c.between(-25, 25))], colour, c.rng.choice((3, 5)))
    else:
        c.pen.poly([(x + c.between(-size, size), y + c.between(-size, size)) for _ in range(5)], colour)


def _grain(c: Canvas, x: float, y: float, r: float, low: float, span: float) -> None:
    smooth = c.image.copy()
    plate = c.mask(lambda pen: pen.disc(x, y, r, 255), 2)
    c.light(low + span * c.noise(beta=1.05))
    rough = c.image.copy()
    c.image.paste(smooth)
    c.blend(rough, plate)


def pizza(c: Canvas) -> tuple[str, ...]:
    """Draw a whole pizza from above."""
    surface(c)
    r, x, y = c.between(75, 100), c.cx, c.cy
    c.pen.disc(x, y, r, jitter(c.rng, (200, 145, 80), 15))
    c.pen.disc(x, y, r * 0.88, jitter(c.rng, (225, 170, 70), 20))
    toppings = ((180, 45, 30), (180, 45, 30), (180, 45, 30), (245, 230, 180), (70, 110, 40))
    for _ in range(c.rng.randrange(10, 26)):
        angle, reach = c.between(0, 6.3), c.between(0, r * 0.7)
        topping = jitter(c.rng, c.rng.choice(toppings), 18)
        c.pen.disc(x + math.cos(angle) * reach, y + math.sin(angle) * reach, c.between(6, 14), topping)
    if c.chance(0.5):
        for angle in np.linspace(0, 6.28, 9)[:-1]:
            c.pen.line([(x, y), (x + math.cos(angle) * r, y + math.sin(angle) * r)], (120, 80, 40), 2)
    _grain(c, x, y, r, 0.65, 0.7)
    shade(c)
    return ()


def cake(c: Canvas) -> tuple[str, ...]:
    """Draw a cake with icing, often with candles."""
    c.rng.choice((surface, bokeh))(c)
    left, right = c.cx - c.between(47, 72), c.cx + c.between(48, 73)
    top, foot = c.between(95, 115), c.between(165, 185)
    colour = c.rng.choice(((250, 240, 230), (110, 65, 40), (245, 180, 195), (250, 225, 150), (180, 215, 235)))
    pen, sponge = c.pen, jitter(c.rng, colour, 10)
    pen.ellipse((left - 18, foot - 12, right + 18, foot + 20), (235, 235, 235))
    pen.rect((left, top, right, foot), sponge)
    pen.ellipse((left, foot - 14, right, foot + 14), sponge)
    pen.ellipse((left, top - 16, right, top + 16), jitter(c.rng, mix(colour, WHITE, 0.3), 10))
    for x in np.arange(left + 6, right, 12):
        pen.ellipse((x - 6, top - 2, x + 6, top + c.between(8, 26)), mix(colour, WHITE, 0.5))
    candles = c.chance(0.6)
    for _ in range(c.rng.randrange(2, 8) if candles else 0):
        x, height, y = c.between(left + 12, right - 12), c.between(26, 40), top + c.between(-8, 8)
        pen.rect((x - 2, y - height, x + 2, y), any_colour(c.rng))
        pen.ellipse((x - 4, y - height - 12, x + 4, y - height), (255, 200, 60))
    shade(c)
    return ("candles",) if candles else ()


def coffee(c: Canvas) -> tuple[str, ...]:
    """Draw a cup of coffee, from above or from its side."""
    surface(c)
    x, y, r = c.cx + c.between(-20, 20), c.cy + c.between(-15, 15), c.between(45, 72)
    cups = ((250, 250, 250), (240, 235, 225), any_colour(c.rng, (0.2, 0.8), (0.3, 0.9)), (40, 40, 45))
    cup = c.rng.choice(cups)
    if c.chance(0.55):
        _cup_from_above(c, x, y, r, cup)
    else:
        pen = c.pen
        pen.ellipse((x + r * 0.6, y - r * 0.5, x + r * 1.5, y + r * 0.5), outline=cup, width=9)
        side = [(-1, -0.8), (1, -0.8), (0.8, 0.95), (-0.8, 0.95)]
        pen.poly([(x + r * across, y + r * down) for across, down in side], cup)
        pen.ellipse((x - r, y - r * 1.05, x + r, y - r * 0.55), mix(cup, (0, 0, 0), 0.1))
        pen.ellipse((x - r * 0.9, y - r, x + r * 0.9, y - r * 0.6), jitter(c.rng, (85, 50, 25), 15))
    shade(c)
    return ()


def _cup_from_above(c: Canvas, x: float, y: float, r: float, cup: Colour) -> None:
    if c.chance(0.7):
        c.pen.disc(x, y, r * 1.5, jitter(c.rng, (245, 244, 240), 10), flat=0.9)
    c.pen.ellipse((x + r * 0.8, y - r * 0.3, x + r * 1.5, y + r * 0.3), outline=cup, width=8)
    c.pen.disc(x, y, r, cup, flat=0.95)
    brew = r * 0.84
    c.pen.disc(x, y, brew, jitter(c.rng, (95, 55, 28), 20), flat=0.95)
    if c.chance(0.6):
        for share in (0.7, 0.5, 0.3):
            c.pen.disc(x, y, brew * share, mix((110, 65, 35), (240, 220, 190), 1 - share), flat=0.8)


def fruit(c: Canvas) -> tuple[str, ...]:
    """Draw round fruit of one sort."""
    (surface if c.chance(0.6) else bokeh)(c)
    count = c.rng.choice((1, 1, 3, 8))
    sorts = ((0.0, 0.85, 0.8), (0.08, 0.95, 0.95), (0.15, 0.85, 0.95), (0.28, 0.7, 0.75), (0.78, 0.5, 0.5))
    hue, saturation, value = c.rng.choice(sorts)
    for _ in range(count):
        r = c.between(45, 70) if count == 1 else c.between(18, 38)
        x, y = (c.cx, c.cy) if count == 1 else (c.cx + c.between(-72, 73), c.cy + c.between(-62, 73))
        skin = hsv(hue + c.between(-0.02, 0.02), saturation, value * c.between(0.8, 1))
        c.pen.ellipse((x - r + 4, y - r * 0.9 + 8, x + r + 6, y + r + 6), (40, 35, 30))
        for share in (1, 0.8, 0.6, 0.4, 0.25, 0.12):
            off = (1 - share) * r * 0.3
            c.pen.disc(x - off, y - off, r * share, mix(skin, WHITE, (1 - share) * 0.6), flat=0.95)
        c.pen.line([(x, y - r * 0.85), (x + r * 0.15, y - r * 1.2)], (90, 60, 30), 3)
    shade(c)
    return ()
