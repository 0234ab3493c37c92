"""Paper with writing: documents, receipts, notes, whiteboards."""

from PIL import Image

from reactor.demo.pictures.backdrops import shade, surface
from reactor.demo.pictures.canvas import Canvas
from reactor.demo.pictures.colour import Colour, any_colour, jitter
from reactor.demo.pictures.lettering import Style, words

MARKERS: tuple[Colour, ...] = ((20, 20, 20), (30, 60, 180), (200, 30, 30), (20, 130, 50))


def document(c: Canvas) -> tuple[str, ...]:
    """Draw a printed page, scanned flat or lying on something."""
    scan = c.chance(0.5)
    if scan:
        page = c.sheet(c.w, c.h)
        _print(page)
        c.image.paste(page.image)
        shade(c)
        return ("scan",)
    surface(c)
    height = min(c.h * c.between(0.85, 0.98), 330)
    page = c.sheet(224, 268, c.scale * height / 268)
    _print(page)
    c.lay(page.image, c.cx + c.between(-15, 15), c.cy + c.between(-10, 10), c.between(-25, 25))
    shade(c)
    return ("photo",)


def _print(page: Canvas) -> None:
    size, columns = page.between(5, 9), page.rng.choice((1, 1, 2))
    styles: tuple[Style, ...] = ("serif", "plain")
    style: Style = page.rng.choice(styles)
    page.fill(jitter(page.rng, (250, 250, 247), 6))
    page.text(10, 8, words(page.rng, 3).title()[: int(page.w / 9)], size * 1.8, (30, 30, 30), "serif")
    width = (page.w - 16) / columns
    for column in range(columns):
        y = 8 + size * 3
        while y < page.h - 8:
            last = page.chance(0.15)
            share = page.between(0.3, 0.7) if last else 0.97
            text = words(page.rng, 24)[: int(width / (size * 0.55) * share)]
            page.text(8 + column * width, y, text, size, (30, 30, 30), style)
            y += size * 1.45 + (size if last else 0)
    if page.chance(0.3):
        _table(page, page.rng.randrange(60, 150))


def _table(page: Canvas, y: float) -> None:
    for row in range(5):
        page.pen.line([(12, y + row * 14), (page.w - 12, y + row * 14)], (90, 90, 90))
    for column in range(5):
        x = 12 + column * (page.w - 24) / 4
        page.pen.line([(x, y), (x, y + 56)], (90, 90, 90))


def receipt(c: Canvas) -> tuple[str, ...]:
    """Draw a till slip on a table."""
    if c.chance(0.85):
        surface(c)
    else:
        grey = c.rng.randrange(200, 256)
        c.fill((grey, grey, grey))
    slip = c.sheet(c.between(70, 100), c.between(170, 240), c.scale * c.between(0.9, 1.15))
    slip.fill(jitter(c.rng, (245, 244, 238), 8))
    ink = jitter(c.rng, (50, 50, 55), 25)
    y = _receipt_head(slip, ink)
    while y < slip.h - 46:
        slip.text(5, y, words(c.rng, 2)[:10], 6, ink, "mono")
        slip.text(slip.w - 26, y, f"{c.between(0, 99):5.2f}", 6, ink, "mono")
        y += 8
    slip.pen.line([(4, y), (slip.w - 4, y)], ink)
    slip.text(5, y + 3, "TOTAL", 9, ink, "bold")
    slip.text(slip.w - 38, y + 3, f"{c.between(9, 199):6.2f}", 9, ink, "bold")
    bars(slip, 10, y + 18, y + 34, ink)
    c.lay(slip.image, c.cx + c.between(-20, 20), c.cy, c.between(-20, 20))
    shade(c)
    return ()


def _receipt_head(slip: Canvas, ink: Colour) -> float:
    slip.text(slip.w * 0.2, 5, words(slip.rng, 1).upper()[:8], 11, ink, "bold")
    for line in range(3):
        slip.text(slip.w * 0.18, 22 + line * 7, words(slip.rng, 3)[:12], 5.5, ink, "mono")
    slip.pen.line([(4, 45), (slip.w - 4, 45)], ink)
    return 49.0


def bars(c: Canvas, margin: float, top: float, foot: float, ink: Colour) -> None:
    """Draw the bars of a barcode between two heights."""
    x = margin
    while x < c.w - margin:
        width = c.rng.choice((1, 1, 2, 2, 3))
        c.pen.rect((x, top, x + width - 0.5, foot), ink)
        x += width + c.rng.choice((1, 1, 2))


def handnote(c: Canvas) -> tuple[str, ...]:
    """Draw a page written by hand."""
    lying = c.chance(0.5)
    page = c.sheet(224, 224, c.scale * c.between(0.7, 0.9)) if lying else c.sheet(c.w, c.h)
    page.fill(jitter(c.rng, c.rng.choice(((252, 250, 240), (255, 245, 150), (245, 245, 250))), 5))
    ink, lined, y = c.rng.choice(((20, 30, 140), (30, 30, 30), (120, 20, 20))), c.chance(0.6), 20.0
    while y < page.h - 8:
        if lined:
            page.pen.line([(0, y + 4), (page.w, y + 4)], (170, 190, 225))
        x, end = c.between(12, 26), page.w - c.between(10, 90)
        while x < end:
            x += _scrawl(page, x, y, c.rng.randrange(2, 7), ink) + 5
        y += c.rng.choice((15, 17))
    _place(c, page.image, lying)
    shade(c)
    return ()


def _place(c: Canvas, page: Image.Image, lying: bool) -> None:
    if lying:
        surface(c)
        c.lay(page, c.cx, c.cy, c.between(-20, 20))
    else:
        c.image.paste(page)


def _scrawl(c: Canvas, x: float, y: float, letters: int, ink: Colour) -> float:
    points = []
    for step in range(letters * 4):
        reach = 1.5 if c.chance(0.15) else 0.8
        points.append((x + step * 2.1 + c.between(-1, 1), y + c.between(-5, 3) * reach))
    c.pen.line(points, ink, c.rng.choice((1, 1, 2)))
    return letters * 8.4


def whiteboard(c: Canvas) -> tuple[str, ...]:
    """Draw a whiteboard with sketches in marker colours."""
    c.image.paste(c.texture(any_colour(c.rng, (0, 0.3), (0.4, 0.8)), 0.08))
    left, top, right, foot = (c.between(5, 28) for _ in range(4))
    right, foot = c.w - right, c.h - foot
    board = jitter(c.rng, (240, 243, 244), 6)
    c.pen.rect((left, top, right, foot), board, outline=(150, 150, 150), width=c.rng.choice((3, 5)))
    for _ in range(c.rng.randrange(4, 12)):
        _sketch(c, c.between(left + 8, right - 70), c.between(top + 8, foot - 30), c.rng.choice(MARKERS))
    shade(c)
    return ()


def _sketch(c: Canvas, x: float, y: float, ink: Colour) -> None:
    kind, box = c.rng.random(), (x, y, x + c.between(25, 60), y + c.between(14, 35))
    if kind < 0.3:
        c.pen.rect(box, outline=ink, width=2)
    elif kind < 0.45:
        c.pen.ellipse(box, outline=ink, width=2)
    elif kind < 0.6:
        c.pen.line([(x, y), (x + c.between(20, 60), y + c.between(-20, 20))], ink, 2)
    else:
        for row in range(c.rng.randrange(1, 4)):
            steps = range(c.rng.randrange(8, 26))
            c.pen.line([(x + step * 2.5, y + row * 11 + c.between(-4, 3)) for step in steps], ink, 2)
