"""Draw the consequences of changed categories: once for each change, however it came, and whatever was restarted."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import structlog
from pydantic import TypeAdapter, ValidationError

from reactor.core.calibration import Calibration
from reactor.core.categories import Catalogue, Category
from reactor.core.category_changes import Applied, adopted, applied, consequences
from reactor.core.relabel_runs import RelabelRequest
from reactor.core.relabelling import Rules
from reactor.core.runs import Run, RunRequest
from reactor.ports import Bookmarks
from reactor.sources.loop import Alarm, Backoff, repeat

log = structlog.get_logger(__name__)

SNAPSHOT = "labels:applied"
EVERY_S = 5.0
_APPLIED = TypeAdapter(Applied)


class KnownRules(Protocol):
    """What labels are decided by, and how a model is measured."""

    async def catalogue(self) -> Catalogue: ...

    async def calibration(self) -> Calibration | None: ...

    async def measured(self) -> Calibration | None: ...

    async def keep(self, found: Calibration) -> Calibration: ...

    async def adopt(self, categories: Sequence[Category]) -> None:
        """Keep the categories of a file that is gone, beside those that are kept here."""
        ...


class Model(Protocol):
    """Which model makes the vectors; raises Unreachable while none is loaded."""

    @property
    def model(self) -> str: ...


class Runs(Protocol):
    """Where runs are asked for."""

    async def start(self, request: RunRequest) -> Run: ...


class LabelKeeper:
    """Measure the model once photos suffice, and have labels looked at again when what decides them changed.

    The snapshot of what was applied last is written after its run was asked for: a crash in between asks twice, which
    finds nothing the second time. While labelling is switched off nothing is done, and nothing is forgotten.
    """

    def __init__(self, rules: KnownRules, model: Model, runs: Runs, bookmarks: Bookmarks) -> None:
        self._rules = rules
        self._model = model
        self._runs = runs
        self._bookmarks = bookmarks
        self._alarm = Alarm()

    def wake(self) -> None:
        """Look at once: a category was changed here."""
        self._alarm.ring()

    async def run(self) -> None:
        """Keep watch until cancelled."""
        await repeat("the look at changed categories", self.once, self._pause, backoff=Backoff(first_s=1.0))

    async def once(self) -> int:
        """Look once; return how many runs were asked for."""
        before = _read(await self._bookmarks.get(SNAPSHOT))
        catalogue = await self._rules.catalogue()
        if lost := adopted(catalogue, before):
            log.warning("the settings name no categories any more; those they named last are kept here from now on")
            await self._rules.adopt(lost)
            catalogue = await self._rules.catalogue()
        if before is not None and (before.managed, catalogue.managed) == ("file", "reactor"):
            # They are taken over once: who removes them from now on means it, though nothing is acted on yet.
            before = replace(before, managed="reactor")
            await self._bookmarks.put(SNAPSHOT, _APPLIED.dump_python(before, mode="json"))
        if not catalogue.enabled:
            return 0
        rules = Rules(catalogue=catalogue, calibration=await self._calibration(catalogue))
        now = applied(rules, self._model.model)
        if before == now:
            return 0
        follows = consequences(before, now)
        if not follows.nothing:
            tags = None if follows.catch_up else tuple(sorted(follows.doubted))
            run = await self._runs.start(RelabelRequest(tags=tags, add=follows.catch_up))
            log.info("categories changed; stored labels are looked at again", run=run.id, tags=tags or "all")
        await self._bookmarks.put(SNAPSHOT, _APPLIED.dump_python(now, mode="json"))
        return int(not follows.nothing)

    async def _pause(self, _: int) -> None:
        await self._alarm.rest(EVERY_S)

    async def _calibration(self, catalogue: Catalogue) -> Calibration | None:
        known = await self._rules.calibration()
        if known is not None or not any(one.enabled and one.similarity is None for one in catalogue.categories):
            return known
        found = await self._rules.measured()
        return None if found is None else await self._rules.keep(found)


def _read(stored: object | None) -> Applied | None:
    if stored is None:
        return None
    try:
        return _APPLIED.validate_python(stored)
    except ValidationError:
        log.warning("what was applied last was written by another release; what is there stays as it is")
        return None
