"""Gardens, towns and the night sky: flowers, skylines, houses, cars, stars."""

import math

import numpy as np

from reactor.demo.pictures.backdrops import bokeh, mottle, ridge, sky
from reactor.demo.pictures.canvas import Canvas
from reactor.demo.pictures.colour import Colour, any_colour, hsv, jitter, mix
from reactor.demo.pictures.pen import Box


def flower(c: Canvas) -> tuple[str, ...]:
    """Draw one large flower or several small ones before blurred green."""
    bokeh(c, hsv(c.between(0.2, 0.42), c.between(0.3, 0.7), c.between(0.2, 0.6)))
    hue = c.rng.choice((c.between(-0.05, 0.05), c.between(0.8, 0.95), c.between(0.12, 0.16), c.between(0.7, 0.8), 0.0))
    petals = c.rng.choice((hsv(hue, c.between(0.5, 1), c.between(0.7, 1)), (248, 246, 240)))
    count = c.rng.choice((1, 1, 2, 3, 6, 12))
    for _ in range(count):
        if count == 1:
            _blossom(c, c.cx + c.between(-30, 30), c.cy + c.between(-30, 30), c.between(45, 85), petals)
        else:
            _blossom(c, c.between(10, c.w - 10), c.between(10, c.h - 10), c.between(16, 40), petals)
    mottle(c, 0.8, 0.4, 1.3)
    return ()


def _blossom(c: Canvas, x: float, y: float, radius: float, colour: Colour) -> None:
    petals, turn = c.rng.randrange(5, 18), c.between(0, 6)
    c.pen.line([(x, y), (x + c.between(-15, 15), c.h)], jitter(c.rng, (50, 110, 40)), 3)
    for layer in range(c.rng.choice((1, 2))):
        length = radius * (1 - 0.3 * layer)
        for index in range(petals):
            angle = turn + index * 2 * math.pi / petals + layer * 0.2
            outline = _petal(x, y, angle, length, length * math.pi / petals * c.between(0.9, 1.3))
            c.pen.poly(outline, jitter(c.rng, mix(colour, (60, 20, 20), 0.15 * layer), 22))
    middle = c.rng.choice(((240, 200, 40), (120, 80, 30), (250, 230, 120), (70, 50, 30)))
    c.pen.disc(x, y, radius * c.between(0.15, 0.35), middle)


def _petal(x: float, y: float, angle: float, length: float, width: float) -> list[tuple[float, float]]:
    along, across = math.cos(angle), math.sin(angle)
    path = [(share, 1) for share in np.linspace(0.1, 1, 6)] + [(share, -1) for share in np.linspace(1, 0.1, 6)]
    return [
        (
            x + along * length * share - across * width * math.sin(share * math.pi) * side,
            y + across * length * share + along * width * math.sin(share * math.pi) * side,
        )
        for share, side in path
    ]


def city(c: Canvas) -> tuple[str, ...]:
    """Draw a row of tall buildings and a street, by day or at night."""
    night = c.chance(0.35)
    sky(c, "night" if night else None)
    ground, x = c.between(150, 200), -10.0
    while x < c.w:
        width = c.between(18, 52)
        _tower(c, (x, c.between(20, 130), x + width, ground), night)
        x += width + c.rng.choice((0, 0, 4))
    c.pen.rect((0, ground, c.w, c.h), (20, 20, 25) if night else jitter(c.rng, (70, 70, 74), 20))
    if c.chance(0.6):
        for lane in (-3, 0, 3):
            c.pen.line([(c.cx + lane * 30, c.h), (c.cx + lane * 6, ground)], (220, 220, 200), 2)
    if night:
        for _ in range(c.rng.randrange(2, 9)):
            away = np.hypot(c.columns()[None] - c.between(0, c.w), c.rows()[:, None] - c.between(100, c.h))
            c.glow(np.exp(-away / c.between(4, 12)), (200, 160, 80))
    mottle(c, 0.9, 0.2)
    return ("night",) if night else ("day",)


def _tower(c: Canvas, box: Box, night: bool) -> None:
    left, top, right, ground = box
    stones = ((120, 120, 130), (165, 140, 115), (90, 100, 115), (180, 90, 70), (210, 205, 195))
    wall = jitter(c.rng, c.rng.choice(stones), 20)
    wall = mix(wall, (10, 10, 20), 0.75) if night else wall
    c.pen.rect(box, wall)
    pitch = c.rng.choice((5, 7, 9))
    for y in range(int(top) + 5, int(ground) - 4, pitch):
        for x in range(int(left) + 3, int(right) - 4, pitch):
            if not night:
                c.pen.rect((x, y, x + pitch * 0.5, y + pitch * 0.6), mix(wall, (40, 50, 70), 0.6))
            elif c.chance(0.5):
                c.pen.rect((x, y, x + pitch * 0.45, y + pitch * 0.5), jitter(c.rng, (255, 215, 120), 40))


def house(c: Canvas) -> tuple[str, ...]:
    """Draw a house with a roof, windows and a door in the green."""
    sky(c)
    green = hsv(c.between(0.2, 0.35), c.between(0.3, 0.6), c.between(0.3, 0.6))
    c.blend(c.texture(green, 0.4, beta=1), c.below(ridge(c, c.between(150, 180), 4)))
    left, right = c.cx - c.between(52, 92), c.cx + c.between(38, 93)
    top, foot = c.between(80, 110), c.between(165, 195)
    light_wall = any_colour(c.rng, (0.1, 0.5), (0.6, 0.95))
    wall = c.rng.choice(((235, 225, 205), (190, 90, 70), (200, 200, 205), (170, 140, 100), light_wall))
    c.pen.rect((left, top, right, foot), jitter(c.rng, wall, 10))
    middle = (left + right) / 2
    roof = jitter(c.rng, c.rng.choice(((140, 50, 40), (70, 70, 80), (110, 75, 50))), 15)
    gable = (middle + c.between(-20, 20), top - c.between(30, 65))
    c.pen.poly([(left - 10, top), (right + 10, top), gable], roof)
    for index in range(c.rng.randrange(2, 5)):
        x, y = left + 12 + index * (right - left - 24) / 3.5, top + c.between(14, 22)
        pane = c.rng.choice(((70, 90, 120), (40, 45, 60), (150, 190, 220)))
        c.pen.rect((x, y, x + 18, y + 22), pane, outline=(250, 250, 250), width=2)
    c.pen.rect((middle - 9, foot - 36, middle + 9, foot), any_colour(c.rng, (0.3, 0.8), (0.2, 0.6)))
    mottle(c, 0.85, 0.3, 1)
    return ()


def car(c: Canvas) -> tuple[str, ...]:
    """Draw a car from its side on a road."""
    if c.chance(0.5):
        sky(c)
    else:
        bokeh(c)
    road = jitter(c.rng, (100, 100, 104), 25)
    c.blend(c.texture(road, 0.15, beta=0.8), c.below(c.between(140, 165)))
    paints = (any_colour(c.rng, (0.6, 1), (0.3, 0.9)), (235, 235, 238), (25, 25, 30), (150, 155, 160), (190, 20, 20))
    left, right, foot = c.cx - c.between(72, 98), c.cx + c.between(68, 100), c.between(160, 180)
    _car_body(c, (left, foot - c.between(28, 40), right, foot), c.rng.choice(paints))
    mottle(c, 0.88, 0.24, 1.8)
    if c.chance(0.5):
        c.mirror()
    return ()


def _car_body(c: Canvas, box: Box, paint: Colour) -> None:
    left, top, right, foot = box
    width, pen, roof = right - left, c.pen, top - c.between(24, 34)
    glass = (40, 55, 75)
    pen.rounded((left, top, right, foot), 10, paint)
    cabin = [(0.18, top + 2), (0.32, roof), (0.68, roof), (0.86, top + 2)]
    front = [(0.24, top + 1), (0.34, top - 22), (0.48, top - 22), (0.48, top + 1)]
    back = [(0.52, top + 1), (0.52, top - 22), (0.66, top - 22), (0.78, top + 1)]
    for outline, colour in ((cabin, paint), (front, glass), (back, glass)):
        pen.poly([(left + width * share, y) for share, y in outline], colour)
    for share in (0.22, 0.78):
        x = left + width * share
        pen.disc(x, foot + 1, 18.5, (18, 18, 20))
        pen.disc(x, foot + 1, 9.5, (170, 172, 178))
    pen.ellipse((left + 2, top + 6, left + 12, top + 16), (255, 245, 200))
    pen.ellipse((right - 10, top + 6, right - 2, top + 14), (200, 30, 30))


def nightsky(c: Canvas) -> tuple[str, ...]:
    """Draw stars, the moon or fireworks."""
    sky(c, "night")
    kind = c.rng.random()
    if kind < 0.45:
        attribute = _stars(c)
    elif kind < 0.65:
        attribute = _moon(c)
    else:
        attribute = _fireworks(c)
    if c.chance(0.5):
        c.blend((8, 8, 8), c.below(ridge(c, c.between(175, 215), 12)))
    return (attribute,)


def _stars(c: Canvas) -> str:
    for _ in range(c.rng.randrange(60, 300)):
        warm = (255, 255, c.rng.randrange(212, 249))
        c.pen.disc(c.between(0, c.w), c.between(0, c.h), c.between(0.3, 1.6), warm)
    c.glow(np.clip(c.noise(beta=2) - 0.5, 0, 1), jitter(c.rng, (104, 104, 156), 40))
    return "stars"


def _moon(c: Canvas) -> str:
    radius, x, y = c.between(15, 70), c.between(60, c.w - 64), c.between(60, 150)
    c.blend(c.texture((238, 234, 215), 0.2), c.mask(lambda pen: pen.disc(x, y, radius, 255), 0.5))
    return "moon"


def _fireworks(c: Canvas) -> str:
    c.light(np.full((1, 1), 0.5, np.float32))
    for _ in range(c.rng.randrange(1, 5)):
        x, y, radius = c.between(30, c.w - 34), c.between(20, 120), c.between(20, 60)
        colour = any_colour(c.rng, (0.3, 1), (0.9, 1))
        for _ in range(c.rng.randrange(30, 70)):
            angle, reach = c.between(0, 6.3), c.between(0.3, 1) * radius
            along, across = math.cos(angle) * reach, math.sin(angle) * reach
            start = (x + along * 0.3, y + across * 0.3)
            c.pen.line([start, (x + along, y + across + reach * 0.1)], jitter(c.rng, colour, 30))
    sharp = np.asarray(c.image, np.float32).max(-1) / 255
    c.soften(1)
    c.glow(sharp * 0.8, (200, 190, 170))
    return "fireworks"
