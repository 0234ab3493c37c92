"""What stages and acts need of the journal, of the vetoes and of the limits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from reactor.core.changes import Change, Feature, State
from reactor.core.events import Event
from reactor.core.ids import AccountId, AlbumId, AssetId, FaceId, PersonId, RunId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.limits import Rule, Share, Trip
from reactor.core.past import Past
from reactor.core.vetoes import Veto


class JournalReader(Protocol):
    """Read what was done before."""

    async def newest(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Mapping[str, Entry]:
        """Return for each subject the newest entry that is done and of which no veto speaks, where there is one."""
        ...

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past:
        """Return what is known of the subjects: newest entries, their tags and albums by us, standing vetoes."""
        ...

    async def portraits(self, account: AccountId, person: PersonId) -> Mapping[FaceId, EntryState]:
        """Return how the newest entry of each face of the person stands."""
        ...

    async def entry(self, entry: int) -> Entry | None:
        """Return an entry, None where there is none of this number."""
        ...

    async def busy(self, account: AccountId, subjects: Sequence[str]) -> bool:
        """Say whether an open entry is about one of the subjects: a change of ours may be under way."""
        ...


class LabelMemory(Protocol):
    """Tell which labels of photos are ours."""

    async def left(self, account: AccountId, asset: AssetId) -> tuple[Mapping[str, Entry], Entry | None]:
        """Return the tags that are ours on a photo, with who set them last, and who archived it, as far as it is ours.

        No veto speaks of any of them.
        """
        ...

    async def accepted(self, account: AccountId, asset: AssetId) -> frozenset[str]:
        """Return the tags of a photo that a person said yes to: they accepted them, or declined their taking back."""
        ...


class Memory(Protocol):
    """Remember what a person has decided against."""

    async def remember(self, vetoes: Sequence[Veto]) -> None:
        """Write down what is not known yet; many of the user's that come together are asked about (``lost``)."""
        ...

    async def tag_deleted(self, account: AccountId, tag: str) -> int:
        """Remember that a tag is gone from every photo on which we left it; return of how many."""
        ...

    async def album_deleted(self, account: AccountId, album: AlbumId) -> int:
        """Remember that no photo is in an album any more into which we put some; return of how many."""
        ...


class Journal(JournalReader, Protocol):
    """Write down every change: before its call, and again after it."""

    async def write(self, change: Change, cause: Cause, before: State, state: EntryState, note: str = "") -> int: ...

    async def settle(
        self,
        entry: int,
        state: EntryState,
        after: State | None,
        note: str = "",
        *,
        undone: int | None = None,
        vetoes: Sequence[Veto] = (),
        told: Sequence[Event] = (),
    ) -> None:
        """Settle an open entry; with it, in one transaction, what it took back is ``undone`` and not done again.

        ``told`` are events that follow, live whatever the run of the entry.
        """
        ...

    async def close(self, entry: int, state: EntryState, note: str, vetoes: Sequence[Veto] = ()) -> None:
        """End an entry that waits or is done, with what is not to be done again, in one transaction."""
        ...

    async def open_entries(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> tuple[Entry, ...]:
        """Return the open entries of a feature that touch one of the subjects, oldest first."""
        ...

    async def unanswered(
        self, handler: str, account: AccountId, subjects: Sequence[str], events: Sequence[int]
    ) -> tuple[Entry, ...]:
        """Return the open entries that a handler wrote about one of the subjects or for one of the events."""
        ...

    async def acquainted(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> frozenset[str]:
        """Return the other subjects of all entries of the feature about one of these."""
        ...

    async def undo_pending(self, run: RunId, entry: int, feature: Feature, subjects: Sequence[str]) -> bool:
        """Say whether the run is still to take back a later entry of the feature about one of the subjects."""
        ...


class Limits(Protocol):
    """Count what is done, and keep what was stopped until a person confirms."""

    async def tripped(self, account: AccountId, feature: Feature) -> Trip | None:
        """Return the limit that stands in the way of a feature of an account."""
        ...

    async def trip(self, trip: Trip) -> Trip:
        """Stop the feature; return what stands, which may be an earlier trip."""
        ...

    async def confirmed(
        self, account: AccountId, feature: Feature, rule: Rule, subject: str
    ) -> tuple[int, datetime | None]:
        """Return the highest value that a person confirmed of a rule, and when they did so last."""
        ...

    async def count_since(
        self, account: AccountId, feature: Feature, since: datetime, *, at_least: datetime | None = None
    ) -> tuple[int, int]:
        """Return (changes carried out in the feature, photos heard) since then, those of other runs left out.

        Where live deliveries are still to be done that were asked for earlier, both are counted from there: a backlog
        brings its own allowance with it. ``at_least`` bounds that: a confirmation begins both counts anew.
        """
        ...

    async def deleted_since(self, account: AccountId, since: datetime) -> int:
        """Return how many pictures were deleted in Frigate since then that nobody asked to be taken back."""
        ...

    async def share(self, account: AccountId, feature: Feature, category: str) -> Share:
        """Return how many photos a category tagged or archived, and how many were looked at; some seconds old."""
        ...

    async def budget(self, run: RunId) -> tuple[int, int | None]:
        """Return (changes made in a run, its own budget or None for the usual one)."""
        ...

    async def ask_for_budget(self, run: RunId, why: str) -> None:
        """Pause a run that has made as many changes as it may, with a note that asks for more."""
        ...
