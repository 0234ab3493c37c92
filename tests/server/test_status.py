"""How things stand, in words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reactor.core.activity import Summary
from reactor.core.changes import FEATURES
from reactor.core.checks import checks_of
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.pushes import PushSummary
from reactor.core.review import Review, lost_of
from reactor.core.run_view import run_view, title_of
from reactor.core.runs import (
    AccountProgress,
    Counts,
    ReplayProgress,
    ReplayRequest,
    RunRequest,
    RunState,
    ScanProgress,
    ScanRequest,
)
from reactor.core.status import Facts, Hearing, ago, many, status_of
from reactor.core.vetoes import VetoKind

from .fakes import ME, NOON, PHOTO, a_run, some_facts
from .orders import a_trip


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3600, "just now"),
        (0, "just now"),
        (59.9, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86399, "23 hours ago"),
        (86400, "1 day ago"),
        (40_000_000, "462 days ago"),
        (200_000_000_000, "2,314,814 days ago"),
    ],
)
def test_how_long_ago(seconds: float, words: str) -> None:
    now = datetime(9000, 1, 1, tzinfo=UTC)
    assert ago(now - timedelta(seconds=seconds), now) == words


def test_numbers_of_things() -> None:
    assert [many(number, "try", "tries") for number in (0, 1, 2000)] == ["0 tries", "1 try", "2,000 tries"]


@pytest.mark.parametrize(
    ("request_", "title"),
    [
        (ScanRequest(), "Scan of all accounts"),
        (
            ScanRequest(
                accounts=(AccountId("ida"), AccountId("tom")),
                since=date(2024, 1, 1),
                until=date(2024, 2, 1),
                album="Sommer",
                only="classify",
                dry=True,
            ),
            "Dry scan of ida and tom, album Sommer, from 2024-01-01 to 2024-02-01, tags only",
        ),
        (ReplayRequest(everything=True), "Replay of events of all kinds"),
        (ReplayRequest(failed=True, handlers=("embed",)), "Replay of what failed, for embed"),
        (
            ReplayRequest(kinds=("AssetUploaded",), account=ME, asset=AssetId("a"), since=NOON, until=NOON),
            "Replay of AssetUploaded, of me, about a, from 2026-06-01 12:00 UTC to 2026-06-01 12:00 UTC",
        ),
        (ScanRequest(album="x" * 1000), "Scan of all accounts, album " + "x" * 271 + "…"),
    ],
    ids=range(6),
)
def test_what_was_asked_for_in_a_line(request_: RunRequest, title: str) -> None:
    assert title_of(request_) == title


def test_how_far_a_run_is() -> None:
    half = ScanProgress(
        accounts=(
            AccountProgress(
                account=ME,
                opened=True,
                first=date(2026, 6, 1),
                last=date(2026, 6, 10),
                day=date(2026, 6, 6),
                note="rests until 07:00",
            ),
        )
    )
    run = replace(
        a_run(1, ScanRequest()), progress=half, counts=Counts(asked=10, done=4, failed=1), note="paused by you"
    )
    view = run_view(run)
    # Half of the days were asked for, and half of what was asked for is settled.
    assert (view.share, view.open, view.note) == (0.25, 5, "paused by you; me: rests until 07:00")
    assert run_view(replace(run, counts=Counts())).share == 0.0
    assert run_view(replace(run, state=RunState.DONE)).share == 1.0
    replay = replace(a_run(1, ReplayRequest()), progress=ReplayProgress(last=10, at=10, fed=True))
    assert run_view(replace(replay, counts=Counts(asked=4, done=1))).share == 0.25
    assert run_view(replace(run, id=RunId("dry:1"))).dry


def test_nothing_known_is_not_ready() -> None:
    status = status_of(Facts(), NOON)
    assert not status.ready
    assert checks_of(status)["database"] == "ok"


def test_a_webhook_is_trusted_until_something_is_missed() -> None:
    def webhook(pushes: PushSummary) -> bool | None:
        status = status_of(some_facts(hearing=(Hearing(account=ME, pushes=pushes),)), NOON)
        return status.sources[0].ways[0].well

    assert webhook(PushSummary()) is None
    assert webhook(PushSummary(webhook_last_heard=NOON)) is True
    assert webhook(PushSummary(webhook_last_heard=NOON, missed=1)) is False


def test_a_tripped_limit_makes_nothing_unready() -> None:
    anna = AccountId("anna")
    trips = tuple(a_trip(account=anna, feature=feature, why="why") for feature in FEATURES)
    status = status_of(some_facts(), NOON, counts=Summary(), review=Review(trips=trips))
    sentences = (
        "tags of anna stand still: why",
        "archiving for anna stands still: why",
        "favourites of anna stand still: why",
        "albums of anna stand still: why",
        "stacks of anna stand still: why",
        "faces of anna stand still: why",
    )
    assert status.ready
    assert (status.trips, status.faults) == (trips, sentences)
    assert checks_of(status)["limits"] == f"failed: {'; '.join(sentences)}"


@pytest.mark.parametrize(
    ("kind", "value", "number", "words"),
    [
        ("tag", "Auto/Receipts", 340, "340 photos lost the tag Auto/Receipts"),
        ("tag", "Auto/Receipts", 1, "1 photo lost the tag Auto/Receipts"),
        ("stack", "", 25, "25 stacks of ours came apart"),
        ("archive", "", 1200, "1,200 photos left the archive"),
        ("favourite", "", 2, "2 photos left the favourites"),
        ("album", "Trips", 21, "21 photos left the album Trips"),
        ("cover", "", 20, "20 stacks of ours got another cover"),
        ("portrait", "", 20, "20 portraits disappeared from Frigate"),
    ],
)
def test_what_vanished_is_a_question(kind: VetoKind, value: str, number: int, words: str) -> None:
    lost = lost_of(ME, kind, value, number=number, subject=PHOTO, since=NOON)
    status = status_of(some_facts(), NOON, counts=Summary(), review=Review(lost=(lost,)))
    sentence = f"me: {words} within minutes: did you do that?"
    assert status.ready
    assert (status.lost, status.faults) == ((lost,), (sentence,))
    assert checks_of(status)["asks"] == sentence


def test_a_run_that_asks_is_told_of_and_one_that_a_person_paused_is_not() -> None:
    paused = replace(a_run(1, ScanRequest(), RunState.PAUSED), note="1,000 changes")
    status = status_of(some_facts(run_budget=500), NOON, counts=Summary(), runs=(paused, replace(paused, asks=True)))
    assert status.faults == ("Scan of all accounts asks: 1,000 changes",)
    assert checks_of(status)["asks"] == "Scan of all accounts: 1,000 changes"
    assert status.run_budget == 500


def test_nothing_is_asked_of_what_is_not_known() -> None:
    status = status_of(some_facts(), NOON, database="failed: away")
    assert (status.waiting, status.trips, status.lost) == (None, (), ())
    assert not {"limits", "asks"} & checks_of(status).keys()
