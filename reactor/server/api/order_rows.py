"""The routes of the API about what was changed, what waits, and what is not to be done again."""

from typing import Any

from reactor.core.orders import OrderReport, Preview
from reactor.server.api.answers import Awaiting, Changed, Entries, Started, TripList, VetoList
from reactor.server.api.order_requests import (
    IdsBody,
    JournalQuery,
    LostBody,
    TripsBody,
    UndoBody,
    VetoesQuery,
    WaitingBody,
    WaitingQuery,
)
from reactor.server.api.ordering import Ordering
from reactor.server.api.requests import Nothing
from reactor.server.api.review import ReviewRoutes
from reactor.server.api.table import Row, get, post

JOURNAL = "Every change that was made, planned, taken back or left alone, with its reason, newest first."
PLAN = "What waits for a yes: plans, or with `suggestions` what lies in the grey zone, newest first."
REPORT = "What came of an undo, or of plans carried out: how many were done, and why others were left alone."
VETOES = "What a person decided against, so that it is never done again; with `state=lost` what is asked about."
LIMITS = "What a limit stopped, and why: the feature of that account stands still until it is confirmed."
APPLY = "Carry out plans or suggestions, whatever the mode; what changed since then is left alone."
DECLINE = "Decline plans or suggestions: they are never made, nor asked about again."
UNDO = (
    "Take changes back, newest first; what was changed since then is left alone, and nothing of it is done again until "
    "its veto is revoked. XMP files that Immich wrote stay on disk. With `dry_run` only tell what would be taken back."
)
REVOKE = "Revoke vetoes, so that these things are decided anew."
MINE = "Answer that a person did take these things away: they are never done again."
PUT_BACK = "Answer that Immich lost these things: the newest 10,000 of them are done again, by a run."
CONFIRM = "Let what a limit stopped go on."


def review_rows(review: ReviewRoutes) -> tuple[Row[Any], ...]:
    """Return what changes nothing."""
    return (
        get("/journal", JOURNAL, JournalQuery, review.journal, Entries, lists=frozenset({"state"})),
        get("/plan", PLAN, WaitingQuery, review.plan, Awaiting),
        get("/runs/{id}/report", REPORT, Nothing, review.report, OrderReport, refuses=(404,)),
        get("/vetoes", VETOES, VetoesQuery, review.vetoes, VetoList),
        get("/limits", LIMITS, Nothing, review.limits, TripList),
    )


def ordering_rows(ordering: Ordering) -> tuple[Row[Any], ...]:
    """Return what takes back, says yes or no, and lets go on."""
    changed, started = {200: Changed}, {202: Started}
    nothing = (409,)
    return (
        post("/plan/apply", APPLY, WaitingBody, ordering.apply, started, refuses=nothing),
        post("/plan/decline", DECLINE, WaitingBody, ordering.decline, changed),
        post("/undo", UNDO, UndoBody, ordering.undo, {200: Preview} | started, refuses=nothing),
        post("/vetoes/revoke", REVOKE, IdsBody, ordering.revoke, changed),
        post("/vetoes/mine", MINE, LostBody, ordering.mine, changed),
        post("/vetoes/putback", PUT_BACK, LostBody, ordering.put_back, started, refuses=nothing),
        post("/limits/confirm", CONFIRM, TripsBody, ordering.confirm, changed),
    )
