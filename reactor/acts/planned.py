"""What of a plan, a suggestion or a loss is still asked for when a person has it carried out."""

from dataclasses import replace
from datetime import datetime

from reactor.core.categories import tag_of
from reactor.core.changes import ArchiveAssets, CarryOut, Change, TagAsset
from reactor.core.errors import Held, Stale
from reactor.core.journal import Entry, EntryState
from reactor.core.keeping import WRITES
from reactor.core.past import age_of
from reactor.core.vetoes import vetoed_tags
from reactor.ports import Journal

WAITS = (EntryState.PLANNED, EntryState.SUGGESTED)
GONE = "no category asks for it any more"


async def asked_for(order: CarryOut, entry: Entry, journal: Journal, now: datetime) -> Change | None:
    """Return the change to make, no longer in doubt; None where the user has decided against it since.

    Raises Stale where no category asks for it any more, Held where it would come too soon after another.
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
            if not await _wanted_in_the_archive(change, journal):
                return None
    return change


async def _expect_writable(change: TagAsset, journal: Journal, now: datetime) -> None:
    if not change.tags:
        raise Stale(GONE)
    newest = await journal.newest(change.account, "tags", (change.asset,))
    if any(entry.settled_at and age_of(entry.settled_at, now) < WRITES for entry in newest.values()):
        # Of two calls so close the second may be lost (facts/immich-api.md section 5).
        raise Held("Immich may still write down the tags of a moment ago", after=WRITES.total_seconds())


async def _wanted_in_the_archive(change: ArchiveAssets, journal: Journal) -> bool:
    """Say whether any category that archives a photo still has its tag there, as far as the user is concerned."""
    if not change.categories:
        raise Stale(GONE)
    tags = {tag_of(category) for category in change.categories}
    pasts = [await journal.past(change.account, "tags", (asset,)) for asset in change.assets]
    return not any(tags <= vetoed_tags(past.vetoes) for past in pasts)
