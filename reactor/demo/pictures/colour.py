"""Colours as red, green, blue of 0..255, made and varied at random."""

import colorsys
import random

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Return the colour of a hue (wraps at 1), saturation and value (each clamped to 0..1)."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(1.0, max(0.0, saturation)), min(1.0, max(0.0, value)))
    return int(255 * red), int(255 * green), int(255 * blue)


def any_colour(
    rng: random.Random, saturation: tuple[float, float] = (0.3, 1), value: tuple[float, float] = (0.3, 1)
) -> Colour:
    """Return a colour of any hue within the given ranges."""
    return hsv(rng.random(), rng.uniform(*saturation), rng.uniform(*value))


def jitter(rng: random.Random, colour: Colour, spread: float = 18) -> Colour:
    """Return the colour with each channel moved by at most `spread`."""
    red, green, blue = (max(0, min(255, int(channel + rng.uniform(-spread, spread)))) for channel in colour)
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour `share` of the way from the first to the second."""
    red, green, blue = (int(a * (1 - share) + b * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
