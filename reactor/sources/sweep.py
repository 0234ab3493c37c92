"""Look slowly at what we left outside: some of what a user undoes moves no time by which it would be heard of.

A new cover and the deletion of a whole tag bump no photo's updatedAt (facts/immich-api.md section 3), and Frigate tells
of nothing that is deleted there.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog
from pydantic import TypeAdapter

from reactor.adapters.immich.errors import MissingPermission
from reactor.core.claims import PortraitClaim, StackClaim, gone_together
from reactor.core.errors import Blocked, Gone, Permanent, Retryable, Unreachable
from reactor.core.events import AssetChanged, Event
from reactor.core.ids import AccountId, AssetId, StackId
from reactor.core.interventions import CoverChosen, PortraitDeleted, TagDeleted
from reactor.core.library import Asset, StackNow
from reactor.ports import Bookmarks, EventSink, FaceLibrary
from reactor.sources.changes import iso
from reactor.sources.leftovers import Leftovers
from reactor.sources.loop import Backoff, repeat
from reactor.sources.notes import Notes

log = structlog.get_logger(__name__)

T = TypeVar("T")

PAGE = 50
"""So many stacks are looked at before the round's place is kept: as many are looked at twice after a crash."""
GAP = timedelta(seconds=0.5)
FIRST_BACKOFF_S = 60.0
TRAIN = "train"
"""Frigate's folder of faces that nobody has named yet."""


class Swept(Protocol):
    """What is asked of a library."""

    async def asset(self, asset: AssetId) -> Asset: ...

    async def stack(self, stack: StackId) -> StackNow: ...

    async def tags(self) -> frozenset[str]: ...


class Claims(Protocol):
    """What our entries left in Immich, where no veto speaks of it; nothing that is open or too young."""

    async def tags(self, account: AccountId) -> frozenset[str]: ...

    async def tag_left(self, account: AccountId, tag: str) -> int | None: ...

    async def stacks(self, account: AccountId, after: tuple[int, str], limit: int) -> tuple[StackClaim, ...]: ...


class PortraitClaims(Protocol):
    """What our entries left in Frigate, likewise."""

    async def portraits(self) -> tuple[PortraitClaim, ...]: ...


@dataclass(frozen=True, kw_only=True)
class Round:
    """How far a round is: behind which stack, (entry, cover), or which ``album``; ``through`` when it has ended."""

    began: datetime
    entry: int = 0
    cover: str = ""
    album: str = ""
    looked: int = 0
    told: int = 0
    through: bool = False


ROUND = TypeAdapter(Round)


class Rounds(ABC):
    """Go round every so often, and go on after a restart where it was left."""

    def __init__(
        self, name: str, sink: EventSink, bookmarks: Bookmarks, every: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._name = name
        self._sink = sink
        self._bookmarks = bookmarks
        self._every = every
        self._now = now
        self._round: Round | None = None
        self._notes = Notes(f"the {name}")
        self._failure = ""

    async def run(self) -> None:
        """Sweep until cancelled."""
        await repeat(f"the {self._name}", self.once, self._pause, backoff=Backoff(first_s=FIRST_BACKOFF_S))

    async def once(self) -> int:
        """Go through what is left of the round, where it is time for one; return how much of it was news to the log."""
        stored = await self._bookmarks.get(self._name)
        turn = ROUND.validate_python(stored) if stored is not None else None
        self._round = turn
        if turn is None or turn.through:
            if turn is not None and self._left(turn) > 0:
                return 0
            turn = Round(began=self._now())
        before = turn.told
        try:
            turn = replace(await self._go_round(turn), through=True)
        except (Retryable, Permanent) as error:
            self._failure = str(error)
            raise
        self._failure = ""
        await self._keep(turn)
        log.info(f"the {self._name} is through", looked_at=turn.looked, told=turn.told)
        return turn.told - before

    @abstractmethod
    async def _go_round(self, turn: Round) -> Round: ...

    async def _keep(self, turn: Round) -> None:
        self._round = turn
        await self._bookmarks.put(self._name, ROUND.dump_python(turn, mode="json"))

    async def _tell(self, events: Sequence[Event]) -> int:
        return len(await self._sink.append(events, source="poll")) if events else 0

    def _left(self, turn: Round) -> float:
        """Return the seconds to the next round, however the clock was set back."""
        every = self._every.total_seconds()
        return min(every, every - (self._now() - turn.began).total_seconds())

    async def _pause(self, _: int) -> None:
        await asyncio.sleep(max(1.0, self._left(self._round)) if self._round is not None else 1.0)

    def status(self) -> str:
        """Say in words how it stands, and what failed last."""
        words = "not begun yet" if self._round is None else _words(self._round)
        return "; ".join(filter(None, (words, *self._notes.words(), self._failure)))


def _words(turn: Round) -> str:
    when = f"{turn.began:%Y-%m-%d %H:%M} UTC"
    state = "through" if turn.through else "under way"
    return f"the round of {when} is {state}: {turn.looked:,} looked at, {turn.told:,} changed"


class Sweep(Rounds):
    """Look at our tags and stacks of one account, at most one request in ``gap``."""

    def __init__(
        self,
        account: AccountId,
        library: Swept,
        claims: Claims,
        sink: EventSink,
        bookmarks: Bookmarks,
        *,
        every: timedelta,
        now: Callable[[], datetime],
        gap: timedelta = GAP,
        leftovers: Leftovers | None = None,
    ) -> None:
        super().__init__(f"sweep of {account}", sink, bookmarks, every, now)
        self._leftovers = leftovers
        self._account = account
        self._library = library
        self._claims = claims
        self._gap = gap

    async def _go_round(self, turn: Round) -> Round:
        if not turn.looked:
            turn = replace(turn, told=turn.told + await self._tell(await self._permitted_tags(turn)))
        while page := await self._claims.stacks(self._account, (turn.entry, turn.cover), PAGE):
            found = [event for claim in page if (event := await self._past_trouble(claim)) is not None]
            told = await self._tell(found)
            last = page[-1]
            turn = replace(
                turn, entry=last.entry, cover=last.cover, looked=turn.looked + len(page), told=turn.told + told
            )
            await self._keep(turn)
        return turn

    async def _permitted_tags(self, turn: Round) -> list[Event]:
        """Return what became of our tags; a key that may not list them looks at the stacks all the same."""
        try:
            found = await self._tags()
            if self._leftovers is not None:
                found += await self._leftovers.look(self._ask, self._notes, turn.began)
        except MissingPermission as error:
            self._notes.say("tags", f"tags are not looked at: {error}")
            return []
        self._notes.clear("tags")
        return found

    async def _tags(self) -> list[Event]:
        """Return the tags of ours that do not exist any more; what is set just now makes them anew."""
        ours = await self._claims.tags(self._account)
        missing = ours - await self._ask(self._library.tags) if ours else frozenset[str]()
        entries = [(tag, await self._claims.tag_left(self._account, tag)) for tag in sorted(missing)]
        return [TagDeleted(account=self._account, tag=tag, entry=entry) for tag, entry in entries if entry is not None]

    async def _past_trouble(self, claim: StackClaim) -> Event | None:
        try:
            return await self._look(claim)
        except Gone:
            return None  # a stack changes meanwhile
        except (Unreachable, Blocked):
            raise
        except (Retryable, Permanent) as error:
            log.warning("a stack cannot be looked at", cover=claim.cover, error=str(error))
            return None

    async def _look(self, claim: StackClaim) -> Event | None:
        """Return what the user did to a stack of ours; its handler looks again before it concludes anything."""
        try:
            cover = await self._ask(lambda: self._library.asset(claim.cover))
        except Gone:
            return await self._locked(claim)
        if cover.trashed or not cover.mine:
            return None
        if cover.stack is None:
            return self._unstacked(cover)  # in case the poll for changes missed it
        if cover.stack_primary in {claim.expected, *claim.released, *claim.moved}:
            return None
        its_stack = cover.stack
        stack = await self._ask(lambda: self._library.stack(its_stack))
        if stack.members == claim.members:
            return CoverChosen(account=self._account, asset=stack.primary, before=claim.expected, entry=claim.entry)
        return self._unstacked(cover) if stack.members & claim.members <= {claim.cover} else None

    async def _locked(self, claim: StackClaim) -> Event | None:
        """Return that a cover is hidden which no key sees any more, though it lies on top of the others still.

        One that was deleted gives way to another without anybody's choice.
        """
        others = sorted(claim.members - {claim.cover})
        other = await self._ask(lambda: self._library.asset(others[0])) if others else None
        if other is None or other.stack_primary != claim.cover:
            return None
        return AssetChanged(account=self._account, asset=other.id, updated_at=iso(other.updated_at), fields=("hidden",))

    def _unstacked(self, cover: Asset) -> AssetChanged:
        return AssetChanged(
            account=self._account, asset=cover.id, updated_at=iso(cover.updated_at), fields=("unstacked",)
        )

    async def _ask(self, read: Callable[[], Awaitable[T]]) -> T:
        await asyncio.sleep(self._gap.total_seconds())
        return await read()


class FaceSweep(Rounds):
    """Look whether Frigate still has the files that we gave it, for all accounts; one request a round."""

    def __init__(
        self,
        faces: FaceLibrary,
        claims: PortraitClaims,
        sink: EventSink,
        bookmarks: Bookmarks,
        *,
        every: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__("sweep of Frigate", sink, bookmarks, every, now)
        self._faces = faces
        self._claims = claims

    async def _go_round(self, turn: Round) -> Round:
        before = await self._claims.portraits()
        if not before:
            return turn
        folders = await self._faces.faces()
        # A folder that was renamed keeps its files under their names. What we took back meanwhile is no claim any more.
        there = {file for name, files in folders.items() if name != TRAIN for file in files}
        ours = sorted(set(before) & set(await self._claims.portraits()), key=lambda claim: claim.entry)
        gone = [claim for claim in ours if claim.file not in there]
        together = gone_together(gone, there)
        told = [
            PortraitDeleted(
                account=one.account, face=one.face, name=one.name, file=one.file, entry=one.entry, together=together
            )
            for one in gone
        ]
        return replace(turn, looked=len(ours), told=await self._tell(told))
