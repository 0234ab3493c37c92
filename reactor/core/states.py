"""The states that the journal keeps of what a change is about, before and after it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from reactor.core.ids import AlbumId, AssetId, TagId


@dataclass(frozen=True, kw_only=True)
class TagState:
    """The tags that an asset carries.

    ``updated_at`` is Immich's time of its last writing, ``made`` are the tags, by their ids, that did not exist before
    a call; both are no part of the state.
    """

    tags: frozenset[str]
    updated_at: datetime | None = field(default=None, compare=False)
    made: tuple[tuple[str, TagId], ...] = field(default=(), compare=False)


@dataclass(frozen=True, kw_only=True)
class ListedState:
    """Whether a tag is in Immich's list."""

    listed: bool


@dataclass(frozen=True, kw_only=True)
class VisibilityState:
    """The visibility of each asset, in the order of their ids."""

    visibility: tuple[tuple[AssetId, str], ...]


@dataclass(frozen=True, kw_only=True)
class FavouriteState:
    """Whether an asset is a favourite."""

    favourite: bool


@dataclass(frozen=True, kw_only=True)
class AlbumState:
    """The albums in which an asset is, as (id, name), and the ``album`` that a change is about, with its ``name``.

    That is None while there is no such album.
    """

    albums: frozenset[tuple[AlbumId, str]]
    album: AlbumId | None = None
    name: str = ""

    @property
    def ids(self) -> frozenset[AlbumId]:
        return frozenset(album for album, _ in self.albums)


@dataclass(frozen=True, kw_only=True)
class StackState:
    """The stacks in which the assets of a change stand, as (primary, members); an asset alone stands in none.

    ``missing`` are assets of the change that Immich does not show: deleted, in the trash, locked. ``more`` are the
    primaries of stacks in which others stand as well, unseen, since they are in the trash.
    """

    stacks: tuple[tuple[AssetId, frozenset[AssetId]], ...]
    missing: frozenset[AssetId] = frozenset()
    more: frozenset[AssetId] = frozenset()


@dataclass(frozen=True, kw_only=True)
class PortraitState:
    """The files that Frigate keeps under a name, and which of them the change put there."""

    files: frozenset[str]
    ours: str | None = None


State: TypeAlias = TagState | VisibilityState | FavouriteState | AlbumState | StackState | PortraitState | ListedState
STATE_TYPES: tuple[type[State], ...] = (
    TagState,
    VisibilityState,
    FavouriteState,
    AlbumState,
    StackState,
    PortraitState,
    ListedState,
)
