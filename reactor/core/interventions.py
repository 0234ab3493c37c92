"""Events about our own doings: what a person did to them without a word, and what a person asked to be done."""

from dataclasses import dataclass

from reactor.core.changes import Feature
from reactor.core.ids import AccountId, AlbumId, AssetId, FaceId, RunId, TagId


@dataclass(frozen=True, kw_only=True)
class CoverChosen:
    """The user made the photo the cover of a stack of ours, instead of ``before``; ``entry`` had left that one."""

    account: AccountId
    asset: AssetId
    before: AssetId
    entry: int

    @property
    def subject(self) -> str:
        return self.asset

    @property
    def version(self) -> str:
        return f"{self.entry}:{self.before}"


@dataclass(frozen=True, kw_only=True)
class TagDeleted:
    """A tag that we set does not exist any more in Immich; ``entry`` is the newest one that had set it."""

    account: AccountId
    tag: str
    entry: int

    @property
    def subject(self) -> str:
        return self.tag

    @property
    def version(self) -> str:
        return str(self.entry)


@dataclass(frozen=True, kw_only=True)
class AlbumLeft:
    """The photo is not in the album any more (named so then) into which ``entry`` put it."""

    account: AccountId
    asset: AssetId
    album: AlbumId
    name: str
    entry: int

    @property
    def subject(self) -> str:
        return self.asset

    @property
    def version(self) -> str:
        return f"{self.entry}:{self.album}"


@dataclass(frozen=True, kw_only=True)
class AlbumDeleted:
    """An album into which we put photos does not exist any more; ``entry`` is the newest one that had put one in."""

    account: AccountId
    album: AlbumId
    name: str
    entry: int

    @property
    def subject(self) -> str:
        return self.album

    @property
    def version(self) -> str:
        return str(self.entry)


@dataclass(frozen=True, kw_only=True)
class PortraitDeleted:
    """A picture that ``entry`` gave to Frigate is gone there; ``together`` with so many that it is to be asked why."""

    account: AccountId
    face: FaceId
    name: str
    file: str
    entry: int
    together: bool = False

    @property
    def subject(self) -> str:
        return self.face

    @property
    def version(self) -> str:
        return str(self.entry)


@dataclass(frozen=True, kw_only=True)
class TagsWritten:
    """We set tags on the photo, or took some off, by ``entry``; Immich may lose that while it writes it down."""

    account: AccountId
    asset: AssetId
    entry: int

    @property
    def subject(self) -> str:
        return self.asset

    @property
    def version(self) -> str:
        return str(self.entry)


@dataclass(frozen=True, kw_only=True)
class TagEmptied:
    """A tag that ``entry`` had made is on no photo and of no category any more; ``at`` is when it was looked for."""

    account: AccountId
    tag: str
    tag_id: TagId
    entry: int
    at: str

    @property
    def subject(self) -> str:
        return self.tag

    @property
    def version(self) -> str:
        return f"{self.tag_id}:{self.at}"


@dataclass(frozen=True, kw_only=True)
class _Asked:
    account: AccountId
    entry: int
    feature: Feature
    photos: tuple[str, ...]
    run: RunId

    @property
    def subject(self) -> str:
        return self.photos[0]

    @property
    def version(self) -> str:
        return f"{self.entry}:{self.run}"


@dataclass(frozen=True, kw_only=True)
class UndoAsked(_Asked):
    """A person asked, in a run, to have a journal entry taken back; with ``tags`` only those of them.

    ``photos`` (or person and face) are those that the entry is about.
    """

    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ApplyAsked(_Asked):
    """A person asked, in a run, to have done what a journal entry planned or suggested, or what Immich lost of it."""
