"""The two parts of a photo's file name that tell which files belong together."""

from functools import lru_cache
from pathlib import PurePosixPath

NAMES_KEPT = 4096
"""A photo that comes to a row has its neighbours' names taken apart again, several times over."""


@lru_cache(maxsize=NAMES_KEPT)
def stem_of(name: str) -> str:
    """Return the name in lower case, without folders and ending."""
    return PurePosixPath(name).stem.lower()


@lru_cache(maxsize=NAMES_KEPT)
def ending_of(name: str) -> str:
    """Return the ending in lower case, with its dot; empty where there is none."""
    return PurePosixPath(name).suffix.lower()
