"""Days, paces, shares and plans: what a run decides without asking anybody."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.changes import Reason, StackAssets, StackState, TagAsset, TagState
from reactor.core.days import EARLIEST, LATEST, day_of, first_day_from, next_day, window
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.pace import Bucket, Window
from reactor.core.runs import (
    AccountProgress,
    BadRequest,
    Counts,
    Only,
    ReplayProgress,
    ScanProgress,
    ScanRequest,
    check,
    final_plan,
    share_of,
)

ME = AccountId("me")
NOON = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)
moments = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(taken_at=moments, offset=st.integers(-12 * 60, 14 * 60))
def test_every_photo_lies_within_the_window_of_its_day(taken_at: datetime, offset: int) -> None:
    local_day = (taken_at + timedelta(minutes=offset)).date()
    assert day_of(taken_at, local_day) == local_day
    after, before = window(local_day)
    assert after <= taken_at <= before
    assert first_day_from(taken_at) <= local_day


@given(taken_at=moments, local_day=st.dates())
def test_no_photo_falls_between_the_windows_whatever_its_local_time_says(taken_at: datetime, local_day: date) -> None:
    after, before = window(day_of(taken_at, local_day))
    assert after <= taken_at <= before


def test_the_ends_of_all_time_are_days_too() -> None:
    assert window(date.min)[0] == EARLIEST
    assert window(date.max)[1] == LATEST
    assert next_day(date.max) is None
    assert first_day_from(EARLIEST) == date.min
    assert day_of(LATEST, None) == date.max


@given(per_minute=st.integers(1, 5000), steps=st.lists(st.floats(0, 20), min_size=1, max_size=60))
def test_no_minute_sees_more_than_the_budget(per_minute: int, steps: list[float]) -> None:
    now = NOON
    bucket = Bucket.full(per_minute, now)
    given_at: list[tuple[datetime, int]] = []
    for step in steps:
        now += timedelta(seconds=step)
        bucket = bucket.filled(now)
        given_at.append((now, bucket.available))
        bucket = bucket.without(bucket.available)
    for begin, _ in given_at:
        within = sum(number for at, number in given_at if begin <= at < begin + timedelta(seconds=60))
        assert within <= per_minute


def test_the_budget_is_given_out_nearly_whole() -> None:
    now = NOON
    bucket = Bucket.full(600, now)
    total = 0
    for _ in range(10 * 60 * 10):
        now += timedelta(seconds=0.1)
        bucket = bucket.filled(now)
        total += bucket.available
        bucket = bucket.without(bucket.available)
    assert 5850 <= total <= 6000


def test_a_clock_that_is_set_back_gives_nothing_and_an_empty_bucket_says_how_long() -> None:
    bucket = Bucket.full(60, NOON).without(1)
    assert bucket.filled(NOON - timedelta(hours=1)).available == 0
    assert bucket.filled(NOON + timedelta(seconds=bucket.wait_s + 0.001)).available == 1
    assert 1.0 <= bucket.wait_s <= 1.1


def test_room_is_what_the_narrower_bound_leaves() -> None:
    bounds = Window(untried=200, unfinished=1000)
    assert [bounds.room(0, 0), bounds.room(150, 950), bounds.room(150, 990), bounds.room(210, 210)] == [200, 50, 10, 0]


def test_the_share_of_a_scan_goes_by_days_and_of_a_replay_by_numbers() -> None:
    half = AccountProgress(
        account=ME, opened=True, first=date(2026, 6, 1), last=date(2026, 6, 10), day=date(2026, 6, 6)
    )
    whole = replace(half, day=None, finished=True)
    empty = AccountProgress(account=ME, opened=True, finished=True)
    assert share_of(ScanProgress()) == 0.0
    assert share_of(ScanProgress(accounts=(half,))) == 0.5
    assert share_of(ScanProgress(accounts=(half, whole))) == 0.75
    assert share_of(ScanProgress(accounts=(whole, empty))) == 1.0
    assert share_of(ScanProgress(fed=True)) == 1.0
    assert [share_of(ReplayProgress()), share_of(ReplayProgress(last=8, at=2))] == [0.0, 0.25]
    assert share_of(ReplayProgress(last=0, at=0, fed=True)) == 1.0


def test_what_is_open_is_what_did_not_end() -> None:
    assert Counts(asked=10, done=3, failed=2, shelved=1, cancelled=1).open == 3


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (ScanRequest(accounts=(ME, AccountId("you"))), "no account 'you'; there are me"),
        (ScanRequest(since=date(2026, 6, 2), until=date(2026, 6, 1)), "before it begins"),
        (ScanRequest(rate_per_minute=0), "1 to 100000"),
        (ScanRequest(quiet_hours="22-7"), "22:00-07:00"),
        (ScanRequest(only="faces"), "faces is switched off"),
    ],
)
def test_what_cannot_be_scanned_is_said(request_: ScanRequest, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        check(request_, accounts=["me"], handlers=["embed", "classify", "archive", "favour", "album"])


@pytest.mark.parametrize("only", ["classify", None])
def test_what_can_be_scanned_is_not_objected_to(only: Only | None) -> None:
    day = date(2026, 6, 1)
    request = ScanRequest(accounts=(ME,), since=day, until=day, only=only, rate_per_minute=1, quiet_hours="22:00-07:00")
    check(request, accounts=["me"], handlers=["embed", "classify", "archive", "favour", "album"])


def an_entry(number: int, change: TagAsset | StackAssets) -> Entry:
    state = TagState(tags=frozenset()) if isinstance(change, TagAsset) else StackState(stacks=())
    return Entry(
        id=number,
        change=change,
        cause=Cause(handler="x", event=1, run=RunId("dry:1")),
        state=EntryState.PLANNED,
        before=state,
        after=None,
        note="",
        written_at=NOON,
        settled_at=NOON,
    )


def a_stack(*members: str) -> StackAssets:
    ids = tuple(AssetId(member) for member in members)
    return StackAssets(account=ME, cover=ids[0], members=ids, reason=Reason(rule="a burst"))


def test_a_stack_that_was_planned_again_stands_once_as_it_was_planned_last() -> None:
    tag = TagAsset(account=ME, asset=AssetId("a"), tags=("Auto/X",), reason=Reason(rule="x"))
    changes: tuple[TagAsset | StackAssets, ...] = (a_stack("a", "b"), tag, a_stack("c", "d"), a_stack("b", "a", "e"))
    plan = [an_entry(number, change) for number, change in enumerate(changes, 1)]
    assert [entry.id for entry in final_plan(plan)] == [2, 3, 4]
