"""Every route of the API: what it is called, what it takes, what it answers, in words."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from reactor.core.history import EventLine
from reactor.core.run_view import RunView
from reactor.core.runs import WouldDeliver
from reactor.core.status import Status
from reactor.server.api.acting import Acting
from reactor.server.api.answers import Changed, Events, Letters, Message, Plan, RunList, Started
from reactor.server.api.follow import Follow
from reactor.server.api.label_rows import label_rows
from reactor.server.api.labelling import Labelling
from reactor.server.api.openapi import document_of
from reactor.server.api.order_rows import ordering_rows, review_rows
from reactor.server.api.ordering import Ordering
from reactor.server.api.reading import Reading
from reactor.server.api.requests import (
    EventsQuery,
    FollowQuery,
    LettersBody,
    LettersQuery,
    Nothing,
    PlanQuery,
    ReplayBody,
    ResumeBody,
    RunsQuery,
    ScanBody,
)
from reactor.server.api.review import ReviewRoutes
from reactor.server.api.table import Answer, Row, get, post, routes_of
from reactor.server.desk import Desk
from reactor.server.overview import Overview

DOCUMENT = "This document, in the form of OpenAPI 3.1."
STATUS = "How everything stands: accounts, sources, runs, counts, model and mode, and what is down, in words."
EVENTS = "Events of the log with their deliveries, newest first."
FOLLOW = "Server-sent events: every event that is heard from now on, as one line of JSON."
RUNS = "Runs beside the live one, newest first: scans, replays, undos, plans carried out."
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
        if not document:  # made when it is asked for first: few ever do
            document.update(await asyncio.to_thread(document_of, whole, version=version))
        return 200, document

    rows = (
        *reading_rows(Reading(desk, overview), follow),
        *review_rows(ReviewRoutes(desk)),
        *acting_rows(Acting(desk)),
        *ordering_rows(Ordering(desk)),
        *label_rows(Labelling(desk)),
    )
    whole = (*rows, get("/openapi.json", DOCUMENT, Nothing, openapi, dict[str, Any]))
    return routes_of(whole)


def reading_rows(reading: Reading, follow: Follow) -> tuple[Row[Any], ...]:
    """Return what changes nothing."""
    kind = frozenset({"kind"})
    return (
        get("/status", STATUS, Nothing, reading.status, Status),
        get("/events", EVENTS, EventsQuery, reading.events, Events, lists=kind),
        Row(
            method="GET",
            path="/events/follow",
            words=FOLLOW,
            asks=FollowQuery,
            lists=kind,
            stream=follow.stream,
            answers={200: EventLine},
        ),
        get(
            "/runs",
            RUNS,
            RunsQuery,
            reading.runs,
            RunList,
        ),
        get("/runs/{id}", "How far a run is, and what went wrong.", Nothing, reading.run, RunView, refuses=(404,)),
        get("/runs/{id}/plan", PLAN, PlanQuery, reading.plan, Plan, refuses=(404,)),
        get("/deadletters", LETTERS, LettersQuery, reading.letters, Letters),
    )


def acting_rows(acting: Acting) -> tuple[Row[Any], ...]:
    """Return what sets something going, or ends it."""
    run, changed, said = {200: RunView}, {200: Changed}, {200: Message}
    known, possible = (404,), (404, 409)
    retry, drop = "Try given-up deliveries again, as if for the first time.", "End given-up deliveries for good."
    pause = "Hold a run; what is in hand is finished."
    resume = "Let a paused run go on; one that has made all the changes it may gets as many again, or `budget` more."
    cancel = "End a run; what waits of it is cancelled."
    return (
        post("/scan", SCAN, ScanBody, acting.scan, {202: Started}),
        post("/replay", REPLAY, ReplayBody, acting.replay, {200: WouldDeliver, 202: Started}),
        post("/runs/{id}/pause", pause, Nothing, acting.pause, run, refuses=possible),
        post("/runs/{id}/resume", resume, ResumeBody, acting.resume, run, refuses=possible),
        post("/runs/{id}/cancel", cancel, Nothing, acting.cancel, run, refuses=possible),
        post("/deadletters/retry", retry, LettersBody, acting.retry, changed),
        post("/deadletters/drop", drop, LettersBody, acting.drop, changed),
        post("/accounts/{account}/missed/reset", RESET, Nothing, acting.reset_missed, said, refuses=known),
        post("/accounts/{account}/people/confirm", CONFIRM, Nothing, acting.confirm_people, said, refuses=possible),
    )
