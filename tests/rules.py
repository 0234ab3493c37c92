"""The rules of a test: categories that it names, and what the model was measured at."""

from collections.abc import Callable, Sequence

from reactor.core.calibration import Calibration
from reactor.core.categories import Catalogue, Category, catalogue_of


class NamedRules:
    """Rules that stand as the test says (ports.LabelRules); ``categories`` are asked for at every look."""

    def __init__(
        self,
        categories: Sequence[Category] | Callable[[], Sequence[Category]],
        calibration: Calibration | None = None,
        *,
        enabled: bool = True,
    ) -> None:
        self._categories = categories
        self._calibration = calibration
        self.enabled = enabled

    async def catalogue(self) -> Catalogue:
        found = self._categories() if callable(self._categories) else self._categories
        return catalogue_of(tuple(found), enabled=self.enabled)

    async def calibration(self) -> Calibration | None:
        return self._calibration
