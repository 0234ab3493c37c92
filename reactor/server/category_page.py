"""The page of categories: what they are, and forms that make, change, remove and preview them."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from jinja2 import Environment
from structlog.typing import FilteringBoundLogger

from reactor.core.calibration import BETTER, ENOUGH, SHARES, Calibration
from reactor.core.categories import Catalogue, Category
from reactor.core.errors import Permanent, Retryable
from reactor.core.status import FAILED, OK, Status
from reactor.server.api.table import adapter_of
from reactor.server.desk import Desk
from reactor.server.overview import READ_SECONDS, Overview, within


@dataclass(frozen=True, kw_only=True)
class Line:
    """A category with the cosine that it asks for now, None while that is not known; ``body`` is what the API takes."""

    category: Category
    threshold: float | None
    body: dict[str, Any]

    @property
    def other(self) -> dict[str, Any]:
        """The same category, enabled where it is disabled."""
        return self.body | {"enabled": not self.category.enabled}


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """All that the page shows; ``embedded`` is how many photos can be measured."""

    catalogue: Catalogue
    calibration: Calibration | None
    embedded: int

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(
            Line(category=one, threshold=one.threshold(self.calibration), body=_body(one))
            for one in self.catalogue.categories
        )

    @property
    def editable(self) -> bool:
        return self.catalogue.managed == "reactor"

    @property
    def levels(self) -> dict[str, float]:
        """The cosine that each level means now; empty where the model was not measured."""
        known = self.calibration
        return {} if known is None else {level: known.threshold(level) for level in SHARES}

    @property
    def measured_on_few(self) -> bool:
        return self.calibration is not None and self.calibration.photos < BETTER

    @property
    def worth_measuring(self) -> bool:
        """Whether there are more photos by now than the model was measured on, and enough for a better measurement."""
        return self.measured_on_few and self.embedded >= BETTER


class CategoryPage:
    """Answer the page of categories."""

    def __init__(self, desk: Desk, overview: Overview, environment: Environment, *, log: FilteringBoundLogger) -> None:
        self._labels = desk.labels
        self._overview = overview
        self._page = environment.get_template("categories.html")
        self._log = log

    async def index(self, _: web.Request) -> web.Response:
        """Answer GET /categories: a list that is readable without JavaScript; with the database away it says so."""
        status = await self._overview.status()
        shelf, why = None, status.database.removeprefix(FAILED)
        if status.database == OK:
            shelf, why = await self._read(status)
        if shelf is None:
            self._log.warning("the categories could not be shown", reason=why)
        html = self._page.render(
            shelf=shelf,
            why=why,
            status=status,
            fault=self._overview.facts().model_fault,
            accounts=_accounts(status, shelf),
            enough=ENOUGH,
            better=BETTER,
        )
        return web.Response(
            text=html,
            content_type="text/html",
            status=200 if shelf is not None else 503,
            headers={"Cache-Control": "no-store"},
        )

    async def _read(self, status: Status) -> tuple[Shelf | None, str]:
        """Return what the page shows, or None and why not."""
        try:
            catalogue = await within(READ_SECONDS, self._labels.catalogue())
            calibration = await within(READ_SECONDS, self._labels.calibration())
        except (Retryable, Permanent) as error:
            self._log.warning("the database did not tell of categories", reason=str(error))
            return None, "it does not answer"
        embedded = status.counts.embedded if status.counts is not None else 0
        return Shelf(catalogue=catalogue, calibration=calibration, embedded=embedded), ""


def _body(category: Category) -> dict[str, Any]:
    """Return a category as the API takes it, so that a form that is sent untouched changes nothing."""
    body: dict[str, Any] = adapter_of(Category).dump_python(category, mode="json")
    return body


def _accounts(status: Status, shelf: Shelf | None) -> tuple[str, ...]:
    """Return the accounts that there are, and those that a category names: a form must not lose one of them."""
    named = {name for one in shelf.catalogue.categories for name in one.accounts or ()} if shelf is not None else set()
    known = [account.account for account in status.accounts]
    return (*known, *sorted(named.difference(known)))
