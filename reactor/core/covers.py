"""Which photo of a stack lies on top: the user's word first, then the better picture, always against the others.

Nothing is scored by itself: an absolute score picks the photo that its owner keeps at chance (facts/peers.md section
5.2). Each step keeps the photos that count as equal to the best of those that are left, and says how much that is.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reactor.core.changes import Reason
from reactor.core.file_names import ending_of, stem_of
from reactor.core.frames import exposed, in_sight, sharp, sharpness_of, whole_faces
from reactor.core.ids import AssetId
from reactor.core.library import Asset, EmbeddedPhoto, Face
from reactor.core.likeness import RAW
from reactor.core.stack_policy import CoverRule

KEPT_RULE = "the user chose it"
STANDS_RULE = "it lies on top already, and no other is better"
FAVOURITE_RULE = "a favourite"
RATING_RULE = "rated best"
EDIT_RULE = "an edited photo"
SHOWN_RULE = "not the RAW file, which not every device shows"
SHARPEST_RULE = "the sharpest of the stack"
EXPOSED_RULE = "as sharp as the sharpest, and the best exposed"
FACES_RULE = "as sharp as the sharpest, and shows the faces best"
LARGEST_RULE = "as sharp as the sharpest, and the largest"
EARLIEST_RULE = "none is better, and it was taken first"
FIRST_RULE = "taken first"
ALONE_RULE = "it is alone"

AS_LARGE = 0.95
"""Stabilising and straightening cut some percent off a frame; a copy that was made smaller loses a fifth at least."""

_EDITED = re.compile(r"(^|[-_ .(~])(edit|edited|bearbeitet|editado|modificato|modifi[eé])($|[-_ .()\d])")
# Apple's IMG_E1234 beside IMG_1234, Android's IMG_1234~2 beside IMG_1234.
_MADE_OF = (re.compile(r"^(img_)e(\d{4})"), re.compile(r"(.)~\d+()$"))


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A photo that may lie on top: what is stored of it, and what Immich says now."""

    photo: EmbeddedPhoto
    favourite: bool = False
    rating: int | None = None
    edited: bool = False
    name: str = ""


Left: TypeAlias = tuple[Candidate, ...]
FacesFound: TypeAlias = Mapping[AssetId, Sequence[Face]]
"""What was found on the photos that were looked at."""


@dataclass(frozen=True, kw_only=True)
class Shortlist:
    """Who of the candidates is left before any face is looked at, the earliest first, and why."""

    left: Left
    why: str | None
    candidates: Sequence[Candidate] = ()
    """All of them, where they were compared."""

    @property
    def asked(self) -> tuple[AssetId, ...]:
        """Return the photos among which the faces on them would decide, the sharpest first; none if all is decided."""
        if len(self.left) == 1:
            return ()
        order = sorted(self.left, key=lambda one: (-one.photo.sharpness, one.photo.asset))
        return tuple(one.photo.asset for one in order)

    def choose(self, faces: FacesFound) -> tuple[AssetId, Reason]:
        """Choose the cover, with the faces on the photos that were looked at."""
        left, later = _narrowed(self.left, ((FACES_RULE, lambda left: _faces(left, faces)), (LARGEST_RULE, _large)))
        chosen = left[0].photo.asset
        if not self.candidates:
            return chosen, Reason(rule=self.why or ALONE_RULE)
        why = (later or self.why or ALONE_RULE) if len(left) == 1 else EARLIEST_RULE
        return chosen, Reason(rule=why, scores=_scores(left[0], self.candidates, faces.get(chosen)))


def candidates_of(photos: Sequence[EmbeddedPhoto], assets: Mapping[AssetId, Asset]) -> Left:
    """Return the photos with what Immich shows of them; a file name tells of an edit where Immich does not."""
    names = {photo.asset: assets[photo.asset].file_name or photo.name or "" for photo in photos}
    stems = frozenset(stem_of(name) for name in names.values())
    return tuple(
        Candidate(
            photo=photo,
            favourite=(asset := assets[photo.asset]).favourite,
            rating=asset.rating,
            edited=asset.edited or says_edited(names[photo.asset], stems),
            name=names[photo.asset],
        )
        for photo in photos
    )


def says_edited(name: str, beside: frozenset[str]) -> bool:
    """Say whether a file's name tells of an edit; ``beside`` are the other names, lower case and without ending.

    Some names tell of it only where the file that they were made from stands beside them.
    """
    stem = stem_of(name)
    return bool(_EDITED.search(stem)) or any(
        made.search(stem) is not None and made.sub(r"\1\2", stem) in beside for made in _MADE_OF
    )


def shortlisted(
    candidates: Sequence[Candidate],
    keep: AssetId | None,
    rule: CoverRule = "best",
    standing: AssetId | None = None,
) -> Shortlist:
    """Return among whom of at least one photo the cover is chosen, whatever the order in which they are given.

    ``keep`` is the user's own cover and goes before all; one that is not among the photos is passed over. ``standing``
    lies on top of a stack that is complete: it stays unless another is better by what does not change by itself. Faces
    are found seconds after an upload, and what they say is heard only while the stack grows, so no cover goes to and
    fro.
    """
    kept = tuple(one for one in candidates if one.photo.asset == keep)
    if kept:
        return Shortlist(left=kept[:1], why=KEPT_RULE)
    if rule == "first":
        first = min(candidates, key=lambda one: (one.photo.taken_at.timestamp(), one.name, one.photo.asset))
        return Shortlist(left=(first,), why=FIRST_RULE)
    left, why = _narrowed(_ordered(candidates), FIRM)
    stands = tuple(one for one in left if one.photo.asset == standing)
    if stands:
        return Shortlist(left=stands, why=STANDS_RULE, candidates=candidates)
    return Shortlist(left=left, why=why, candidates=candidates)


def _favourite(left: Left) -> Left:
    return tuple(one for one in left if one.favourite) or left


def _rated(left: Left) -> Left:
    best = max(one.rating or 0 for one in left)
    return tuple(one for one in left if (one.rating or 0) == best)


def _edited(left: Left) -> Left:
    return tuple(one for one in left if one.edited) or left


def _shown_everywhere(left: Left) -> Left:
    return tuple(one for one in left if ending_of(one.name) not in RAW) or left


def _sharp(left: Left) -> Left:
    return _those(left, sharp([one.photo for one in left]))


def _exposed(left: Left) -> Left:
    return _those(left, exposed([one.photo for one in left]))


def _faces(left: Left, faces: FacesFound) -> Left:
    return _those(left, in_sight({one.photo.asset: faces.get(one.photo.asset, ()) for one in left}))


def _large(left: Left) -> Left:
    most = max(_pixels(one) for one in left)
    return tuple(one for one in left if _pixels(one) >= AS_LARGE * most)


Step: TypeAlias = tuple[str, Callable[[Left], Left]]
FIRM: tuple[Step, ...] = (
    (FAVOURITE_RULE, _favourite),
    (RATING_RULE, _rated),
    (EDIT_RULE, _edited),
    (SHOWN_RULE, _shown_everywhere),
    (SHARPEST_RULE, _sharp),
    (EXPOSED_RULE, _exposed),
)


def _narrowed(left: Left, steps: Sequence[Step]) -> tuple[Left, str | None]:
    """Return who is left after the steps, and the last step at which anybody was put aside."""
    why: str | None = None
    for rule, step in steps:
        if len(left) == 1:
            break
        kept = step(left)
        if len(kept) < len(left):
            left, why = kept, rule
    return left, why


def _ordered(candidates: Sequence[Candidate]) -> Left:
    return tuple(sorted(candidates, key=lambda one: (one.photo.taken_at.timestamp(), one.photo.asset)))


def _those(left: Left, kept: frozenset[AssetId]) -> Left:
    return tuple(one for one in left if one.photo.asset in kept)


def _pixels(one: Candidate) -> int:
    return one.photo.width * one.photo.height


def _scores(
    chosen: Candidate, candidates: Sequence[Candidate], faces: Sequence[Face] | None
) -> tuple[tuple[str, float], ...]:
    """Return the numbers of the chosen one that were looked at."""
    sharpness = sharpness_of([one.photo for one in candidates])
    best = max(sharpness.values())
    scores = [("share of the best sharpness", round(sharpness[chosen.photo.asset] / best, 4) if best > 0 else 1.0)]
    if chosen.photo.clipped is not None:
        scores.append(("black or white", round(chosen.photo.clipped, 4)))
    if faces is not None:
        scores.append(("whole faces", float(len(whole_faces(faces)))))
    if chosen.rating is not None:
        scores.append(("rating", float(chosen.rating)))
    return (*scores, ("pixels", float(_pixels(chosen))))
