"""Landscapes: mountains, shores, woods, snow, dunes, meadows."""

import math

import numpy as np
from PIL import Image

from reactor.demo.pictures.backdrops import ridge, sky, tilt, water
from reactor.demo.pictures.canvas import Canvas, Field, as_mask
from reactor.demo.pictures.colour import Colour, any_colour, hsv, jitter, mix


def mountains(c: Canvas) -> tuple[str, ...]:
    """Draw ranges one behind the other, with snow on them or a lake before them."""
    sky(c, c.rng.choice(("blue", "cloud", "grey")))
    snow, count, base = c.chance(0.45), c.rng.randrange(2, 5), c.between(60, 110)
    rock = c.rng.choice(
        (
            hsv(c.between(0.55, 0.65), c.between(0.1, 0.4), c.between(0.4, 0.7)),
            hsv(c.between(0.25, 0.4), c.between(0.2, 0.5), c.between(0.25, 0.5)),
            hsv(c.between(0.05, 0.1), c.between(0.15, 0.4), c.between(0.35, 0.6)),
        )
    )
    for index in range(count):
        line = ridge(c, base + index * c.between(22, 38), c.between(14, 34) / (1 + index * 0.3))
        slope = c.below(line)
        c.blend(c.texture(mix((200, 210, 225), rock, (index + 1) / count), 0.35, beta=1.4), slope)
        if snow and index < count - 1:
            _snow_cap(c, line)
    if c.chance(0.4):
        _mirror_lake(c, c.between(165, 195))
    elif c.chance(0.6):
        meadow = hsv(c.between(0.2, 0.35), c.between(0.4, 0.7), c.between(0.25, 0.6))
        c.blend(c.texture(meadow, 0.4, beta=1.2), c.below(ridge(c, c.between(175, 200), 6)))
    return ("snow",) if snow else ()


def _snow_cap(c: Canvas, line: Field) -> None:
    depth = c.rows()[:, None] - line[None]
    cap = np.clip(1 - depth / c.between(18, 40) + (c.noise(beta=1) - 0.5) * 1.2, 0, 1)
    c.blend((245, 245, 245), as_mask(cap * 0.9 * (depth > 0)))


def _mirror_lake(c: Canvas, shore: float) -> None:
    width, height = c.pixels
    top = round(shore * c.scale)
    above = c.image.crop((0, max(0, 2 * top - height), width, top))
    flipped = np.asarray(above, np.float32)[::-1] * 0.75 + np.array([40, 70, 100], np.float32) * 0.25
    c.image.paste(Image.fromarray(flipped.astype(np.uint8)), (0, top))


def beach(c: Canvas) -> tuple[str, ...]:
    """Draw sea, surf and sand, at times with a palm."""
    sky(c, c.rng.choice(("blue", "cloud", "blue")))
    water(c, c.between(60, 100))
    shore = ridge(c, c.between(130, 180), 5) + tilt(c, 30)
    c.blend((235, 235, 235), as_mask(np.asarray(c.below(shore - c.between(4, 9)), np.float32) / 255 * 0.8))
    sand = hsv(c.between(0.09, 0.13), c.between(0.2, 0.5), c.between(0.7, 0.95))
    c.blend(c.texture(sand, 0.15, beta=0.8), c.below(shore))
    if c.chance(0.35):
        _palm(c)
    return ()


def _palm(c: Canvas) -> None:
    x, top = c.between(30, c.w - 34), c.between(70, 100)
    c.pen.line([(x, c.h), (x + c.between(-15, 15), top)], (90, 60, 30), 5)
    for angle in np.linspace(0, 6.3, 9):
        tip = (x + math.cos(angle) * 45, top + abs(math.sin(angle)) * c.between(-12, 25))
        c.pen.line([(x, top), tip], jitter(c.rng, (40, 120, 50)), 4)


def sea(c: Canvas) -> tuple[str, ...]:
    """Draw open water, often with a boat."""
    sky(c, c.rng.choice(("blue", "cloud", "grey")))
    horizon = c.between(70, 120)
    water(c, horizon)
    if not c.chance(0.6):
        return ()
    _boat(c, c.between(60, c.w - 64), horizon + c.between(10, 45), c.between(25, 50))
    return ("boat",)


def _boat(c: Canvas, x: float, y: float, size: float) -> None:
    hull = c.rng.choice((any_colour(c.rng), (245, 245, 245), (60, 40, 30)))
    keel = y + size * 0.35
    c.pen.poly([(x - size, y), (x + size, y), (x + size * 0.7, keel), (x - size * 0.7, keel)], hull)
    if c.chance(0.6):
        c.pen.line([(x, y), (x, y - size * 1.6)], (70, 60, 50), 2)
        c.pen.poly([(x + 2, y - size * 1.5), (x + 2, y - 4), (x + size * 0.8, y - 4)], (250, 250, 250))
        c.pen.poly(
            [(x - 2, y - size * 1.2), (x - 2, y - 4), (x - size * 0.6, y - 4)], jitter(c.rng, (240, 240, 235), 10)
        )
    else:
        c.pen.rect((x - size * 0.5, y - size * 0.4, x + size * 0.4, y), (250, 250, 250))
        c.pen.rect((x - size * 0.3, y - size * 0.3, x + size * 0.2, y - size * 0.1), (60, 80, 110))


def sunset(c: Canvas) -> tuple[str, ...]:
    """Draw a low sun over water or dark hills."""
    sky(c, "sunset")
    horizon = c.between(110, 170)
    x, y, radius = c.between(40, c.w - 39), c.between(60, horizon), c.between(8, 24)
    away = np.hypot(c.columns()[None] - x, c.rows()[:, None] - y)
    c.glow(np.exp(-away / c.between(25, 60)), (140, 90, 30))
    c.blend((255, 240, 190), as_mask((radius - away) * c.scale))
    if c.chance(0.5):
        water(c, horizon, hsv(c.between(0, 0.08), c.between(0.3, 0.7), c.between(0.25, 0.55)))
        path = np.exp(-np.abs(c.columns()[None] - x) / c.between(8, 20)) * c.noise(sx=4, sy=0.5, beta=1)
        c.glow(path * (c.rows()[:, None] > horizon), (150, 100, 40))
    else:
        hills = hsv(c.between(0.6, 1.1), c.between(0.2, 0.6), c.between(0.03, 0.15))
        c.blend(c.texture(hills, 0.4), c.below(ridge(c, horizon, c.between(4, 24))))
    return ()


def forest(c: Canvas) -> tuple[str, ...]:
    """Draw leaves, trunks and firs, at times in autumn colours."""
    leaves = hsv(c.between(0.18, 0.4), c.between(0.3, 0.75), c.between(0.2, 0.55))
    c.image.paste(c.texture(leaves, c.between(0.4, 0.8), beta=c.between(0.8, 1.6)))
    autumn = c.chance(0.25)
    if autumn:
        red, gold = hsv(c.between(0.02, 0.08), 0.8, 0.6), hsv(c.between(0.08, 0.13), 0.85, 0.85)
        c.image.paste(c.ramp(c.noise(beta=1.1), [(60, 30, 10), red, gold, (230, 190, 80)]))
    if c.chance(0.5):
        wood = c.image.copy()
        sky(c)
        c.blend(wood, c.below(ridge(c, c.between(30, 80), 20) + (c.noise()[0] - 0.5) * 40))
    _trunks(c)
    if c.chance(0.4):
        for _ in range(c.rng.randrange(3, 12)):
            green = jitter(c.rng, hsv(c.between(0.3, 0.42), 0.55, c.between(0.12, 0.35)), 10)
            fir(c, c.between(0, c.w), c.between(120, c.h), c.between(60, 130), [green], 0.07)
    c.blend(c.texture(leaves, 0.6, beta=1), as_mask((c.noise(beta=1.4) > 0.62).astype(np.float32)))
    if c.chance(0.35):
        ground = hsv(c.between(0.06, 0.3), 0.4, 0.4)
        c.blend(c.texture(ground, 0.4, beta=1), c.below(ridge(c, c.between(160, 200), 6)))
    return ("autumn",) if autumn else ()


def _trunks(c: Canvas) -> None:
    for _ in range(c.rng.randrange(16)):
        x, width = c.between(0, c.w), c.between(2, 12)
        bark = jitter(c.rng, c.rng.choice(((60, 45, 35), (90, 80, 70), (35, 28, 22))), 15)
        c.pen.poly([(x, 0), (x + width * 0.7, 0), (x + width, c.h), (x - width * 0.3, c.h)], bark)


def fir(c: Canvas, x: float, foot: float, height: float, greens: list[Colour], spread: float) -> None:
    """Draw a fir of four tiers, each in one of the colours."""
    for tier in range(4):
        half = (tier + 1) * height * spread
        low = foot - height * 0.6 + tier * height * 0.2
        c.pen.poly([(x, foot - height + tier * height * 0.22), (x - half, low), (x + half, low)], c.rng.choice(greens))


def snowscene(c: Canvas) -> tuple[str, ...]:
    """Draw firs on snow, at times while it snows."""
    sky(c, c.rng.choice(("grey", "blue", "cloud")))
    c.blend(c.texture((238, 242, 250), 0.06), c.below(ridge(c, c.between(90, 140), 10)))
    greens: list[Colour] = [(235, 240, 245), (40, 65, 55), (60, 80, 75)]
    for _ in range(c.rng.randrange(2, 12)):
        fir(c, c.between(0, c.w), c.between(110, 190), c.between(35, 100), greens, 0.08)
    if c.chance(0.5):
        for _ in range(90):
            c.pen.disc(c.between(0, c.w), c.between(0, c.h), c.between(0.6, 2.5), (255, 255, 255))
    return ()


def desert(c: Canvas) -> tuple[str, ...]:
    """Draw dunes one before the other."""
    sky(c, c.rng.choice(("blue", "blue", "sunset")))
    base = c.between(70, 120)
    sand = hsv(c.between(0.05, 0.11), c.between(0.4, 0.75), c.between(0.6, 0.9))
    for index in range(c.rng.randrange(2, 5)):
        dune = c.texture(mix(sand, (80, 40, 20), c.between(0, 0.45)), 0.15, beta=1)
        c.blend(dune, c.below(ridge(c, base + index * 30, c.between(8, 22), 3)))
    return ()


def grassfield(c: Canvas) -> tuple[str, ...]:
    """Draw a meadow under the sky, with a few trees."""
    sky(c)
    green = hsv(c.between(0.18, 0.34), c.between(0.4, 0.8), c.between(0.35, 0.7))
    c.blend(c.texture(green, 0.45, beta=0.9, sx=2, sy=0.7), c.below(ridge(c, c.between(60, 130), 8, 3)))
    for _ in range(c.rng.randrange(5)):
        x, y, size = c.between(0, c.w), c.between(80, 130), c.between(10, 30)
        c.pen.rect((x - 2, y, x + 2, y + size), (80, 60, 40))
        c.pen.ellipse((x - size, y - size, x + size, y + size * 0.5), jitter(c.rng, (60, 110, 40), 25))
    return ()
