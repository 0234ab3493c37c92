"""Things that carry print: QR codes, barcodes, cards, books, memes."""

import numpy as np
from PIL import Image

from reactor.demo.pictures.backdrops import shade, surface
from reactor.demo.pictures.canvas import UNITS, Canvas
from reactor.demo.pictures.colour import BLACK, WHITE, any_colour, jitter
from reactor.demo.pictures.lettering import words
from reactor.demo.pictures.miniature import miniature
from reactor.demo.pictures.paper import bars
from reactor.demo.pictures.people import portrait


def qr(c: Canvas) -> tuple[str, ...]:
    """Draw a QR code on a screen, a sheet or an object."""
    side, ground = c.between(90, 180), c.rng.choice(("white", "white", "screen", "object", "object"))
    x, y = c.cx + c.between(-20, 20), c.cy + c.between(-20, 20)
    if ground == "object":
        surface(c)
        c.lay(_qr_code(c, side), x, y, c.between(-15, 15))
        return ()
    c.fill(WHITE if ground == "white" else any_colour(c.rng, (0, 0.5), (0.7, 1)))
    c.text(c.cx - 60, 8, words(c.rng, 3), 10, (30, 30, 30))
    c.lay(_qr_code(c, side), x, y, shadow=False)
    return ()


def _qr_code(c: Canvas, side: float) -> Image.Image:
    count = c.rng.choice((21, 25, 29, 33))
    cells = c.grain.random((count, count)) < 0.5
    for top, left in ((0, 0), (0, count - 7), (count - 7, 0)):
        cells[max(0, top - 1) : top + 8, max(0, left - 1) : left + 8] = False
        cells[top : top + 7, left : left + 7] = True
        cells[top + 1 : top + 6, left + 1 : left + 6] = False
        cells[top + 2 : top + 5, left + 2 : left + 5] = True
    ink = c.rng.choice((BLACK, BLACK, any_colour(c.rng, (0.5, 1), (0.1, 0.4))))
    framed = np.pad(cells, 2)[..., None]
    code = Image.fromarray(np.where(framed, np.array(ink), 255).astype(np.uint8))
    pixels = max(1, round(side * c.scale))
    return code.resize((pixels, pixels), Image.Resampling.NEAREST)


def barcode(c: Canvas) -> tuple[str, ...]:
    """Draw a label with a barcode."""
    surface(c)
    label = c.sheet(c.between(110, 180), c.between(60, 100))
    label.fill(WHITE)
    bars(label, 8, 6, label.h - 16, BLACK)
    label.text(14, label.h - 13, f"{c.rng.randrange(10**12, 10**13)}", 9, BLACK)
    c.lay(label.image, c.cx + c.between(-15, 15), c.cy + c.between(-20, 20), c.between(-25, 25))
    shade(c)
    return ()


def idcard(c: Canvas) -> tuple[str, ...]:
    """Draw a card with a face and a few lines."""
    surface(c)
    card = c.sheet(c.between(150, 185), c.between(95, 118))
    ground = any_colour(c.rng, (0.1, 0.6), (0.6, 1))
    card.image.paste(card.texture(ground, 0.12))
    width, height = card.h * 0.5, card.h * 0.62
    face = c.sheet(UNITS, UNITS, c.scale * height / UNITS)
    portrait(face)
    card.put(face.image, 8, card.h * 0.28, width, height)
    card.pen.rect((0, 0, card.w, card.h * 0.18), jitter(c.rng, ground, 80))
    card.text(8, 3, words(c.rng, 2).upper()[:18], 9, WHITE, "bold")
    for line in range(5):
        card.text(width + 16, card.h * 0.28 + line * 12, words(c.rng, 3)[:14], 7, (30, 30, 40))
    card.image.putalpha(card.mask(lambda pen: pen.rounded((0, 0, card.w - 1, card.h - 1), 9, 255)))
    c.lay(card.image, c.cx, c.cy, c.between(-15, 15))
    shade(c)
    return ()


def book(c: Canvas) -> tuple[str, ...]:
    """Draw the cover of a book on a table."""
    surface(c)
    cover = c.sheet(c.between(105, 140), c.between(150, 190))
    cloth = any_colour(c.rng, (0.3, 0.9), (0.2, 0.9))
    cover.image.paste(cover.texture(cloth, 0.1))
    if c.chance(0.5):
        width, height = cover.w - 20, cover.h * 0.5
        cover.put(miniature(cover, width, height), 10, cover.h * 0.35, width, height)
    size = c.between(13, 20)
    for line in range(2):
        ink = c.rng.choice((WHITE, (250, 230, 140), (20, 20, 20)))
        cover.text(10, 12 + line * 22, words(c.rng, 1).title(), size, ink)
    cover.text(10, cover.h - 18, words(c.rng, 2).title(), 9, WHITE)
    cover.pen.line([(4, 0), (4, cover.h)], jitter(c.rng, cloth, 60), 2)
    c.lay(cover.image, c.cx, c.cy, c.between(-18, 18))
    shade(c)
    return ()


def meme(c: Canvas) -> tuple[str, ...]:
    """Draw a picture with a joke written over it."""
    c.image.paste(miniature(c, c.w, c.h).resize(c.pixels))
    for y in (6, c.h - 34) if c.chance(0.7) else (c.h - 34,):
        c.text(c.cx - 100, y, words(c.rng, 3).upper()[:15], 22, WHITE, "bold", rim=BLACK)
    return ()
