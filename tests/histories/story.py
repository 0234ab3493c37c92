"""A whole history: the user's acts, and what a person asks the reactor for."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from reactor.core.changes import FEATURES
from reactor.core.journal import EntryState
from reactor.core.journal_lines import JournalFilter, JournalLine
from reactor.core.modes import Mode
from reactor.core.orders import UndoRequest

from .acts import pick
from .ground import Ground
from .history import a_stage
from .life import now
from .parts import Parts
from .rulings import Rulings
from .shown import pairs
from .vision import CATEGORIES, Part

Step: TypeAlias = tuple[Any, ...]
"""The name of an act, and its arguments."""


@dataclass(kw_only=True)
class History(Rulings):
    """Everything that may happen."""

    async def play(self, *steps: Step) -> None:
        """Do what is told, step by step: the name of an act and its arguments."""
        for name, *arguments in steps:
            self.told.append(f"{(name, *arguments)!r},")
            await getattr(self, name)(*arguments)

    async def burst(self, place: int, part: Part, sharpness: Sequence[int], fits: Sequence[str] = ()) -> None:
        """Upload some photos in a row, and let the reactor decide."""
        for one in sharpness:
            await self.upload(place, part, one, fits)
        await self.decide()

    async def switch(self, mode: Mode) -> None:
        """Start the reactor with another mode from now on."""
        self.life.mode = mode

    async def undo_one(self, number: int) -> None:
        if (line := pick(await self._done(), number)) is not None:
            await self.undo(UndoRequest(entries=(line.id,)))

    async def undo_one_twice(self, number: int) -> None:
        if (line := pick(await self._done(), number)) is not None:
            await self.undo(UndoRequest(entries=(line.id,)))
            first = self.witness.writes
            if not await self._is_done(line.id):
                await self.undo(UndoRequest(entries=(line.id,)))
                self.expect(not self.witness.writes, "the second undo changed something")
                self.witness.seen["double undo"] += first > 0

    async def undo_event(self, number: int) -> None:
        if (line := pick(await self._done(), number)) is not None:
            await self.undo(UndoRequest(event=line.event))

    async def undo_category(self, number: int) -> None:
        await self.undo(UndoRequest(category=CATEGORIES[number % len(CATEGORIES)].name))

    async def undo_run(self, number: int) -> None:
        """Take back what one run did, the latest first."""
        runs = await self.life.pool.fetch(
            "SELECT run FROM journal WHERE state = 'done' AND undoes IS NULL GROUP BY run ORDER BY max(id) DESC"
        )
        if (row := pick(runs, number)) is not None:
            await self.undo(UndoRequest(run=row["run"]))

    async def undo_feature(self, number: int) -> None:
        await self.undo(UndoRequest(feature=FEATURES[number % len(FEATURES)]))

    async def undo_lately(self, minutes: int) -> None:
        """Take back what was done since so many minutes."""
        await self.undo(UndoRequest(since=now() - timedelta(minutes=minutes)))

    async def revoke(self, number: int) -> None:
        """Revoke a veto; what it was about may be done again."""
        veto = pick(await self.life.vetoes.standing(limit=1000), number)
        if veto is None:
            return
        await self.life.vetoes.revoke([veto.id])
        self.witness.seen["revoke"] += 1
        match veto.kind:
            case "tag":
                self.refused.tags -= {(asset, veto.value) for asset in veto.subjects}
            case "archive":
                self.refused.archive -= set(veto.subjects)
            case "favourite":
                self.refused.favourites -= set(veto.subjects)
            case "album":
                self.refused.albums -= {(asset, veto.value) for asset in veto.subjects}
            case "stack" | "cover":
                self.refused.together -= set(pairs(veto.subjects))
            case "portrait":
                self.refused.pictures.clear()

    async def _done(self) -> tuple[JournalLine, ...]:
        lines = await self.life.orders.entries(JournalFilter(states=(EntryState.DONE,)), limit=1000)
        return tuple(line for line in lines if line.undoes is None)

    async def _is_done(self, entry: int) -> bool:
        return any(line.id == entry for line in await self._done())


@asynccontextmanager
async def a_history(ground: Ground, parts: Parts | None = None) -> AsyncIterator[History]:
    """Begin a history on an empty stage."""
    async with a_stage(ground, parts or Parts()) as (servers, life, witness):
        yield History(servers=servers, ground=ground, life=life, witness=witness)
