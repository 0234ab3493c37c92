"""Conditions of a category beside its prompts: what the file is, how it was made, who is seen on it, where it lies."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from fnmatch import translate
from functools import lru_cache
from typing import ClassVar, Literal

from reactor.core.tag_names import is_unseen

MOST_PATTERNS = 50
LONGEST_PATTERN = 200
WIDEST = 100.0

FaceLevel = Literal["any", "named", "visible_named"]
Media = Literal["photo", "video"]
KINDS: dict[Media, str] = {"photo": "IMAGE", "video": "VIDEO"}


class Faces(IntEnum):
    """Who is seen on a photo; each level includes those before it."""

    NOBODY = 0
    ANY = 1
    NAMED = 2
    VISIBLE_NAMED = 3


LEVELS: dict[FaceLevel, Faces] = {"any": Faces.ANY, "named": Faces.NAMED, "visible_named": Faces.VISIBLE_NAMED}


class Verdict(Enum):
    """Whether a photo may pass."""

    OPEN = auto()
    SHUT = auto()
    WAITS = auto()
    """All but what is not known yet lets it pass."""


@dataclass(frozen=True, kw_only=True)
class Gates:
    """What a photo must be to belong to a category, all of it; nothing is asked where nothing is set.

    ``filename`` and ``folder`` are patterns with * and ?, of which one must fit; capitals do not matter, and a folder
    is the whole path to it. ``camera`` asks whether the file says which camera made it. ``aspect_min`` and
    ``aspect_max`` bound width divided by height, as shown. ``with_faces`` asks for faces of a level, ``without_faces``
    for none of it. ``album`` are names or ids of albums, one of which holds the photo.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    filename: tuple[str, ...] = ()
    folder: tuple[str, ...] = ()
    camera: bool | None = None
    media: Media | None = None
    aspect_min: float | None = None
    aspect_max: float | None = None
    with_faces: FaceLevel | None = None
    without_faces: FaceLevel | None = None
    album: tuple[str, ...] = ()

    @property
    def asks_for_file(self) -> bool:
        return bool(self.filename or self.folder)

    @property
    def asks_for_faces(self) -> bool:
        return self.with_faces is not None or self.without_faces is not None


OPEN_GATES = Gates()


@dataclass(frozen=True, kw_only=True)
class GateFacts:
    """What is known of a photo; None where it is not.

    ``path`` is the whole path of the original file, ``albums`` the names and ids of all albums that hold the photo.
    """

    kind: str = "IMAGE"
    camera: str = ""
    width: int = 0
    height: int = 0
    name: str | None = None
    path: str | None = None
    faces: Faces | None = None
    albums: frozenset[str] | None = None


def passes(gates: Gates, facts: GateFacts) -> Verdict:
    """Say whether a photo may belong to a category as far as its gates go."""
    if gates == OPEN_GATES:
        return Verdict.OPEN
    answers = (
        _fits(gates.filename, facts.name),
        _fits(gates.folder, _folder(facts.path)),
        gates.camera is None or gates.camera == bool(facts.camera),
        gates.media is None or KINDS[gates.media] == facts.kind,
        _shaped(gates, facts),
        _seen(gates, facts.faces),
        not gates.album or (None if facts.albums is None else not facts.albums.isdisjoint(gates.album)),
    )
    if False in answers:
        return Verdict.SHUT
    return Verdict.WAITS if None in answers else Verdict.OPEN


def gate_fault(gates: Gates) -> str | None:
    """Return what is wrong with gates, in a sentence; None where they can be used."""
    for name, patterns in (("filename", gates.filename), ("folder", gates.folder), ("album", gates.album)):
        if len(patterns) > MOST_PATTERNS:
            return f"{name} has more than {MOST_PATTERNS} entries"
        if any(not one.strip() or len(one) > LONGEST_PATTERN or is_unseen(one) for one in patterns):
            return f"an entry of {name} is empty, has control characters, or is longer than {LONGEST_PATTERN}"
    low, high = gates.aspect_min, gates.aspect_max
    if any(side is not None and not 0 < side <= WIDEST for side in (low, high)):
        return f"aspect_min and aspect_max are width divided by height: more than 0, at most {WIDEST:.0f}"
    if low is not None and high is not None and low > high:
        return "aspect_min is larger than aspect_max"
    if gates.with_faces and gates.without_faces and LEVELS[gates.with_faces] >= LEVELS[gates.without_faces]:
        return f"no photo has faces ({gates.with_faces}) and none of them ({gates.without_faces})"
    return None


def level_of(people: Iterable[tuple[str, bool] | None]) -> Faces:
    """Return who is seen, from the person of each face as (name, hidden), None where a face is nobody's."""
    level = Faces.NOBODY
    for person in people:
        name, hidden = person or ("", False)
        level = max(level, Faces.ANY if not name else Faces.NAMED if hidden else Faces.VISIBLE_NAMED)
    return level


def _fits(patterns: tuple[str, ...], text: str | None) -> bool | None:
    if not patterns:
        return True
    return None if text is None else any(_pattern(one).fullmatch(text.lower()) for one in patterns)


def _folder(path: str | None) -> str | None:
    return None if path is None else path.replace("\\", "/").rpartition("/")[0]


def _shaped(gates: Gates, facts: GateFacts) -> bool | None:
    if gates.aspect_min is None and gates.aspect_max is None:
        return True
    if facts.width <= 0 or facts.height <= 0:
        return None
    ratio = facts.width / facts.height
    return (gates.aspect_min or 0.0) <= ratio <= (gates.aspect_max or float("inf"))


def _seen(gates: Gates, faces: Faces | None) -> bool | None:
    if not gates.asks_for_faces:
        return True
    if faces is None:
        return None
    wanted = gates.with_faces is None or faces >= LEVELS[gates.with_faces]
    return wanted and (gates.without_faces is None or faces < LEVELS[gates.without_faces])


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> "re.Pattern[str]":
    return re.compile(translate(glob.lower()))
