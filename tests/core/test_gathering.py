"""Favourites and albums: how a wish and its undo stand to the world, as tables of cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reactor.core.categories import Category
from reactor.core.changes import (
    AddToAlbum,
    AlbumState,
    Change,
    FavouriteAsset,
    FavouriteState,
    Reason,
    RemoveFromAlbum,
    State,
    UnfavouriteAsset,
    undoes,
)
from reactor.core.gathering import taken_out, unfavoured
from reactor.core.ids import LIVE, AccountId, AlbumId, AssetId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.label_events import FavouriteWanted
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


def entry(change: Change = WISH, before: State = NO, after: State | None = YES, number: int = 1) -> Entry:
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


ONE, TWO = AlbumId("1"), AlbumId("2")
PUT = AddToAlbum(account=ME, asset=A, album="Bills", categories=("Paper",), reason=WHY)
BY_ID = replace(PUT, album="1")


def inside(*ids: AlbumId, album: AlbumId | None = ONE, name: str = "Bills") -> AlbumState:
    return AlbumState(albums=frozenset((one, f"album {one}") for one in ids), album=album, name=name)


def leave(number: int = 1, album: AlbumId = ONE) -> RemoveFromAlbum:
    return RemoveFromAlbum(account=ME, asset=A, album=album, named="Bills", undoes=number, reason=WHY)


def put(change: AddToAlbum = PUT, album: AlbumId = ONE, number: int = 1) -> Past:
    return Past(albums={album: entry(change, inside(), inside(album, album=album), number)})


def against(value: str) -> Past:
    return Past(vetoes=(Veto(account=ME, kind="album", subjects=(A,), value=value),))


OUT = "you took it out of this album before; it stays out"


@pytest.mark.parametrize(
    ("change", "now", "past", "expected"),
    [
        (PUT, inside(), NOTHING, PUT),
        (PUT, inside(TWO), NOTHING, PUT),
        (PUT, inside(album=None), NOTHING, PUT),
        (PUT, inside(), put(), OUT),
        (PUT, inside(TWO), put(), OUT),
        # the album was deleted, or another has its name by now: the photo is as unwanted there
        (PUT, inside(album=None), put(), OUT),
        (PUT, inside(album=TWO), put(), OUT),
        # the category gave its id before and gives its name now, or the other way round
        (PUT, inside(), put(BY_ID), OUT),
        (BY_ID, inside(), put(), OUT),
        (PUT, inside(), against("1"), OUT),
        (PUT, inside(), against("Bills"), OUT),
        (BY_ID, inside(), against("Bills"), OUT),
        # what was said of another album
        (PUT, inside(), against("Trips"), PUT),
        (PUT, inside(), put(replace(PUT, album="Trips"), TWO), PUT),
        # the user put it in again
        (PUT, inside(ONE), against("Bills"), PUT),
    ],
)
def test_who_took_a_photo_out_of_an_album_finds_it_there_no_more(
    change: AddToAlbum, now: AlbumState, past: Past, expected: Change | str
) -> None:
    found = admissible(change, now, past)
    assert (found.why if isinstance(found, Refused) else found) == expected


@pytest.mark.parametrize(
    ("now", "past", "expected"),
    [
        (inside(ONE), NOTHING, True),
        (inside(TWO), NOTHING, False),
        (inside(album=None), NOTHING, False),
        # the user gave our album another name: it is where we put it
        (inside(ONE, album=None), put(), True),
        (inside(ONE, album=TWO), put(), True),
        (inside(ONE, album=TWO), NOTHING, False),
    ],
)
def test_a_photo_is_in_its_album(now: AlbumState, past: Past, expected: bool) -> None:
    assert satisfied(PUT, now, past) is expected


@pytest.mark.parametrize(
    ("now", "past", "expected"),
    [
        (inside(ONE), put(), leave()),
        (inside(ONE, TWO), put(), leave()),
        (inside(ONE), NOTHING, "you took it out and put it in again yourself"),
        (inside(ONE), put(number=7), "a later change of ours stands on it (7); take that back first"),
    ],
)
def test_only_what_we_put_in_is_taken_out(now: AlbumState, past: Past, expected: Change | str) -> None:
    found = admissible(leave(), now, past)
    assert (found.why if isinstance(found, Refused) else found) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (inside(), inside(ONE), leave()),
        (inside(TWO, album=None), inside(ONE, TWO), leave()),
        # it was there before, or is not there
        (inside(ONE), inside(ONE), None),
        (inside(), inside(), None),
        (inside(), inside(TWO), None),
        (inside(), None, None),
    ],
)
def test_what_was_in_the_album_before_is_no_part_of_an_undo(
    before: AlbumState, after: AlbumState | None, expected: RemoveFromAlbum | None
) -> None:
    found = undo_of(entry(PUT, before, after))
    assert found == (expected and replace(expected, reason=Reason(rule="takes back 1")))


@pytest.mark.parametrize(
    ("change", "before", "now", "expected"),
    [
        (PUT, inside(), inside(ONE), Unknown.ARRIVED),
        (PUT, inside(album=None), inside(TWO, album=TWO), Unknown.ARRIVED),
        (PUT, inside(), inside(), Unknown.NEVER_ARRIVED),
        (PUT, inside(album=None), inside(album=ONE), Unknown.NEVER_ARRIVED),
        (leave(), inside(ONE), inside(), Unknown.ARRIVED),
        (leave(), inside(ONE), inside(ONE, TWO), Unknown.NEVER_ARRIVED),
    ],
)
def test_unanswered_calls_about_albums(change: Change, before: AlbumState, now: AlbumState, expected: Unknown) -> None:
    assert resolve(change, before, now) is expected


def test_being_taken_out_of_an_album_is_noticed_once_it_is_old_enough() -> None:
    past = Past(albums={**put().albums, **put(replace(PUT, album="Trips"), TWO, 2).albums})
    young = replace(past, now=NOW + timedelta(seconds=59))
    old = replace(past, now=NOW + timedelta(seconds=60))
    assert taken_out(ME, A, {TWO}, young) == ()
    assert taken_out(ME, A, {ONE, TWO}, old) == ()
    (veto,) = taken_out(ME, A, {TWO}, old)
    assert (veto.kind, veto.subjects, veto.value, veto.entry) == ("album", (A,), "Bills", 1)
    assert [veto.value for veto in taken_out(ME, A, (), old)] == ["Bills", "Trips"]
    assert [veto.value for veto in by_undo(leave(4))] == ["Bills"]
    assert [veto.value for veto in by_decline(PUT, inside(), 4)] == ["Bills"]
