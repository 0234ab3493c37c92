"""How a wish stands to the world: already so, undone by the user, or left unknown by a crash.

States are compared, never times of change: a change is ours if every field that we claim equals what we left.
"""

from collections.abc import Collection
from dataclasses import replace
from enum import Enum, auto

from reactor.core.changes import (
    AddPortrait,
    AddToAlbum,
    AlbumState,
    ArchiveAssets,
    Change,
    FavouriteAsset,
    FavouriteState,
    MoveCover,
    PortraitState,
    RemoveFromAlbum,
    Restoration,
    ReturnCover,
    StackAssets,
    StackState,
    State,
    TagAsset,
    TagState,
    UntagAsset,
    VisibilityState,
)
from reactor.core.gathering import album_admitted, favourite_admitted, in_album, taken_out, unfavoured
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import EntryState
from reactor.core.moving import held_for, is_alone, move_admitted, move_done, returned
from reactor.core.past import Past, Refused, left_together, was_archived
from reactor.core.restoration import restorable, restored
from reactor.core.vetoes import (
    Veto,
    apart,
    not_together,
    released_covers,
    tags_off,
    vetoed_subjects,
    vetoed_tags,
)


class Unknown(Enum):
    """What became of a call whose answer was never seen."""

    ARRIVED = auto()
    NEVER_ARRIVED = auto()
    OVERTAKEN = auto()


def satisfied(change: Change, now: State, past: Past) -> bool:
    """Say whether nothing is left to do."""
    found = False
    match change, now:
        case TagAsset(), TagState():
            found = set(change.tags) <= now.tags
        case ArchiveAssets(), VisibilityState():
            found = all(visibility == "archive" for _, visibility in now.visibility)
        case FavouriteAsset(), FavouriteState():
            found = now.favourite
        case AddToAlbum(), AlbumState():
            found = in_album(change, now, past)
        case StackAssets(), StackState():
            present = frozenset(change.members) - now.missing
            covers = {cover for cover, members in now.stacks if members == present}
            found = change.cover in covers or bool(covers and change.cover in now.missing)
        case MoveCover(), StackState():
            found = move_done(change, now)
        case ReturnCover(), StackState():
            found = returned(change, now, past)
        case AddPortrait(), _:
            given = past.newest.get(change.face)
            found = given is not None and isinstance(given.change, AddPortrait)
        case _ if isinstance(change, Restoration):
            found = restored(change, now)
    return found


def as_wished(change: Change, after: State) -> bool:
    """Say whether what was read back is what the change wished for."""
    if isinstance(change, AddPortrait):
        return isinstance(after, PortraitState) and after.ours is not None
    return satisfied(change, after, Past())


def admissible(change: Change, now: State, past: Past) -> Change | Refused:
    """Return what may be done of the change, or why nothing may be.

    What was left before and is no longer so, the user has undone; what is taken back must still be as we left it.
    """
    found: Change | Refused = change
    match change, now:
        case TagAsset(), TagState():
            found = _tags_admitted(change, now, past)
        case ArchiveAssets(), VisibilityState():
            found = _archiving_admitted(change, now, past)
        case FavouriteAsset(), FavouriteState():
            found = favourite_admitted(change, now, past)
        case AddToAlbum(), AlbumState():
            found = album_admitted(change, now, past)
        case StackAssets(), StackState():
            found = _stacking_admitted(change, now, past)
        case MoveCover(), StackState():
            found = move_admitted(change, past)
        case AddPortrait(), _ if change.face in vetoed_subjects(past.vetoes, "portrait"):
            found = Refused(state=EntryState.VETOED, why="you do not want this face in Frigate")
        case _ if isinstance(change, Restoration):
            found = restorable(change, now, past)
    return found


def noticed(change: Change, now: State, past: Past) -> tuple[Veto, ...]:
    """Return what the user is seen to have undone of what ``past`` tells; ``now`` is read of the change's subjects."""
    match change, now:
        case TagAsset(), TagState():
            return untagged(change.account, change.asset, now, past)
        case ArchiveAssets(), VisibilityState():
            return unarchived(change.account, now, past)
        case FavouriteAsset(), FavouriteState():
            return unfavoured(change.account, change.asset, now, past)
        case AddToAlbum(), AlbumState():
            return taken_out(change.account, change.asset, now.ids, past)
        case StackAssets(), StackState():
            return unstacked(change.account, change.members, now, past)
    return ()


def untagged(account: AccountId, asset: AssetId, now: TagState, past: Past) -> tuple[Veto, ...]:
    """Return the tags that we left on the photo and the user took off."""
    return tuple(
        veto
        for tag, entry in sorted(past.tags.items())
        if tag not in now.tags and past.is_old(entry)
        for veto in tags_off(account, asset, (tag,), "user", "you took the tag off", entry.id)
    )


def unarchived(account: AccountId, now: VisibilityState, past: Past) -> tuple[Veto, ...]:
    """Return the photos that we left in the archive and the user brought back."""
    return tuple(
        Veto(
            account=account,
            kind="archive",
            subjects=(asset,),
            why="you brought it back from the archive",
            entry=entry.id,
        )
        for asset, visibility in now.visibility
        if visibility == "timeline"
        and (entry := past.newest.get(asset)) is not None
        and was_archived(entry, asset)
        and past.is_old(entry)
    )


def unstacked(account: AccountId, looked_at: Collection[AssetId], now: StackState, past: Past) -> tuple[Veto, ...]:
    """Return what the user took out of stacks in which we left it.

    ``looked_at`` are the photos of which it is known how they stand; of the others that an entry left together
    nothing is said among themselves. Who is missing was deleted or is in the trash, which is no word about stacks.
    """
    inside = {member: stacked for _, stacked in now.stacks for member in stacked}
    found: dict[int, Veto] = {}
    for asset in looked_at:
        entry = past.newest.get(asset)
        members = left_together(entry, asset)
        if entry is None or members is None or entry.id in found or not past.is_old(entry):
            continue
        if asset in now.missing:
            continue
        present = members - now.missing
        companions = inside.get(asset, frozenset({asset}))
        unread = present.difference(inside, looked_at)
        if present <= companions or (unread and len(companions) > 1):
            continue  # together still, however the user enlarged the stack; or too little is known
        groups = [(min(part), part) for _, stacked in now.stacks if (part := stacked & present)]
        groups += [(min(unread), unread)] if unread else []
        why = "you took the stack apart"
        found[entry.id] = not_together(account, sorted(present), groups, "user", why, entry.id)
    return tuple(found.values())


def _tags_admitted(change: TagAsset, now: TagState, past: Past) -> Change | Refused:
    off = vetoed_tags(past.vetoes) | frozenset(tag for tag, entry in past.tags.items() if past.is_old(entry))
    tags = tuple(tag for tag in change.tags if tag in now.tags or tag not in off)
    if tags:
        return replace(change, tags=tags)
    return _vetoed("you took this off before; it stays off", noticed(change, now, past))


def _archiving_admitted(change: ArchiveAssets, now: VisibilityState, past: Past) -> Change | Refused:
    shown = [asset for asset, visibility in now.visibility if visibility != "archive"]
    vetoed = vetoed_subjects(past.vetoes, "archive")
    if any(asset in vetoed or was_archived(past.newest.get(asset), asset) for asset in shown):
        return _vetoed("you brought this back before; it stays in the timeline", noticed(change, now, past))
    return change


def _stacking_admitted(change: StackAssets, now: StackState, past: Past) -> Change | Refused:
    wished = frozenset(change.members)
    if any(_was_parted(asset, wished, now, past) for asset in wished) or any(
        pair <= wished for pair in apart(past.vetoes)
    ):
        return _vetoed("you took this stack apart before; it stays so", noticed(change, now, past))
    return change


def _was_parted(asset: AssetId, wished: frozenset[AssetId], now: StackState, past: Past) -> bool:
    """Say whether a photo that we left in a stack stands in none, or apart from others of that one which are wished."""
    left = left_together(past.newest.get(asset), asset)
    company = next((members for _, members in now.stacks if asset in members), None)
    # One may well stand in a stack alone: Immich keeps what others were taken out of.
    return left is not None and (company is None or not left & wished - now.missing <= company)


def _vetoed(why: str, learned: tuple[Veto, ...] = ()) -> Refused:
    return Refused(state=EntryState.VETOED, why=why, noticed=learned)


def resolve(change: Change, before: State, now: State) -> Unknown:
    """Decide from two readings what became of a call that was never answered."""
    if satisfied(change, now, Past()):
        return Unknown.ARRIVED
    match change, before, now:
        case TagAsset() | UntagAsset(), TagState(), TagState():
            claimed = frozenset(change.tags)
            same = before.tags & claimed == now.tags & claimed
        case AddToAlbum() | RemoveFromAlbum(), _, _:
            same = True  # a photo is in an album or it is not
        case _:
            same = before == now
    return Unknown.NEVER_ARRIVED if same else Unknown.OVERTAKEN


def strangers(change: StackAssets, now: StackState, past: Past) -> tuple[AssetId, ...]:
    """Return the covers of present stacks that the change must not touch.

    A stack with members outside the wish would be robbed of the others, or take along those in the trash. One whose
    members, or whose cover, are not what our newest entries left is the user's, and no other than the one that the wish
    extends may be so; a cover that the wish itself keeps is no offence, nor is one that the user no longer insists on,
    or that we moved there. Of a stack of one nobody is robbed.
    """
    wished = frozenset(change.members)
    return tuple(
        primary
        for primary, members in now.stacks
        if primary in now.more
        or not members <= wished
        or not (
            is_alone(primary, members, past)
            or _is_extended(primary, members, change, past)
            or _all_left_so(primary, members, change, past)
        )
    )


def _is_extended(primary: AssetId, members: frozenset[AssetId], change: StackAssets, past: Past) -> bool:
    """Say whether it is the user's own stack that the change extends, as it was when that was decided."""
    theirs = primary == change.cover or held_for(primary, members, past) is not None
    return theirs and members == frozenset(change.users)


def _all_left_so(primary: AssetId, members: frozenset[AssetId], change: StackAssets, past: Past) -> bool:
    return all(_left_so(member, primary, members, change, past) for member in members)


def _left_so(member: AssetId, primary: AssetId, members: frozenset[AssetId], change: StackAssets, past: Past) -> bool:
    entry = past.newest.get(member)
    if entry is None or not isinstance(entry.after, StackState):
        return False
    free = primary in released_covers(past.vetoes, entry.id) or held_for(primary, members, past) is not None
    kept_or_free = primary == change.cover or free
    return any(left == members and (primary == cover or kept_or_free) for cover, left in entry.after.stacks)
