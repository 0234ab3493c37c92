"""Covers that we moved, and stacks of the user's that we extended: what the journal says of them, and what may be done.

A moved cover says nothing of whose the stack is: who reads that sees through such entries.
"""

from collections.abc import Collection, Mapping

from reactor.core.changes import MoveCover, ReturnCover, StackAssets, StackState
from reactor.core.ids import AssetId
from reactor.core.journal import Entry, EntryState
from reactor.core.library import Asset, StackNow
from reactor.core.past import Past, Refused
from reactor.core.vetoes import AWAY, chosen_covers


def is_shown(asset: Asset | None) -> bool:
    """Say whether the timeline shows a photo that stands in no stack, or on top of one."""
    return asset is not None and asset.mine and not asset.trashed and asset.visibility == "timeline"


def moved_by_us(primary: AssetId, members: Collection[AssetId], past: Past) -> MoveCover | None:
    """Return the change by which we put a photo on top of a stack with these members, as Immich lists them.

    None where we did anything else to it since, and where others stand in it by now: then whatever lies on top is the
    user's doing.
    """
    entry = past.moves.get(primary)
    if entry is None or not isinstance(entry.change, MoveCover) or entry.change.cover != primary:
        return None
    newest = past.newest.get(primary)
    joined = len(set(members).difference(entry.change.members)) > entry.change.others
    return None if joined or (newest is not None and newest.id > entry.id) else entry.change


def is_alone(asset: AssetId, members: Collection[AssetId], past: Past) -> bool:
    """Say whether a photo stands in a stack with no other; ``members`` are those that Immich lists.

    It lists none that is hidden: of a stack whose cover we moved once, others may lie below the one that it lists.
    """
    return len(members) == 1 and asset not in past.covered


def held_for(primary: AssetId, members: Collection[AssetId], past: Past) -> MoveCover | None:
    """Return the change by which a photo lies on top in the place of another, which no user chose."""
    move = moved_by_us(primary, members, past)
    return None if move is None or move.comes_back else move


def move_admitted(change: MoveCover, past: Past) -> MoveCover | Refused:
    """Return the change, or why the stack is left as it is."""
    kept = [veto for veto in past.vetoes if veto.value == AWAY and veto.state != "revoked"]
    insisted = change.comes_back and chosen_covers(past.vetoes)[:1] == (change.away,)
    if insisted or any(change.away in veto.subjects for veto in kept):
        return Refused(state=EntryState.VETOED, why="you had this cover put back before; it stays")
    return change


def move_done(change: MoveCover, now: StackState) -> bool:
    """Say whether the photo is on top."""
    return any(primary == change.cover for primary, _ in now.stacks)


def returned(change: ReturnCover, now: StackState, past: Past) -> bool:
    """Say whether nothing is left to put back: it lies on top, or does not stand in the stack any more."""
    inside = [primary for primary, members in now.stacks if change.back in members]
    return not inside or (inside == [change.back] and not _later(change, past))


def return_admitted(change: ReturnCover, now: StackState, past: Past) -> ReturnCover | Refused:
    """Return the change, or why the cover stays: it is put back only in the place of the one that we put there."""
    if later := _later(change, past):
        numbers = ", ".join(map(str, sorted(later)))
        why = f"a later change of ours stands on it ({numbers}); take that back first"
        return Refused(state=EntryState.LEFT, why=why)
    ((primary, members),) = now.stacks
    if change.cover not in now.missing and primary != change.cover:
        return Refused(state=EntryState.LEFT, why="the stack has another cover by now: you changed it")
    left = frozenset(change.members) - now.missing
    if not left <= members or len(members - left) > change.others:
        return Refused(state=EntryState.LEFT, why="the stack is not as we left it: you changed it")
    if now.more:
        why = "other photos of the stack are in the trash and would leave it; restore them first"
        return Refused(state=EntryState.LEFT, why=why)
    return change


def _later(change: ReturnCover, past: Past) -> set[int]:
    return {number for number in past.latest.values() if number > change.undoes}


def users_part(stack: StackNow, newest: Mapping[str, Entry]) -> frozenset[AssetId]:
    """Return what of a stack of ours is of the user's own making: the stack that we extended; mostly nothing."""
    parts = [
        entry.change.users
        for member in stack.members
        if (entry := newest.get(member)) is not None and isinstance(entry.change, StackAssets)
    ]
    return frozenset(member for part in parts for member in part)
