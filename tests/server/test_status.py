"""How things stand, in words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.pushes import PushSummary
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
from reactor.core.status import Facts, Hearing, ago, checks_of, many, status_of

from .fakes import ME, NOON, a_run, some_facts


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
