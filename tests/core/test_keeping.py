"""What of our tags is done again, and when that is looked for: tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from reactor.core.changes import Reason, TagAsset, TagState, UntagAsset
from reactor.core.ids import LIVE, AccountId, AssetId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.keeping import look_again, too_late, too_soon, unkept
from reactor.core.past import Past, Refused
from reactor.core.vetoes import Veto

ME, PHOTO = AccountId("me"), AssetId("a")
WHY = Reason(rule="because")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
X, Y = "Auto/X", "Auto/Y"


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def state(*tags: str, at: float | None = None) -> TagState:
    return TagState(tags=frozenset(tags), updated_at=None if at is None else ago(at))


def set_by(number: int, *tags: str, age: float = 5.0, again: int = 0, before: TagState | None = None) -> Entry:
    change = TagAsset(account=ME, asset=PHOTO, tags=tags, reason=WHY, again=again)
    return entry(number, change, age, before or state(), state(*tags))


def taken_off(number: int, *tags: str, age: float = 5.0, again: int = 0) -> Entry:
    change = UntagAsset(account=ME, asset=PHOTO, tags=tags, undoes=1, reason=WHY, again=again)
    return entry(number, change, age, state(*tags), state())


def entry(number: int, change: TagAsset | UntagAsset, age: float, before: TagState, after: TagState) -> Entry:
    return Entry(
        id=number,
        change=change,
        cause=Cause(handler="classify", event=1, run=LIVE),
        state=EntryState.DONE,
        before=before,
        after=after,
        note="",
        written_at=ago(age),
        settled_at=ago(age),
    )


def past(*entries: Entry, off: tuple[str, ...] = ()) -> Past:
    vetoes = tuple(Veto(account=ME, kind="tag", subjects=(PHOTO,), value=tag) for tag in off)
    left = {tag: one for one in entries if isinstance(one.change, TagAsset) for tag in one.change.tags}
    return Past(tags=left, vetoes=vetoes, now=NOW)


@pytest.mark.parametrize(
    ("of", "now", "known", "expected"),
    [
        (set_by(1, X), state(X), past(set_by(1, X)), None),
        (set_by(1, X), state(), past(set_by(1, X)), ("set", (X,), 1)),
        (set_by(1, X, Y), state(Y, "Holiday"), past(set_by(1, X, Y)), ("set", (X,), 1)),
        # Of two entries that follow each other both were lost: one call sets both.
        (set_by(2, Y), state(), past(set_by(1, X), set_by(2, Y)), ("set", (X, Y), 1)),
        (set_by(2, Y), state(Y), past(set_by(1, X, age=61), set_by(2, Y)), None),
        # Later than a minute after it was set what is missing is the user's word.
        (set_by(1, X), state(), past(set_by(1, X, age=60)), None),
        (set_by(1, X), state(), past(set_by(1, X, age=59)), ("set", (X,), 1)),
        (set_by(1, X), state(), past(set_by(1, X), off=(X,)), None),
        (set_by(1, X), state(), past(), None),
        (set_by(2, X, again=1), state(), past(set_by(1, X)), ("set", (X,), 2)),
        (set_by(3, X, again=2), state(), past(set_by(1, X)), "left"),
        (set_by(3, X, again=2), state(X), past(set_by(1, X)), None),
        (taken_off(2, X), state(), past(), None),
        (taken_off(2, X), state(X, "Holiday"), past(), ("take off", (X,), 1)),
        (taken_off(2, X, Y), state(Y), past(), ("take off", (Y,), 1)),
        (taken_off(2, X), state(X), past(set_by(3, X)), None),
        (taken_off(3, X, again=1), state(X), past(), "left"),
        (taken_off(3, X, again=1), state(), past(), None),
    ],
)
def test_what_is_done_again(of: Entry, now: TagState, known: Past, expected: object) -> None:
    match unkept(of, now, known):
        case TagAsset() as again:
            assert ("set", again.tags, again.again) == expected
        case UntagAsset() as again:
            assert ("take off", again.tags, again.again) == expected
            assert (again.undoes, again.whole) == (1, False)
        case Refused() as refused:
            assert (refused.state, "left") == (EntryState.LEFT, expected)
        case None:
            assert expected is None


@pytest.mark.parametrize(
    ("age", "wait", "over"), [(0.5, 1.5, False), (2, None, False), (59, None, False), (60, None, True)]
)
def test_the_look_comes_when_immich_has_written_and_before_the_user_is_heard(
    age: float, wait: float | None, over: bool
) -> None:
    of = set_by(1, X, age=age)
    assert too_soon(of, NOW) == (None if wait is None else timedelta(seconds=wait))
    assert too_late(of, NOW) is over


def test_an_entry_from_before_the_clock_was_set_back_is_not_waited_for() -> None:
    of = set_by(1, X, age=-3600)
    assert too_soon(of, NOW) is None
    assert too_late(of, NOW)


@pytest.mark.parametrize(
    ("before", "now", "age", "expected"),
    [
        (state(at=9), state(X, at=2), 3, None),
        (state(at=9), state(X, at=9), 3, 3),
        (state(at=9), state(X, at=9), 12, 12),
        (state(at=9), state(X, at=9), 24.9, 24.9),
        (state(at=9), state(X, at=9), 25, None),
        (state(), state(X, at=9), 3, None),
    ],
)
def test_it_is_looked_again_until_immich_has_written_more_and_more_seldom(
    before: TagState, now: TagState, age: float, expected: float | None
) -> None:
    of = set_by(1, X, age=age, before=before)
    assert look_again(of, now, NOW) == (None if expected is None else timedelta(seconds=expected))
