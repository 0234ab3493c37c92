"""What follows from an entry: somebody looks at what came of it, and finds what is to be done again."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from reactor.acts.hands import Hand
from reactor.core.changes import Change, TagAsset, TagState, UnarchiveAssets, UntagAsset, feature_of, subjects_of
from reactor.core.errors import Held
from reactor.core.interventions import TagsWritten
from reactor.core.journal import Entry, EntryState
from reactor.core.keeping import look_again, too_late, too_soon, unkept
from reactor.core.label_events import Unarchived
from reactor.core.past import Past, Refused
from reactor.ports import Journal

log = structlog.get_logger(__name__)

# A wait is drawn between three quarters and five quarters of what is said (core/settlement.py).
AT_LEAST = 4 / 3


def follows(entry: int, change: Change) -> tuple[TagsWritten | Unarchived, ...]:
    """Return what is told of a change that is done, so that somebody looks at what came of it.

    Immich may not keep tags, and a photo that a rule brought back from the archive may lie below a cover that is still
    there. What a person has undone stands as before, be the cover hidden.
    """
    match change:
        case TagAsset() | UntagAsset():
            return (TagsWritten(account=change.account, asset=change.asset, entry=entry),)
        case UnarchiveAssets(by="rule"):
            return tuple(Unarchived(account=change.account, asset=asset, entry=entry) for asset in change.assets)
        case _:
            return ()


async def unkept_of(
    entry: Entry, hand: Hand[Any], journal: Journal, at: datetime, writes: timedelta
) -> tuple[TagState, TagAsset | UntagAsset | Refused] | None:
    """Return what stands, and what is to be done again of an entry; None where there is nothing to do.

    One request to Immich for nearly every photo. Raises Held until Immich has written the photo down.
    """
    if entry.state is not EntryState.DONE or too_late(entry, at):
        return None
    if (early := too_soon(entry, at, writes)) is not None:
        raise Held("Immich may still write the tags down", after=AT_LEAST * early.total_seconds())
    now = await hand.read(entry.change)
    assert isinstance(now, TagState)
    known = await journal.past(entry.change.account, feature_of(entry.change), subjects_of(entry.change))
    if (found := unkept(entry, now, Past(tags=known.tags, vetoes=known.vetoes, now=at))) is not None:
        if isinstance(found, Refused):
            log.warning("tags do not last", subjects=subjects_of(entry.change), why=found.why)
        return now, found
    if (later := look_again(entry, now, at)) is not None:
        raise Held("Immich has not written the tags down yet", after=later.total_seconds())
    return None
