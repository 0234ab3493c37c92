"""A small stand-in for what the web server asks about categories."""

from dataclasses import dataclass, field

from reactor.core.calibration import Calibration
from reactor.core.calibration_preview import CalibrationPreview
from reactor.core.categories import Catalogue, Category, catalogue_of
from reactor.core.category_edits import FileManaged, added, changed, expect_usable, removed
from reactor.core.ids import AccountId
from reactor.core.label_preview import LabelPreview

MEASURED = Calibration(model="m", bank="b", lo=0.2, hi=0.6, photos=200)


@dataclass
class Labels:
    """Keep categories in memory; ``error`` is raised by whatever asks the model, ``away`` by whatever reads them."""

    categories: tuple[Category, ...] = ()
    enabled: bool = True
    by_file: bool = False
    error: Exception | None = None
    away: Exception | None = None
    measured: Calibration | None = MEASURED
    found: LabelPreview | None = None
    asked: list[Category] = field(default_factory=list)

    async def catalogue(self) -> Catalogue:
        if self.away:
            raise self.away
        return catalogue_of(self.categories, enabled=self.enabled, managed="file" if self.by_file else "reactor")

    async def calibration(self) -> Calibration | None:
        return self.measured

    async def add(self, category: Category) -> Catalogue:
        return await self._kept(added(self.categories, category, ("me",)))

    async def change(self, name: str, category: Category) -> Catalogue:
        return await self._kept(changed(self.categories, name, category, ("me",)))

    async def remove(self, name: str) -> Catalogue:
        return await self._kept(removed(self.categories, name))

    async def switch(self, on: bool) -> Catalogue:
        self.enabled = self.enabled if self.by_file else on
        return await self._kept(self.categories)

    async def _kept(self, categories: tuple[Category, ...]) -> Catalogue:
        if self.by_file:
            raise FileManaged
        self.categories = categories
        return await self.catalogue()

    async def preview(self, account: AccountId, category: Category) -> LabelPreview:
        expect_usable(category, ("me",))
        if self.error:
            raise self.error
        self.asked.append(category)
        return self.found or LabelPreview(
            account=account, category=category.name, model="m", photos=3, threshold=0.5, calibration=MEASURED, fits=2
        )

    async def measure(self) -> CalibrationPreview:
        if self.error:
            raise self.error
        return CalibrationPreview(before=None, after=MEASURED)

    async def calibrate(self) -> CalibrationPreview:
        return await self.measure()
