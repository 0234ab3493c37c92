"""What lies on the desk for a person to look through: the newest of what waits, was done, and is not done again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reactor.core.ids import RunId
from reactor.core.journal import EntryState
from reactor.core.journal_lines import JournalFilter, JournalLine
from reactor.core.orders import ApplyRequest, OrderReport
from reactor.core.review import Review
from reactor.core.status import Status
from reactor.core.vetoes import Veto
from reactor.server.desk import Desk

LINES = 20
VETOES = 10
ORDERS = ("undo", "apply")


@dataclass(frozen=True, kw_only=True)
class Papers:
    """The newest ``plans`` and ``suggestions``, what was done ``lately``, the newest of the ``standing`` vetoes, and
    what came of the orders among the runs."""

    plans: tuple[JournalLine, ...] = ()
    suggestions: tuple[JournalLine, ...] = ()
    lately: tuple[JournalLine, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    standing: int = 0
    reports: Mapping[RunId, OrderReport] = field(default_factory=dict)


async def review_of(desk: Desk, *, counted: bool) -> Review:
    """Return what a person is asked; what waits is counted only where it is wanted, since it may be much."""
    return Review(
        waiting=await desk.orders.counts() if counted else None,
        trips=await desk.limits.open_trips(),
        lost=await desk.losses.lost(),
    )


async def papers_of(desk: Desk, status: Status) -> Papers:
    """Return what there is to look through; of what there is none, nothing is read."""
    plans: tuple[JournalLine, ...] = ()
    suggestions: tuple[JournalLine, ...] = ()
    if status.waiting is not None and status.waiting.planned:
        plans = await desk.orders.waiting(ApplyRequest(everything=True), LINES)
    if status.waiting is not None and status.waiting.suggested:
        suggestions = await desk.orders.waiting(ApplyRequest(suggestions=True, everything=True), LINES)
    standing = await desk.losses.standing()
    reports = {run.id: await desk.orders.report(run.id) for run in status.runs if run.kind in ORDERS}
    return Papers(
        plans=plans,
        suggestions=suggestions,
        lately=await desk.orders.entries(JournalFilter(states=(EntryState.DONE,)), LINES),
        vetoes=await desk.vetoes.standing(state="active", limit=VETOES) if standing else (),
        standing=standing,
        reports={run: report for run, report in reports.items() if report is not None},
    )
