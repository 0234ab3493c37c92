"""When too much happens: changes an hour, photos in a stack, share of a library, deletions; what stops and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from reactor.core.categories import name_of
from reactor.core.changes import (
    AddToAlbum,
    ArchiveAssets,
    Change,
    FavouriteAsset,
    Feature,
    RemovePortrait,
    StackAssets,
    TagAsset,
)
from reactor.core.ids import AccountId

Rule = Literal["changes", "stack size", "share", "deletions"]
LEADS_TO: Mapping[Feature, tuple[str, ...]] = {
    "tags": ("embed", "classify", "classify-faces"),
    "archive": ("embed", "classify", "classify-faces", "archive"),
    "favourites": ("embed", "classify", "classify-faces", "favour"),
    "albums": ("embed", "classify", "classify-faces", "album"),
    "stacks": ("embed", "stack"),
    "faces": ("faces",),
}
"""The handlers whose waiting deliveries are the backlog of a feature."""
DID: Mapping[Feature, str] = {
    "tags": "tagged",
    "archive": "archived",
    "favourites": "made favourites of",
    "albums": "put into an album",
}


@dataclass(frozen=True, kw_only=True)
class LimitPolicy:
    """Allow ``each`` changes for every photo heard in the window, and ``floor`` more.

    A new phone's first sync brings its own allowance with it, so it does not trip the limit; a loop does.
    ``stack_size`` photos stand in a stack at most. Of the photos that were looked at a category may tag ``tag_share``,
    make as many favourites, put as many into albums, and archive ``archive_share``, and ``share_floor`` photos whatever
    the share. ``deletions`` pictures are deleted in Frigate within the window without being asked for. A run may make
    ``run_budget`` changes before it asks for more.
    """

    window: timedelta = timedelta(hours=1)
    each: int = 3
    floor: int = 100
    stack_size: int = 100
    tag_share: float = 0.5
    archive_share: float = 0.3
    share_floor: int = 100
    deletions: int = 20
    run_budget: int = 1000

    def exceeded(self, changes: int, heard: int) -> bool:
        """Say whether one more change would be too many."""
        return changes >= self.allowed(heard)

    def allowed(self, heard: int) -> int:
        """Return the number of changes that the window allows."""
        return self.each * heard + self.floor

    def allowed_of(self, feature: Feature, photos: int) -> int:
        """Return how many of the photos that were looked at one category may do this to."""
        share = self.archive_share if feature == "archive" else self.tag_share
        return max(self.share_floor, int(share * photos))


@dataclass(frozen=True, kw_only=True)
class Trip:
    """A limit that was reached: the feature of the account stands still until a person confirms.

    ``subject`` is the category for the rule "share". ``value`` is what was reached; what a person confirmed may be
    reached again without a question, a share twice.
    """

    account: AccountId
    feature: Feature
    rule: Rule
    why: str
    value: int
    subject: str = ""
    id: int = 0
    tripped_at: datetime | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Share:
    """How many photos of an account a category did something to, of how many that were looked at."""

    category: str
    claimed: int
    photos: int


def too_often(policy: LimitPolicy, account: AccountId, feature: Feature, changes: int, heard: int) -> Trip | None:
    """Return the trip where one more change would be too many within the window."""
    if not policy.exceeded(changes, heard):
        return None
    why = (
        f"{changes:,} change{'' if changes == 1 else 's'} of {feature} within {_words(policy.window)} "
        f"for {heard:,} photo{'' if heard == 1 else 's'} heard "
        f"(at most {policy.allowed(heard):,})"
    )
    return Trip(account=account, feature=feature, rule="changes", why=why, value=changes)


def too_large(policy: LimitPolicy, change: Change, confirmed: int) -> Trip | None:
    """Return the trip where a stack would be larger than allowed, or than a person has ``confirmed`` before."""
    if not isinstance(change, StackAssets) or len(change.members) <= max(policy.stack_size, confirmed):
        return None
    size = len(change.members)
    why = f"a stack of {size:,} photos (at most {max(policy.stack_size, confirmed):,})"
    return Trip(account=change.account, feature="stacks", rule="stack size", why=why, value=size)


def too_much(policy: LimitPolicy, account: AccountId, feature: Feature, share: Share, confirmed: int) -> Trip | None:
    """Return the trip where one more photo of a category would be too many; after a confirmation twice as many go."""
    allowed = max(policy.allowed_of(feature, share.photos), 2 * confirmed)
    if share.claimed < allowed:
        return None
    did = DID.get(feature, "tagged")
    why = (
        f"{share.category} has {did} {share.claimed:,} of {share.photos:,} photos (at most {allowed:,}): "
        "is it meant so wide?"
    )
    return Trip(account=account, feature=feature, rule="share", why=why, value=share.claimed, subject=share.category)


def too_many_deletions(policy: LimitPolicy, change: Change, deleted: int) -> Trip | None:
    """Return the trip where one more picture would be deleted in Frigate than the window allows."""
    if not isinstance(change, RemovePortrait) or deleted < policy.deletions:
        return None
    why = f"{deleted:,} pictures deleted in Frigate within {_words(policy.window)} (at most {policy.deletions:,})"
    return Trip(account=change.account, feature="faces", rule="deletions", why=why, value=deleted)


def categories_of(change: Change) -> tuple[str, ...]:
    """Return the categories that a change is made for."""
    match change:
        case TagAsset(tags=tags):
            return tuple(name_of(tag) for tag in tags)
        case ArchiveAssets() | FavouriteAsset() | AddToAlbum():
            return change.categories
    return ()


def _words(window: timedelta) -> str:
    minutes = round(window.total_seconds() / 60)
    return "an hour" if minutes == 60 else f"{minutes} minutes"
