"""The answers of the API by which a person takes back, says yes or no, and lets go on."""

from collections.abc import Mapping

from reactor.core.orders import ApplyRequest, OrderRequest
from reactor.server.api.answers import Changed
from reactor.server.api.border import Refusal
from reactor.server.api.order_requests import IdsBody, LostBody, TripsBody, UndoBody, WaitingBody, account_of
from reactor.server.api.requests import MOST
from reactor.server.api.starting import check_here, start
from reactor.server.api.table import Answer
from reactor.server.desk import Desk

PUT_BACK = 10_000
"""So many losses are put back by one run; whoever lost more asks again."""


class Ordering:
    """Start orders, decline plans, revoke vetoes, answer what is asked."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def apply(self, body: WaitingBody, _: Mapping[str, str]) -> Answer:
        return await self._order(body.request(), "nothing of that waits any more")

    async def decline(self, body: WaitingBody, _: Mapping[str, str]) -> Answer:
        request = body.request()
        check_here(self._desk, request)
        return 200, Changed(changed=await self._desk.orders.decline(request))

    async def undo(self, body: UndoBody, _: Mapping[str, str]) -> Answer:
        request = body.request()
        if not body.dry_run:
            return await self._order(request, "there is nothing of that to take back")
        check_here(self._desk, request)
        return 200, await self._desk.orders.preview(request)

    async def revoke(self, body: IdsBody, _: Mapping[str, str]) -> Answer:
        return 200, Changed(changed=await self._desk.vetoes.revoke(body.ids))

    async def mine(self, body: LostBody, _: Mapping[str, str]) -> Answer:
        changed = 0
        while ids := await self._lost(body, MOST):
            done = await self._desk.vetoes.mine(ids)
            changed += done
            if body.ids is not None or not done:
                break
        return 200, Changed(changed=changed)

    async def put_back(self, body: LostBody, _: Mapping[str, str]) -> Answer:
        ids = await self._lost(body, PUT_BACK)
        entries = await self._desk.orders.put_back(ids) if ids else ()
        if not entries:
            raise Refusal(409, "nothing of that is asked about")
        return await start(self._desk, ApplyRequest(entries=entries))

    async def confirm(self, body: TripsBody, _: Mapping[str, str]) -> Answer:
        ids = body.ids if body.ids is not None else [trip.id for trip in await self._desk.limits.open_trips()]
        accounts = await self._desk.limits.confirm(ids)
        for account in dict.fromkeys(accounts):
            await self._desk.hasten(account)
        return 200, Changed(changed=len(accounts))

    async def _order(self, request: OrderRequest, nothing: str) -> Answer:
        check_here(self._desk, request)
        if not (await self._desk.orders.preview(request)).entries:
            raise Refusal(409, nothing)
        return await start(self._desk, request)

    async def _lost(self, body: LostBody, most: int) -> tuple[int, ...]:
        """Return the ids of what is meant and still asked about, newest first, at most so many."""
        if body.ids is not None:
            return body.ids
        found: list[int] = []
        before: int | None = None
        while len(found) < most:
            page = await self._desk.vetoes.standing(
                account=account_of(body.account), kind=body.kind, state="lost", limit=MOST, before=before
            )
            found += [veto.id for veto in page if body.value is None or veto.value == body.value]
            if len(page) < MOST:
                break
            before = page[-1].id
        return tuple(found[:most])
