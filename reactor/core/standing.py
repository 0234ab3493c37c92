"""How a wish stands to the world: already so, undone by the user, or left unknown by a crash.

States are compared, never times of change: a change is ours if every field that we claim equals what we left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto

from reactor.core.changes import (
    AddPortrait,
    ArchiveAssets,
    Change,
    StackAssets,
    StackState,
    State,
    TagAsset,
    TagState,
    VisibilityState,
)
from reactor.core.ids import AssetId
from reactor.core.journal import Entry

# Immich itself may lose a tag for some seconds after a write (facts/immich-api.md section 5); a tag that is missing
# so soon is set again, one that is missing later was taken away by the user.
TAG_SETTLES = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Past:
    """What was done before: the newest done entry of each subject, and every tag that any entry left on the asset.

    ``tags`` holds only what was left at least ``TAG_SETTLES`` ago.
    """

    newest: Mapping[str, Entry] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()


class Unknown(Enum):
    """What became of a call whose answer was never seen."""

    ARRIVED = auto()
    NEVER_ARRIVED = auto()
    OVERTAKEN = auto()


def satisfied(change: Change, now: State, past: Past) -> bool:
    """Say whether nothing is left to do."""
    match change, now:
        case TagAsset(), TagState():
            return set(change.tags) <= now.tags
        case ArchiveAssets(), VisibilityState():
            return all(visibility == "archive" for _, visibility in now.visibility)
        case StackAssets(), StackState():
            return (change.cover, frozenset(change.members)) in now.stacks
        case AddPortrait(), _:
            return change.face in past.newest
    return False


def admissible(change: Change, now: State, past: Past) -> Change | None:
    """Return what may be done of the change, or None where the user has undone it before.

    What was left before and is no longer so, the user has undone.
    """
    match change, now:
        case TagAsset(), TagState():
            tags = tuple(tag for tag in change.tags if tag in now.tags or tag not in past.tags)
            return replace(change, tags=tags) if tags else None
        case ArchiveAssets(), VisibilityState():
            shown = [asset for asset, visibility in now.visibility if visibility != "archive"]
            return None if any(_was_archived(past.newest.get(asset), asset) for asset in shown) else change
        case StackAssets(), StackState():
            inside = {asset for _, members in now.stacks for asset in members}
            undone = any(_was_stacked(past.newest.get(asset)) and asset not in inside for asset in change.members)
            return None if undone else change
    return change


def resolve(change: Change, before: State, now: State) -> Unknown:
    """Decide from two readings what became of a call that was never answered."""
    if satisfied(change, now, Past()):
        return Unknown.ARRIVED
    match change, before, now:
        case TagAsset(), TagState(), TagState():
            claimed = frozenset(change.tags)
            same = before.tags & claimed == now.tags & claimed
        case _:
            same = before == now
    return Unknown.NEVER_ARRIVED if same else Unknown.OVERTAKEN


def strangers(change: StackAssets, now: StackState, past: Past) -> tuple[AssetId, ...]:
    """Return the covers of present stacks that the change must not touch.

    A stack with members outside the wish would be robbed of the others. One whose members, or whose cover, are not
    what our newest entries left is the user's; a cover that the wish itself keeps is no offence.
    """
    wished = frozenset(change.members)
    return tuple(
        primary
        for primary, members in now.stacks
        if not members <= wished
        or not all(_left_so(past.newest.get(member), primary, members, change) for member in members)
    )


def _left_so(entry: Entry | None, primary: AssetId, members: frozenset[AssetId], change: StackAssets) -> bool:
    after = entry.after if entry is not None else None
    return isinstance(after, StackState) and any(
        left == members and primary in (cover, change.cover) for cover, left in after.stacks
    )


def _was_archived(entry: Entry | None, asset: str) -> bool:
    return (
        entry is not None
        and isinstance(entry.after, VisibilityState)
        and any(left == asset and visibility == "archive" for left, visibility in entry.after.visibility)
    )


def _was_stacked(entry: Entry | None) -> bool:
    return entry is not None and isinstance(entry.after, StackState)
