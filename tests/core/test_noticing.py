"""What the user is seen to have undone: tables of cases, and what holds for all of them."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.changes import (
    AddPortrait,
    ArchiveAssets,
    Change,
    Reason,
    RemovePortrait,
    StackAssets,
    StackState,
    State,
    TagAsset,
    TagState,
    VisibilityState,
    subjects_of,
)
from reactor.core.ids import LIVE, AccountId, AssetId, FaceId, PersonId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.past import Past, Refused
from reactor.core.standing import admissible, noticed, satisfied, strangers, unarchived, unstacked, untagged
from reactor.core.vetoes import Standing, Veto, apart, chosen_covers, cover_chosen, released_covers

ME = AccountId("me")
WHY = Reason(rule="because")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PHOTOS = [AssetId(letter) for letter in "abcdef"]


def entry(change: Change, after: State, number: int = 7, at: datetime = NOON) -> Entry:
    return Entry(
        id=number, change=change, cause=Cause(handler="h", event=1, run=LIVE), state=EntryState.DONE, before=after,
        after=after, note="", written_at=at, settled_at=at,
    )  # fmt: skip


def ids(names: str) -> tuple[AssetId, ...]:
    return tuple(AssetId(name) for name in names.split())


def stack(names: str) -> StackAssets:
    return StackAssets(account=ME, cover=ids(names)[0], members=ids(names), reason=WHY)


def stacks(*groups: str, missing: str = "") -> StackState:
    return StackState(
        stacks=tuple((ids(group)[0], frozenset(ids(group))) for group in groups), missing=frozenset(ids(missing))
    )


def left(names: str, *, now: datetime | None = None) -> Past:
    """Return what is known after we stacked these."""
    one = entry(stack(names), stacks(names))
    return Past(newest=dict.fromkeys(ids(names), one), now=now)


def groups(found: tuple[Veto, ...]) -> list[str]:
    return [" | ".join("".join(group) for group in veto.groups) for veto in found]


@pytest.mark.parametrize(
    ("looked_at", "now", "expected"),
    [
        # all was read, as the veto stage reads it
        ("a b c d", stacks(), ["a | b | c | d"]),
        ("a b c d", stacks("a c d"), ["acd | b"]),
        ("a b c d", stacks("a b", "c d"), ["ab | cd"]),
        ("a b c d", stacks("x a b", "c d"), ["ab | cd"]),
        ("a b c d", stacks("x a b c d"), []),
        ("a b c d", stacks("b a c d"), []),
        # who is deleted or in the trash says nothing
        ("a b c d", stacks("a b c", missing="d"), []),
        ("a b c d", stacks(missing="b c d"), []),
        ("a b c d", stacks(missing="c d"), ["a | b"]),
        ("a b c d", stacks(missing="a b c d"), []),
        # only some were read, as acts read what they are about to change
        ("a", stacks(), ["a | bcd"]),
        ("a b", stacks(), ["a | b | cd"]),
        ("a b", stacks("b c"), ["a | bc | d"]),
        ("a", stacks("a b"), []),
    ],
)
def test_what_was_taken_out_stands_apart(looked_at: str, now: StackState, expected: list[str]) -> None:
    found = unstacked(ME, ids(looked_at), now, left("a b c d"))
    assert groups(found) == expected
    assert all((veto.source, veto.kind, veto.entry) == ("user", "stack", 7) for veto in found)
    assert noticed(stack(looked_at), now, left("a b c d")) == found


@pytest.mark.parametrize(
    ("wished", "now", "is_parted"),
    [
        ("a b x", stacks("a b c d"), False),
        ("a b c d x", stacks("a b c d"), False),
        ("a b x", stacks(), True),
        ("a x", stacks("b c d"), True),
        # a stack of one is no company
        ("a b x", stacks("a", "b"), True),
        ("a b x", stacks("a", "b c d"), True),
        # of who was not asked about nothing is known
        ("a x", stacks("a"), False),
        ("x y", stacks("x", "y"), False),
    ],
)
def test_what_was_taken_apart_is_not_joined_again(wished: str, now: StackState, is_parted: bool) -> None:
    assert isinstance(admissible(stack(wished), now, left("a b c d")), Refused) == is_parted


@given(st.lists(st.integers(0, 4), min_size=2, max_size=6), st.sets(st.sampled_from(PHOTOS)))
def test_pairs_are_kept_apart_exactly_where_they_do_not_stand_together(places: list[int], gone: set[AssetId]) -> None:
    members = PHOTOS[: len(places)]
    there = [asset for asset in members if asset not in gone]
    now: dict[int, list[AssetId]] = {}
    for asset, place in zip(members, places, strict=True):
        if place and asset not in gone:  # 0: alone
            now.setdefault(place, []).append(asset)
    state = StackState(
        stacks=tuple((of[0], frozenset(of)) for of in now.values() if len(of) > 1), missing=frozenset(gone)
    )
    together = [set(pair) for of in now.values() for pair in combinations(of, 2)]
    expected = {frozenset(pair) for pair in combinations(there, 2) if set(pair) not in together}
    assert apart(unstacked(ME, members, state, left(" ".join(members)))) == expected


def test_nothing_is_concluded_too_soon() -> None:
    early, old = NOON + timedelta(seconds=59), NOON + timedelta(seconds=60)
    assert unstacked(ME, ids("a b"), stacks(), left("a b", now=early)) == ()
    tagged = entry(TagAsset(account=ME, asset=PHOTOS[0], tags=("Auto/X",), reason=WHY), TagState(tags=frozenset()))
    assert untagged(ME, PHOTOS[0], TagState(tags=frozenset()), Past(tags={"Auto/X": tagged}, now=early)) == ()
    (veto,) = untagged(ME, PHOTOS[0], TagState(tags=frozenset()), Past(tags={"Auto/X": tagged}, now=old))
    assert (veto.kind, veto.value, veto.entry) == ("tag", "Auto/X", 7)
    assert untagged(ME, PHOTOS[0], TagState(tags=frozenset({"Auto/X"})), Past(tags={"Auto/X": tagged})) == ()


@pytest.mark.parametrize(
    ("visibility", "expected"), [("timeline", True), ("archive", False), ("locked", False), ("hidden", False)]
)
def test_what_is_back_in_the_timeline_was_brought_back(visibility: str, expected: bool) -> None:
    after = VisibilityState(visibility=((PHOTOS[0], "archive"),))
    past = Past(newest={"a": entry(ArchiveAssets(account=ME, assets=ids("a"), reason=WHY), after)})
    found = unarchived(ME, VisibilityState(visibility=((PHOTOS[0], visibility),)), past)
    assert [(veto.kind, veto.subjects) for veto in found] == ([("archive", ("a",))] if expected else [])


def cover(name: str, number: int, *, after: int = 7, state: Standing = "active") -> Veto:
    return Veto(account=ME, kind="cover", subjects=(name,), entry=after, id=number, state=state)


def test_the_latest_choice_of_a_cover_counts_and_one_that_was_revoked_does_not() -> None:
    told = [cover("a", 1), cover("b", 3), cover("c", 2, state="revoked"), cover("d", 4, state="lost")]
    assert chosen_covers(told) == ("d", "b", "a")
    assert released_covers([cover("c", 2, state="revoked")], 7) == {"c"}
    assert released_covers([cover("c", 2, state="revoked")], 8) == set()  # it spoke of an earlier entry
    assert released_covers([cover("c", 2, state="revoked"), cover("c", 3)], 7) == set()
    assert cover_chosen(ME, AssetId("a"), 7).entry == 7


def test_a_cover_that_nobody_insists_on_is_in_nobodys_way() -> None:
    now, wish = stacks("b a"), stack("a b")
    assert strangers(wish, now, left("a b")) == ("b",)
    revoked = Past(newest=left("a b").newest, vetoes=(cover("b", 1, state="revoked"),))
    assert strangers(wish, now, revoked) == ()
    assert strangers(wish, stacks("b a x"), revoked) == ("b",)


def test_a_face_that_was_taken_back_counts_as_given_no_more() -> None:
    face = AddPortrait(
        account=ME, person=PersonId("p"), name="Alice", asset=PHOTOS[0], face=FaceId("f"), box=(0, 0, 1, 1),
        frame=(2, 2), reason=WHY,
    )  # fmt: skip
    removal = RemovePortrait(
        account=ME, person=PersonId("p"), name="Alice", face=FaceId("f"), file="1.webp", undoes=7, reason=WHY
    )
    nothing = stacks()
    given_it = Past(newest=dict.fromkeys(subjects_of(face), entry(face, nothing)))
    taken_back = Past(newest=dict.fromkeys(subjects_of(removal), entry(removal, nothing, 8)))
    assert satisfied(face, nothing, given_it)
    assert not satisfied(face, nothing, taken_back)
