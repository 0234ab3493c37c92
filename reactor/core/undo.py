"""How a change is taken back: what its entry asks for, and the steps by which a stack becomes what it was."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reactor.core.changes import (
    AddPortrait,
    AddToAlbum,
    AlbumState,
    ArchiveAssets,
    FavouriteAsset,
    FavouriteState,
    MoveCover,
    PortraitState,
    Reason,
    RemoveFromAlbum,
    RemovePortrait,
    Restoration,
    RestoreStacks,
    ReturnCover,
    StackAssets,
    StackState,
    State,
    TagAsset,
    TagState,
    UnarchiveAssets,
    UnfavouriteAsset,
    UntagAsset,
    VisibilityState,
)
from reactor.core.ids import AssetId
from reactor.core.journal import Entry

Stacks: TypeAlias = frozenset[tuple[AssetId, frozenset[AssetId]]]
"""Stacks as (primary, members)."""


def undo_of(entry: Entry, tags: Collection[str] | None = None) -> Restoration | None:
    """Return what takes a done entry back, with ``tags`` only those of them; None where it changed nothing.

    An undo itself is not undone: its veto is revoked instead, and what it took back is decided anew.
    """
    why = Reason(rule=f"takes back {entry.id}")
    match entry.change, entry.before, entry.after:
        case TagAsset() as change, TagState() as before, TagState() as after:
            return _untagging(change, before, after, tags, entry.id)
        case ArchiveAssets(account=account), VisibilityState() as before, VisibilityState() as after:
            archived = {asset for asset, visibility in after.visibility if visibility == "archive"}
            ours = tuple(asset for asset, was in before.visibility if was == "timeline" and asset in archived)
            return UnarchiveAssets(account=account, assets=ours, undoes=entry.id, reason=why) if ours else None
        case (FavouriteAsset() | AddToAlbum()) as change, before, after:
            return _letting_go(change, before, after, entry.id)
        case (StackAssets() | MoveCover()) as change, StackState() as before, StackState():
            return _standing_back(change, before, entry.id)
        case AddPortrait() as change, _, PortraitState(ours=str(file)):
            return RemovePortrait(
                account=change.account,
                person=change.person,
                name=change.name,
                face=change.face,
                file=file,
                undoes=entry.id,
                reason=why,
            )
    return None


def _standing_back(change: StackAssets | MoveCover, before: StackState, entry: int) -> RestoreStacks | ReturnCover:
    why = Reason(rule=f"takes back {entry}")
    if isinstance(change, StackAssets):
        return RestoreStacks(
            account=change.account,
            cover=change.cover,
            members=tuple(sorted(change.members)),
            stacks=before.stacks,
            undoes=entry,
            theirs=bool(change.users),
            reason=why,
        )
    return ReturnCover(
        account=change.account,
        cover=change.cover,
        back=change.away,
        members=change.members,
        others=change.others,
        undoes=entry,
        unseen=not change.comes_back,
        reason=why,
    )


def _letting_go(
    change: FavouriteAsset | AddToAlbum, before: State, after: State | None, entry: int
) -> UnfavouriteAsset | RemoveFromAlbum | None:
    why = Reason(rule=f"takes back {entry}")
    match change, before, after:
        case FavouriteAsset(), FavouriteState(favourite=False), FavouriteState(favourite=True):
            return UnfavouriteAsset(account=change.account, asset=change.asset, undoes=entry, reason=why)
        case AddToAlbum(), AlbumState(ids=was), AlbumState(ids=now, album=str(album)) if album in now - was:
            return RemoveFromAlbum(
                account=change.account,
                asset=change.asset,
                album=album,
                named=change.album,
                undoes=entry,
                reason=why,
            )
    return None


def _untagging(
    change: TagAsset, before: TagState, after: TagState, tags: Collection[str] | None, entry: int
) -> UntagAsset | None:
    ours = sorted((after.tags - before.tags) & set(change.tags))
    chosen = tuple(tag for tag in ours if tags is None or tag in tags)
    if not chosen:
        return None
    return UntagAsset(
        account=change.account,
        asset=change.asset,
        tags=chosen,
        whole=len(chosen) == len(ours),
        undoes=entry,
        reason=Reason(rule=f"takes back {entry}"),
    )


@dataclass(frozen=True, kw_only=True)
class SetCover:
    """Make a member the cover of the stack."""

    cover: AssetId


@dataclass(frozen=True, kw_only=True)
class SplitOff:
    """Make a stack of its own of these members, the first its cover; none of them is the cover of the old one."""

    members: tuple[AssetId, ...]


@dataclass(frozen=True, kw_only=True)
class TakeOut:
    """Take a member out that is not the cover."""

    member: AssetId


@dataclass(frozen=True, kw_only=True)
class Dissolve:
    """Take the whole stack apart."""


Step: TypeAlias = SetCover | SplitOff | TakeOut | Dissolve


@dataclass(frozen=True, kw_only=True)
class Way:
    """The calls that lead back, and what stands before each of them and after the last (one more than the steps)."""

    steps: tuple[Step, ...]
    states: tuple[Stacks, ...]

    def from_here(self, now: Stacks) -> tuple[Step, ...] | None:
        """Return the steps that are left, None where what stands now is not on the way."""
        return self.steps[self.states.index(now) :] if now in self.states else None


def way_back(change: RestoreStacks, missing: Collection[AssetId] = ()) -> Way:
    """Return the way from the stack that we left to those that stood before, without members that are missing.

    The largest former stack keeps its members where they are, the others are split off, who stood alone is taken out:
    at no moment does a former stack stand apart. A cover is never taken out: Immich refuses that
    (facts/immich-api.md section 6), so it is changed first.
    """
    members = frozenset(change.members) - frozenset(missing)
    if not members:
        return Way(steps=(), states=(frozenset(),))
    if len(members) == 1:  # the others were deleted for good, and Immich may keep a stack of one (section 6)
        return Way(steps=(Dissolve(),), states=(frozenset({(change.cover, members)}), frozenset()))
    cover = change.cover
    targets = sorted(_former(change.stacks, members), key=lambda stack: (-len(stack[1]), stack[0]))
    begin: Stacks = frozenset({(cover, members)})
    if not targets:
        return Way(steps=(Dissolve(),), states=(begin, frozenset()))
    (kept_cover, kept), *others = targets
    steps: list[Step] = []
    states = [begin]
    done: Stacks = frozenset()
    if kept_cover != cover:
        steps.append(SetCover(cover=kept_cover))
        states.append(frozenset({(kept_cover, members)}))
    rest = members
    for other_cover, other in others:
        rest -= other
        done |= {(other_cover, other)}
        steps.append(SplitOff(members=(other_cover, *sorted(other - {other_cover}))))
        states.append(done | {(kept_cover, rest)})
    for alone in sorted(rest - kept):
        rest -= {alone}
        steps.append(TakeOut(member=alone))
        states.append(done | {(kept_cover, rest)})
    return Way(steps=tuple(steps), states=tuple(states))


def _former(
    stacks: Sequence[tuple[AssetId, frozenset[AssetId]]], members: frozenset[AssetId]
) -> list[tuple[AssetId, frozenset[AssetId]]]:
    found = []
    for primary, stacked in stacks:
        left = stacked & members
        if len(left) > 1:
            found.append((primary if primary in left else min(left), left))
    return found
