"""Drawn faces that the simulated detector sees, each person in other colours."""

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

Color = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Look:
    skin: Color
    hair: Color
    background: Color


ALICE = Look(skin=(224, 172, 140), hair=(40, 30, 25), background=(70, 110, 170))
CAROL = Look(skin=(240, 200, 170), hair=(245, 225, 90), background=(30, 130, 60))


def draw(
    look: Look, *, size: tuple[int, int] = (300, 320), faces: tuple[tuple[int, int, int], ...] = ()
) -> Image.Image:
    """Draw faces (x, y, half width) on a plain ground; one in the middle by default."""
    image = Image.new("RGB", size, look.background)
    pen = ImageDraw.Draw(image)
    for x, y, r in faces or ((size[0] // 2, size[1] // 2, 60),):
        pen.ellipse((x - r, y - r * 1.3, x + r, y + r * 1.3), fill=look.skin)
        for eye in (x - r * 0.4, x + r * 0.4):
            pen.ellipse((eye - r * 0.15, y - r * 0.3, eye + r * 0.15, y - r * 0.1), fill=look.hair)
        pen.rectangle((x - r * 0.6, y - r * 0.6, x + r * 0.6, y - r * 0.5), fill=look.hair)
        pen.ellipse((x - r * 0.3, y + r * 0.6, x + r * 0.3, y + r * 0.75), fill=(170, 60, 70))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def jpeg(image: Image.Image, *, quality: int = 92) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def nobody() -> Image.Image:
    """Return a picture without a face."""
    return draw(ALICE, faces=((-500, -500, 10),))
