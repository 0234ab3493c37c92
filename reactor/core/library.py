"""What Immich shows of a library, as values: photos, stacks, people and faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from reactor.core.gates import Faces
from reactor.core.ids import AccountId, AlbumId, AssetId, FaceId, PersonId, StackId

FEW = 16
"""Of so many photos the journal is asked, or what it says is told with them, before it is clear who of them counts; of
more that would take longer than to wait."""


@dataclass(frozen=True, kw_only=True)
class StackNow:
    """A stack as Immich has it at this moment; ids of stacks change whenever a stack grows.

    Members in the trash are not among ``members``, even the primary; ``shown`` is how many of them are in the timeline.
    """

    id: StackId
    primary: AssetId
    members: frozenset[AssetId]
    shown: int | None = None


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One photo or video of an account.

    ``taken_at`` is the capture time (aware), ``local_day`` its day on the photographer's own calendar, ``camera`` make
    and model or "", ``path`` where Immich keeps the original, ``visibility`` one of timeline, archive, hidden, locked
    or a newer word. ``external`` says that the file lies in an external library, ``mine`` that it belongs to the
    account itself and not to a partner. ``stack`` names the stack only; its members are read apart. ``stack_size``
    counts those of them that are in the timeline or were so when they went to the trash. ``rating`` is 1 to 5 stars, -1
    for a rejected photo, None where none was given; ``edited`` says that it is shown otherwise than its file is.
    ``people`` is filled where it was asked for.
    """

    id: AssetId
    owner: str
    kind: str
    visibility: str
    trashed: bool
    taken_at: datetime
    created_at: datetime
    updated_at: datetime
    camera: str = ""
    file_name: str = ""
    path: str = ""
    width: int = 0
    height: int = 0
    checksum: str = ""
    exif_ready: bool = False
    motion_part_of: AssetId | None = None
    favourite: bool = False
    rating: int | None = None
    edited: bool = False
    tags: frozenset[str] = frozenset()
    stack: StackId | None = None
    stack_primary: AssetId | None = None
    stack_size: int | None = None
    local_day: date | None = None
    external: bool = False
    mine: bool = True
    people: frozenset[PersonId] = frozenset()

    @property
    def is_photo(self) -> bool:
        return self.kind == "IMAGE"

    @property
    def is_open(self) -> bool:
        """Say whether the reactor may change it at all: its owner's, and neither trashed, hidden nor locked."""
        return self.mine and not self.trashed and self.visibility in ("timeline", "archive")


def trashed_in(asset: Asset, stack: StackNow) -> int:
    """Return how many photos in the trash stand in the stack of a photo; those from the archive are counted nowhere."""
    if asset.stack_size is None or stack.shown is None:
        return 0
    return max(0, asset.stack_size - stack.shown)


@dataclass(frozen=True, kw_only=True)
class Album:
    """An album that an account can see; ``mine`` where the account made it, others are shared with it."""

    id: AlbumId
    name: str
    mine: bool = True


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person of the library; ``name`` is "" while unnamed."""

    id: PersonId
    name: str
    hidden: bool
    updated_at: str


@dataclass(frozen=True, kw_only=True)
class Face:
    """A face in a photo: box (left, top, right, bottom) in pixels of a frame (width, height), and whose it is."""

    id: FaceId
    box: tuple[float, float, float, float]
    frame: tuple[int, int]
    person: PersonId | None
    person_name: str = ""
    person_hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The bytes of a preview picture and a checksum of them (hex)."""

    data: bytes
    checksum: str


@dataclass(frozen=True, kw_only=True)
class EmbeddedPhoto:
    """What is stored of a photo once it is embedded: enough to decide about stacks and covers.

    ``vector`` is a unit float32 vector [D], left out of equality; ``phash`` a 64-bit perceptual hash; ``sharpness``
    the best tiles' variance of the Laplacian on a small grey picture; ``burst_id`` the camera's own, where it has one.
    ``thumb`` is a small grey picture and ``clipped`` the share of its pixels without detail (core/thumbs.py), ``day``
    the day on the photographer's own calendar; these, ``name`` and ``path`` of the file are None where an earlier
    release stored the photo. ``faces`` is None until a category asked who is seen on it. ``number`` is the photo's
    label in the index, 0 before it is stored.
    """

    account: AccountId
    asset: AssetId
    taken_at: datetime
    camera: str
    phash: int
    sharpness: float
    width: int
    height: int
    checksum: str
    kind: str = "IMAGE"
    burst_id: str | None = None
    external: bool = False
    name: str | None = None
    path: str | None = None
    faces: Faces | None = None
    thumb: bytes | None = field(default=None, repr=False)
    clipped: float | None = None
    day: date | None = None
    number: int = field(default=0, compare=False)
    vector: NDArray[np.float32] = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Photos with those that lie near in time, in order.

    No entry about stacks, and no such veto, names those that are ``untouched``; of others that is not known.
    """

    photos: tuple[EmbeddedPhoto, ...] = ()
    untouched: frozenset[AssetId] = frozenset()


@dataclass(frozen=True, kw_only=True)
class LookalikesWanted:
    """Of each of the ``photos`` at most ``limit`` others of the account are wanted that look like it, best first.

    They have a cosine of ``least`` or more, and their hash differs from that of the photo in at most ``bits`` of 64.
    An index weighs a few hundred of the nearest. Read whole are those that are not ``known`` yet.
    """

    account: AccountId
    model: str
    photos: Sequence[EmbeddedPhoto]
    known: Mapping[AssetId, EmbeddedPhoto] = field(default_factory=dict)
    limit: int
    least: float = -1.0
    bits: int = 64


@dataclass(frozen=True, kw_only=True)
class Lookalikes:
    """What was found: of each photo those that are ``near``, with their cosines, and those that were ``read`` whole."""

    near: Mapping[AssetId, tuple[tuple[AssetId, float], ...]]
    read: tuple[EmbeddedPhoto, ...] = ()
