"""What page, API and commands may ask and do about categories."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from reactor.adapters.clip.embedder import open_embedder
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.adapters.postgres.catalogue import PostgresCatalogue
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.config import Settings
from reactor.core.asking import BadRequest
from reactor.core.calibration import ENOUGH, Calibration
from reactor.core.calibration_preview import CalibrationPreview, MovedCategory, moved_by
from reactor.core.categories import Catalogue, Category
from reactor.core.category_edits import FileManaged, ModelAway, added, changed, expect_usable, named, removed
from reactor.core.errors import Permanent, Retryable
from reactor.core.everyday import CAPTIONS
from reactor.core.ids import AccountId, AssetId
from reactor.core.label_preview import LabelPreview, Library, needs_facts, preview
from reactor.core.orders import Example
from reactor.core.scoring import Scorer, Vectors
from reactor.ports import Embedder
from reactor.wiring.desk import Desk
from reactor.wiring.immich import open_accounts
from reactor.wiring.models import Model, NoModel, embedder_options
from reactor.wiring.rules import KeptRules
from reactor.wiring.session import open_session


class LabelDesk:
    """Read and edit categories, preview them on stored photos, and measure the model."""

    def __init__(
        self,
        rules: KeptRules,
        catalogue: PostgresCatalogue,
        labels: PostgresLabels,
        orders: PostgresOrders,
        embedder: Embedder,
        *,
        accounts: Collection[AccountId],
        library: Callable[[AccountId], ImmichLibrary],
        edited: Callable[[], None] = lambda: None,
    ) -> None:
        """Take ``edited`` to be told of every change made here."""
        self._rules = rules
        self._store = catalogue
        self._labels = labels
        self._orders = orders
        self._embedder = embedder
        self._accounts = tuple(accounts)
        self._library = library
        self._edited = edited

    async def catalogue(self) -> Catalogue:
        """Return all categories as they were written, without what the settings fill in."""
        catalogue = await self._rules.catalogue()
        if catalogue.managed == "file":
            return catalogue
        return replace(catalogue, categories=await self._store.categories())

    async def calibration(self) -> Calibration | None:
        """Return what the present model was measured at; None before that, and while no model is loaded."""
        try:
            return await self._rules.calibration()
        except Retryable:
            return None

    async def last_measured(self) -> tuple[Calibration | None, int]:
        """Return the measurement that held last, whether its model is loaded or not, and how many photos are stored."""
        found = await self._rules.last_measured()
        return found, await self._labels.count(found.model) if found is not None else 0

    async def add(self, category: Category) -> Catalogue:
        """Make a category; raises BadRequest or FileManaged."""
        return await self._edit(lambda known: added(known, category, self._accounts))

    async def change(self, name: str, category: Category) -> Catalogue:
        """Replace a category; raises NoSuchCategory, BadRequest or FileManaged."""
        return await self._edit(lambda known: changed(known, name, category, self._accounts))

    async def alter(self, name: str, change: Callable[[Category], Category]) -> Catalogue:
        """Replace a category by what ``change`` makes of it, in one step; raises as ``change``, the method, does."""
        return await self._edit(lambda known: changed(known, name, change(named(known, name)), self._accounts))

    async def remove(self, name: str) -> Catalogue:
        """Remove a category; raises NoSuchCategory or FileManaged."""
        return await self._edit(lambda known: removed(known, name))

    async def switch(self, on: bool) -> Catalogue:
        """Switch labelling on or off as a whole; raises FileManaged where the file says so."""
        if (await self._rules.catalogue()).managed == "file" or self._rules.off_by_file:
            raise FileManaged
        await self._rules.switch(on)
        self._edited()
        return await self.catalogue()

    async def _edit(self, change: Callable[[Sequence[Category]], Sequence[Category]]) -> Catalogue:
        if (await self._rules.catalogue()).managed == "file":
            raise FileManaged
        await self._store.edit(change)
        self._rules.forget()
        self._edited()
        return await self.catalogue()

    def accounts_of(self, category: Category) -> tuple[AccountId, ...]:
        """Return the accounts whose photos are held against a category."""
        return tuple(name for name in self._accounts if category.accounts is None or name in category.accounts)

    async def preview(self, account: AccountId, category: Category) -> LabelPreview:
        """Return what a category would match among stored photos. Raises BadRequest, ModelAway, Retryable."""
        expect_usable(category, self._accounts)
        if account not in self._accounts:
            raise BadRequest(f"there is no account {account!r}; there are {', '.join(self._accounts)}")
        model, prompts = await self._encoded(category.texts)
        calibration = await self._rules.calibration()
        assets, (scores,) = await self._scores(account, model, Scorer([category], prompts))
        asked = [assets[at] for at in needs_facts(category, scores, calibration)]
        examples, note = await self._examples(account, category)
        library = Library(
            account=account,
            model=model,
            assets=assets,
            scores=scores,
            facts=await self._labels.facts(account, asked) if asked else {},
            tagged=await self._labels.carrying(account, category.tag),
        )
        found = await asyncio.to_thread(preview, category, library, calibration, examples, note)
        return replace(found, made_at=datetime.now(UTC))

    async def _scores(self, account: AccountId, model: str, scorer: Scorer) -> tuple[tuple[AssetId, ...], Vectors]:
        """Return the stored photos of an account and their scores [C, N]; their vectors are never held all at once."""
        assets: list[AssetId] = []
        scores = [np.empty((0, len(scorer.categories)), dtype=np.float32)]
        async with aclosing(self._labels.vectors(account, model)) as blocks:
            async for some, vectors in blocks:
                assets += some
                scores.append(await asyncio.to_thread(scorer.scores, vectors))
        return tuple(assets), np.concatenate(scores).T

    async def _encoded(self, texts: Sequence[str]) -> tuple[str, Mapping[str, Vectors]]:
        """Return the model's hash and the vectors of texts; raises ModelAway while no model is loaded."""
        try:
            return self._embedder.model, await self._embedder.texts(texts)
        except Retryable as error:
            raise ModelAway(f"the model cannot be asked now: {error}") from error

    async def _examples(self, account: AccountId, category: Category) -> tuple[tuple[Example, ...], str]:
        """Return what the user said of photos, and what could not be asked for: a tag set by hand counts as a yes."""
        known = {one.asset: one for one in await self._orders.examples(account, category.name)}
        try:
            by_hand = await self._library(account).tagged(category.tag)
        except (Retryable, Permanent) as error:
            return tuple(known.values()), f"without the photos that you tagged by hand: {error}"
        ours = await self._labels.carrying(account, category.tag)
        found = {asset: Example(asset=asset, wanted=True) for asset in by_hand - ours}
        return tuple((found | known).values()), ""

    async def measure(self) -> CalibrationPreview:
        """Return what a new measurement of the model would change; nothing is kept. Raises as ``preview``."""
        model, _ = await self._encoded(CAPTIONS)
        after = await self._rules.measured()
        if after is None:
            raise BadRequest(f"the model is measured on {ENOUGH} stored photos at least; there are fewer")
        before = await self._rules.calibration()
        catalogue = await self._rules.catalogue()
        moved: list[MovedCategory] = []
        for account in self._accounts:
            held = [one for one in catalogue.of(account) if one.enabled and one.similarity is None]
            _, prompts = await self._encoded([text for one in held for text in one.texts])
            if held:
                assets, scores = await self._scores(account, model, Scorer(held, prompts))
                moved += moved_by(account, held, scores.T, before, after) if assets else ()
        return CalibrationPreview(before=before, after=after, moved=tuple(moved))

    async def calibrate(self) -> CalibrationPreview:
        """Measure the model anew and let that hold; labels are looked at again. Raises as ``measure``."""
        found = await self.measure()
        kept = await self._rules.keep(found.after)
        self._edited()
        return replace(found, after=kept)


@asynccontextmanager
async def open_label_desk(
    settings: Settings, desk: Desk, *, model_folder: Path | None = None
) -> AsyncIterator[LabelDesk]:
    """Open what a command needs; without ``model_folder`` nothing that needs a model can be asked."""
    async with AsyncExitStack() as exits:
        session = await exits.enter_async_context(open_session())
        clients = open_accounts(settings.households(), session)
        model: Model = NoModel()
        if model_folder is not None:
            model = await exits.enter_async_context(open_embedder(model_folder, embedder_options(settings)))
        catalogue, labels = PostgresCatalogue(desk.pool), PostgresLabels(desk.pool)
        rules = KeptRules(settings, catalogue, labels, PostgresBookmarks(desk.pool), model)
        yield LabelDesk(
            rules,
            catalogue,
            labels,
            desk.orders,
            model,
            accounts=tuple(clients),
            library=lambda account: clients[account].library,
        )
