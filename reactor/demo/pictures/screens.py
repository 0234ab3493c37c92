"""Phone screens: chats, home screens, lists of settings."""

from collections.abc import Callable

from reactor.demo.pictures.backdrops import bokeh
from reactor.demo.pictures.canvas import UNITS, Canvas
from reactor.demo.pictures.colour import BLACK, WHITE, Colour, any_colour, jitter, mix
from reactor.demo.pictures.lettering import words
from reactor.demo.pictures.miniature import miniature


def theme(c: Canvas) -> tuple[str, Colour, Colour]:
    """Return the attribute dark or light with colours of the background and of the writing."""
    if c.chance(0.4):
        return "dark", jitter(c.rng, (18, 18, 22), 14), (225, 225, 230)
    return "light", jitter(c.rng, (248, 248, 250), 6), (25, 25, 30)


def on_phone(c: Canvas, layout: Callable[[Canvas], tuple[str, ...]]) -> tuple[str, ...]:
    """Draw a screen over the whole picture, or as the tall middle of a wider one."""
    if c.h > 1.3 * c.w or c.chance(0.35):
        return layout(c)
    ratio = c.between(1.6, 2.1)
    screen = c.sheet(UNITS, UNITS * ratio, c.h * c.scale / (UNITS * ratio))
    attributes = layout(screen)
    c.fill(c.rng.choice((BLACK, WHITE, any_colour(c.rng, (0, 0.3), (0.1, 0.9)))))
    c.lay(screen.image, c.cx, c.cy, shadow=False)
    return attributes


def status_bar(c: Canvas, ink: Colour) -> None:
    """Draw the time, the signal and the battery along the top."""
    c.text(8, 3, f"{c.rng.randrange(24)}:{c.rng.randrange(60):02d}", 9, ink, "bold")
    c.pen.rect((c.w - 22, 5, c.w - 8, 11), outline=ink)
    c.pen.rect((c.w - 21, 6, c.w - 8 - c.rng.randrange(2, 9), 10), ink)
    for bar in range(4):
        c.pen.rect((c.w - 44 + bar * 4, 10 - bar * 2, c.w - 42 + bar * 4, 11), ink)


def chat(c: Canvas) -> tuple[str, ...]:
    """Draw a conversation in bubbles."""
    return on_phone(c, _chat)


def _chat(c: Canvas) -> tuple[str, ...]:
    attribute, paper, ink = theme(c)
    c.fill(paper)
    accent = any_colour(c.rng, (0.4, 0.9), (0.4, 0.9))
    status_bar(c, ink)
    c.pen.rect((0, 16, c.w, 38), c.rng.choice((accent, mix(paper, ink, 0.08))))
    c.pen.ellipse((8, 19, 24, 35), any_colour(c.rng))
    c.text(30, 21, f"{words(c.rng, 1)} {words(c.rng, 1)}".title(), 10, ink, "bold")
    y, size = 44.0, c.between(8, 11)
    while y < c.h - 24:
        y += _bubble(c, y, size, (accent, WHITE), (mix(paper, ink, 0.12), ink)) + c.rng.randrange(3, 12)
    c.pen.rect((0, c.h - 24, c.w, c.h), paper)
    c.pen.rounded((8, c.h - 20, c.w - 34, c.h - 4), 8, mix(paper, ink, 0.1))
    c.pen.ellipse((c.w - 28, c.h - 20, c.w - 12, c.h - 4), accent)
    return (attribute,)


def _bubble(c: Canvas, y: float, size: float, own: tuple[Colour, Colour], other: tuple[Colour, Colour]) -> float:
    mine, lines, width = c.chance(0.5), c.rng.randrange(1, 4), c.between(50, 140)
    height = lines * (size + 3) + 8
    paper, ink = own if mine else other
    x = c.w - width - 8 if mine else 8 + c.rng.choice((0, 18))
    if not mine and x > 10:
        c.pen.ellipse((8, y + height - 15, 22, y + height - 1), any_colour(c.rng))
    c.pen.rounded((x, y, x + width, y + height), c.between(6, 11), paper)
    for line in range(lines):
        text = words(c.rng, 9)[: int((width - 12) / (size * 0.56))]
        c.text(x + 6, y + 4 + line * (size + 3), text, size, ink)
    return height


def homescreen(c: Canvas) -> tuple[str, ...]:
    """Draw a phone's home screen with its icons."""
    return on_phone(c, _homescreen)


def _homescreen(c: Canvas) -> tuple[str, ...]:
    match c.rng.choice(("blur", "blur", "picture", "picture", "plain")):
        case "blur":
            bokeh(c)
        case "picture":
            c.put(miniature(c, c.w, c.h), 0, 0, c.w, c.h)
        case _:
            c.fill(any_colour(c.rng))
    status_bar(c, WHITE)
    across = c.rng.choice((4, 4, 5))
    pitch = c.w / across
    for row in range(c.rng.randrange(3, max(6, int(c.h / pitch)))):
        for column in range(across):
            if c.chance(0.9):
                _icon(c, pitch * (column + 0.5), 34 + row * pitch * 0.9, pitch * 0.3)
    return ()


def _icon(c: Canvas, x: float, y: float, r: float) -> None:
    colour = any_colour(c.rng, (0.3, 1), (0.4, 1))
    c.pen.rounded((x - r, y - r, x + r, y + r), r * c.between(0.3, 0.95), colour)
    c.pen.disc(x, y, r * 0.4, c.rng.choice((WHITE, jitter(c.rng, colour, 80))))
    c.text(x - r, y + r + 1, words(c.rng, 1)[:6].title(), 7, WHITE)


def applist(c: Canvas) -> tuple[str, ...]:
    """Draw a list of settings or entries."""
    return on_phone(c, _applist)


def _applist(c: Canvas) -> tuple[str, ...]:
    attribute, paper, ink = theme(c)
    c.fill(paper)
    accent = any_colour(c.rng, (0.4, 0.9), (0.4, 0.9))
    status_bar(c, ink)
    c.text(10, 18, words(c.rng, 1).title(), c.between(13, 20), ink, "bold")
    y, height, round_marks = 46.0, c.rng.randrange(18, 34), c.chance(0.5)
    while y < c.h:
        mark = (10, y + 3, 2 + height, y + height - 5)
        if c.chance(0.8):
            (c.pen.ellipse if round_marks else c.pen.rect)(mark, any_colour(c.rng, (0.1, 0.9), (0.4, 0.9)))
        c.text(14 + height, y + 2, words(c.rng, 3)[:20], 9, ink)
        if height > 24:
            c.text(14 + height, y + 13, words(c.rng, 5)[:28], 7, mix(paper, ink, 0.5))
        if c.chance(0.5):
            c.pen.rounded((c.w - 32, y + 5, c.w - 10, y + 16), 6, c.rng.choice((accent, mix(paper, ink, 0.3))))
        y += height
        if c.chance(0.7):
            c.pen.line([(10, y - 1), (c.w - 10, y - 1)], mix(paper, ink, 0.12))
    return (attribute,)
