"""What the journal and the vetoes say of the subjects of a change, and what it means when nothing may be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from reactor.core.changes import FavouriteState, StackState, VisibilityState
from reactor.core.ids import AlbumId, AssetId
from reactor.core.journal import Entry, EntryState
from reactor.core.vetoes import Veto

# Immich itself may lose a tag for some seconds after a write (facts/immich-api.md section 5); a tag that is missing
# so soon is set again, one that is missing later was taken away by the user. Of a stack or the archive nothing is
# concluded so soon either.
SETTLES = timedelta(seconds=60)
AGES = timedelta(days=36500)


def age_of(moment: datetime, now: datetime) -> timedelta:
    """Return how long ago a moment was.

    What lies further ahead than two clocks differ was before the clock was set back: nobody knows how long, and it is
    not waited for until the clock is there again.
    """
    return now - moment if moment <= now + SETTLES else AGES


@dataclass(frozen=True, kw_only=True)
class Past:
    """What was done before, as far as no veto speaks of it.

    ``newest`` is the newest done entry of each subject; ``tags`` are those that entries left on the asset and who did
    so last, ``albums`` likewise those into which entries put it. ``vetoes`` are those that concern the subjects;
    ``now`` is the clock by which an entry is old enough to conclude from, without it all are.

    A moved cover says nothing of whose a stack is, so such entries are not among ``newest`` but apart: ``moves`` is the
    newest done one of each subject, ``covered`` are those of which there ever was one, taken back or not, and nothing
    else of ours since. ``latest`` is the number of the newest done wish about stacks of each subject, of either kind,
    whether or not a veto speaks of it.
    """

    newest: Mapping[str, Entry] = field(default_factory=dict)
    tags: Mapping[str, Entry] = field(default_factory=dict)
    albums: Mapping[AlbumId, Entry] = field(default_factory=dict)
    moves: Mapping[str, Entry] = field(default_factory=dict)
    covered: frozenset[str] = frozenset()
    latest: Mapping[str, int] = field(default_factory=dict)
    vetoes: tuple[Veto, ...] = ()
    now: datetime | None = None

    def is_old(self, entry: Entry) -> bool:
        """Say whether enough time has passed since the entry to conclude from what is no longer so."""
        if self.now is None or entry.settled_at is None:
            return True
        return age_of(entry.settled_at, self.now) >= SETTLES


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A change is not made: ``vetoed`` by the user, or ``left`` alone because the thing is no longer as we left it.

    ``noticed`` is what was learned of the user's will on this occasion.
    """

    state: Literal[EntryState.VETOED, EntryState.LEFT]
    why: str
    noticed: tuple[Veto, ...] = ()


def left_together(entry: Entry | None, asset: AssetId) -> frozenset[AssetId] | None:
    """Return the members of the stack in which an entry left the asset, None where it left it alone."""
    after = entry.after if entry is not None else None
    stacks = after.stacks if isinstance(after, StackState) else ()
    return next((members for _, members in stacks if asset in members), None)


def was_archived(entry: Entry | None, asset: str) -> bool:
    """Say whether the entry left the asset in the archive."""
    return (
        entry is not None
        and isinstance(entry.after, VisibilityState)
        and any(left == asset and visibility == "archive" for left, visibility in entry.after.visibility)
    )


def was_favourite(entry: Entry | None) -> bool:
    """Say whether the entry left its asset a favourite."""
    return entry is not None and isinstance(entry.after, FavouriteState) and entry.after.favourite
