"""Favourites: how a wish and its undo stand to the world, as tables of cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reactor.core.categories import Category
from reactor.core.changes import Change, FavouriteAsset, FavouriteState, Reason, UnfavouriteAsset, undoes
from reactor.core.events import FavouriteWanted
from reactor.core.gathering import unfavoured
from reactor.core.ids import LIVE, AccountId, AssetId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.past import Past, Refused
from reactor.core.standing import Unknown, admissible, noticed, resolve, satisfied
from reactor.core.undo import undo_of
from reactor.core.vetoes import Veto, by_decline, by_undo
from reactor.core.wanted import wanted

ME = AccountId("me")
A = AssetId("a")
WHY = Reason(rule="because")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WISH = FavouriteAsset(account=ME, asset=A, categories=("Best",), reason=WHY)
YES, NO = FavouriteState(favourite=True), FavouriteState(favourite=False)


def entry(
    change: Change = WISH, before: FavouriteState = NO, after: FavouriteState | None = YES, number: int = 1
) -> Entry:
    return Entry(
        id=number,
        change=change,
        cause=Cause(handler="h", event=1, run=LIVE),
        state=EntryState.DONE,
        before=before,
        after=after,
        note="",
        written_at=NOW,
        settled_at=NOW,
    )


def undo(number: int = 1) -> UnfavouriteAsset:
    return UnfavouriteAsset(account=ME, asset=A, undoes=number, reason=WHY)


def done(number: int = 1) -> Past:
    return Past(newest={A: entry(number=number)})


AGAINST = Past(vetoes=(Veto(account=ME, kind="favourite", subjects=(A,)),))
NOTHING = Past()
TAKEN_BACK = Past(newest={A: entry(undo(), YES, NO, 2)})


@pytest.mark.parametrize(
    ("now", "past", "expected"),
    [
        (NO, NOTHING, WISH),
        (NO, done(), "you took this out of the favourites before; it stays out"),
        (NO, AGAINST, "you took this out of the favourites before; it stays out"),
        # what the user made a favourite is nothing to refuse
        (YES, done(), WISH),
        (YES, AGAINST, WISH),
        # taken back by us, and the veto revoked: anew
        (NO, TAKEN_BACK, WISH),
    ],
)
def test_the_users_word_is_final(now: FavouriteState, past: Past, expected: Change | str) -> None:
    found = admissible(WISH, now, past)
    assert (found.why if isinstance(found, Refused) else found) == expected


@pytest.mark.parametrize(
    ("now", "past", "expected"),
    [
        (YES, done(1), undo()),
        # a veto speaks of the entry: it is a favourite again by the user
        (YES, NOTHING, "you made it a favourite again yourself"),
        (YES, done(7), "a later change of ours stands on it (7); take that back first"),
    ],
)
def test_only_what_is_as_we_left_it_is_taken_back(now: FavouriteState, past: Past, expected: Change | str) -> None:
    found = admissible(undo(), now, past)
    assert (found.why if isinstance(found, Refused) else found) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(NO, YES, undo()), (YES, YES, None), (NO, NO, None), (NO, None, None)],
)
def test_what_was_a_favourite_before_is_no_part_of_an_undo(
    before: FavouriteState, after: FavouriteState | None, expected: Change | None
) -> None:
    found = undo_of(entry(before=before, after=after))
    assert (found and undoes(found)) == (expected and undoes(expected))


@pytest.mark.parametrize(
    ("change", "before", "now", "expected"),
    [
        (WISH, NO, YES, Unknown.ARRIVED),
        (WISH, NO, NO, Unknown.NEVER_ARRIVED),
        (undo(), YES, NO, Unknown.ARRIVED),
        (undo(), YES, YES, Unknown.NEVER_ARRIVED),
    ],
)
def test_unanswered_calls(change: Change, before: FavouriteState, now: FavouriteState, expected: Unknown) -> None:
    assert resolve(change, before, now) is expected


def test_a_veto_is_noticed_once_it_is_old_enough() -> None:
    young = replace(done(), now=NOW + timedelta(seconds=59))
    old = replace(done(), now=NOW + timedelta(seconds=60))
    assert unfavoured(ME, A, NO, young) == ()
    assert unfavoured(ME, A, YES, old) == ()
    assert unfavoured(ME, A, NO, TAKEN_BACK) == ()
    (veto,) = unfavoured(ME, A, NO, old)
    assert (veto.kind, veto.subjects, veto.source, veto.entry) == ("favourite", (A,), "user", 1)
    assert noticed(WISH, NO, old) == (veto,)
    refused = admissible(WISH, NO, old)
    assert isinstance(refused, Refused)
    assert refused.noticed == (veto,)


def test_what_is_undone_or_declined_is_not_done_again() -> None:
    (undone,) = by_undo(undo(3))
    assert (undone.kind, undone.subjects, undone.source, undone.entry) == ("favourite", (A,), "undo", 3)
    (declined,) = by_decline(WISH, NO, 4)
    assert (declined.kind, declined.subjects, declined.source, declined.entry) == ("favourite", (A,), "declined", 4)


def test_nothing_is_left_to_do_where_it_stands_so() -> None:
    assert satisfied(WISH, YES, NOTHING)
    assert not satisfied(WISH, NO, NOTHING)
    assert satisfied(undo(), NO, NOTHING)
    assert not satisfied(undo(), YES, NOTHING)


def test_all_categories_ask_for_one_favourite_together() -> None:
    def category(name: str, **more: object) -> Category:
        return Category(name=name, prompts=("x",), similarity=0.0, **more)  # type: ignore[arg-type] # fields of it

    best, pets = category("Pets", favourite=True), category("Best", favourite=True)
    plain, off = category("Plain"), category("Off", favourite=True, enabled=False)
    (event,) = wanted(ME, A, [best, plain, pets, off], model="m", checksum="c")
    assert isinstance(event, FavouriteWanted)
    assert event.categories == ("Best", "Pets")
    (alone,) = wanted(ME, A, [best], model="m", checksum="c")
    assert alone.version != event.version  # another wish, not the same event told again
    assert wanted(ME, A, [plain, off], model="m", checksum="c") == ()
