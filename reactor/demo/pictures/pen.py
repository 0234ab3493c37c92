"""A pen for shapes on the unit grid: Pillow's drawing, scaled to pixels."""

from collections.abc import Iterable

from PIL import ImageDraw

from reactor.demo.pictures.colour import Colour

Ink = Colour | int
Point = tuple[float, float]
Box = tuple[float, float, float, float]


class Pen:
    """Draw with coordinates in units; one unit is `scale` pixels."""

    def __init__(self, draw: ImageDraw.ImageDraw, scale: float) -> None:
        self.draw = draw
        self.scale = scale

    def rect(self, box: Box, fill: Ink | None = None, *, outline: Ink | None = None, width: float = 1) -> None:
        """Draw a rectangle."""
        self.draw.rectangle(self._box(box), fill=fill, outline=outline, width=self._width(width))

    def rounded(self, box: Box, radius: float, fill: Ink) -> None:
        """Draw a rectangle with round corners."""
        self.draw.rounded_rectangle(self._box(box), radius * self.scale, fill=fill)

    def ellipse(self, box: Box, fill: Ink | None = None, *, outline: Ink | None = None, width: float = 1) -> None:
        """Draw the ellipse that fills a box."""
        self.draw.ellipse(self._box(box), fill=fill, outline=outline, width=self._width(width))

    def disc(self, x: float, y: float, radius: float, fill: Ink, *, flat: float = 1.0) -> None:
        """Draw a disc about a centre, its height `flat` times its width."""
        self.ellipse((x - radius, y - radius * flat, x + radius, y + radius * flat), fill)

    def chord(self, box: Box, start: float, end: float, fill: Ink) -> None:
        """Draw the part of an ellipse between two angles in degrees, closed by a straight line."""
        self.draw.chord(self._box(box), start, end, fill=fill)

    def slice(self, box: Box, start: float, end: float, fill: Ink) -> None:
        """Draw the slice of an ellipse between two angles in degrees."""
        self.draw.pieslice(self._box(box), start, end, fill=fill)

    def poly(self, points: Iterable[Point], fill: Ink) -> None:
        """Draw a filled polygon."""
        self.draw.polygon(self._points(points), fill=fill)

    def line(self, points: Iterable[Point], fill: Ink, width: float = 1) -> None:
        """Draw a line through points."""
        self.draw.line(self._points(points), fill=fill, width=self._width(width))

    def _width(self, width: float) -> int:
        return max(1, round(width * self.scale))

    def _points(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def _box(self, box: Box) -> Box:
        # Pillow refuses a box whose corners are swapped, and random sizes may swap them.
        (left, right), (top, bottom) = sorted((box[0], box[2])), sorted((box[1], box[3]))
        return left * self.scale, top * self.scale, right * self.scale, bottom * self.scale
