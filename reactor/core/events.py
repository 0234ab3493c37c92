"""Facts that happened, as they stand in the event log.

An event is written once: its identity is (account, kind, subject, version), where ``kind`` is the class name.
"""

from dataclasses import dataclass
from typing import TypeAlias

from reactor.core.ids import AccountId, AssetId, PersonId


@dataclass(frozen=True, kw_only=True)
class _OfAsset:
    """What events about a photo or video share."""

    account: AccountId
    asset: AssetId

    @property
    def subject(self) -> str:
        return self.asset


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
class AssetUploaded(_OfAsset):
    """A photo exists in Immich: once for ever, however often it is heard of."""

    @property
    def version(self) -> str:
        return ""


@dataclass(frozen=True, kw_only=True)
class MetadataExtracted(_OfAsset):
    """Immich has read the photo's EXIF; the only carrier of the camera's burst id (facts/immich-api.md section 8)."""

    exif_updated_at: str
    burst_id: str | None = None

    @property
    def version(self) -> str:
        return self.exif_updated_at


@dataclass(frozen=True, kw_only=True)
class AssetEmbedded(_OfAsset):
    """The photo's vector, hash and capture facts are stored; ``checksum`` is the preview's."""

    model: str
    checksum: str

    @property
    def version(self) -> str:
        return f"{self.model}:{self.checksum}"


@dataclass(frozen=True, kw_only=True)
class ArchiveWanted(_OfAsset):
    """Categories that archive matched the photo."""

    categories: tuple[str, ...]
    model: str
    checksum: str

    @property
    def version(self) -> str:
        return f"{self.model}:{self.checksum}"


@dataclass(frozen=True, kw_only=True)
class PersonNamed(_OfPerson):
    """A person of the library carries a name (new, or another than before)."""

    updated_at: str

    @property
    def version(self) -> str:
        # A name may come back after another one, so the name alone is no identity.
        return f"{self.updated_at}:{self.name}"


@dataclass(frozen=True, kw_only=True)
class PersonGainedFaces(_OfPerson):
    """A named person is seen in more photos than before."""

    photos: int

    @property
    def version(self) -> str:
        return str(self.photos)


Event: TypeAlias = AssetUploaded | MetadataExtracted | AssetEmbedded | ArchiveWanted | PersonNamed | PersonGainedFaces

EVENT_TYPES: tuple[type[Event], ...] = (
    AssetUploaded,
    MetadataExtracted,
    AssetEmbedded,
    ArchiveWanted,
    PersonNamed,
    PersonGainedFaces,
)


def kind_of(event: Event) -> str:
    """Return the name under which the log stores this event."""
    return type(event).__name__
