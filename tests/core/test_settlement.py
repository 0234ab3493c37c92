"""What becomes of a failed try: a table of cases."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.errors import Blocked, Gone, Held, NotReady, Permanent, Retryable, Unreachable
from reactor.core.settlement import Again, Dead, Moot, RetryPolicy, Shelved, Verdict, judge

POLICY = RetryPolicy(attempts=3, patience=timedelta(hours=1))
MINUTE = timedelta(minutes=1)


def judged(error: Exception, *, attempts: int = 1, age: timedelta = timedelta(0)) -> Verdict:
    return judge(error, attempts=attempts, age=age, policy=POLICY, jitter=0.5)


@pytest.mark.parametrize(
    ("error", "attempts", "seconds"),
    [
        (Retryable("Immich is slow"), 1, 1.0),
        (Retryable("Immich is slow"), 2, 3.0),
        (Retryable("asked to wait", after=7.0), 1, 7.0),
        (Retryable("asked for a busy loop", after=0.0), 1, 0.25),
        (Retryable("Immich is slow"), 3, None),
        (Permanent("not a picture"), 1, None),
        (KeyError("our own fault"), 1, 1.0),
        (KeyError("our own fault"), 3, None),
    ],
)
def test_tries_are_counted_and_end(error: Exception, attempts: int, seconds: float | None) -> None:
    verdict = judged(error, attempts=attempts)
    if seconds is None:
        assert isinstance(verdict, Dead)
        assert str(error) in verdict.why
    else:
        assert verdict == Again(wait=timedelta(seconds=seconds), why=verdict.why, counted=True)


@pytest.mark.parametrize("error", [Unreachable("down"), Held("a limit"), NotReady("no preview")])
@pytest.mark.parametrize(("age", "seconds"), [(timedelta(0), 0.25), (timedelta(seconds=8), 4.0), (10 * MINUTE, 60.0)])
def test_waiting_costs_no_try_and_slows_down_with_age(error: Exception, age: timedelta, seconds: float) -> None:
    verdict = judged(error, attempts=99, age=age)
    assert verdict == Again(wait=timedelta(seconds=seconds), why=str(error), counted=False)


def test_waiting_for_a_person_slows_down_further() -> None:
    verdict = judged(Blocked("no key"), attempts=99, age=timedelta(hours=9))
    assert verdict == Again(wait=10 * MINUTE, why="no key", counted=False)


def test_only_what_never_came_is_put_aside_at_last_and_says_what_it_was() -> None:
    for what in ("no preview: none was made", "no metadata: not read yet"):
        assert judged(NotReady(what), age=timedelta(hours=2)) == Shelved(why=f"{what} (waited for 1:00:00)")
        assert isinstance(judged(NotReady(what), attempts=99, age=timedelta(hours=1)), Again)
    for error in (Unreachable("down"), Blocked("no key"), Held("a limit")):
        assert isinstance(judged(error, age=timedelta(days=30)), Again)


def test_what_is_gone_leaves_nothing_to_do() -> None:
    assert judged(Gone("deleted")) == Moot(why="deleted")


@given(
    attempts=st.integers(1, 10_000),
    jitter=st.floats(0, 1),
    age=st.timedeltas(timedelta(0), timedelta(days=9)),
    after=st.none() | st.floats(0, 600),
)
def test_a_wait_is_never_nothing_nor_beyond_the_bound(
    attempts: int, jitter: float, age: timedelta, after: float | None
) -> None:
    patient = RetryPolicy(attempts=20_000, patience=timedelta(days=10))
    for kind in (Retryable, NotReady, Unreachable, Held):
        verdict = judge(kind("x", after=after), attempts=attempts, age=age, policy=patient, jitter=jitter)
        assert isinstance(verdict, Again)
        assert timedelta(0) < verdict.wait <= timedelta(seconds=patient.longest_s * 1.25)


def test_the_tries_outlast_ten_minutes_of_errors_500() -> None:
    policy = RetryPolicy()
    waits = [
        judge(Retryable("Immich answered 500"), attempts=attempts, age=timedelta(0), policy=policy, jitter=0.0)
        for attempts in range(1, policy.attempts)
    ]
    assert sum((wait.wait for wait in waits if isinstance(wait, Again)), timedelta(0)) > timedelta(minutes=10)
