"""Every route of the API: what it is called, what it takes, what it answers, in words."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from reactor.core.history import EventLine
from reactor.core.run_view import RunView
from reactor.core.runs import WouldDeliver
from reactor.core.status import Status
from reactor.server.api.acting import Acting
from reactor.server.api.answers import Changed, Events, Letters, Message, Plan, RunList, Started
from reactor.server.api.border import M
from reactor.server.api.follow import Follow
from reactor.server.api.openapi import document_of
from reactor.server.api.reading import Reading
from reactor.server.api.requests import (
    EventsQuery,
    FollowQuery,
    LettersBody,
    LettersQuery,
    Nothing,
    PlanQuery,
    ReplayBody,
    RunsQuery,
    ScanBody,
)
from reactor.server.api.table import Answer, Do, Row, routes_of
from reactor.server.desk import Desk
from reactor.server.overview import Overview

DOCUMENT = "This document, in the form of OpenAPI 3.1."
STATUS = "How everything stands: accounts, sources, runs, counts, model and mode, and what is down, in words."
EVENTS = "Events of the log with their deliveries, newest first."
FOLLOW = "Server-sent events: every event that is heard from now on, as one line of JSON."
PLAN = "What a run planned: all of a dry scan, and of other runs what observing only wrote down."
LETTERS = "Deliveries that were given up, newest first; with `shelved` those whose preview never came."
SCAN = "Go through photos that are there already; a scan that is under way is joined as it is."
REPLAY = "Deliver events of the log again; with `dry_run` only tell what would be delivered."
RESET = "Count missed photos from 0 again, as somebody does who has seen them."
CONFIRM = "Answer yes to what the people poll asks: these people are gone."


def make_api(desk: Desk, overview: Overview, follow: Follow, *, version: str) -> list[web.RouteDef]:
    """Return the routes of the API, its own document among them."""
    document: dict[str, Any] = {}

    async def openapi(_: Nothing, __: Mapping[str, str]) -> Answer:
        return 200, document

    rows = (*reading_rows(Reading(desk, overview), follow), *acting_rows(Acting(desk)))
    whole = (*rows, _get("/openapi.json", DOCUMENT, Nothing, openapi, dict[str, Any]))
    document.update(document_of(whole, version=version))
    return routes_of(whole)


def reading_rows(reading: Reading, follow: Follow) -> tuple[Row[Any], ...]:
    """Return what changes nothing."""
    kind = frozenset({"kind"})
    return (
        _get("/status", STATUS, Nothing, reading.status, Status),
        _get("/events", EVENTS, EventsQuery, reading.events, Events, lists=kind),
        Row(
            method="GET",
            path="/events/follow",
            words=FOLLOW,
            asks=FollowQuery,
            lists=kind,
            stream=follow.stream,
            answers={200: EventLine},
        ),
        _get("/runs", "Scans and replays, newest first.", RunsQuery, reading.runs, RunList),
        _get("/runs/{id}", "How far a run is, and what went wrong.", Nothing, reading.run, RunView, refuses=(404,)),
        _get("/runs/{id}/plan", PLAN, PlanQuery, reading.plan, Plan, refuses=(404,)),
        _get("/deadletters", LETTERS, LettersQuery, reading.letters, Letters),
    )


def acting_rows(acting: Acting) -> tuple[Row[Any], ...]:
    """Return what sets something going, or ends it."""
    run, changed, said = {200: RunView}, {200: Changed}, {200: Message}
    known, possible = (404,), (404, 409)
    retry, drop = "Try given-up deliveries again, as if for the first time.", "End given-up deliveries for good."
    pause, resume = "Hold a run; what is in hand is finished.", "Let a paused run go on."
    cancel = "End a run; what waits of it is cancelled."
    return (
        _post("/scan", SCAN, ScanBody, acting.scan, {202: Started}),
        _post("/replay", REPLAY, ReplayBody, acting.replay, {200: WouldDeliver, 202: Started}),
        _post("/runs/{id}/pause", pause, Nothing, acting.pause, run, refuses=possible),
        _post("/runs/{id}/resume", resume, Nothing, acting.resume, run, refuses=possible),
        _post("/runs/{id}/cancel", cancel, Nothing, acting.cancel, run, refuses=possible),
        _post("/deadletters/retry", retry, LettersBody, acting.retry, changed),
        _post("/deadletters/drop", drop, LettersBody, acting.drop, changed),
        _post("/accounts/{account}/missed/reset", RESET, Nothing, acting.reset_missed, said, refuses=known),
        _post("/accounts/{account}/people/confirm", CONFIRM, Nothing, acting.confirm_people, said, refuses=possible),
    )


def _get(
    path: str,
    words: str,
    asks: type[M],
    do: Do[M],
    answer: Any,
    *,
    lists: frozenset[str] = frozenset(),
    refuses: tuple[int, ...] = (),
) -> Row[M]:
    answers = {200: answer}
    return Row(method="GET", path=path, words=words, asks=asks, do=do, answers=answers, lists=lists, refuses=refuses)


def _post(
    path: str,
    words: str,
    asks: type[M],
    do: Do[M],
    answers: Mapping[int, Any],
    *,
    refuses: tuple[int, ...] = (),
) -> Row[M]:
    return Row(method="POST", path=path, words=words, asks=asks, do=do, answers=answers, refuses=refuses)
