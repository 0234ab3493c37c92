"""Draw 43 kinds of picture from a seed, and a household's camera roll made of them.

Pillow and numpy only; imports nothing of the program outside this package.
"""

from reactor.demo.pictures.kinds import KINDS, Picture, draw

__all__ = ["KINDS", "Picture", "draw"]
