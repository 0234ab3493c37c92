"""What a person has decided against: never done again, until the veto is revoked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Literal, TypeAlias

from reactor.core.changes import (
    AddPortrait,
    AddToAlbum,
    ArchiveAssets,
    Change,
    FavouriteAsset,
    Feature,
    MoveCover,
    RemoveFromAlbum,
    RemovePortrait,
    RestoreStacks,
    ReturnCover,
    StackAssets,
    StackState,
    State,
    TagAsset,
    UnarchiveAssets,
    UnfavouriteAsset,
    UntagAsset,
    by_rule,
)
from reactor.core.ids import AccountId, AssetId

VetoKind = Literal["tag", "archive", "favourite", "album", "stack", "cover", "portrait"]
Source = Literal["user", "undo", "declined"]
Standing = Literal["active", "lost", "revoked"]

KIND_OF: Mapping[Feature, VetoKind] = {
    "tags": "tag",
    "archive": "archive",
    "favourites": "favourite",
    "albums": "album",
    "stacks": "stack",
    "faces": "portrait",
}
FEATURE_OF: Mapping[VetoKind, Feature] = {
    "tag": "tags",
    "archive": "archive",
    "favourite": "favourites",
    "album": "albums",
    "stack": "stacks",
    "cover": "stacks",
    "portrait": "faces",
}
# So many that vanish together were rather lost by Immich than taken away by hand (DESIGN.md, Veto).
MANY = 20
# The value of a veto about a cover that is not to be moved for the one who left the timeline.
AWAY = "away"
TOGETHER = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Veto:
    """One thing that is not to be done again.

    ``tag``: the tag ``value`` on the photo. ``archive``: the photos. ``favourite``: the photo. ``album``: the photo
    in the album ``value``, as a category names it. ``stack``: photos of different ``groups`` never stand together.
    ``cover``: the photo stays the cover of its stack, and where ``value`` is AWAY, that though it be shown no more.
    ``portrait``: the face.

    ``entry`` is the newest journal entry that was undone by it: earlier ones are no sign of the user's will any more.
    ``lost`` asks whether the user did it or Immich lost it; until that is answered nothing is done again.
    """

    account: AccountId
    kind: VetoKind
    subjects: tuple[str, ...]
    value: str = ""
    groups: tuple[tuple[str, ...], ...] = ()
    source: Source = "user"
    why: str = ""
    entry: int | None = None
    id: int = 0
    state: Standing = "active"
    noticed_at: datetime | None = None


def apart(vetoes: Iterable[Veto]) -> frozenset[frozenset[AssetId]]:
    """Return the pairs of photos that never stand in one stack."""
    return frozenset(
        frozenset((AssetId(one), AssetId(other)))
        for veto in vetoes
        if veto.kind == "stack"
        for some, others in combinations(veto.groups, 2)
        for one in some
        for other in others
    )


def chosen_covers(vetoes: Iterable[Veto]) -> tuple[AssetId, ...]:
    """Return the photos that a person made, or kept, a cover, the latest choice first."""
    chosen = sorted((veto for veto in vetoes if veto.kind == "cover" and veto.state != "revoked"), key=lambda v: -v.id)
    return tuple(dict.fromkeys(AssetId(subject) for veto in chosen for subject in veto.subjects))


def released_covers(vetoes: Iterable[Veto], since: int) -> frozenset[AssetId]:
    """Return the photos that a person made covers after the entry ``since``, and that need not stay so any more."""
    vetoes = tuple(vetoes)
    revoked = (
        veto for veto in vetoes if veto.kind == "cover" and veto.state == "revoked" and (veto.entry or 0) >= since
    )
    return frozenset(AssetId(subject) for veto in revoked for subject in veto.subjects).difference(
        chosen_covers(vetoes)
    )


def vetoed_tags(vetoes: Iterable[Veto]) -> frozenset[str]:
    """Return the tags among the vetoes of one photo."""
    return frozenset(veto.value for veto in vetoes if veto.kind == "tag")


def vetoed_subjects(vetoes: Iterable[Veto], kind: VetoKind) -> frozenset[str]:
    """Return the photos, or faces, that the vetoes of a kind are about."""
    return frozenset(subject for veto in vetoes if veto.kind == kind for subject in veto.subjects)


def by_undo(change: Change) -> tuple[Veto, ...]:
    """Return what is not to be done again once a change was taken back.

    What the rules took back they may do again: that veto is revoked from the start, and says only that what was done
    before is no longer ours.
    """
    vetoes = _by_undo(change)
    if by_rule(change):
        why = (
            "later photos proved it wrong" if isinstance(change, RestoreStacks) else "no category asks for it any more"
        )
        return tuple(replace(veto, state="revoked", why=why) for veto in vetoes)
    return vetoes


def _by_undo(change: Change) -> tuple[Veto, ...]:
    why = "you had it undone"
    match change:
        case UntagAsset(again=0):
            return tags_off(change.account, change.asset, change.tags, "undo", why, change.undoes)
        case UnarchiveAssets() | UnfavouriteAsset() | RemoveFromAlbum() | RemovePortrait():
            return (_against(change, "undo", why, change.undoes),)
        case RestoreStacks(stacks=stacks):
            if len(stacks) == 1 and stacks[0][1] == frozenset(change.members):
                return (_plain(change.account, "cover", (stacks[0][0],), "undo", why, change.undoes),)
            return (not_together(change.account, change.members, stacks, "undo", why, change.undoes),)
        case ReturnCover(back=back, unseen=unseen):
            return (cover_kept(change.account, back, "undo", why, change.undoes, away=unseen),)
        case _:
            return ()


def by_decline(change: Change, before: State, entry: int) -> tuple[Veto, ...]:
    """Return what a person has decided against who declines a plan or a suggestion; ``before`` stood at its making."""
    why = "you declined it"
    match change:
        case TagAsset():
            return tags_off(change.account, change.asset, change.tags, "declined", why, entry)
        case ArchiveAssets() | FavouriteAsset() | AddToAlbum() | AddPortrait():
            return (_against(change, "declined", why, entry),)
        case StackAssets():
            stacks = before.stacks if isinstance(before, StackState) else ()
            if len(stacks) == 1 and stacks[0][1] == frozenset(change.members):
                return (_plain(change.account, "cover", (stacks[0][0],), "declined", why, entry),)
            kept = _kept(stacks, change)
            return (not_together(change.account, change.members, kept, "declined", why, entry),)
        case MoveCover(away=away):
            return (cover_kept(change.account, away, "declined", why, entry, away=not change.comes_back),)
        case _:
            return ()


_Plain: TypeAlias = (
    ArchiveAssets
    | UnarchiveAssets
    | FavouriteAsset
    | UnfavouriteAsset
    | AddToAlbum
    | RemoveFromAlbum
    | AddPortrait
    | RemovePortrait
)


def _against(change: _Plain, source: Source, why: str, entry: int) -> Veto:
    """Return the veto for what such a change does, or takes back."""
    match change:
        case ArchiveAssets(assets=assets) | UnarchiveAssets(assets=assets):
            return _plain(change.account, "archive", assets, source, why, entry)
        case FavouriteAsset(asset=asset) | UnfavouriteAsset(asset=asset):
            return _plain(change.account, "favourite", (asset,), source, why, entry)
        case AddToAlbum(asset=asset, album=album) | RemoveFromAlbum(asset=asset, named=album):
            return out_of_album(change.account, asset, album, source, why, entry)
        case AddPortrait(face=face) | RemovePortrait(face=face):
            return _plain(change.account, "portrait", (face,), source, why, entry)


def _kept(
    stacks: Iterable[tuple[AssetId, frozenset[AssetId]]], change: StackAssets
) -> list[tuple[AssetId, frozenset[AssetId]]]:
    """Return what stays together though the change is declined: what stood, enlarged by what is certain."""
    kept = list(stacks)
    for group in map(frozenset, change.certain):
        touched = [stack for stack in kept if stack[1] & group]
        if all(stacked <= group for _, stacked in touched):
            kept = [stack for stack in kept if stack not in touched] + [(min(group), group)]
    return kept


def tags_off(
    account: AccountId, asset: AssetId, tags: Iterable[str], source: Source, why: str, entry: int | None
) -> tuple[Veto, ...]:
    """Return a veto for each tag of a photo."""
    return tuple(
        Veto(account=account, kind="tag", subjects=(asset,), value=tag, source=source, why=why, entry=entry)
        for tag in sorted(tags)
    )


def left_alone(account: AccountId, asset: AssetId, entry: int) -> Veto:
    """Return the word that a photo is in no stack of ours any more, through nobody's will: it may be stacked anew."""
    veto = not_together(account, (asset,), (), "user", "the other photos of the stack were deleted", entry)
    return replace(veto, state="revoked")


def out_of_album(account: AccountId, asset: AssetId, album: str, source: Source, why: str, entry: int | None) -> Veto:
    """Return the veto for a photo in an album, as a category names it."""
    return Veto(account=account, kind="album", subjects=(asset,), value=album, source=source, why=why, entry=entry)


def not_together(
    account: AccountId,
    members: Sequence[str],
    stacks: Iterable[tuple[str, frozenset[AssetId]]],
    source: Source,
    why: str,
    entry: int | None,
) -> Veto:
    """Return the veto by which members stand together only as in ``stacks``, those of none of them alone."""
    wished = frozenset(members)
    groups = [tuple(sorted(stacked & wished)) for _, stacked in stacks if stacked & wished]
    alone = wished.difference(*groups)
    return Veto(
        account=account,
        kind="stack",
        subjects=tuple(sorted(wished)),
        groups=tuple(sorted([*groups, *((one,) for one in alone)])),
        source=source,
        why=why,
        entry=entry,
    )


def _plain(
    account: AccountId, kind: VetoKind, subjects: tuple[str, ...], source: Source, why: str, entry: int | None
) -> Veto:
    return Veto(account=account, kind=kind, subjects=subjects, source=source, why=why, entry=entry)


def cover_chosen(account: AccountId, cover: AssetId, entry: int | None) -> Veto:
    """Return the veto that keeps the cover that a user chose."""
    return _plain(account, "cover", (cover,), "user", "you chose this cover", entry)


def cover_kept(account: AccountId, cover: AssetId, source: Source, why: str, entry: int, *, away: bool) -> Veto:
    """Return the veto of a person who wants a cover of before; ``away`` though the timeline does not show it."""
    return replace(_plain(account, "cover", (cover,), source, why, entry), value=AWAY if away else "")


def portrait_deleted(account: AccountId, face: str, entry: int | None) -> Veto:
    """Return the veto for a face whose picture somebody deleted in Frigate."""
    return _plain(account, "portrait", (face,), "user", "you deleted it in Frigate", entry)
