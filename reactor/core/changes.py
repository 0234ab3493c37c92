"""Wishes to alter something outside, and the states that the journal keeps before and after."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from reactor.core.ids import AccountId, AssetId, FaceId, PersonId, TagId

Feature = Literal["tags", "archive", "stacks", "faces"]
FEATURES: tuple[Feature, ...] = ("tags", "archive", "stacks", "faces")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a change is wished: the rule in words and the numbers that it looked at.

    One that is not ``sure`` lies in the grey zone: it waits as a suggestion until a person accepts it.
    """

    rule: str
    scores: tuple[tuple[str, float], ...] = ()
    sure: bool = True


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
class StackAssets:
    """Let one stack hold exactly these members, the cover first among them.

    ``certain`` are the groups within a suggestion that are no question themselves.
    """

    account: AccountId
    cover: AssetId
    members: tuple[AssetId, ...]
    certain: tuple[tuple[AssetId, ...], ...] = ()
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
    reason: Reason
    again: int = 0


@dataclass(frozen=True, kw_only=True)
class UnarchiveAssets:
    """Bring back to the timeline what the journal entry ``undoes`` archived from there."""

    account: AccountId
    assets: tuple[AssetId, ...]
    undoes: int
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class RestoreStacks:
    """Make of the stack that the journal entry ``undoes`` left (cover, members) the ``stacks`` that stood before it.

    Members that stood in none of those stand alone afterwards. ``acquainted`` are photos that other changes joined
    with a member: one of them in the trash stands in the stack unseen.
    """

    account: AccountId
    cover: AssetId
    members: tuple[AssetId, ...]
    stacks: tuple[tuple[AssetId, frozenset[AssetId]], ...]
    undoes: int
    reason: Reason
    acquainted: tuple[AssetId, ...] = ()


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


Wish: TypeAlias = TagAsset | ArchiveAssets | StackAssets | AddPortrait
"""What a decision may wish for."""
Restoration: TypeAlias = UntagAsset | UnarchiveAssets | RestoreStacks | RemovePortrait | RemoveTag
"""What takes a change of ours back."""
Change: TypeAlias = Wish | Restoration
CHANGE_TYPES: tuple[type[Change], ...] = (
    TagAsset,
    ArchiveAssets,
    StackAssets,
    AddPortrait,
    UntagAsset,
    UnarchiveAssets,
    RestoreStacks,
    RemovePortrait,
    RemoveTag,
)


@dataclass(frozen=True, kw_only=True)
class Undo:
    """Take back what a journal entry did, with ``tags`` only those of them."""

    account: AccountId
    entry: int
    feature: Feature
    subjects: tuple[str, ...]
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class CarryOut:
    """Do what a journal entry planned or suggested, or did and Immich lost, whatever the mode: a person said so.

    ``tags`` are those that the categories of now set, ``archiving`` the names of those that archive; what others asked
    for in a plan is left out.
    """

    account: AccountId
    entry: int
    feature: Feature
    subjects: tuple[str, ...]
    tags: frozenset[str] | None = None
    archiving: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class KeepTags:
    """Do again what a journal entry did to the tags of a photo, where Immich did not keep it."""

    account: AccountId
    asset: AssetId
    entry: int


Order: TypeAlias = Undo | CarryOut | KeepTags
"""What is asked for about an entry of the journal, by a person or since it was made just now."""


def feature_of(change: Change) -> Feature:
    """Return the feature whose mode and limits govern the change."""
    match change:
        case TagAsset() | UntagAsset() | RemoveTag():
            return "tags"
        case ArchiveAssets() | UnarchiveAssets():
            return "archive"
        case StackAssets() | RestoreStacks():
            return "stacks"
        case AddPortrait() | RemovePortrait():
            return "faces"


def subjects_of(change: Change) -> tuple[str, ...]:
    """Return the ids that the journal finds the change by: assets, the person and the face, or the name of a tag."""
    match change:
        case TagAsset(asset=asset) | UntagAsset(asset=asset):
            return (asset,)
        case ArchiveAssets(assets=assets) | UnarchiveAssets(assets=assets):
            return tuple(sorted(assets))
        case StackAssets(members=members) | RestoreStacks(members=members):
            return tuple(sorted(members))
        case AddPortrait(person=person, face=face) | RemovePortrait(person=person, face=face):
            return (person, face)
        case RemoveTag(tag=tag):
            return (tag,)


def undoes(change: Change) -> int | None:
    """Return the number of the entry that a change takes back, None for a wish."""
    match change:
        case UntagAsset() | UnarchiveAssets() | RestoreStacks() | RemovePortrait() | RemoveTag():
            return change.undoes
    return None


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


State: TypeAlias = TagState | VisibilityState | StackState | PortraitState | ListedState
STATE_TYPES: tuple[type[State], ...] = (
    TagState,
    VisibilityState,
    StackState,
    PortraitState,
    ListedState,
)
