"""What of a plan, a suggestion or a loss is still asked for when a person has it carried out."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from reactor.core.categories import tag_of
from reactor.core.changes import (
    AddToAlbum,
    ArchiveAssets,
    Change,
    FavouriteAsset,
    TagAsset,
    UnarchiveAssets,
    UntagAsset,
)
from reactor.core.entry_orders import CarryOut
from reactor.core.errors import Held, Stale
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import Entry, EntryState
from reactor.core.keeping import WRITES
from reactor.core.past import age_of
from reactor.core.vetoes import vetoed_tags
from reactor.ports import Journal

WAITS = (EntryState.PLANNED, EntryState.SUGGESTED)
GONE = "no category asks for it any more"
AGAIN = "a category asks for it again"


async def asked_for(order: CarryOut, entry: Entry, journal: Journal, now: datetime) -> Change | None:
    """Return the change to make, no longer in doubt; None where the user has decided against it since.

    Raises Stale where no category asks for it any more, or asks again for what was to be taken back; Held where it
    would come too soon after another.
    """
    change = replace(entry.change, reason=replace(entry.change.reason, sure=True))
    match change:
        case TagAsset(tags=tags):
            if order.tags is not None and entry.state in WAITS:
                change = replace(change, tags=tuple(tag for tag in tags if tag in order.tags))
            await _expect_writable(change, journal, now)
        case ArchiveAssets(categories=categories) if categories:
            if order.archiving is not None and entry.state in WAITS:
                change = replace(change, categories=tuple(name for name in categories if name in order.archiving))
            if not await _wanted(change.account, change.assets, change.categories, journal):
                return None
        case FavouriteAsset(categories=categories) if categories:
            if order.favouring is not None and entry.state in WAITS:
                change = replace(change, categories=tuple(name for name in categories if name in order.favouring))
            if not await _wanted(change.account, (change.asset,), change.categories, journal):
                return None
        case AddToAlbum(categories=categories, album=album) if categories:
            if order.albums is not None and entry.state in WAITS:
                change = replace(change, categories=tuple(name for name in categories if (name, album) in order.albums))
            if not await _wanted(change.account, (change.asset,), change.categories, journal):
                return None
        case UntagAsset() | UnarchiveAssets() if order.stale is not None:
            change = _stale_still(change, order.stale)
    return change


def _stale_still(change: UntagAsset | UnarchiveAssets, stale: Collection[str]) -> UntagAsset | UnarchiveAssets:
    """Return what of a retraction is asked for by no category still."""
    match change:
        case UntagAsset(tags=tags):
            found = tuple(tag for tag in tags if tag in stale)
            if found:
                return replace(change, tags=found, whole=change.whole and found == tags)
        case UnarchiveAssets(assets=assets) if not set(assets).isdisjoint(stale):
            return change
    raise Stale(AGAIN)


async def _expect_writable(change: TagAsset, journal: Journal, now: datetime) -> None:
    if not change.tags:
        raise Stale(GONE)
    newest = await journal.newest(change.account, "tags", (change.asset,))
    if any(entry.settled_at and age_of(entry.settled_at, now) < WRITES for entry in newest.values()):
        # Of two calls so close the second may be lost (facts/immich-api.md section 5).
        raise Held("Immich may still write down the tags of a moment ago", after=WRITES.total_seconds())


async def _wanted(account: AccountId, assets: Sequence[AssetId], categories: Sequence[str], journal: Journal) -> bool:
    """Say whether any category that asks for it still has its tag there, as far as the user is concerned."""
    if not categories:
        raise Stale(GONE)
    tags = {tag_of(category) for category in categories}
    pasts = [await journal.past(account, "tags", (asset,)) for asset in assets]
    return not any(tags <= vetoed_tags(past.vetoes) for past in pasts)
