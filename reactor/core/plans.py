"""The plan of a run as it is read: for each change what, where and why."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    RemoveTag,
    Restoration,
    RestoreStacks,
    ReturnCover,
    StackAssets,
    TagAsset,
    UnarchiveAssets,
    UnfavouriteAsset,
    UntagAsset,
    feature_of,
    subjects_of,
)
from reactor.core.ids import AccountId
from reactor.core.journal import Entry, EntryState


@dataclass(frozen=True, kw_only=True)
class PlanLine:
    """One change that a run planned; ``undone`` says that the user had undone it before, so that it would not be made.

    ``subjects`` are the ids that it is about: photos, or a person and a face.
    """

    id: int
    account: AccountId
    feature: Feature
    kind: str
    what: str
    subjects: tuple[str, ...]
    why: str
    scores: Mapping[str, float]
    undone: bool


def plan_line(entry: Entry) -> PlanLine:
    """Return an entry as a line of a plan."""
    reason = entry.change.reason
    return PlanLine(
        id=entry.id,
        account=entry.change.account,
        feature=feature_of(entry.change),
        kind=type(entry.change).__name__,
        what=what_of(entry.change),
        subjects=subjects_of(entry.change),
        why=reason.rule,
        scores=dict(reason.scores),
        undone=entry.state is EntryState.VETOED,
    )


def what_of(change: Change) -> str:
    """Say in a line what a change does, with ids."""
    match change:
        case TagAsset(asset=asset, tags=tags):
            words = f"tag {asset}: {', '.join(tags)}"
        case ArchiveAssets(assets=assets):
            words = f"archive {', '.join(assets)}"
        case FavouriteAsset(asset=asset):
            words = f"make {asset} a favourite"
        case AddToAlbum(asset=asset, album=album):
            words = f"put {asset} into the album {album}"
        case StackAssets(cover=cover, members=members):
            words = f"stack {len(members)} photos under {cover}: {', '.join(sorted(set(members) - {cover}))}"
        case MoveCover(cover=cover, away=away, members=members):
            words = f"put {cover} on top of its stack of {len(members)} photos, in the place of {away}"
        case AddPortrait(name=name, asset=asset, face=face):
            words = f"give Frigate a face of {name}: {face} on {asset}"
        case _:
            words = _undo_of(change)
    return words


def _undo_of(change: Restoration) -> str:
    match change:
        case UntagAsset(asset=asset, tags=tags):
            return f"take off {asset}: {', '.join(tags)}"
        case UnarchiveAssets(assets=assets):
            return f"bring back from the archive {', '.join(assets)}"
        case UnfavouriteAsset(asset=asset):
            return f"take {asset} out of the favourites"
        case RemoveFromAlbum(asset=asset, named=album):
            return f"take {asset} out of the album {album}"
        case RestoreStacks(cover=cover, members=members, stacks=stacks):
            back = "; ".join(f"{len(stacked)} under {primary}" for primary, stacked in stacks) or "none"
            return f"take apart the stack of {len(members)} photos under {cover}, back to: {back}"
        case ReturnCover(cover=cover, back=back, members=members):
            return f"put {back} on top of its stack of {len(members)} photos again, in the place of {cover}"
        case RemovePortrait(name=name, file=file):
            return f"delete {file} of {name} in Frigate"
        case RemoveTag(tag=tag):
            return f"delete the tag {tag}, which no photo carries"
