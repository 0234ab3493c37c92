"""Faults about moved covers and extended stacks, put into the reactor on purpose."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reactor.acts.covers import ReturnHand
from reactor.acts.hands import StackHand
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.core.changes import Change, Feature, RestoreStacks, ReturnCover, StackAssets, StackState, State
from reactor.core.ids import AccountId
from reactor.core.journal import Cause, EntryState
from reactor.core.past import Past
from reactor.routing import Router
from reactor.stages import cover

from .parts import Parts, stages
from .planted import Fault, with_hand
from .story import Step


class ClaimsWhatItMoved(PostgresJournal):
    """Takes every stack for ours whose cover we moved."""

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past:
        past = await super().past(account, feature, subjects)
        return replace(past, newest={**past.newest, **past.moves})


class PretendsToReturn(ReturnHand):
    """Says that the former cover is on top again, and leaves it."""

    async def call(self, change: ReturnCover, before: State) -> State:
        assert isinstance(before, StackState)
        return StackState(stacks=tuple((change.back, members) for _, members in before.stacks))


class CoversAnew(StackHand):
    """Puts a new photo on top of the user's stack that it joins."""

    async def call(self, change: StackAssets, before: State) -> State:
        new = sorted(set(change.members) - set(change.users))
        if change.users and new:
            await self._writers(change.account).make_stack([new[0], change.cover, *change.members])
            return StackState(stacks=((change.cover, frozenset(change.members)),))
        return await super().call(change, before)


class TakesWhatItGaveBack(PostgresJournal):
    """Does not write down that a stack which it gives back is the user's."""

    async def write(self, change: Change, cause: Cause, before: State, state: EntryState, note: str = "") -> int:
        taken = replace(change, theirs=False) if isinstance(change, RestoreStacks) else change
        return await super().write(taken, cause, before, state, note)


def no_moves() -> list[Router]:
    """Return every stage but the one that moves covers."""
    return [router for router in stages() if router is not cover.router]


# The photos of the first burst are stacked by hand, while the reactor only watches.
OWN: tuple[Step, ...] = (
    ("switch", "observe"),
    ("burst", 1, "early", [1, 1], ()),
    ("own_stack", 1, 0),
    ("switch", "apply"),
)
NEWCOMER: Step = ("burst", 1, "early", [3], ())

COVERS: Mapping[str, Fault] = {
    "a moved cover makes the user's stack ours": Fault(
        parts=Parts(journal=ClaimsWhatItMoved),
        steps=(*OWN, ("cover_away", 0, "archive"), ("poll",), ("cover_back", 0), NEWCOMER),
        says="a stack of the user's was extended",
    ),
    "the undo of a moved cover does nothing": Fault(
        parts=Parts(hands=with_hand(ReturnCover, PretendsToReturn)),
        steps=(*OWN, ("cover_away", 0, "archive"), ("poll",)),
        says="a stack too",
    ),
    "a stack that was given back to the user passes for ours": Fault(
        parts=Parts(journal=TakesWhatItGaveBack),
        steps=(("extending", True), *OWN, NEWCOMER, ("undo_feature", 4), ("extending", False), NEWCOMER),
        says="a stack of the user's was extended",
    ),
    "covers are not moved": Fault(
        parts=Parts(stages=no_moves),
        steps=(("burst", 1, "early", [1, 1], ()), ("cover_away", 0, "trash"), ("poll",)),
        says="nobody sees",
    ),
    "the user's stack is extended under another cover": Fault(
        parts=Parts(hands=with_hand(StackAssets, CoversAnew)),
        steps=(("extending", True), *OWN, NEWCOMER),
        says="another cover",
    ),
}
