"""Hold stored photos against the categories of now, page by page, and ask again about those that differ."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from reactor.core.categories import Catalogue
from reactor.core.errors import Permanent
from reactor.core.events import AssetEmbedded, Event
from reactor.core.ids import AccountId, RunId
from reactor.core.label_events import LabelsDoubted
from reactor.core.labelling import scorable
from reactor.core.relabel_runs import RelabelProgress, RelabelRequest
from reactor.core.relabelling import Difference, LabelledPage, Rules, differences
from reactor.core.scoring import Scorer
from reactor.ports import Embedder, EventSink, LabelRules
from reactor.sources.feeding import IDLE_S, Open, Step

PAGE = 8000
"""Photos a page: some megabytes of vectors."""
OLD_RULES_S = 1.5
"""So long another process may hold the rules of before (wiring/rules.py)."""
LOOK_AGAIN_S = 0.2
SWITCHED_OFF = "labelling is switched off"


class Labels(Protocol):
    """Where stored photos are read, many at a time."""

    async def page(self, account: AccountId, model: str, *, after: str, limit: int) -> LabelledPage: ...

    async def tagged(
        self, account: AccountId, model: str, tags: Sequence[str] | None, *, after: str, limit: int
    ) -> LabelledPage: ...

    async def count(self, model: str) -> int: ...

    async def deciding(self) -> tuple[tuple[int, int], ...]:
        """Return the deliveries (id, attempts) that are being worked on and may set labels."""
        ...

    async def still(self, deliveries: Sequence[tuple[int, int]]) -> bool:
        """Say whether one of these is worked on still."""
        ...


class RelabelFeed:
    """Find stored photos whose labels differ from what is asked for; the stages decide about each of them.

    ``tag_external`` says whether photos of external libraries may be labelled at all, ``settles_s`` how long another
    process may hold the rules of before.
    """

    def __init__(
        self,
        accounts: Sequence[AccountId],
        labels: Labels,
        rules: LabelRules,
        embedder: Embedder,
        sink: EventSink,
        *,
        tag_external: bool = True,
        settles_s: float = OLD_RULES_S,
    ) -> None:
        self._accounts = tuple(accounts)
        self._labels = labels
        self._rules = rules
        self._embedder = embedder
        self._sink = sink
        self._tag_external = tag_external
        self._settles_s = settles_s

    async def step(self, run: Open, room: int) -> Step:
        """Ask about the next photos, at most ``room``."""
        request, progress = run.request, run.progress
        if not isinstance(request, RelabelRequest) or not isinstance(progress, RelabelProgress):
            raise Permanent("this run looks at no labels")
        catalogue = await self._rules.catalogue()
        if not catalogue.enabled and not request.dry:
            # Switched off nothing differs: it would end, and what was changed before would never be acted on.
            return Step(progress=progress, note=SWITCHED_OFF, wait_s=IDLE_S)
        if progress.photos is None:
            photos = await self._labels.count(self._embedder.model)
            return Step(progress=replace(progress, photos=photos), wait_s=self._settles_s)
        if progress.waits_for is None or await self._labels.still(progress.waits_for):
            # What was decided by the rules of before is set first: looked at sooner, nobody would look at it again.
            waits_for = await self._labels.deciding() if progress.waits_for is None else progress.waits_for
            return Step(progress=replace(progress, waits_for=waits_for), wait_s=LOOK_AGAIN_S if waits_for else 0.0)
        wanted = [name for name in request.accounts or self._accounts if name in self._accounts]
        account = next((name for name in wanted if name not in progress.done), None)
        if account is None:
            return Step(progress=replace(progress, fed=True))
        page = await self._page(request, account, progress.after)
        found = await self._found(request, account, page, catalogue)
        part = found[:room]
        await self._sink.append([self._event(run.id, account, one, add=request.add) for one in part], run.id)
        if len(part) < len(found):
            # The rest of the page is looked at again: it is scored in a blink.
            return Step(progress=replace(progress, after=part[-1].asset, differing=progress.differing + len(part)))
        moved = replace(
            progress,
            after=page.last,
            looked=progress.looked + len(page.assets),
            differing=progress.differing + len(part),
        )
        return Step(progress=moved if page.full else replace(moved, done=(*progress.done, account), after=""))

    async def _page(self, request: RelabelRequest, account: AccountId, after: str) -> LabelledPage:
        model = self._embedder.model
        if request.add:
            return await self._labels.page(account, model, after=after, limit=PAGE)
        return await self._labels.tagged(account, model, request.tags, after=after, limit=PAGE)

    async def _found(
        self, request: RelabelRequest, account: AccountId, page: LabelledPage, catalogue: Catalogue
    ) -> tuple[Difference, ...]:
        rules = Rules(catalogue=catalogue, calibration=await self._rules.calibration())
        held = scorable(rules.catalogue.of(account), rules.calibration)
        prompts = await self._embedder.texts([text for one in held for text in one.texts])
        found = await asyncio.to_thread(differences, page, account, rules, Scorer(held, prompts))
        external = {asset for asset, is_external in zip(page.assets, page.external, strict=True) if is_external}
        return tuple(
            one for one in found if _is_asked(one, request) and (self._tag_external or one.asset not in external)
        )

    def _event(self, run: RunId, account: AccountId, found: Difference, *, add: bool) -> Event:
        if add and (found.missing or found.asks):
            return AssetEmbedded(
                account=account, asset=found.asset, model=self._embedder.model, checksum=found.checksum
            )
        return LabelsDoubted(account=account, asset=found.asset, why=run)

    def forget(self) -> None:
        """Nothing is remembered between two steps."""


def _is_asked(found: Difference, request: RelabelRequest) -> bool:
    def meant(tags: frozenset[str]) -> frozenset[str]:
        return tags if request.tags is None else tags.intersection(request.tags)

    # Which category a gate has to be asked for is not told, so such a photo is meant in any case.
    return bool(meant(found.stale | found.unsure) or (request.add and (meant(found.missing) or found.asks)))
