"""The answers of the API that change nothing."""

import re
from collections.abc import Mapping

from reactor.core.ids import RunId
from reactor.core.plans import plan_line
from reactor.core.run_view import run_view
from reactor.core.runs import final_plan
from reactor.server.api.answers import Events, Letters, Plan, RunList
from reactor.server.api.border import Refusal
from reactor.server.api.requests import EventsQuery, LettersQuery, Nothing, PlanQuery, RunsQuery
from reactor.server.api.table import Answer
from reactor.server.desk import Desk
from reactor.server.overview import Overview

_RUN = re.compile(r"[a-z]{1,20}:[0-9A-Za-z_-]{1,64}")


def run_of(path: Mapping[str, str]) -> RunId:
    """Return the run that a path names; raises Refusal for what can be no run's id."""
    if not _RUN.fullmatch(path["id"]):
        raise Refusal(404, "there is no such run")
    return RunId(path["id"])


class Reading:
    """Tell how things stand, and what happened."""

    def __init__(self, desk: Desk, overview: Overview) -> None:
        self._desk = desk
        self._overview = overview

    async def status(self, _: Nothing, __: Mapping[str, str]) -> Answer:
        return 200, await self._overview.status()

    async def events(self, query: EventsQuery, _: Mapping[str, str]) -> Answer:
        lines = await self._desk.history.events(query.filter(), query.limit, query.before)
        before = lines[-1].seq if len(lines) == query.limit else None
        return 200, Events(events=lines, before=before)

    async def runs(self, query: RunsQuery, _: Mapping[str, str]) -> Answer:
        found = await self._desk.runs.list(query.limit)
        return 200, RunList(runs=tuple(run_view(run) for run in found))

    async def run(self, _: Nothing, path: Mapping[str, str]) -> Answer:
        found = await self._desk.runs.get(run_of(path))
        if found is None:
            raise Refusal(404, "there is no such run")
        return 200, run_view(found)

    async def plan(self, query: PlanQuery, path: Mapping[str, str]) -> Answer:
        run = run_of(path)
        if await self._desk.runs.get(run) is None:
            raise Refusal(404, "there is no such run")
        entries = final_plan(await self._desk.runs.plan(run))
        end = query.after + query.limit
        return 200, Plan(
            run=run,
            total=len(entries),
            changes=tuple(plan_line(entry) for entry in entries[query.after : end]),
            after=end if end < len(entries) else None,
        )

    async def letters(self, query: LettersQuery, _: Mapping[str, str]) -> Answer:
        found = await self._desk.history.dead(query.filter(), query.limit + 1)
        return 200, Letters(letters=found[: query.limit], more=len(found) > query.limit)
