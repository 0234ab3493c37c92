"""Faults about categories that change, put into the reactor on purpose."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reactor.acts.hands import TagHand
from reactor.acts.restoring import UnarchiveHand
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.core.changes import State, TagAsset, TagState, UnarchiveAssets
from reactor.core.ids import AccountId
from reactor.core.journal import EntryState
from reactor.core.relabelling import LabelledPage

from .parts import Parts
from .planted import AWAY, PAIR_AWAY, RECEIPT, Fault, NoMemory, with_hand
from .story import Step


class TakesCreditForTags(TagHand):
    """Sets a tag, and says that it was not there before."""

    async def read(self, change: TagAsset) -> TagState:
        return replace(await super().read(change), tags=frozenset())

    async def call(self, change: TagAsset, before: State) -> State:
        await super().call(change, before)
        return await super().read(change)


class RetractionVetoed(PostgresJournal):
    """Takes what the rules take back for a person's word."""

    async def settle(self, entry: int, state: EntryState, after: State | None, note: str = "", **more: Any) -> None:
        more["vetoes"] = tuple(replace(veto, state="active") for veto in more.get("vetoes", ()))
        await super().settle(entry, state, after, note, **more)


class OneByOne(UnarchiveHand):
    """Brings the first back of those that were archived together, and lets that be all."""

    async def call(self, change: UnarchiveAssets, before: State) -> State:
        return await super().call(replace(change, assets=change.assets[:1]), before)


class Overlooking(PostgresLabels):
    """Finds no photo that carries a tag."""

    async def tagged(
        self, account: AccountId, model: str, tags: Sequence[str] | None, *, after: str, limit: int
    ) -> LabelledPage:
        return await super().tagged(account, model, (), after=after, limit=limit)


NO_RECEIPTS: Step = ("category", "Receipts", "there", False)
NOTHING_AWAY: Step = ("category", "Away", "there", False)
BACK: tuple[Step, ...] = (("category", "Receipts", "there", True), ("relabel",))

RULINGS: Mapping[str, Fault] = {
    "a retraction takes a tag of the user's": Fault(
        parts=Parts(hands=with_hand(TagAsset, TakesCreditForTags)),
        steps=(
            ("switch", "observe"),
            RECEIPT,
            ("switch", "apply"),
            ("tag", 0, "Auto/Receipts"),
            ("apply_all",),
            NO_RECEIPTS,
        ),
        says="the user's own was touched",
    ),
    "a retraction leaves a veto": Fault(
        parts=Parts(journal=RetractionVetoed), steps=(RECEIPT, NO_RECEIPTS, *BACK), says="is not on"
    ),
    "a retraction brings back what the user archived again": Fault(
        parts=Parts(vetoes=NoMemory),
        steps=(AWAY, ("unarchive", 0, False), ("archive", 0), NOTHING_AWAY),
        says="the user's own was touched",
    ),
    "a member of an archived stack is brought back alone": Fault(
        parts=Parts(hands=with_hand(UnarchiveAssets, OneByOne)),
        steps=(PAIR_AWAY, NOTHING_AWAY),
        says="brought back alone",
    ),
    "a retraction overlooks what is to be taken off": Fault(
        parts=Parts(labels=Overlooking), steps=(RECEIPT, NO_RECEIPTS), says="no category asks for it"
    ),
}
