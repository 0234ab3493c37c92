"""What becomes of a failed try: a table of cases."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.errors import Gone, Held, NotReady, Permanent, Retryable
from reactor.core.settlement import Again, Dead, Moot, RetryPolicy, judge

POLICY = RetryPolicy(attempts=3, patience=5, first_s=1.0, longest_s=60.0, soon_s=0.25, soon_longest_s=8.0)


@pytest.mark.parametrize(
    ("error", "attempts", "expected"),
    [
        (Retryable("Immich is slow"), 1, timedelta(seconds=1)),
        (Retryable("Immich is slow"), 2, timedelta(seconds=2)),
        (Retryable("asked to wait", after=7.0), 1, timedelta(seconds=7)),
        (Retryable("Immich is slow"), 3, None),
        (NotReady("no preview"), 1, timedelta(seconds=0.25)),
        (NotReady("no preview"), 4, timedelta(seconds=2)),
        (NotReady("no preview"), 5, None),
        (Permanent("wrong key"), 1, None),
        (KeyError("our own fault"), 1, timedelta(seconds=1)),
        (KeyError("our own fault"), 3, None),
    ],
)
def test_verdicts(error: Exception, attempts: int, expected: timedelta | None) -> None:
    verdict = judge(error, attempts, POLICY, jitter=0.5)
    if expected is None:
        assert isinstance(verdict, Dead)
        assert str(error) in verdict.why
    else:
        assert isinstance(verdict, Again)
        assert verdict.wait == expected
        assert verdict.counted


def test_what_is_gone_leaves_nothing_to_do() -> None:
    assert judge(Gone("deleted"), 1, POLICY, jitter=0.5) == Moot(why="deleted")


def test_holding_back_costs_no_try_however_often() -> None:
    verdict = judge(Held("too much", after=600), 99, POLICY, jitter=0.0)
    assert verdict == Again(wait=timedelta(seconds=600), why="too much", counted=False)


@given(attempts=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_a_wait_is_never_negative_nor_beyond_the_bound(attempts: int, jitter: float) -> None:
    patient = RetryPolicy(attempts=20_000, patience=20_000)
    for error, bound in ((Retryable("x"), patient.longest_s), (NotReady("x"), patient.soon_longest_s)):
        verdict = judge(error, attempts, patient, jitter=jitter)
        assert isinstance(verdict, Again)
        assert timedelta(0) < verdict.wait <= timedelta(seconds=bound * 1.25)
