"""The answers of the API that set something going, or end it."""

from collections.abc import Awaitable, Callable, Mapping

from reactor.core.ids import AccountId, RunId
from reactor.core.run_view import run_view
from reactor.core.runs import Run, RunState
from reactor.core.status import many
from reactor.server.api.answers import Changed, Message
from reactor.server.api.border import Refusal
from reactor.server.api.reading import run_of
from reactor.server.api.requests import LettersBody, Nothing, ReplayBody, ResumeBody, ScanBody
from reactor.server.api.starting import check_here, start
from reactor.server.api.table import Answer
from reactor.server.desk import Desk


class Acting:
    """Start and steer runs, take up what was given up, answer what the reactor asks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def scan(self, body: ScanBody, _: Mapping[str, str]) -> Answer:
        return await start(self._desk, body.request())

    async def replay(self, body: ReplayBody, _: Mapping[str, str]) -> Answer:
        request = body.request()
        if not body.dry_run:
            return await start(self._desk, request)
        check_here(self._desk, request)
        return 200, await self._desk.runs.would_deliver(request)

    async def pause(self, _: Nothing, path: Mapping[str, str]) -> Answer:
        return await self._steer(path, self._desk.runs.pause, RunState.PAUSED)

    async def resume(self, body: ResumeBody, path: Mapping[str, str]) -> Answer:
        return await self._steer(path, lambda run: self._desk.runs.resume(run, body.budget), RunState.RUNNING)

    async def cancel(self, _: Nothing, path: Mapping[str, str]) -> Answer:
        return await self._steer(path, self._desk.runs.cancel, RunState.CANCELLED)

    async def retry(self, body: LettersBody, _: Mapping[str, str]) -> Answer:
        return 200, Changed(changed=await self._desk.history.retry(body.ids, body.filter()))

    async def drop(self, body: LettersBody, _: Mapping[str, str]) -> Answer:
        return 200, Changed(changed=await self._desk.history.drop(body.ids, body.filter()))

    async def reset_missed(self, _: Nothing, path: Mapping[str, str]) -> Answer:
        self._desk.reset_missed(self._account(path))
        return 200, Message(message="missed photos are counted from 0 again")

    async def confirm_people(self, _: Nothing, path: Mapping[str, str]) -> Answer:
        if not (confirmed := self._desk.confirm_people(self._account(path))):
            raise Refusal(409, "nothing is asked about the people of this account")
        return 200, Message(
            message=f"{many(confirmed, 'person', 'people')} taken for gone; the next turns tell of them"
        )

    async def _steer(
        self, path: Mapping[str, str], steer: Callable[[RunId], Awaitable[Run | None]], wished: RunState
    ) -> Answer:
        run = await steer(run_of(path))
        if run is None:
            raise Refusal(404, "there is no such run")
        if run.state is not wished:
            raise Refusal(409, f"the run is {run.state} already")
        return 200, run_view(run)

    def _account(self, path: Mapping[str, str]) -> AccountId:
        account = AccountId(path["account"])
        if account not in {status.account for status in self._desk.facts().accounts}:
            raise Refusal(404, "there is no such account")
        return account
