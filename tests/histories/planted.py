"""Faults put into the reactor on purpose, each with the short history that it breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from reactor.acts.actions import AlbumHand, FavouriteHand
from reactor.acts.gate import Gate
from reactor.acts.hands import Hand, StackHand
from reactor.acts.perform import Performer
from reactor.acts.restoring import RestoreHand, UnarchiveHand
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import (
    AddToAlbum,
    AlbumState,
    Change,
    FavouriteAsset,
    FavouriteState,
    Feature,
    RestoreStacks,
    StackAssets,
    StackState,
    State,
    UnarchiveAssets,
    VisibilityState,
)
from reactor.core.ids import AccountId, RunId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.limits import LimitPolicy
from reactor.core.past import Past
from reactor.core.vetoes import Veto

from .parts import Hands, Parts
from .story import Step
from .vision import BEST_OF


class NoMemory(PostgresVetoes):
    """Remembers nothing of what the user undid."""

    async def remember(self, vetoes: Sequence[Veto]) -> None:
        return


class NoVetoes(PostgresJournal):
    """Is not asked for vetoes, nor for what was there before, when something is decided or done."""

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past:
        past = await super().past(account, feature, subjects)
        return replace(past, vetoes=(), tags={})


class WrittenAfterwards(PostgresJournal):
    """Writes an entry down only once its call is through."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._kept: dict[int, tuple[Change, Cause, State]] = {}

    async def write(self, change: Change, cause: Cause, before: State, state: EntryState, note: str = "") -> int:
        if state is not EntryState.OPEN:
            return await super().write(change, cause, before, state, note)
        self._kept[-len(self._kept) - 1] = (change, cause, before)
        return -len(self._kept)

    async def settle(self, entry: int, state: EntryState, after: State | None, note: str = "", **more: Any) -> None:
        change, cause, before = self._kept[entry]
        await super().settle(await super().write(change, cause, before, EntryState.OPEN), state, after, note, **more)


class UndoForgotten(PostgresJournal):
    """Does not write down that an entry was taken back."""

    async def settle(self, entry: int, state: EntryState, after: State | None, note: str = "", **more: Any) -> None:
        await super().settle(entry, state, after, note, vetoes=more.get("vetoes", ()))


class UndoUnvetoed(PostgresJournal):
    """Takes back, and forgets that it is not to be done again."""

    async def settle(self, entry: int, state: EntryState, after: State | None, note: str = "", **more: Any) -> None:
        await super().settle(entry, state, after, note, undone=more.get("undone"))


class AnyOrder(PostgresJournal):
    """Does not wait for what stands on a change."""

    async def undo_pending(self, run: RunId, entry: int, feature: Feature, subjects: Sequence[str]) -> bool:
        return False


class NothingUnanswered(PostgresJournal):
    """Shows no open entries, so that nobody looks at them again."""

    async def open_entries(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> tuple[Entry, ...]:
        return ()

    async def unanswered(
        self, handler: str, account: AccountId, subjects: Sequence[str], events: Sequence[int]
    ) -> tuple[Entry, ...]:
        return ()


class OpenGate(Gate):
    """Lets everything pass."""

    async def expect_room(self, change: Change, run: RunId) -> None:
        return


class AlwaysApplies(Performer):
    """Does not care for the mode."""

    def _waits(self, change: Change, cause: Cause) -> EntryState | None:
        return None


class Ruthless(RestoreHand):
    """Takes a stack apart however the user left it."""

    async def read(self, change: RestoreStacks) -> State:
        found = await super().read(change)
        assert isinstance(found, StackState)
        stacks = tuple(
            (change.cover if members >= set(change.members) else it, members) for it, members in found.stacks
        )
        return replace(found, stacks=stacks)


class AllOfIt(UnarchiveHand):
    """Brings back what the user archived, too."""

    async def call(self, change: UnarchiveAssets, before: State) -> State:
        assert isinstance(before, VisibilityState)
        every = tuple(asset for asset, _ in before.visibility)
        return await super().call(replace(change, assets=every), before)


class Thief(StackHand):
    """Stacks without a look at who made the stacks that stand there."""

    async def read(self, change: StackAssets) -> State:
        return StackState(stacks=())


class TakesCredit(FavouriteHand):
    """Makes a favourite, and says that it was none before."""

    async def read(self, change: FavouriteAsset) -> State:
        return FavouriteState(favourite=False)

    async def call(self, change: FavouriteAsset, before: State) -> State:
        await super().call(change, before)
        return FavouriteState(favourite=True)


class FillsAnew(AlbumHand):
    """Puts a photo into an album, and says that it was in none before."""

    async def read(self, change: AddToAlbum) -> State:
        found = await super().read(change)
        assert isinstance(found, AlbumState)
        return replace(found, albums=frozenset())

    async def call(self, change: AddToAlbum, before: State) -> State:
        await super().call(change, before)
        return await super().read(change)


def with_hand(kind: type[Change], made: type[Any]) -> Any:
    """Return what puts a hand of another class in the place of the real one."""

    def changed(hands: Hands) -> Mapping[type[Change], Hand[Any]]:
        hand = hands[kind]
        return {**hands, kind: made(hand._libraries, hand._writers)}  # type: ignore[attr-defined] # of every hand

    return changed


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong, the history that it breaks, a word of what is said then, and the parts that are right."""

    parts: Parts
    steps: tuple[Step, ...]
    says: str
    sound: Parts = field(default_factory=Parts)


EARLY: Step = ("burst", 0, "early", [1, 3], ())
LATE: Step = ("burst", 0, "late", [1, 2], ())
RECEIPT: Step = ("burst", 1, "early", [1], ("Receipts",))
AWAY: Step = ("burst", 2, "early", [1], ("Away",))
PAIR_AWAY: Step = ("burst", 2, "early", [1, 1], ("Away",))
BEST: Step = ("burst", 1, "early", [1], ("Best",))
PLANNED: tuple[Step, ...] = (("switch", "observe"), BEST, ("switch", "apply"))
FEW = LimitPolicy(each=0, floor=2)

FAULTS: Mapping[str, Fault] = {
    "nothing is remembered": Fault(
        parts=Parts(vetoes=NoMemory),
        steps=(RECEIPT, ("untag", 0), ("tag", 0, "Auto/Receipts")),
        says="instead of Photo",
    ),
    "of favourites nothing is remembered": Fault(
        parts=Parts(vetoes=NoMemory), steps=(BEST, ("unfavour", 0), ("favourite", 0)), says="favourite=True"
    ),
    "of albums nothing is remembered": Fault(
        parts=Parts(vetoes=NoMemory), steps=(BEST, ("leave_album", 0), ("album", 0, BEST_OF)), says="instead of Photo"
    ),
    "the user's own favourite passes for ours": Fault(
        parts=Parts(hands=with_hand(FavouriteAsset, TakesCredit)),
        steps=(*PLANNED, ("favourite", 0), ("apply_all",)),
        says="favourite=True",
    ),
    "what the user put into an album passes for ours": Fault(
        parts=Parts(hands=with_hand(AddToAlbum, FillsAnew)),
        steps=(*PLANNED, ("album", 0, BEST_OF), ("apply_all",)),
        says="instead of Photo",
    ),
    "no veto is asked for": Fault(
        parts=Parts(journal=NoVetoes), steps=(RECEIPT, ("untag", 0), ("replay",)), says="again"
    ),
    "an undo vetoes nothing": Fault(parts=Parts(journal=UndoUnvetoed), steps=(RECEIPT,), says="again"),
    "an undo is not written down": Fault(parts=Parts(journal=UndoForgotten), steps=(AWAY,), says="without a word"),
    "undone in any order": Fault(
        parts=Parts(journal=AnyOrder),
        steps=(EARLY, LATE, ("burst", 0, "bridge", [3], ()), ("burst", 0, "bridge", [1], ())),
        says="a stack too much",
    ),
    "a call that is on its way is taken for one that never arrived": Fault(
        parts=Parts(),
        steps=(("crash_late", 2, 1.5), RECEIPT),
        says="instead of Photo",
        sound=Parts(unanswered=timedelta(seconds=2.5)),
    ),
    "the journal is written afterwards": Fault(
        parts=Parts(journal=WrittenAfterwards), steps=(EARLY,), says="not journalled before"
    ),
    "a lost answer is never looked for": Fault(
        parts=Parts(journal=NothingUnanswered),
        steps=(("crash_at", 1, True), EARLY),
        says="open though nothing is left to do",
    ),
    "the limits are ignored": Fault(
        parts=Parts(gate=OpenGate, limits=FEW),
        steps=(*(("burst", place, "early", [1], ("Receipts",)) for place in range(3)), ("expect_at_most", "tags", 2)),
        says="at most 2",
        sound=Parts(limits=FEW),
    ),
    "the mode is ignored": Fault(
        parts=Parts(performer=AlwaysApplies),
        steps=(("switch", "observe"), EARLY, ("expect_at_most", "stacks", 0)),
        says="at most 0",
    ),
    "a stack is taken apart however the user left it": Fault(
        parts=Parts(hands=with_hand(RestoreStacks, Ruthless)),
        steps=(("burst", 0, "early", [1, 3, 1], ()), ("cover", 0, 0)),
        says="a stack too few",
    ),
    "what the user archived is brought back": Fault(
        parts=Parts(hands=with_hand(UnarchiveAssets, AllOfIt)),
        steps=(PAIR_AWAY, ("unarchive", 0, False), ("archive", 0)),
        says="visibility='timeline'",
    ),
    "the user's own stack is taken": Fault(
        parts=Parts(hands=with_hand(StackAssets, Thief)),
        steps=(("switch", "observe"), EARLY, ("switch", "apply"), ("stack", 0, 1), ("apply_all",)),
        says="a stack too",
    ),
}
