"""The picture in the making: a Pillow image, a unit grid, noise, textures and masks."""

import random
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from reactor.demo.pictures.colour import BLACK, Colour
from reactor.demo.pictures.lettering import Fonts, Style
from reactor.demo.pictures.pen import Ink, Pen

Field = NDArray[np.float32]

UNITS = 224.0
NOISE_PIXELS = 256


class Canvas:
    """Hold an image of `width` x `height` units, the randomness that draws on it, and its fonts.

    One unit is `scale` pixels. A whole picture is 224 units on its short side, so a motif keeps its share of the
    picture at every size. `image` stays the same object all the time, so a pen stays valid.
    """

    def __init__(
        self, *, rng: random.Random, grain: np.random.Generator, fonts: Fonts, width: float, height: float, scale: float
    ) -> None:
        self.rng, self.grain, self.fonts = rng, grain, fonts
        self.w, self.h, self.scale = width, height, scale
        self.cx, self.cy = width / 2, height / 2
        self.pixels = (max(1, round(width * scale)), max(1, round(height * scale)))
        self.image = Image.new("RGB", self.pixels, BLACK)
        self.pen = Pen(ImageDraw.Draw(self.image), scale)

    def between(self, low: float, high: float) -> float:
        """Return a random number of that range."""
        return self.rng.uniform(low, high)

    def chance(self, share: float) -> bool:
        """Return True that often."""
        return self.rng.random() < share

    def sheet(self, width: float, height: float, scale: float | None = None) -> "Canvas":
        """Return an empty canvas of other measures with the same randomness and fonts."""
        scale = self.scale if scale is None else scale
        return Canvas(rng=self.rng, grain=self.grain, fonts=self.fonts, width=width, height=height, scale=scale)

    def fill(self, colour: Colour) -> None:
        """Paint the whole picture."""
        self.image.paste(colour, (0, 0, *self.pixels))

    def gradient(self, top: Colour, bottom: Colour) -> None:
        """Paint a vertical gradient."""
        share = np.linspace(0, 1, self.pixels[1], dtype=np.float32)[:, None, None]
        column = np.array(top) * (1 - share) + np.array(bottom) * share
        self.image.paste(Image.fromarray(column.astype(np.uint8)).resize(self.pixels))

    def text(
        self, x: float, y: float, text: str, size: float, fill: Ink, style: Style = "plain", *, rim: Ink | None = None
    ) -> None:
        """Write a line, `size` units high, with its top left at (x, y), with an outline if `rim` is given."""
        font = self.fonts.pick(self.rng, style, size * self.scale)
        rim_width = 0 if rim is None else max(1, round(2 * self.scale))
        place = (x * self.scale, y * self.scale)
        self.pen.draw.text(place, text, fill=fill, font=font, stroke_width=rim_width, stroke_fill=rim)

    def noise(self, *, beta: float | None = None, sx: float = 1.0, sy: float = 1.0) -> Field:
        """Return 1/f noise in 0..1 of the picture's (height, width), stretched along x and y."""
        beta = self.between(1.2, 2.2) if beta is None else beta
        shrink = min(1.0, NOISE_PIXELS / min(self.pixels))
        width, height = (max(2, round(side * shrink)) for side in self.pixels)
        waves = np.fft.rfft2(self.grain.standard_normal((height, width), dtype=np.float32))
        down, across = np.fft.fftfreq(height)[:, None] * sy, np.fft.rfftfreq(width)[None] * sx
        radius = np.hypot(down, across).astype(np.float32)
        radius[0, 0] = 1
        waves /= radius ** np.float32(beta * 0.6 + 0.2)
        waves[0, 0] = 0
        field: Field = np.fft.irfft2(waves, s=(height, width)).astype(np.float32)
        field = np.clip(field * np.float32(0.22 / (field.std() + 1e-6)) + 0.5, 0, 1).astype(np.float32)
        if shrink == 1.0:
            return field
        return np.asarray(Image.fromarray(field).resize(self.pixels, Image.Resampling.BILINEAR), np.float32)

    def texture(
        self, colour: Colour, amount: float = 0.35, *, beta: float | None = None, sx: float = 1.0, sy: float = 1.0
    ) -> Image.Image:
        """Return a sheet of the colour whose brightness varies by +-amount."""
        light = 1 - amount + 2 * amount * self.noise(beta=beta, sx=sx, sy=sy)
        return _image(light[..., None] * np.array(colour, np.float32))

    def ramp(self, field: Field, colours: Sequence[Colour]) -> Image.Image:
        """Return a field of 0..1 as a picture of the colours between which it moves."""
        stops = np.linspace(0, 1, len(colours))
        table = np.array(colours, np.float32)
        channels = [np.interp(field, stops, table[:, channel]) for channel in range(3)]
        return _image(np.stack(channels, -1).astype(np.float32))

    def mask(self, shape: Callable[[Pen], None], blur: float = 0) -> Image.Image:
        """Return a mask of what the function draws (ink 255), its edge softened by `blur` units."""
        image = Image.new("L", self.pixels)
        shape(Pen(ImageDraw.Draw(image), self.scale))
        return image.filter(ImageFilter.GaussianBlur(blur * self.scale)) if blur else image

    def columns(self) -> Field:
        """Return the x of each pixel column in units."""
        return (np.arange(self.pixels[0], dtype=np.float32) + 0.5) / self.scale

    def rows(self) -> Field:
        """Return the y of each pixel row in units."""
        return (np.arange(self.pixels[1], dtype=np.float32) + 0.5) / self.scale

    def below(self, line: Field | float) -> Image.Image:
        """Return the mask of everything under a line of heights (one a pixel column, in units)."""
        height = np.broadcast_to(np.asarray(line, np.float32), (self.pixels[0],))
        return as_mask((self.rows()[:, None] > height[None]).astype(np.float32))

    def blend(self, top: Image.Image | Colour, mask: Image.Image) -> None:
        """Lay a picture or a colour over this one where the mask is white."""
        if isinstance(top, Image.Image):
            self.image.paste(top, (0, 0), mask)
        else:
            self.image.paste(top, (0, 0, *self.pixels), mask)

    def light(self, gain: Field) -> None:
        """Multiply the brightness by a field that broadcasts to (height, width)."""
        self.image.paste(_image(np.asarray(self.image, np.float32) * gain[..., None]))

    def glow(self, field: Field, colour: Colour) -> None:
        """Add a colour in the strength of a field of the picture's (height, width)."""
        self.image.paste(_image(np.asarray(self.image, np.float32) + field[..., None] * np.array(colour, np.float32)))

    def soften(self, radius: float) -> None:
        """Blur the whole picture by that many units."""
        self.image.paste(self.image.filter(ImageFilter.GaussianBlur(radius * self.scale)))

    def mirror(self) -> None:
        """Swap left and right."""
        self.image.paste(self.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))

    def lay(self, sheet: Image.Image, x: float, y: float, angle: float = 0, *, shadow: bool = True) -> None:
        """Paste a picture, turned by degrees, with its centre at (x, y), with a soft shadow under it."""
        turned = sheet.convert("RGBA").rotate(angle, expand=True, resample=Image.Resampling.BICUBIC)
        left, top = int(x * self.scale - turned.width / 2), int(y * self.scale - turned.height / 2)
        if shadow:
            dark = Image.new("RGBA", turned.size)
            dark.putalpha(turned.getchannel("A").point([value * 2 // 5 for value in range(256)]))
            dark = dark.filter(ImageFilter.GaussianBlur(3 * self.scale))
            self.image.paste(dark, (left + round(3 * self.scale), top + round(4 * self.scale)), dark)
        self.image.paste(turned, (left, top), turned)

    def put(self, sheet: Image.Image, x: float, y: float, width: float, height: float) -> None:
        """Paste a picture into the box with its top left at (x, y)."""
        size = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        self.image.paste(sheet.resize(size), (round(x * self.scale), round(y * self.scale)))


def as_mask(field: NDArray[np.floating]) -> Image.Image:
    """Return a field, clipped to 0..1, as a mask."""
    return Image.fromarray((np.clip(field, 0, 1) * 255).astype(np.uint8))


def _image(values: NDArray[np.float32]) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
