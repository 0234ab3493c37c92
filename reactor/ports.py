"""What the stages and acts need of the world, told from their side; adapters fit without inheriting."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reactor.core.bursts import StackPolicy
from reactor.core.categories import Category
from reactor.core.changes import Change, Feature, State
from reactor.core.events import Event
from reactor.core.ids import LIVE, AccountId, AssetId, FaceId, PersonId, RunId, StackId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.library import Asset, EmbeddedPhoto, Face, Person, Preview, StackNow
from reactor.core.portraits import PortraitPolicy


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


class LibraryWriter(Protocol):
    """Change one account of Immich; given to acts alone."""

    async def add_tags(self, asset: AssetId, tags: Sequence[str]) -> None: ...

    async def archive(self, assets: Sequence[AssetId]) -> None: ...

    async def make_stack(self, assets: Sequence[AssetId]) -> None: ...

    async def set_cover(self, stack: StackId, cover: AssetId) -> None: ...


class FaceLibrary(Protocol):
    """Read Frigate's face library."""

    async def faces(self) -> Mapping[str, tuple[str, ...]]: ...

    async def picture(self, name: str, file: str) -> bytes: ...


class FaceLibraryWriter(Protocol):
    """Change Frigate's face library; given to acts alone."""

    async def register(self, name: str, jpeg: bytes) -> None: ...

    async def settle(self, jpeg: bytes) -> object:
        """Make Frigate look at everything that was written; ``jpeg`` shows any face."""
        ...


@dataclass(frozen=True, kw_only=True)
class ImageFeatures:
    """What the model and the hash say of one picture.

    ``vector`` unit float32 [D]; ``phash`` 64 bits; ``sharpness`` of a small grey picture; width, height in pixels.
    """

    vector: NDArray[np.float32]
    phash: int
    sharpness: float
    width: int
    height: int


class Embedder(Protocol):
    """Turn pictures and prompts into unit vectors of one model."""

    @property
    def model(self) -> str:
        """The hash that names the model's vectors."""
        ...

    async def image(self, data: bytes) -> ImageFeatures: ...

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]: ...


class Portraits(Protocol):
    """Cut faces out of pictures."""

    async def sharpness(self, picture: bytes, box: tuple[float, float, float, float], frame: tuple[int, int]) -> float:
        """Return the sharpness of a face on its picture; ``box`` is in pixels of ``frame``."""
        ...

    async def crop(self, picture: bytes, box: tuple[float, float, float, float], frame: tuple[int, int]) -> bytes:
        """Return the JPEG that Frigate is given."""
        ...

    async def looks_like(self, crop: bytes, picture: bytes) -> bool:
        """Say whether a picture that Frigate keeps was cut out of our crop."""
        ...


class Photos(Protocol):
    """Keep what embedding found; the truth for every decision about stacks."""

    async def save(self, photo: EmbeddedPhoto, model: str, *, seen: Asset | None = None) -> None:
        """Write what was found; ``seen`` is the photo as Immich showed it, so that later changes can be told."""
        ...

    async def set_burst(self, account: AccountId, asset: AssetId, burst_id: str) -> None: ...

    async def retake(self, account: AccountId, asset: AssetId, taken_at: datetime) -> None:
        """Correct the capture time of a stored photo."""
        ...

    async def embedded(
        self, account: AccountId, assets: Sequence[AssetId], model: str
    ) -> tuple[EmbeddedPhoto, ...]: ...

    async def around(
        self, account: AccountId, times: Sequence[datetime], margin: timedelta, model: str, *, limit: int
    ) -> tuple[EmbeddedPhoto, ...]:
        """Return the photos taken within ``margin`` of any of the times, in order of time, at most ``limit``."""
        ...


class Backlog(Protocol):
    """Tell what is still to be done for a subject."""

    async def pending(self, account: AccountId, subject: str, handler: str) -> bool: ...

    async def heard(self, account: AccountId, subjects: Sequence[str], kind: str) -> frozenset[str]:
        """Return those of the subjects for which an event of this kind stands in the log."""
        ...


class JournalReader(Protocol):
    """Read what was done before."""

    async def newest(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Mapping[str, Entry]:
        """Return for each subject the newest entry that is done, where there is one."""
        ...

    async def portraits(self, account: AccountId, person: PersonId) -> Mapping[FaceId, EntryState]:
        """Return how the newest entry of each face of the person stands."""
        ...


class Journal(JournalReader, Protocol):
    """Write down every change: before its call, and again after it."""

    async def write(self, change: Change, cause: Cause, before: State, state: EntryState, note: str = "") -> int: ...

    async def settle(self, entry: int, state: EntryState, after: State | None, note: str = "") -> None: ...

    async def open_entries(self, change: Change) -> tuple[Entry, ...]:
        """Return the open entries that touch a subject of the change, oldest first."""
        ...

    async def unanswered(self, handler: str, account: AccountId, subjects: Sequence[str]) -> tuple[Entry, ...]:
        """Return the open entries that a handler wrote about one of the subjects, oldest first."""
        ...

    async def tags_left(self, account: AccountId, asset: AssetId, until: datetime) -> frozenset[str]:
        """Return every tag that a done entry, settled by then, set on the asset."""
        ...

    async def count_since(self, account: AccountId, feature: Feature, since: datetime) -> tuple[int, int]:
        """Return (changes carried out in the feature, photos heard) since then.

        Where deliveries are still to be done that were asked for earlier, both are counted from there: a backlog
        brings its own allowance with it.
        """
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
    backlog: Backlog
    journal: JournalReader
    categories: Callable[[AccountId], tuple[Category, ...]]
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
    "Library",
    "LibraryWriter",
    "Person",
    "Photos",
    "Portraits",
    "Services",
]
