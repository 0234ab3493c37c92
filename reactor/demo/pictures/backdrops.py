"""What stands behind a motif: table tops, blurred backgrounds, skies, ridges, and the light on a scene."""

import math
from typing import Literal

import numpy as np

from reactor.demo.pictures.canvas import Canvas, Field, as_mask
from reactor.demo.pictures.colour import WHITE, Colour, any_colour, hsv, jitter, mix

Weather = Literal["blue", "cloud", "grey", "sunset", "night"]

WEATHERS: tuple[Weather, ...] = ("blue", "cloud", "grey", "sunset")
NIGHT_CLOUD: Colour = (62, 64, 84)


def surface(c: Canvas) -> None:
    """Paint a table, a floor, a cloth or tiles."""
    match c.rng.randrange(5):
        case 0:
            wood = hsv(c.between(0.05, 0.1), c.between(0.3, 0.7), c.between(0.3, 0.7))
            c.image.paste(c.texture(wood, 0.4, sx=c.between(4, 12), sy=0.6))
        case 1:
            c.image.paste(c.texture(hsv(c.rng.random(), c.between(0, 0.3), c.between(0.6, 0.95)), 0.1))
        case 2:
            c.image.paste(c.texture(hsv(c.rng.random(), c.between(0, 0.25), c.between(0.1, 0.4)), 0.3))
        case 3:
            c.image.paste(c.texture(any_colour(c.rng, (0.2, 0.8), (0.3, 0.8)), 0.2))
        case _:
            tiles(c)


def tiles(c: Canvas) -> None:
    """Paint a chequered cloth."""
    side = c.rng.randrange(10, 28)
    chequers = (c.columns()[None] // side + c.rows()[:, None] // side) % 2
    c.fill((240, 240, 240))
    c.blend(any_colour(c.rng, (0.1, 0.7), (0.4, 1)), as_mask(chequers))


def bokeh(c: Canvas, colour: Colour | None = None) -> None:
    """Paint a background out of focus."""
    colour = colour or any_colour(c.rng, (0.1, 0.8), (0.2, 0.9))
    c.image.paste(c.texture(colour, c.between(0.2, 0.6), beta=2.4))
    for _ in range(c.rng.randrange(14)):
        spot = jitter(c.rng, mix(colour, any_colour(c.rng), 0.4), 30)
        c.pen.disc(c.between(0, c.w), c.between(0, c.h), c.between(6, 30), spot)
    c.soften(c.between(5, 12))


def sky(c: Canvas, weather: Weather | None = None) -> None:
    """Paint a sky over the whole picture."""
    chosen: Weather = c.rng.choice(WEATHERS) if weather is None else weather
    c.gradient(*_sky_colours(c, chosen))
    if chosen in ("cloud", "grey", "sunset") or c.chance(0.4):
        puffs = c.noise(sx=c.between(1.2, 3), beta=2)
        strength = np.clip((puffs - c.between(0.4, 0.6)) * c.between(2, 5), 0, c.between(0.5, 1))
        warm = hsv(c.between(0.95, 1.1), c.between(0.2, 0.7), c.between(0.6, 1))
        c.blend(warm if chosen == "sunset" else NIGHT_CLOUD if chosen == "night" else WHITE, as_mask(strength))


def _sky_colours(c: Canvas, weather: Weather) -> tuple[Colour, Colour]:
    match weather:
        case "blue":
            top = hsv(c.between(0.54, 0.62), c.between(0.4, 0.8), c.between(0.6, 0.95))
            return top, hsv(c.between(0.5, 0.6), c.between(0.1, 0.35), c.between(0.85, 1))
        case "grey":
            return hsv(0.6, c.between(0, 0.15), c.between(0.45, 0.8)), hsv(0.6, c.between(0, 0.1), c.between(0.7, 0.95))
        case "sunset":
            top = hsv(c.between(0.6, 0.85), c.between(0.3, 0.7), c.between(0.25, 0.65))
            return top, hsv(c.between(0.02, 0.12), c.between(0.6, 0.95), c.between(0.8, 1))
        case "night":
            top = hsv(c.between(0.58, 0.7), c.between(0.4, 0.9), c.between(0.02, 0.12))
            return top, hsv(c.between(0.55, 0.7), c.between(0.3, 0.8), c.between(0.08, 0.3))
        case "cloud":
            top = hsv(c.between(0.54, 0.62), c.between(0.4, 0.8), c.between(0.55, 0.9))
            return top, hsv(0.55, c.between(0.1, 0.3), 0.95)


def ridge(c: Canvas, base: float, rough: float, octaves: int = 6) -> Field:
    """Return a wavy skyline about the height `base`, one value a pixel column, in units."""
    across = c.columns() / 224
    line: Field = np.full_like(across, base)
    for octave in range(octaves):
        wave = np.sin(across * 2 * math.pi * 2**octave * c.between(0.4, 1) + c.between(0, 6.3))
        line += wave * np.float32(rough / 1.9**octave * c.between(0.3, 1))
    return line


def tilt(c: Canvas, span: float) -> Field:
    """Return a slope across the picture, one value a pixel column, in units."""
    return np.linspace(c.between(-span, span), c.between(-span, span), c.pixels[0], dtype=np.float32)


def shade(c: Canvas) -> None:
    """Light the picture unevenly, as a lamp at one side does."""
    across = np.linspace(c.between(0.7, 1), c.between(0.8, 1.05), c.pixels[0], dtype=np.float32)
    down = np.linspace(c.between(0.75, 1), c.between(0.85, 1.05), c.pixels[1], dtype=np.float32)
    c.light(across[None] * down[:, None])


def mottle(c: Canvas, low: float, span: float, beta: float | None = None) -> None:
    """Vary the brightness by noise between low and low + span."""
    c.light(low + span * c.noise(beta=beta))


def water(c: Canvas, under: float, colour: Colour | None = None) -> None:
    """Paint water below a height."""
    colour = colour or hsv(c.between(0.48, 0.62), c.between(0.3, 0.8), c.between(0.3, 0.7))
    c.blend(c.texture(colour, 0.35, sx=c.between(2, 6), sy=0.5, beta=1.3), c.below(under))
