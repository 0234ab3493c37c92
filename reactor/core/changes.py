"""Wishes to alter something outside, and the states that the journal keeps before and after."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from reactor.core.cover_changes import MoveCover as MoveCover  # noqa: PLC0414
from reactor.core.cover_changes import ReturnCover as ReturnCover  # noqa: PLC0414
from reactor.core.ids import AccountId, AlbumId, AssetId, FaceId, PersonId, TagId
from reactor.core.reasons import By as By  # noqa: PLC0414
from reactor.core.reasons import Reason as Reason  # noqa: PLC0414
from reactor.core.states import STATE_TYPES as STATE_TYPES  # noqa: PLC0414
from reactor.core.states import AlbumState as AlbumState  # noqa: PLC0414
from reactor.core.states import FavouriteState as FavouriteState  # noqa: PLC0414
from reactor.core.states import ListedState as ListedState  # noqa: PLC0414
from reactor.core.states import PortraitState as PortraitState  # noqa: PLC0414
from reactor.core.states import StackState as StackState  # noqa: PLC0414
from reactor.core.states import State as State  # noqa: PLC0414
from reactor.core.states import TagState as TagState  # noqa: PLC0414
from reactor.core.states import VisibilityState as VisibilityState  # noqa: PLC0414

Feature = Literal["tags", "archive", "favourites", "albums", "stacks", "faces"]
FEATURES: tuple[Feature, ...] = ("tags", "archive", "favourites", "albums", "stacks", "faces")


@dataclass(frozen=True, kw_only=True)
class TagAsset:
    """Let the asset carry these tags (full values such as ``Auto/Receipts``), in one call.

    ``again`` counts how often Immich lost them: such a one repeats an entry, and claims nothing that that does not.
    """

    account: AccountId
    asset: AssetId
    tags: tuple[str, ...]
    reason: Reason
    again: int = 0


@dataclass(frozen=True, kw_only=True)
class ArchiveAssets:
    """Archive these assets together: one photo, or every member of a stack; ``categories`` want it."""

    account: AccountId
    assets: tuple[AssetId, ...]
    categories: tuple[str, ...] = ()
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class FavouriteAsset:
    """Make the asset a favourite; ``categories`` want it."""

    account: AccountId
    asset: AssetId
    categories: tuple[str, ...] = ()
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class AddToAlbum:
    """Put the asset into an album, given by its id, or by the name of one of the user's own, which is made if need be.

    ``categories`` want it.
    """

    account: AccountId
    asset: AssetId
    album: str
    categories: tuple[str, ...] = ()
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class StackAssets:
    """Let one stack hold exactly these members, the cover first among them.

    ``certain`` are the groups within a suggestion that are no question themselves. ``users`` are those of the members
    that the user had stacked: such a stack is only extended, and keeps its cover. ``chosen`` says that a person chose
    the cover.
    """

    account: AccountId
    cover: AssetId
    members: tuple[AssetId, ...]
    certain: tuple[tuple[AssetId, ...], ...] = ()
    users: tuple[AssetId, ...] = ()
    chosen: bool = False
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class AddPortrait:
    """Teach Frigate one face: the crop of ``box`` (pixels of ``frame``) under the name that Frigate uses."""

    account: AccountId
    person: PersonId
    name: str
    asset: AssetId
    face: FaceId
    box: tuple[float, float, float, float]
    frame: tuple[int, int]
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class UntagAsset:
    """Take back tags that the journal entry ``undoes`` set on the asset, ``whole`` where these are all of them.

    ``again`` counts how often Immich brought them back.
    """

    account: AccountId
    asset: AssetId
    tags: tuple[str, ...]
    undoes: int
    whole: bool = True
    by: By = "person"
    reason: Reason
    again: int = 0


@dataclass(frozen=True, kw_only=True)
class UnarchiveAssets:
    """Bring back to the timeline what the journal entry ``undoes`` archived from there, ``whole`` where it is all."""

    account: AccountId
    assets: tuple[AssetId, ...]
    undoes: int
    whole: bool = True
    by: By = "person"
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class UnfavouriteAsset:
    """Take the asset out of the favourites, among which the journal entry ``undoes`` put it."""

    account: AccountId
    asset: AssetId
    undoes: int
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class RemoveFromAlbum:
    """Take the asset out of an album into which the journal entry ``undoes`` put it, where it was ``named`` so."""

    account: AccountId
    asset: AssetId
    album: AlbumId
    named: str
    undoes: int
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class RestoreStacks:
    """Make of the stack that the journal entry ``undoes`` left (cover, members) the ``stacks`` that stood before it.

    Members that stood in none of those stand alone afterwards. ``acquainted`` are photos that other changes joined
    with a member: one of them in the trash stands in the stack unseen. The rules dissolve a stack that later photos
    prove wrong: then ``stacks`` is empty, and what belongs together is joined anew. ``theirs`` says that a stack of the
    user's is among what it gives back; then what it leaves is nothing that we claim.
    """

    account: AccountId
    cover: AssetId
    members: tuple[AssetId, ...]
    stacks: tuple[tuple[AssetId, frozenset[AssetId]], ...]
    undoes: int
    reason: Reason
    by: By = "person"
    acquainted: tuple[AssetId, ...] = ()
    theirs: bool = False


@dataclass(frozen=True, kw_only=True)
class RemovePortrait:
    """Delete from Frigate the one file that the journal entry ``undoes`` put there."""

    account: AccountId
    person: PersonId
    name: str
    face: FaceId
    file: str
    undoes: int
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class RemoveTag:
    """Delete a tag that no photo carries any more from Immich's list; the entry ``undoes`` had made it."""

    account: AccountId
    tag: str
    tag_id: TagId
    undoes: int
    reason: Reason


Wish: TypeAlias = TagAsset | ArchiveAssets | FavouriteAsset | AddToAlbum | StackAssets | MoveCover | AddPortrait
"""What a decision may wish for."""
Restoration: TypeAlias = (
    UntagAsset
    | UnarchiveAssets
    | UnfavouriteAsset
    | RemoveFromAlbum
    | RestoreStacks
    | ReturnCover
    | RemovePortrait
    | RemoveTag
)
"""What takes a change of ours back."""
Change: TypeAlias = Wish | Restoration
CHANGE_TYPES: tuple[type[Change], ...] = (
    TagAsset,
    ArchiveAssets,
    FavouriteAsset,
    AddToAlbum,
    StackAssets,
    MoveCover,
    AddPortrait,
    UntagAsset,
    UnarchiveAssets,
    UnfavouriteAsset,
    RemoveFromAlbum,
    RestoreStacks,
    ReturnCover,
    RemovePortrait,
    RemoveTag,
)


def feature_of(change: Change) -> Feature:
    """Return the feature whose mode and limits govern the change."""
    match change:
        case TagAsset() | UntagAsset() | RemoveTag():
            return "tags"
        case ArchiveAssets() | UnarchiveAssets():
            return "archive"
        case FavouriteAsset() | UnfavouriteAsset():
            return "favourites"
        case AddToAlbum() | RemoveFromAlbum():
            return "albums"
        case StackAssets() | RestoreStacks() | MoveCover() | ReturnCover():
            return "stacks"
        case AddPortrait() | RemovePortrait():
            return "faces"


def subjects_of(change: Change) -> tuple[str, ...]:
    """Return the ids that the journal finds the change by: assets, the person and the face, or the name of a tag."""
    match change:
        case (
            TagAsset(asset=asset)
            | UntagAsset(asset=asset)
            | FavouriteAsset(asset=asset)
            | UnfavouriteAsset(asset=asset)
            | AddToAlbum(asset=asset)
            | RemoveFromAlbum(asset=asset)
        ):
            return (asset,)
        case ArchiveAssets(assets=assets) | UnarchiveAssets(assets=assets):
            return tuple(sorted(assets))
        case (
            StackAssets(members=members)
            | RestoreStacks(members=members)
            | MoveCover(members=members)
            | ReturnCover(members=members)
        ):
            return tuple(sorted(members))
        case AddPortrait(person=person, face=face) | RemovePortrait(person=person, face=face):
            return (person, face)
        case RemoveTag(tag=tag):
            return (tag,)


def undoes(change: Change) -> int | None:
    """Return the number of the entry that a change takes back, None for a wish."""
    return change.undoes if isinstance(change, Restoration) else None


def by_rule(change: Change) -> bool:
    """Say whether a change takes something back because no rule asks for it any more."""
    return isinstance(change, UntagAsset | UnarchiveAssets | RestoreStacks) and change.by == "rule"
