"""What a notice tells of a status."""

from dataclasses import replace

from reactor.core.activity import MAX_WORDS
from reactor.core.notices import MOST, notice_of

from .publishing import a_status, a_trip


def test_a_notice_is_the_same_until_something_changed() -> None:
    status = a_status(planned=2)
    later = replace(status, at=status.at.replace(hour=13))
    assert notice_of(later) == notice_of(status)
    assert notice_of(a_status(planned=3)) != notice_of(status)


def test_what_is_not_known_is_not_made_up() -> None:
    notice = notice_of(replace(a_status(), counts=None))
    assert (notice.planned, notice.limits) == (None, None), "none would mean that nothing stands still"
    assert not notice.ready


def test_a_notice_is_bounded() -> None:
    status = replace(a_status(), faults=tuple(f"{number} " + "x" * 1000 for number in range(500)))
    faults = notice_of(status).faults
    assert len(faults) == MOST
    assert faults[0].startswith("0 ")
    assert faults[-1] == f"and {500 - MOST + 1} more"
    assert max(len(fault) for fault in faults) == MAX_WORDS
    assert notice_of(replace(status, faults=status.faults[:MOST])).faults[-1].startswith(f"{MOST - 1} ")


def test_the_limits_are_bounded_too() -> None:
    trips = tuple(a_trip(f"{number} " + "x" * 1000) for number in range(MOST + 5))
    limits = notice_of(a_status(trips=trips)).limits or ()
    assert (len(limits), limits[-1].why, limits[-1].account) == (MOST, "and 6 more", None)
    assert max(len(limit.why) for limit in limits) == MAX_WORDS
    whole = notice_of(a_status(trips=trips[:MOST])).limits or ()
    assert [limit.account for limit in whole] == ["anna"] * MOST
