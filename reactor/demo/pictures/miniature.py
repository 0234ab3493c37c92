"""Small pictures inside pictures: photos on screens, on book covers, in memes."""

from PIL import Image

from reactor.demo.pictures.animals import cat, dog
from reactor.demo.pictures.canvas import UNITS, Canvas
from reactor.demo.pictures.food import food
from reactor.demo.pictures.outdoors import beach, forest, mountains, sunset
from reactor.demo.pictures.people import portrait
from reactor.demo.pictures.town import city, flower

MOTIFS = (mountains, beach, forest, flower, dog, cat, food, city, portrait, sunset)


def miniature(c: Canvas, width: float, height: float) -> Image.Image:
    """Return a picture of some motif, `width` x `height` units of the canvas in size."""
    small = UNITS / min(width, height)
    sheet = c.sheet(width * small, height * small, c.scale / small)
    c.rng.choice(MOTIFS)(sheet)
    return sheet.image
