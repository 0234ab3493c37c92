"""What the stages and acts need of the world, told from their side; adapters fit without inheriting."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reactor.core.calibration import Calibration
from reactor.core.categories import Catalogue
from reactor.core.events import Event
from reactor.core.ids import LIVE, AccountId, AlbumId, AssetId, PersonId, RunId, StackId, TagId
from reactor.core.library import Album, Asset, Face, Person, Preview, StackNow
from reactor.core.portraits import PortraitPolicy
from reactor.core.stack_policy import StackPolicy
from reactor.ports.journal import Journal, JournalReader, LabelMemory, Limits, Memory
from reactor.ports.pictures import Embedder, ImageFeatures, Photos, Portraits, Similar


class Library(Protocol):
    """Read one account of Immich. Every call raises Retryable, NotReady, Gone or Permanent."""

    def clock(self) -> datetime:
        """Return the present time by Immich's own clock, as its latest answer told it."""
        ...

    async def asset(self, asset: AssetId) -> Asset: ...

    async def preview(self, asset: AssetId, *, edited: bool = False) -> Preview: ...

    async def stack(self, stack: StackId) -> StackNow: ...

    async def photos_of(self, person: PersonId, *, limit: int) -> tuple[Asset, ...]:
        """Return the newest timeline photos of a person, at most ``limit``."""
        ...

    async def faces(self, asset: AssetId) -> tuple[Face, ...]: ...

    async def tags(self) -> frozenset[str]:
        """Return the full values of all tags of the account."""
        ...

    async def albums(self) -> tuple[Album, ...]:
        """Return the albums that the account can see: its own, and those that are shared with it."""
        ...

    async def album(self, album: AlbumId) -> Album: ...

    async def albums_of(self, asset: AssetId) -> frozenset[tuple[AlbumId, str]]:
        """Return the albums that hold the photo, as (id, name)."""
        ...

    async def tag_ids(self) -> Mapping[str, TagId]: ...

    async def is_tagged(self, tag: TagId) -> bool:
        """Say whether a photo that the key sees carries the tag or one below it, in the trash too."""
        ...


class LibraryWriter(Protocol):
    """Change one account of Immich; given to acts alone."""

    async def add_tags(self, asset: AssetId, tags: Sequence[str]) -> None: ...

    async def remove_tags(self, asset: AssetId, tags: Sequence[str]) -> None:
        """Take these tags off one photo; a reading afterwards shows what lasts."""
        ...

    async def delete_tag(self, tag: TagId) -> None:
        """Delete a tag, and all below it, from the account's list."""
        ...

    async def archive(self, assets: Sequence[AssetId]) -> None: ...

    async def set_visibility(self, assets: Sequence[AssetId], visibility: str) -> None:
        """Show the photos in the timeline ("timeline") or archive them ("archive"), all or none."""
        ...

    async def set_favourite(self, asset: AssetId, *, favourite: bool) -> None: ...

    async def make_album(self, name: str, asset: AssetId) -> None:
        """Make an album that holds one photo."""
        ...

    async def put_into_album(self, album: AlbumId, asset: AssetId) -> None: ...

    async def take_out_of_album(self, album: AlbumId, asset: AssetId) -> None:
        """Take a photo out of an album, which stays though it be empty."""
        ...

    async def make_stack(self, assets: Sequence[AssetId]) -> None: ...

    async def set_cover(self, stack: StackId, cover: AssetId) -> None: ...

    async def delete_stack(self, stack: StackId) -> None:
        """Dissolve a stack; its photos stay."""
        ...

    async def remove_from_stack(self, stack: StackId, asset: AssetId) -> None:
        """Take a member that is not the cover out of a stack; a stack of one may stay behind."""
        ...


class FaceLibrary(Protocol):
    """Read Frigate's face library."""

    async def faces(self) -> Mapping[str, tuple[str, ...]]: ...

    async def picture(self, name: str, file: str) -> bytes: ...


class FaceLibraryWriter(Protocol):
    """Change Frigate's face library; given to acts alone."""

    async def register(self, name: str, jpeg: bytes) -> None: ...

    async def delete(self, name: str, files: Sequence[str]) -> None:
        """Delete the named pictures of a person; those that are gone are no error."""
        ...

    async def settle(self, jpeg: bytes) -> object:
        """Make Frigate look at everything that was written; ``jpeg`` shows any face."""
        ...


class LabelRules(Protocol):
    """Tell what labels are decided by."""

    async def catalogue(self) -> Catalogue: ...

    async def calibration(self) -> Calibration | None:
        """Return what the present model was measured at, None while too few photos are stored."""
        ...


class Backlog(Protocol):
    """Tell what is still to be done for a subject."""

    async def pending(self, account: AccountId, subject: str, handler: str) -> bool: ...

    async def heard(self, account: AccountId, subjects: Sequence[str], kind: str) -> frozenset[str]:
        """Return those of the subjects for which an event of this kind stands in the log."""
        ...


class Bookmarks(Protocol):
    """Remember where a source stands; values are JSON."""

    async def get(self, name: str) -> object | None: ...

    async def put(self, name: str, value: object) -> None: ...

    async def replace(self, name: str, before: object | None, value: object) -> bool:
        """Put a value where ``before`` (None: nothing) still stands; return whether it did."""
        ...


class EventSink(Protocol):
    """Append to the event log; each event once, whoever tells of it."""

    async def append(self, events: Sequence[Event], run: RunId = LIVE, *, source: str = "") -> tuple[Event, ...]:
        """Write what is new, with its deliveries, in one statement; return the events that were new.

        ``source`` tells how they were heard: webhook, socket, poll, scan, or "" for what follows from others.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that a stage may ask."""

    library: Callable[[AccountId], Library]
    embedder: Embedder
    photos: Photos
    similar: Similar
    backlog: Backlog
    journal: JournalReader
    vetoes: Memory
    rules: LabelRules
    labels: LabelMemory
    portraits: Portraits
    random_pair_cosine: Callable[[], Awaitable[float | None]]
    tag_external: bool
    stack_policy: StackPolicy
    portrait_policy: PortraitPolicy
    now: Callable[[], datetime]


__all__ = [
    "Backlog",
    "Bookmarks",
    "Embedder",
    "EventSink",
    "FaceLibrary",
    "FaceLibraryWriter",
    "ImageFeatures",
    "Journal",
    "JournalReader",
    "LabelMemory",
    "LabelRules",
    "Library",
    "LibraryWriter",
    "Limits",
    "Memory",
    "Person",
    "Photos",
    "Portraits",
    "Services",
    "Similar",
]
