"""Wishes to alter something outside, and the states that the journal keeps before and after."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from reactor.core.ids import AccountId, AssetId, FaceId, PersonId

Feature = Literal["tags", "archive", "stacks", "faces"]
FEATURES: tuple[Feature, ...] = ("tags", "archive", "stacks", "faces")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a change is wished: the rule in words and the numbers that it looked at."""

    rule: str
    scores: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class TagAsset:
    """Let the asset carry these tags (full values such as ``Auto/Receipts``), in one call."""

    account: AccountId
    asset: AssetId
    tags: tuple[str, ...]
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class ArchiveAssets:
    """Archive these assets together: one photo, or every member of a stack."""

    account: AccountId
    assets: tuple[AssetId, ...]
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class StackAssets:
    """Let one stack hold exactly these members, the cover first among them."""

    account: AccountId
    cover: AssetId
    members: tuple[AssetId, ...]
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


Change: TypeAlias = TagAsset | ArchiveAssets | StackAssets | AddPortrait
CHANGE_TYPES: tuple[type[Change], ...] = (TagAsset, ArchiveAssets, StackAssets, AddPortrait)


def feature_of(change: Change) -> Feature:
    """Return the feature whose mode and limits govern the change."""
    match change:
        case TagAsset():
            return "tags"
        case ArchiveAssets():
            return "archive"
        case StackAssets():
            return "stacks"
        case AddPortrait():
            return "faces"


def subjects_of(change: Change) -> tuple[str, ...]:
    """Return the ids that the journal finds the change by: assets, or the person and the face."""
    match change:
        case TagAsset(asset=asset):
            return (asset,)
        case ArchiveAssets(assets=assets):
            return tuple(sorted(assets))
        case StackAssets(members=members):
            return tuple(sorted(members))
        case AddPortrait(person=person, face=face):
            return (person, face)


@dataclass(frozen=True, kw_only=True)
class TagState:
    """The tags that an asset carries."""

    tags: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class VisibilityState:
    """The visibility of each asset, in the order of their ids."""

    visibility: tuple[tuple[AssetId, str], ...]


@dataclass(frozen=True, kw_only=True)
class StackState:
    """The stacks in which the assets of a change stand, as (primary, members); an asset alone stands in none."""

    stacks: tuple[tuple[AssetId, frozenset[AssetId]], ...]


@dataclass(frozen=True, kw_only=True)
class PortraitState:
    """The files that Frigate keeps under a name, and which of them the change put there."""

    files: frozenset[str]
    ours: str | None = None


State: TypeAlias = TagState | VisibilityState | StackState | PortraitState
STATE_TYPES: tuple[type[State], ...] = (TagState, VisibilityState, StackState, PortraitState)
