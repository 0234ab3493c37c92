"""How a wish stands to the world: already so, undone by the user, or left unknown by a crash.

States are compared, never times of change: a change is ours if every field that we claim equals what we left.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
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
from reactor.core.journal import Entry

# Immich itself may lose a tag for some seconds after a write (facts/immich-api.md section 5); a tag that is missing
# so soon is set again, one that is missing later was taken away by the user.
TAG_SETTLES = timedelta(seconds=60)


class Unknown(Enum):
    """What became of a call whose answer was never seen."""

    ARRIVED = auto()
    NEVER_ARRIVED = auto()
    OVERTAKEN = auto()


def satisfied(change: Change, now: State, done: Mapping[str, Entry]) -> bool:
    """Say whether nothing is left to do."""
    match change, now:
        case TagAsset(), TagState():
            return set(change.tags) <= now.tags
        case ArchiveAssets(), VisibilityState():
            return all(visibility == "archive" for _, visibility in now.visibility)
        case StackAssets(), StackState():
            return (change.cover, frozenset(change.members)) in now.stacks
        case AddPortrait(), _:
            return change.face in done
    return False


def admissible(change: Change, now: State, done: Mapping[str, Entry], at: datetime) -> Change | None:
    """Return what may be done of the change, or None where the user has undone it before.

    ``done`` holds the newest done entry of each subject. What it left and what is no longer so, the user has undone.
    """
    match change, now:
        case TagAsset(), TagState():
            entry = done.get(change.asset)
            if entry is None or not isinstance(entry.after, TagState) or _fresh(entry, at):
                return change
            tags = tuple(tag for tag in change.tags if tag in now.tags or tag not in entry.after.tags)
            return replace(change, tags=tags) if tags else None
        case ArchiveAssets(), VisibilityState():
            shown = [asset for asset, visibility in now.visibility if visibility != "archive"]
            undone = any(_was_archived(done.get(asset), asset) for asset in shown)
            return None if undone else change
        case StackAssets(), StackState():
            inside = {asset for _, members in now.stacks for asset in members}
            undone = any(_was_stacked(done.get(asset)) and asset not in inside for asset in change.members)
            return None if undone else change
    return change


def resolve(change: Change, before: State, now: State) -> Unknown:
    """Decide from two readings what became of a call that was never answered."""
    if satisfied(change, now, {}):
        return Unknown.ARRIVED
    match change, before, now:
        case TagAsset(), TagState(), TagState():
            claimed = frozenset(change.tags)
            same = before.tags & claimed == now.tags & claimed
        case _:
            same = before == now
    return Unknown.NEVER_ARRIVED if same else Unknown.OVERTAKEN


def robbed(change: StackAssets, now: StackState) -> frozenset[str]:
    """Return the photos that the change would leave behind in another stack."""
    wished = frozenset(change.members)
    return frozenset(asset for _, members in now.stacks if members & wished for asset in members - wished)


def _fresh(entry: Entry, at: datetime) -> bool:
    return entry.settled_at is None or at - entry.settled_at < TAG_SETTLES


def _was_archived(entry: Entry | None, asset: str) -> bool:
    return (
        entry is not None
        and isinstance(entry.after, VisibilityState)
        and any(left == asset and visibility == "archive" for left, visibility in entry.after.visibility)
    )


def _was_stacked(entry: Entry | None) -> bool:
    return entry is not None and isinstance(entry.after, StackState)
