"""Categories in words, for people to read."""

from collections.abc import Mapping

from reactor.core.categories import USUAL, Category
from reactor.core.gates import FaceLevel, Gates

FACES: Mapping[FaceLevel, str] = {
    "any": "face",
    "named": "face with a name",
    "visible_named": "face with a name that is not hidden",
}


def asks_words(category: Category) -> str:
    """Return what a category asks of a photo's score."""
    if category.similarity is not None:
        return f"similarity {category.similarity:g}"
    strictness = category.strictness if category.strictness is not None else USUAL
    return f"strictness {strictness}" if isinstance(strictness, str) else f"strictness {strictness:g}"


def gate_words(gates: Gates) -> tuple[str, ...]:
    """Return what gates ask for, a few words for each."""
    found = []
    if gates.filename:
        found.append(f"file name like {' or '.join(gates.filename)}")
    if gates.folder:
        found.append(f"folder like {' or '.join(gates.folder)}")
    if gates.camera is not None:
        found.append("a camera in the EXIF" if gates.camera else "no camera in the EXIF")
    if gates.media is not None:
        found.append(f"{gates.media}s")
    if shape := _shape(gates.aspect_min, gates.aspect_max):
        found.append(f"width by height {shape}")
    if gates.with_faces is not None:
        found.append(f"a {FACES[gates.with_faces]}")
    if gates.without_faces is not None:
        found.append(f"no {FACES[gates.without_faces]}")
    if gates.album:
        found.append(f"in the album {' or '.join(gates.album)}")
    return tuple(found)


def _shape(low: float | None, high: float | None) -> str:
    match low, high:
        case None, None:
            return ""
        case _, None:
            return f"at least {low:g}"
        case None, _:
            return f"at most {high:g}"
        case _:
            return f"{low:g} to {high:g}"


def removal_words(category: Category) -> str:
    """Return the question that is asked before a category is removed: what is taken back with it, and what stays."""
    words = f"Remove {category.name}? Its tag {category.tag} comes off wherever the reactor set it"
    if category.archives:
        words += ", and what it archived is shown again unless you changed it since or another category archives it"
    words += ". What you tagged by hand stays."
    if category.favourite or category.album:
        words += " So do the favourites and the album; reactor undo --category takes those back."
    return words
