"""Whether a change of ours can still be taken back: only what is as we left it is touched."""

from collections.abc import Collection
from dataclasses import replace

from reactor.core.changes import (
    AlbumState,
    Change,
    FavouriteState,
    ListedState,
    PortraitState,
    RemoveFromAlbum,
    RemovePortrait,
    RemoveTag,
    Restoration,
    RestoreStacks,
    ReturnCover,
    StackState,
    State,
    TagState,
    UnarchiveAssets,
    UnfavouriteAsset,
    UntagAsset,
    VisibilityState,
)
from reactor.core.ids import AssetId
from reactor.core.journal import Entry, EntryState
from reactor.core.moving import held_for, return_admitted
from reactor.core.past import Past, Refused, was_archived, was_favourite
from reactor.core.undo import way_back
from reactor.core.vetoes import apart


def restored(change: Restoration, now: State) -> bool:
    """Say whether nothing of it is left to take back."""
    match change, now:
        case UntagAsset(), TagState():
            return now.tags.isdisjoint(change.tags)
        case UnarchiveAssets(), VisibilityState():
            return not any(visibility == "archive" for _, visibility in now.visibility)
        case UnfavouriteAsset() | RemoveFromAlbum(), _:
            return not _gathered(change, now)
        case RestoreStacks(), StackState():
            return frozenset(now.stacks) == way_back(change, now.missing).states[-1]
        case RemovePortrait(), PortraitState():
            return change.file not in now.files
        case RemoveTag(), ListedState():
            return not now.listed
    return False


def restorable(change: Restoration, now: State, past: Past) -> Restoration | Refused:
    """Return what may be taken back, or why the thing is left as it is."""
    found: Restoration | Refused = change
    match change, now:
        case UntagAsset(), TagState():
            found = _tags_restorable(change, now, past)
        case UnarchiveAssets(), VisibilityState():
            found = _archive_restorable(change, now, past)
        case UnfavouriteAsset(), FavouriteState():
            newest = past.newest.get(change.asset)
            found = _gathered_by(change, newest if was_favourite(newest) else None, "you made it a favourite again")
        case RemoveFromAlbum(), AlbumState():
            found = _gathered_by(change, past.albums.get(change.album), "you took it out and put it in again")
        case RestoreStacks(), StackState():
            found = _stack_restorable(_with_cover_of_now(change, now, past), now, past)
        case ReturnCover(), StackState():
            found = return_admitted(change, now, past)
    return found


def is_part(change: Change) -> bool:
    """Say whether a change takes back only some of what its entry did."""
    return isinstance(change, RemoveTag) or (isinstance(change, UntagAsset | UnarchiveAssets) and not change.whole)


def completed(change: Restoration, everything: Restoration | None, past: Past) -> Restoration:
    """Return the undo of some tags as that of the whole entry, where none of its other tags is ours any more."""
    if not isinstance(change, UntagAsset) or not isinstance(everything, UntagAsset):
        return change
    rest = {tag for tag in everything.tags if _last_set_by(everything, past, tag) and tag not in change.tags}
    return replace(change, whole=not rest)


def _tags_restorable(change: UntagAsset, now: TagState, past: Past) -> UntagAsset | Refused:
    if change.by == "rule" and now.tags.isdisjoint(change.tags):
        return change  # there is nothing to take off, and nobody asked for it
    # One that the user took off meanwhile stays in: nobody may have noticed yet; it is vetoed with the rest.
    tags = tuple(tag for tag in change.tags if _last_set_by(change, past, tag))
    if now.tags.isdisjoint(tags):
        later = {past.tags[tag].id for tag in change.tags if tag in past.tags and tag not in tags}
        return _left(_stands_on_it(later) if later else "you took the tag off and set it again")
    # The rules speak only of what stands: else they would speak over the user, whom nobody may have noticed yet.
    spoken_of = tags if change.by == "person" else tuple(tag for tag in tags if tag in now.tags)
    return replace(change, tags=spoken_of, whole=change.whole and spoken_of == tags)


def _archive_restorable(change: UnarchiveAssets, now: VisibilityState, past: Past) -> UnarchiveAssets | Refused:
    archived = {asset for asset, _ in now.visibility if was_archived(past.newest.get(asset), asset)}
    ours = {asset for asset in archived if not _archived_later(past.newest[asset], asset, change.undoes)}
    if not any(asset in ours and visibility == "archive" for asset, visibility in now.visibility):
        later = {past.newest[asset].id for asset in archived - ours}
        return _left(_stands_on_it(later) if later else "you archived it yourself since")
    shown = {asset for asset, visibility in now.visibility if visibility != "archive"} if change.by == "rule" else set()
    return replace(change, assets=tuple(sorted(ours - shown)), whole=change.whole and ours.isdisjoint(shown))


def _gathered(change: UnfavouriteAsset | RemoveFromAlbum, now: State) -> bool:
    match change, now:
        case UnfavouriteAsset(), FavouriteState():
            return now.favourite
        case RemoveFromAlbum(), AlbumState():
            return change.album in now.ids
    return True


def _gathered_by(
    change: UnfavouriteAsset | RemoveFromAlbum, entry: Entry | None, otherwise: str
) -> Restoration | Refused:
    """Return the change where it is ``entry`` that it takes back, which made it so last; else why it is left."""
    if entry is None:
        return _left(f"{otherwise} yourself")
    return change if entry.id <= change.undoes else _left(_stands_on_it({entry.id}))


def _stack_restorable(change: RestoreStacks, now: StackState, past: Past) -> RestoreStacks | Refused:
    if now.more or frozenset(now.stacks) != way_back(change, now.missing).states[0]:
        return _left(_why(change, past))
    if _made_again(change, now, past):
        return _left("you took it apart and made it again yourself")
    return change


def _with_cover_of_now(change: RestoreStacks, now: StackState, past: Past) -> RestoreStacks:
    """Return the change with the cover that Immich chose where ours was deleted, or that we moved there."""
    if len(now.stacks) != 1:
        return change
    ((primary, _),) = now.stacks
    return replace(change, cover=primary) if change.cover in now.missing or held_for(primary, past) else change


def _made_again(change: RestoreStacks, now: StackState, past: Past) -> bool:
    """Say whether photos stand together that the user was seen to have parted since."""
    parted = apart(
        veto for veto in past.vetoes if veto.source == "user" and veto.entry is not None and veto.entry >= change.undoes
    )
    return any(pair <= members for _, members in now.stacks for pair in parted)


def _why(change: RestoreStacks, past: Past) -> str:
    later = {entry.id for entry in past.newest.values() if entry.id > change.undoes}
    return _stands_on_it(later) if later else "the stack is not as we left it: you changed it"


def _last_set_by(change: UntagAsset, past: Past, tag: str) -> bool:
    """Say whether the tag is ours by the entry that is taken back, and by none after it."""
    return tag in past.tags and past.tags[tag].id <= change.undoes


def _archived_later(newest: Entry, asset: AssetId, undoes: int) -> bool:
    """Say whether a later entry brought the photo to the archive, not only found it there."""
    before = newest.before
    found = isinstance(before, VisibilityState) and (asset, "archive") in before.visibility
    return newest.id > undoes and not found


def _stands_on_it(later: Collection[int]) -> str:
    return f"a later change of ours stands on it ({', '.join(map(str, sorted(later)))}); take that back first"


def _left(why: str) -> Refused:
    return Refused(state=EntryState.LEFT, why=why)
