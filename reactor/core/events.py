"""Facts that happened, as they stand in the event log.

An event is written once: its identity is (account, kind, subject, version), where ``kind`` is the class name.
"""

from dataclasses import dataclass
from typing import TypeAlias

from reactor.core.ids import AccountId, PersonId
from reactor.core.interventions import (
    AlbumDeleted,
    AlbumLeft,
    ApplyAsked,
    CoverChosen,
    PortraitDeleted,
    TagDeleted,
    TagEmptied,
    TagsWritten,
    UndoAsked,
)
from reactor.core.label_events import (
    AlbumWanted,
    ArchiveDoubted,
    FacesAwaited,
    FavouriteWanted,
    LabelsDoubted,
    OfAsset,
    Unarchived,
    short_of,
)


@dataclass(frozen=True, kw_only=True)
class _OfPerson:
    """What events about a person share."""

    account: AccountId
    person: PersonId
    name: str

    @property
    def subject(self) -> str:
        return self.person


@dataclass(frozen=True, kw_only=True)
class AssetUploaded(OfAsset):
    """A photo exists in Immich: once for ever, however often it is heard of."""

    @property
    def version(self) -> str:
        return ""


@dataclass(frozen=True, kw_only=True)
class MetadataExtracted(OfAsset):
    """Immich has read the photo's EXIF; the only carrier of the camera's burst id (facts/immich-api.md section 8)."""

    exif_updated_at: str
    burst_id: str | None = None

    @property
    def version(self) -> str:
        return self.exif_updated_at


@dataclass(frozen=True, kw_only=True)
class AssetEmbedded(OfAsset):
    """The photo's vector, hash and capture facts are stored; ``checksum`` is the preview's.

    ``again`` is when a photo came back that was embedded before and gone since: then it is another event.
    """

    model: str
    checksum: str
    again: str = ""

    @property
    def version(self) -> str:
        return f"{self.model}:{self.checksum}" + (f":{self.again}" if self.again else "")


@dataclass(frozen=True, kw_only=True)
class ArchiveWanted(OfAsset):
    """Categories that archive matched the photo."""

    categories: tuple[str, ...]
    model: str
    checksum: str

    @property
    def version(self) -> str:
        return f"{self.model}:{self.checksum}:{short_of(self.categories)}"


@dataclass(frozen=True, kw_only=True)
class AssetChanged(OfAsset):
    """The user changed a known photo; ``fields`` tells in words what: see ``CHANGED_FIELDS``.

    Our own writes are no such changes. ``updated_at`` is Immich's own time of it.
    """

    updated_at: str
    fields: tuple[str, ...]

    @property
    def version(self) -> str:
        return self.updated_at


CHANGED_FIELDS = (
    "trashed",
    "restored",
    "archived",
    "unarchived",
    "hidden",
    "shown",
    "unfavoured",
    "tags",
    "unstacked",
    "date",
    "touched",
)
"""``touched``: something moved, and a stage that had given the photo up may have what it lacked.

``hidden``: not in the timeline any more, and not in the archive; ``shown``: in the timeline again after that.
``unstacked``: the photo is not in the stack any more in which we left it; ``unfavoured``: it is not the favourite any
more that we made of it.
"""


@dataclass(frozen=True, kw_only=True)
class PersonNamed(_OfPerson):
    """A person of the library carries a name (for the first time, or is shown again)."""

    # Counted up with every event of the person, so that a name that comes back is another event.
    revision: int = 0

    @property
    def version(self) -> str:
        return f"{self.revision}:{self.name}"


@dataclass(frozen=True, kw_only=True)
class PersonRenamed(_OfPerson):
    """A named person carries another name, ``name``; "" where the name was taken away."""

    before: str
    revision: int

    @property
    def version(self) -> str:
        return f"{self.revision}:{self.name}"


@dataclass(frozen=True, kw_only=True)
class PersonMerged(_OfPerson):
    """A named person is gone, and its faces belong to another one."""

    into: PersonId
    revision: int

    @property
    def version(self) -> str:
        return f"{self.revision}:{self.into}"


@dataclass(frozen=True, kw_only=True)
class PersonHidden(_OfPerson):
    """A named person was hidden by the user."""

    revision: int

    @property
    def version(self) -> str:
        return str(self.revision)


@dataclass(frozen=True, kw_only=True)
class PersonGone(_OfPerson):
    """A named person does not exist any more, and nobody took over its faces."""

    revision: int

    @property
    def version(self) -> str:
        return str(self.revision)


@dataclass(frozen=True, kw_only=True)
class PersonGainedFaces(_OfPerson):
    """A named person is seen in more photos than before."""

    photos: int
    revision: int = 0

    @property
    def version(self) -> str:
        return f"{self.revision}:{self.photos}"


Event: TypeAlias = (
    AssetUploaded
    | MetadataExtracted
    | AssetEmbedded
    | ArchiveWanted
    | FavouriteWanted
    | AlbumWanted
    | FacesAwaited
    | LabelsDoubted
    | ArchiveDoubted
    | AssetChanged
    | CoverChosen
    | TagDeleted
    | AlbumLeft
    | AlbumDeleted
    | PortraitDeleted
    | TagsWritten
    | Unarchived
    | TagEmptied
    | UndoAsked
    | ApplyAsked
    | PersonNamed
    | PersonRenamed
    | PersonMerged
    | PersonHidden
    | PersonGone
    | PersonGainedFaces
)

EVENT_TYPES: tuple[type[Event], ...] = (
    AssetUploaded,
    MetadataExtracted,
    AssetEmbedded,
    ArchiveWanted,
    FavouriteWanted,
    AlbumWanted,
    FacesAwaited,
    LabelsDoubted,
    ArchiveDoubted,
    AssetChanged,
    CoverChosen,
    TagDeleted,
    AlbumLeft,
    AlbumDeleted,
    PortraitDeleted,
    TagsWritten,
    Unarchived,
    TagEmptied,
    UndoAsked,
    ApplyAsked,
    PersonNamed,
    PersonRenamed,
    PersonMerged,
    PersonHidden,
    PersonGone,
    PersonGainedFaces,
)


def kind_of(event: Event) -> str:
    """Return the name under which the log stores this event."""
    return type(event).__name__
