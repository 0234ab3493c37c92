"""Which photos are ours to stack, and whose copies a regrouping asks for: tables of cases."""

from dataclasses import replace
from typing import Any

import pytest

from reactor.core.changes import Reason, StackAssets, StackState
from reactor.core.growing import ALIKE_RULE, Group
from reactor.core.ids import AssetId, StackId
from reactor.core.journal import Entry
from reactor.core.library import StackNow
from reactor.core.past import Past
from reactor.core.regrouping import crowded, refilled, touched, turned
from reactor.core.stacking import Standing, free

from .world import ME, asset_of, entry_of, ids, photo, stack_of

MOST_S = 10.0
A = AssetId("a")


def left(*stacks: str, users: str = "") -> Past:
    """Return a past in which we left stacks; the first name of each is its cover."""
    newest: dict[str, Entry] = {}
    for names in stacks:
        members = ids(names)
        change = StackAssets(account=ME, cover=members[0], members=members, users=ids(users), reason=Reason(rule="r"))
        entry = entry_of(change, StackState(stacks=((members[0], frozenset(members)),)))
        newest |= dict.fromkeys(members, entry)
    return Past(newest=newest)


COVERED = Past(covered=frozenset({A}))
ALONE = StackNow(id=StackId("s"), primary=A, members=frozenset({A}))


@pytest.mark.parametrize(
    ("shown", "stack", "past", "extend", "expected"),
    [
        ({}, None, Past(), False, True),
        # not in the timeline, or a part of another
        ({"visibility": "archive"}, None, Past(), True, False),
        ({"visibility": "hidden"}, None, Past(), True, False),
        ({"trashed": True}, None, Past(), True, False),
        ({"motion_part_of": AssetId("m")}, None, Past(), True, False),
        # we stacked it, and it was taken out
        ({}, None, left("a b"), True, False),
        # nobody else stands in its stack, or nobody whom Immich lists, or one lies in the trash
        ({}, ALONE, Past(), False, True),
        ({}, ALONE, COVERED, False, False),
        ({}, ALONE, COVERED, True, False),
        ({"stack_size": 2}, replace(ALONE, shown=1), Past(), True, False),
        # ours, the user's, and the user's that we extended
        ({}, stack_of("a b"), left("a b"), False, True),
        ({}, stack_of("a b"), Past(), False, False),
        ({}, stack_of("a b"), Past(), True, True),
        ({}, stack_of("a b c"), left("a b c", users="a b"), False, False),
        ({}, stack_of("a b c"), left("a b c", users="a b"), True, True),
        # whom we left there is hidden by now
        ({}, stack_of("a b"), left("a b c"), True, False),
    ],
)
def test_which_photos_are_ours_to_stack(
    shown: dict[str, Any], stack: StackNow | None, past: Past, extend: bool, expected: bool
) -> None:
    standing = Standing(asset=asset_of(photo("a"), **shown), stack=stack, entry=past.newest.get(A))
    assert free(standing, past, extend=extend) is expected


PHOTOS = {
    one.asset: one
    for one in (
        photo("a", 0),
        photo("b", 5),
        photo("late", 100),
        photo("c", 0, camera=""),
        photo("d", 5, camera=""),
    )
}


@pytest.mark.parametrize(
    ("row", "copies", "past", "expected"),
    [
        # of a photo that we left nowhere all copies joined it, or it them
        ("a b", "", Past(), ""),
        ("c d", "a", Past(), ""),
        # a row stays one, and one that grows too; who is gone by now tells nothing
        ("a b", "", left("a b"), ""),
        ("a b late", "", left("a b"), ""),
        ("a b", "c", left("a b c"), ""),
        ("a b", "", left("a b gone"), ""),
        # who was a copy, or had copies, begins a row
        ("c d", "a", left("a c"), "c"),
        ("a b", "c", left("a c"), "a"),
        ("a late", "", left("a late"), "a late"),
        # who stood in a row is a copy, or stands with copies alone
        ("", "a c", left("a b c"), "a"),
        ("c", "d a", left("c d"), "c d"),
    ],
)
def test_whoever_comes_into_a_row_or_leaves_one_is_asked_about(
    row: str, copies: str, past: Past, expected: str
) -> None:
    members = ids(f"{row} {copies}")
    in_row = frozenset(ids(row)) if len(ids(row)) > 1 else frozenset()
    group = Group(members=members, reason=Reason(rule=ALIKE_RULE), row=in_row)
    assert turned([(group,)], PHOTOS, past, MOST_S) == set(ids(expected))


@pytest.mark.parametrize(
    ("groups", "changed", "past", "expected"),
    [
        (["a b c"], "a", left("a b c"), "a b c"),
        (["a b"], "b", left("a b c"), "a b"),
        (["a b x", "c"], "c", left("a b c"), "c"),
        # nobody changed, nothing was full, or not that
        (["a b c"], "", left("a b c"), ""),
        (["a b"], "a", left("a b"), ""),
        (["a b c", "x"], "x", left("a b c"), ""),
    ],
)
def test_where_somebody_changed_in_a_full_stack_all_are_asked_about(
    groups: list[str], changed: str, past: Past, expected: str
) -> None:
    found = [(Group(members=ids(names), reason=Reason(rule=ALIKE_RULE)),) for names in groups]
    assert refilled(found, frozenset(ids(changed)), past, 3) == set(ids(expected))


@pytest.mark.parametrize(
    ("asked", "past", "expected"),
    [
        ("a", Past(), "ab"),
        ("d", Past(), "cd"),
        # taken in the chain of a and b, and a copy of c
        ("x", Past(), "ab cd"),
        ("c", Past(), "cd"),
        # left with one of another family
        ("a", left("b e"), "ab e"),
        ("gone", Past(), ""),
    ],
)
def test_a_photo_bears_on_its_chain_though_it_stands_elsewhere(asked: str, past: Past, expected: str) -> None:
    reason = Reason(rule=ALIKE_RULE)
    families = {
        "ab": (
            Group(members=ids("a"), reason=reason, elsewhere=frozenset(ids("x"))),
            Group(members=ids("b"), reason=reason),
        ),
        "cd": (Group(members=ids("c d x"), reason=reason),),
        "e": (Group(members=ids("e"), reason=reason),),
    }
    assert touched(list(families.values()), ids(asked), past) == tuple(families[name] for name in expected.split())


def test_a_family_is_crowded_where_one_group_has_no_room() -> None:
    one, other = (
        tuple(Group(members=ids(names), reason=Reason(rule=ALIKE_RULE)) for names in groups)
        for groups in (("a", "b c d"), ("e f", "g h"))
    )
    assert crowded([one, other], 3) == (one,)
    assert crowded([one, other], 4) == ()
