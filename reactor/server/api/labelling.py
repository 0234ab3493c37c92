"""The answers of the API about categories."""

from collections.abc import Mapping

from reactor.core.categories import Catalogue
from reactor.core.category_edits import FileManaged, ModelAway, NoSuchCategory
from reactor.server.api.answers import Classification
from reactor.server.api.border import Refusal
from reactor.server.api.label_requests import (
    CalibrateBody,
    CategoryBody,
    CategoryNameBody,
    ChangedCategoryBody,
    PreviewBody,
    RelabelBody,
    SwitchBody,
)
from reactor.server.api.requests import Nothing
from reactor.server.api.starting import start
from reactor.server.api.table import Answer
from reactor.server.desk import Desk


class Labelling:
    """List, edit and preview categories, measure the model, look at stored labels again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._labels = desk.labels

    async def classification(self, _: Nothing, __: Mapping[str, str]) -> Answer:
        return await self._told(await self._labels.catalogue())

    async def add(self, body: CategoryBody, _: Mapping[str, str]) -> Answer:
        try:
            return await self._told(await self._labels.add(body.category))
        except FileManaged as error:
            raise Refusal(409, str(error)) from error

    async def change(self, body: ChangedCategoryBody, _: Mapping[str, str]) -> Answer:
        try:
            return await self._told(await self._labels.change(body.name, body.category))
        except FileManaged as error:
            raise Refusal(409, str(error)) from error
        except NoSuchCategory as error:
            raise Refusal(404, "there is no such category") from error

    async def remove(self, body: CategoryNameBody, _: Mapping[str, str]) -> Answer:
        try:
            return await self._told(await self._labels.remove(body.name))
        except FileManaged as error:
            raise Refusal(409, str(error)) from error
        except NoSuchCategory as error:
            raise Refusal(404, "there is no such category") from error

    async def switch(self, body: SwitchBody, _: Mapping[str, str]) -> Answer:
        try:
            return await self._told(await self._labels.switch(body.enabled))
        except FileManaged as error:
            raise Refusal(409, str(error)) from error

    async def preview(self, body: PreviewBody, _: Mapping[str, str]) -> Answer:
        try:
            return 200, await self._labels.preview(body.account_id(), body.category)
        except ModelAway as error:
            raise Refusal(503, str(error)) from error

    async def calibrate(self, body: CalibrateBody, _: Mapping[str, str]) -> Answer:
        try:
            return 200, await (self._labels.measure() if body.dry_run else self._labels.calibrate())
        except ModelAway as error:
            raise Refusal(503, str(error)) from error

    async def relabel(self, body: RelabelBody, _: Mapping[str, str]) -> Answer:
        return await start(self._desk, body.request())

    async def _told(self, catalogue: Catalogue) -> Answer:
        return 200, Classification(
            enabled=catalogue.enabled,
            managed=catalogue.managed,
            categories=catalogue.categories,
            calibration=await self._labels.calibration(),
        )
