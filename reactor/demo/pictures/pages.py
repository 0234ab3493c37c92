"""Computer screens: web pages, code, charts, maps."""

import math

from reactor.demo.pictures.canvas import Canvas
from reactor.demo.pictures.colour import WHITE, Colour, any_colour, hsv, jitter, mix
from reactor.demo.pictures.lettering import WORDS, words
from reactor.demo.pictures.miniature import miniature
from reactor.demo.pictures.screens import theme

TOKENS = (
    "def",
    "return",
    "if",
    "for",
    "self.",
    "=",
    "()",
    "import",
    "{",
    "}",
    "x",
    "[i]",
    '"txt"',
    "class",
    "0",
    "const",
)
LAND: tuple[Colour, ...] = ((235, 232, 222), (242, 239, 233), (225, 230, 225), (40, 44, 52))


def webpage(c: Canvas) -> tuple[str, ...]:
    """Draw a web page, at times with the browser's bar above it."""
    attribute, paper, ink = theme(c)
    c.fill(paper)
    accent = any_colour(c.rng, (0.4, 0.9), (0.3, 0.9))
    y = _browser_bar(c, paper, ink) if c.chance(0.6) else 0.0
    y = _menu(c, y, accent, paper, ink)
    if c.chance(0.5):
        height = c.rng.randrange(40, 90)
        c.put(miniature(c, c.w, height), 0, y, c.w, height)
        c.text(14, y + height / 2 - 8, words(c.rng, 3).title(), 13, WHITE, "bold")
        y += height + 6
    left = 10.0
    if c.chance(0.4):
        left = 54.0
        for line in range(int(c.h / 18)):
            c.text(6, y + 6 + line * 12, words(c.rng, 2)[:9], 7, accent)
    while y < c.h:
        y += _web_block(c, left, y, paper, ink)
    return (attribute,)


def _browser_bar(c: Canvas, paper: Colour, ink: Colour) -> float:
    c.pen.rect((0, 0, c.w, 14), mix(paper, ink, 0.15))
    buttons: tuple[Colour, ...] = ((255, 95, 86), (255, 189, 46), (39, 201, 63))
    for index, colour in enumerate(buttons):
        c.pen.ellipse((5 + index * 8, 4, 10 + index * 8, 9), colour)
    c.pen.rounded((40, 3, c.w - 20, 11), 4, mix(paper, ink, 0.04))
    return 14.0


def _menu(c: Canvas, y: float, accent: Colour, paper: Colour, ink: Colour) -> float:
    c.pen.rect((0, y, c.w, y + 16), c.rng.choice((accent, paper, mix(paper, ink, 0.9))))
    for entry in range(4):
        c.text(60 + entry * 34, y + 4, words(c.rng, 1)[:6], 7, mix(ink, paper, 0.3))
    c.pen.rect((6, y + 3, 24, y + 12), any_colour(c.rng))
    return y + 20


def _web_block(c: Canvas, left: float, y: float, paper: Colour, ink: Colour) -> float:
    kind = c.rng.random()
    if kind < 0.3:
        c.text(left, y, words(c.rng, 4).title()[:26], c.between(10, 14), ink, "bold")
        return 17
    if kind < 0.75:
        lines = c.rng.randrange(2, 6)
        for line in range(lines):
            text = words(c.rng, 22)[: int((c.w - left - 8) / 3.9)]
            c.text(left, y + line * 9, text, 7, mix(ink, paper, 0.25))
        return lines * 9 + 5
    count = c.rng.choice((2, 3))
    width = (c.w - left - 8) // count
    for index in range(count):
        x, side = left + index * width, width - 5
        if c.chance(0.4):
            c.put(miniature(c, side, side), x, y, side, side)
        else:
            c.pen.rect((x, y, x + side, y + side), any_colour(c.rng, (0.1, 0.6), (0.5, 0.95)))
        c.text(x, y + side + 2, words(c.rng, 2)[:10], 7, ink)
    return width + 10


def code(c: Canvas) -> tuple[str, ...]:
    """Draw an editor with lines of source code."""
    dark = c.chance(0.75)
    paper = jitter(c.rng, (30, 30, 38), 12) if dark else (252, 252, 252)
    c.fill(paper)
    inks = [hsv(hue, c.between(0.3, 0.8), 0.9 if dark else 0.5) for hue in (0.08, 0.3, 0.55, 0.8)]
    inks += [(210, 210, 210) if dark else (40, 40, 40)] * 3
    left = 6.0
    if c.chance(0.4):
        left = 50.0
        c.pen.rect((0, 0, 44, c.h), mix(paper, (128, 128, 128), 0.15))
        for row in range(int(c.h / 12)):
            c.text(4, 6 + row * 11, words(c.rng, 1)[:8], 7, (140, 140, 140), "mono")
    y, size, indent, number = 4.0, c.between(7, 11), 0, c.rng.randrange(400)
    while y < c.h:
        indent = max(0, min(5, indent + c.rng.choice((-1, 0, 0, 1))))
        c.text(left - 4, y, str(number), size, (110, 110, 110), "mono")
        if c.chance(0.88):
            _code_line(c, left + 16 + indent * size * 1.3, y, size, inks)
        y, number = y + size + 3, number + 1
    return ("dark" if dark else "light",)


def _code_line(c: Canvas, x: float, y: float, size: float, inks: list[Colour]) -> None:
    for _ in range(c.rng.randrange(1, 6)):
        token = c.rng.choice(TOKENS + WORDS[:28])
        c.text(x, y, token, size, c.rng.choice(inks), "mono")
        x += (len(token) + 1) * size * 0.6


def chart(c: Canvas) -> tuple[str, ...]:
    """Draw bars, lines or slices."""
    _, paper, ink = theme(c)
    c.fill(paper)
    c.text(40, 6, words(c.rng, 3).title(), 11, ink)
    kind = c.rng.choice((_bars, _lines, _slices))
    if kind is not _slices:
        c.pen.line([(24, 26), (24, c.h - 22), (c.w - 8, c.h - 22)], ink)
        for step in range(7):
            y = 26 + step * (c.h - 42) / 7
            c.pen.line([(24, y), (c.w - 8, y)], mix(paper, ink, 0.12))
            c.text(3, y - 4, str(c.rng.randrange(99)), 7, ink)
    kind(c)
    return ()


def _bars(c: Canvas) -> None:
    count = c.rng.randrange(4, 12)
    width, colour = (c.w - 40) / count, any_colour(c.rng)
    for index in range(count):
        x = 28 + index * width
        paint = colour if c.chance(0.9) else any_colour(c.rng)
        c.pen.rect((x, c.between(36, c.h - 30), x + width * 0.7, c.h - 22), paint)


def _lines(c: Canvas) -> None:
    for _ in range(c.rng.randrange(1, 4)):
        y, points = c.between(50, c.h - 50), []
        for x in range(26, int(c.w) - 8, 8):
            y = max(30, min(c.h - 26, y + c.between(-14, 14)))
            points.append((float(x), y))
        c.pen.line(points, any_colour(c.rng), 2)


def _slices(c: Canvas) -> None:
    angle, r = 0.0, c.between(60, 85)
    box = (c.cx - r, c.cy - r + 8, c.cx + r, c.cy + r + 8)
    while angle < 360:
        end = min(360.0, angle + c.between(20, 110))
        c.pen.slice(box, angle, end, any_colour(c.rng))
        angle = end


def mapview(c: Canvas) -> tuple[str, ...]:
    """Draw a street map, often with a pin."""
    c.fill(c.rng.choice(LAND))
    for _ in range(c.rng.randrange(2, 5)):
        x, y = c.between(0, c.w), c.between(0, c.h)
        area = [(x + c.between(-60, 60), y + c.between(-60, 60)) for _ in range(6)]
        c.pen.poly(area, c.rng.choice(((190, 220, 180), (170, 211, 223), (200, 230, 190))))
    for _ in range(c.rng.randrange(8, 22)):
        _street(c)
    for _ in range(c.rng.randrange(3, 9)):
        name = f"{words(c.rng, 1).title()} St"
        c.text(c.between(0, c.w - 40), c.between(0, c.h), name, 7, (90, 90, 90))
    if c.chance(0.6):
        x, y = c.cx + c.between(-52, 48), c.cy + c.between(-52, 48)
        c.pen.ellipse((x - 8, y - 20, x + 8, y - 4), (220, 50, 40))
        c.pen.poly([(x - 7, y - 9), (x + 7, y - 9), (x, y + 4)], (220, 50, 40))
    return ()


def _street(c: Canvas) -> None:
    width = c.rng.choice((2, 3, 3, 5, 7))
    colour = c.rng.choice((WHITE, WHITE, (250, 220, 130), (240, 170, 110)))
    turn, x, y, points = c.between(0, 6.3), c.between(0, c.w), c.between(0, c.h), []
    for step in range(-10, 11):
        turn += c.between(-0.08, 0.08)
        points.append((x + math.cos(turn) * step * 30, y + math.sin(turn) * step * 30))
    c.pen.line(points, (180, 180, 180), width + 1)
    c.pen.line(points, colour, width)
