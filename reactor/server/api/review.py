"""The answers of the API about the journal, what waits for a yes, what was decided against, and what stands still."""

from collections.abc import Mapping

from reactor.server.api.answers import Awaiting, Entries, TripList, VetoList
from reactor.server.api.border import Refusal
from reactor.server.api.order_requests import JournalQuery, VetoesQuery, WaitingQuery, account_of
from reactor.server.api.reading import run_of
from reactor.server.api.requests import Nothing
from reactor.server.api.table import Answer
from reactor.server.desk import Desk


class ReviewRoutes:
    """Tell what was done, what waits, what came of an order; page by page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def journal(self, query: JournalQuery, _: Mapping[str, str]) -> Answer:
        found = await self._desk.orders.entries(query.filter(), query.limit, query.before)
        return 200, Entries(entries=found, before=found[-1].id if len(found) == query.limit else None)

    async def plan(self, query: WaitingQuery, _: Mapping[str, str]) -> Answer:
        found = await self._desk.orders.waiting(query.filter(), query.limit, query.before)
        return 200, Awaiting(
            waiting=await self._desk.orders.counts(),
            entries=found,
            before=found[-1].id if len(found) == query.limit else None,
        )

    async def report(self, _: Nothing, path: Mapping[str, str]) -> Answer:
        found = await self._desk.orders.report(run_of(path))
        if found is None:
            raise Refusal(404, "there is no such undo, and no plan that was carried out under this name")
        return 200, found

    async def vetoes(self, query: VetoesQuery, _: Mapping[str, str]) -> Answer:
        found = await self._desk.vetoes.standing(
            account=account_of(query.account),
            state=query.state,
            kind=query.kind,
            limit=query.limit,
            before=query.before,
        )
        return 200, VetoList(vetoes=found, before=found[-1].id if len(found) == query.limit else None)

    async def limits(self, _: Nothing, __: Mapping[str, str]) -> Answer:
        return 200, TripList(trips=await self._desk.limits.open_trips())
