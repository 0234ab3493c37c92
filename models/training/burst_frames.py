"""Photos of one motif as a camera would take them: windows of a base picture, light, noise, and what moves in it."""

import math
import random
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

FRAME = 480
"""Pixels of a photo's short side."""
GAMMA = 2.2
GRID = 24
"""Points a side at which the part is counted that two windows have in common."""

Pixels = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Window:
    """What a camera sees of a base picture: centre and size as shares of the picture's short side, angle in degrees.

    ``ratio`` is width / height of the photo; ``height`` of the window is in the same unit.
    """

    x: float
    y: float
    height: float
    ratio: float
    angle: float = 0.0

    @property
    def width(self) -> float:
        return self.height * self.ratio

    def points(self, across: NDArray[np.float64], down: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return where points of the photo (-.5..+.5 of its sides) lie on the base, in short sides."""
        turn = math.radians(self.angle)
        u, v = across * self.width, down * self.height
        return self.x + u * math.cos(turn) - v * math.sin(turn), self.y + u * math.sin(turn) + v * math.cos(turn)

    def fits(self, base: Image.Image) -> bool:
        """Say whether the base picture reaches to all four corners."""
        ends = np.array([-0.5, 0.5])
        x, y = self.points(*(axis.ravel() for axis in np.meshgrid(ends, ends)))
        short = min(base.size)
        inside = (x >= 0) & (y >= 0) & (x <= base.width / short) & (y <= base.height / short)
        return bool(inside.all())


def overlap(one: Window, other: Window) -> float:
    """Return the share of the larger of two photos that the other one shows as well, 0..1."""
    return min(_seen_in(one, other), _seen_in(other, one))


def _seen_in(one: Window, other: Window) -> float:
    steps = (np.arange(GRID) + 0.5) / GRID - 0.5
    x, y = one.points(*np.meshgrid(steps, steps))
    turn = math.radians(-other.angle)
    u, v = (x - other.x), (y - other.y)
    across, down = u * math.cos(turn) - v * math.sin(turn), u * math.sin(turn) + v * math.cos(turn)
    return float(np.mean((np.abs(across) <= other.width / 2) & (np.abs(down) <= other.height / 2)))


def see(base: Image.Image, window: Window) -> Image.Image:
    """Return the photo [FRAME on its short side] that shows the window."""
    size = (round(FRAME * window.ratio), FRAME) if window.ratio >= 1 else (FRAME, round(FRAME / window.ratio))
    short, turn = min(base.size), math.radians(window.angle)
    across, down = window.width * short / size[0], window.height * short / size[1]
    # Shrinking reads single pixels of the base, so what is finer than the photo's own is blurred away before.
    if (finer := max(across, down)) > 1:
        base = base.filter(ImageFilter.GaussianBlur(finer / 2))
    a, b = across * math.cos(turn), -down * math.sin(turn)
    d, e = across * math.sin(turn), down * math.cos(turn)
    c = window.x * short - (a * size[0] + b * size[1]) / 2
    f = window.y * short - (d * size[0] + e * size[1]) / 2
    return base.transform(size, Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BICUBIC)


def somewhere(rng: random.Random, base: Image.Image, height: tuple[float, float], ratio: float) -> Window:
    """Return a level window of a height (shares of the base's short side) anywhere on the base."""
    long, wide = max(base.size) / min(base.size), base.width >= base.height
    right, bottom = (long, 1.0) if wide else (1.0, long)
    tall = min(rng.uniform(*height), 0.98 * bottom, 0.98 * right / ratio)
    x, y = tall * ratio / 2, tall / 2
    return Window(x=rng.uniform(x, right - x), y=rng.uniform(y, bottom - y), height=tall, ratio=ratio)


def moved(rng: random.Random, base: Image.Image, window: Window, *, shift: float, turn: float, zoom: float) -> Window:
    """Return a window near another: moved by at most ``shift`` of its sides, turned (degrees), zoomed (share)."""
    for narrower in range(200):
        less = 0.98**narrower
        near = replace(
            window,
            x=window.x + rng.uniform(-shift, shift) * less * window.width,
            y=window.y + rng.uniform(-shift, shift) * less * window.height,
            height=window.height * math.exp(rng.uniform(-zoom, zoom) * less),
            angle=window.angle + rng.uniform(-turn, turn) * less,
        )
        if near.fits(base):
            return near
    return window


def noisy(rng: random.Random, image: Image.Image, *, light: float = 0.04, grain: float = 4.0) -> Image.Image:
    """Return the photo a little brighter or darker (shares) and with sensor noise (grey levels of 255)."""
    chance = np.random.default_rng(rng.getrandbits(64))
    pixels = np.asarray(image.convert("RGB"), np.float32) * np.float32(1 + rng.uniform(-light, light))
    return _image(pixels + chance.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(0.5, grain)))


def exposed(image: Image.Image, stops: float) -> Image.Image:
    """Return the photo with that many stops more light, clipped as a sensor does."""
    linear = (np.asarray(image.convert("RGB"), np.float32) / 255) ** GAMMA * np.float32(2**stops)
    return _image(np.asarray(np.minimum(linear, 1) ** (1 / GAMMA) * 255, np.float32))


def toned(
    image: Image.Image, *, gain: float = 1.0, contrast: float = 1.0, colour: float = 1.0, warm: float = 0.0
) -> Image.Image:
    """Return the photo developed otherwise: gain, contrast about the middle, saturation, warmth (share of red)."""
    pixels = np.asarray(image.convert("RGB"), np.float32) * np.float32(gain)
    grey = pixels.mean(axis=2, keepdims=True)
    pixels = (grey + (pixels - grey) * np.float32(colour)) * np.array([1 + warm, 1, 1 - warm], np.float32)
    return _image((pixels - 128) * np.float32(contrast) + 128)


def other_light(rng: random.Random, image: Image.Image) -> Image.Image:
    """Return the photo as the light of another hour would show it."""
    gain, warm = rng.choice((rng.uniform(0.7, 0.9), rng.uniform(1.1, 1.3))), rng.uniform(-0.08, 0.08)
    return toned(image, gain=gain, warm=warm, contrast=rng.uniform(0.9, 1.1))


def with_subject(image: Image.Image, subject: Image.Image, at: tuple[float, float], size: float) -> Image.Image:
    """Return the photo with an oval of another picture before it: centre and height as shares of the photo's sides."""
    height = round(size * image.height)
    width = round(height * 0.6)
    side = min(subject.size)
    figure = subject.crop((0, 0, round(side * 0.6), side)).resize((width, height), Image.Resampling.LANCZOS)
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    solid = np.clip((1 - np.sqrt(x * x + y * y)) * 12, 0, 1) * 255
    shown = image.convert("RGB")
    place = (round(at[0] * image.width - width / 2), round(at[1] * image.height - height / 2))
    shown.paste(figure, place, Image.fromarray(solid.astype(np.uint8)))
    return shown


def rescaled(image: Image.Image, share: float) -> Image.Image:
    """Return the photo with its sides that much shorter."""
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS)


def trimmed(rng: random.Random, image: Image.Image, share: float) -> Image.Image:
    """Return the photo cut by at most that share of each side."""
    left, top = (rng.uniform(0, share) for _ in range(2))
    right, bottom = (rng.uniform(0, share - cut) for cut in (left, top))
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
