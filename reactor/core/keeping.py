"""Whether what we did to a photo's tags lasts.

Immich loses the second of two quick tag calls, and what it writes down of an older one may bring a tag back
(facts/immich-api.md section 5). So a photo is looked at again once Immich has written it down, while nothing is
concluded of the user's will yet (core/past.py): what is not kept is done again, a few times. Who takes a tag off in
just these seconds sees it once or twice more; who does so again, or later, is heard.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from reactor.core.changes import Reason, TagAsset, TagState, UntagAsset
from reactor.core.journal import Entry, EntryState
from reactor.core.past import SETTLES, Past, Refused, age_of
from reactor.core.vetoes import vetoed_tags

WRITES = timedelta(seconds=2)
"""How long Immich may take to write a tag down, 0.1 to 0.6 s as measured; a full queue or a NAS takes longer."""
LATEST = SETTLES - timedelta(seconds=10)
"""Later than this no look is planned: it might come when a tag that is missing is the user's word."""
SET_AGAIN = 2
TAKEN_AGAIN = 1
"""A tag that is there again may just as well be the user's own, so this is tried less often."""


def too_soon(entry: Entry, at: datetime, writes: timedelta = WRITES) -> timedelta | None:
    """Return how long to wait before the look at what an entry did, None where its time has come."""
    left = writes - age_of(entry.settled_at, at) if entry.settled_at is not None else timedelta(0)
    return left if left > timedelta(0) else None


def too_late(entry: Entry, at: datetime) -> bool:
    """Say whether what is otherwise by now may be the user's doing."""
    return entry.settled_at is None or age_of(entry.settled_at, at) >= SETTLES


def look_again(entry: Entry, now: TagState, at: datetime) -> timedelta | None:
    """Return when to look once more at what still is as it was left: Immich has not written the photo down since.

    Its time of the last writing tells: a tag call moves it only by the jobs that follow (facts/immich-api.md section
    3). The looks come more and more seldom.
    """
    before = entry.before.updated_at if isinstance(entry.before, TagState) else None
    if before is None or before != now.updated_at or entry.settled_at is None:
        return None
    age = age_of(entry.settled_at, at)
    return max(age, timedelta(seconds=0.1)) if 2 * age < LATEST else None


def unkept(entry: Entry, now: TagState, past: Past) -> TagAsset | UntagAsset | Refused | None:
    """Return what is to be done again of an entry that is done, None where all of it lasts.

    Refused says that it was tried often enough.
    """
    match entry.change:
        case TagAsset() as change:
            return _lost(change, now, past)
        case UntagAsset() as change:
            return _back(change, entry.id, now, past)
    return None


def _lost(change: TagAsset, now: TagState, past: Past) -> TagAsset | Refused | None:
    """All that we set lately and that is missing is set again in one call, by whichever entry it was set."""
    ours = {tag for tag, entry in past.tags.items() if not past.is_old(entry)}
    tags = tuple(sorted(ours - now.tags - vetoed_tags(past.vetoes)))
    if not tags:
        return None
    if change.again >= SET_AGAIN:
        why = f"did not last, though set {change.again + 1} times: Immich lost it, or you took it off"
        return _left(f"{', '.join(tags)} {why}")
    reason = Reason(rule="Immich had lost it")
    return replace(change, tags=tags, reason=reason, again=change.again + 1)


def _back(change: UntagAsset, entry: int, now: TagState, past: Past) -> UntagAsset | Refused | None:
    """What we set anew since is ours again."""
    tags = tuple(tag for tag in change.tags if tag in now.tags and not (tag in past.tags and past.tags[tag].id > entry))
    if not tags:
        return None
    if change.again >= TAKEN_AGAIN:
        return _left(f"{', '.join(tags)} came back, though taken off {change.again + 1} times; it is left there")
    reason = Reason(rule="Immich had brought it back")
    return replace(change, tags=tags, whole=False, reason=reason, again=change.again + 1)


def _left(why: str) -> Refused:
    return Refused(state=EntryState.LEFT, why=why)
