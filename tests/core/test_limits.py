"""The tables of the limits and of the modes."""

from datetime import timedelta

import pytest

from reactor.core.changes import Change, Feature, Reason, RemovePortrait, StackAssets, TagAsset
from reactor.core.ids import AccountId, AssetId, FaceId, PersonId
from reactor.core.limits import (
    LimitPolicy,
    Share,
    categories_of,
    too_large,
    too_many_deletions,
    too_much,
    too_often,
)
from reactor.core.modes import AccountModes, Mode, Modes

ME = AccountId("me")
WHY = Reason(rule="")
POLICY = LimitPolicy(window=timedelta(minutes=30))


def a_stack(size: int) -> StackAssets:
    members = tuple(AssetId(str(number)) for number in range(size))
    return StackAssets(account=ME, cover=members[0], members=members, reason=WHY)


def test_a_first_sync_brings_its_own_allowance() -> None:
    assert too_often(POLICY, ME, "tags", changes=3099, heard=1000) is None
    assert too_often(POLICY, ME, "tags", changes=99, heard=0) is None
    trip = too_often(POLICY, ME, "tags", changes=100, heard=0)
    assert trip is not None
    assert trip.why == "100 changes of tags within 30 minutes for 0 photos heard (at most 100)"


def test_a_stack_may_be_as_large_as_was_confirmed() -> None:
    assert too_large(POLICY, a_stack(100), confirmed=0) is None
    assert too_large(POLICY, a_stack(101), confirmed=0) is not None
    assert too_large(POLICY, a_stack(101), confirmed=101) is None
    assert too_large(POLICY, a_stack(102), confirmed=101) is not None


@pytest.mark.parametrize(
    ("feature", "claimed", "photos", "confirmed", "trips"),
    [
        ("tags", 99, 100, 0, False),  # a small library may be all screenshots
        ("tags", 100, 100, 0, True),
        ("tags", 499, 1000, 0, False),
        ("tags", 500, 1000, 0, True),
        ("archive", 299, 1000, 0, False),
        ("archive", 300, 1000, 0, True),
        ("archive", 300, 1000, 300, False),  # confirmed: twice as many go
        ("archive", 599, 1000, 300, False),
        ("archive", 600, 1000, 300, True),
    ],
)
def test_a_category_may_take_a_share(feature: Feature, claimed: int, photos: int, confirmed: int, trips: bool) -> None:
    share = Share(category="Receipts", claimed=claimed, photos=photos)
    trip = too_much(POLICY, ME, feature, share, confirmed)
    assert (trip is not None) is trips
    if trip is not None:
        assert (trip.subject, trip.value, trip.feature) == ("Receipts", claimed, feature)


def test_only_deletions_are_counted_as_deletions() -> None:
    removal = RemovePortrait(
        account=ME, person=PersonId("p"), name="Anna", face=FaceId("f"), file="x", undoes=1, reason=WHY
    )
    assert too_many_deletions(POLICY, removal, 19) is None
    assert too_many_deletions(POLICY, removal, 20) is not None
    assert too_many_deletions(POLICY, a_stack(2), 1000) is None


def test_categories_are_those_of_the_tags() -> None:
    change: Change = TagAsset(account=ME, asset=AssetId("a"), tags=("Auto/A", "Auto/B"), reason=WHY)
    assert categories_of(change) == ("A", "B")
    assert categories_of(a_stack(2)) == ()


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        (Modes(), "observe"),
        (Modes(default="apply"), "apply"),
        (Modes(default="apply", features={"tags": "observe"}), "observe"),
        (Modes(default="apply", accounts={ME: AccountModes(default="observe")}), "observe"),
        (Modes(accounts={ME: AccountModes(features={"tags": "apply"})}), "apply"),
        (Modes(features={"tags": "apply"}, accounts={ME: AccountModes(default="observe")}), "observe"),
        (Modes(accounts={ME: AccountModes(default="apply", features={"tags": "observe"})}), "observe"),
        (Modes(accounts={AccountId("other"): AccountModes(default="apply")}), "observe"),
    ],
)
def test_the_closest_word_about_the_mode_counts(modes: Modes, expected: Mode) -> None:
    assert modes.of("tags", ME) == expected
