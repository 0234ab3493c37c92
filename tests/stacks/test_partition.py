"""Which photos belong together, case by case, and whatever their order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.bursts import partition
from reactor.core.growing import BURST_RULE, NEAR_RULE, Group
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.stack_policy import StackPolicy

from .world import RANDOM_PAIR, ids, photo

POLICY = StackPolicy()
FAR = (1 << 32) - 1
"""A hash 32 bits from 0, as two photos of nothing in common have."""


def names(groups: Sequence[Group]) -> list[str]:
    return [" ".join(group.members) for group in groups]


def groups_of(
    *photos: EmbeddedPhoto, policy: StackPolicy = POLICY, floor: float | None = RANDOM_PAIR, apart: str = ""
) -> list[str]:
    pairs = frozenset(frozenset(ids(pair)) for pair in apart.split(",") if pair)
    return names(partition(photos, policy, floor, pairs))


# With random pairs at .4 a neighbour must reach .844 (32 degrees), or .73 (43 degrees) where the hashes agree too.
@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        pytest.param([photo("a"), photo("b", 10, 25)], ["a b"], id="alike within the gap"),
        pytest.param([photo("a"), photo("b", 10.1)], ["a", "b"], id="alike after the gap"),
        pytest.param([photo("a"), photo("b", 3, 35, FAR)], ["a", "b"], id="another view"),
        pytest.param([photo("a"), photo("b", 3, 40, 0xFFFF)], ["a b"], id="reframed: vision and hash together"),
        pytest.param([photo("a"), photo("b", 3, 50, 0)], ["a", "b"], id="the hash alone is no proof"),
        pytest.param([photo("a"), photo("b", 2, 80, 0x3F)], ["a b"], id="exposure bracket"),
        pytest.param([photo("a"), photo("b", 2, 80, 0x7F)], ["a", "b"], id="dark, and of another structure"),
        pytest.param([photo("a"), photo("b", 1, camera="other")], ["a", "b"], id="two cameras"),
        pytest.param([photo("a"), photo("b", 1, kind="VIDEO")], ["a"], id="a video"),
        pytest.param([photo("a"), photo("x", 1, 90, FAR), photo("b", 2)], ["a b", "x"], id="another motif in between"),
        pytest.param(
            [photo(name, 5 * n, 25 * n, FAR * (n % 2)) for n, name in enumerate("abcd")],
            ["a b c", "d"],
            id="a chain that drifts off ends where the group no longer agrees",
        ),
        pytest.param(
            [photo("a", 0, 0, burst_id="1"), photo("b", 60, 90, FAR, burst_id="1")], ["a b"], id="burst id over vision"
        ),
        pytest.param(
            [photo("a", 0, 0, burst_id="1"), photo("b", 121, 0, FAR, burst_id="1")], ["a", "b"], id="burst id, span"
        ),
        pytest.param(
            [photo("a", burst_id="1"), photo("b", 1, burst_id="1", camera="other")], ["a", "b"], id="burst id, camera"
        ),
        pytest.param(
            [photo("a", 0, 0), photo("b", 1, 90, FAR, burst_id="1"), photo("c", 2, 0, 0, burst_id="1")],
            ["a", "b c"],
            id="the burst id goes before the better likeness",
        ),
        pytest.param([photo("b"), photo("a")], ["a b"], id="ties by id"),
    ],
)
def test_case(photos: list[EmbeddedPhoto], expected: list[str]) -> None:
    assert groups_of(*photos) == expected


def test_before_the_model_is_measured_only_near_identical_photos_join() -> None:
    assert groups_of(photo("a"), photo("b", 9, 0, 0x3F), floor=None) == ["a b"]
    assert groups_of(photo("a"), photo("b", 9, 0, 0x7F), floor=None) == ["a", "b"]
    assert groups_of(photo("a"), photo("b", 11), floor=None) == ["a", "b"]


def test_a_group_is_capped_in_size_and_span() -> None:
    row = [photo(f"{n:03}", n) for n in range(7)]
    assert groups_of(*row, policy=replace(POLICY, maximum_size=3)) == ["000 001 002", "003 004 005", "006"]
    assert groups_of(*row, policy=replace(POLICY, maximum_span_s=3.0)) == ["000 001 002", "003 004 005", "006"]


def test_photos_that_are_kept_apart_never_meet_in_a_group() -> None:
    row = [photo("a"), photo("b", 1), photo("c", 2)]
    assert groups_of(*row, apart="a c") == ["a b", "c"]


def test_the_threshold_moves_with_the_model() -> None:
    pair = [photo("a"), photo("b", 3, 25, FAR)]
    assert groups_of(*pair, floor=0.1) == ["a b"]
    assert groups_of(*pair, floor=0.8) == ["a", "b"]


def test_two_accounts_never_meet() -> None:
    assert groups_of(photo("a"), replace(photo("b", 1), account=AccountId("you"))) == ["a", "b"]


def test_the_reason_names_the_rule_and_the_numbers() -> None:
    (near,) = partition([photo("a"), photo("b", 1.5, 0, 3)], POLICY, RANDOM_PAIR)
    assert near.reason.rule == NEAR_RULE
    assert dict(near.reason.scores) == {"lowest cosine": 1.0, "most pHash bits": 2.0, "longest gap s": 1.5}
    (burst,) = partition([photo("a", burst_id="1"), photo("b", 1, 0, 3, burst_id="1")], POLICY, RANDOM_PAIR)
    assert burst.reason.rule == BURST_RULE


@st.composite
def some_photos(draw: st.DrawFn) -> list[EmbeddedPhoto]:
    count = draw(st.integers(1, 14))
    return [
        photo(
            f"p{number:02}",
            draw(st.integers(0, 40)),
            draw(st.sampled_from([0.0, 20.0, 40.0, 60.0])),
            draw(st.sampled_from([0, 0x3F, 0xFFFF, FAR])),
            camera=draw(st.sampled_from(["cam", "other"])),
            burst_id=draw(st.sampled_from([None, None, None, "1"])),
        )
        for number in range(count)
    ]


@settings(deadline=None, max_examples=60)
@given(st.data(), some_photos())
def test_the_order_of_the_photos_does_not_matter(data: st.DataObject, photos: list[EmbeddedPhoto]) -> None:
    shuffled = data.draw(st.permutations(photos))
    assert partition(shuffled, POLICY, RANDOM_PAIR) == partition(photos, POLICY, RANDOM_PAIR)


@settings(deadline=None, max_examples=60)
@given(some_photos())
def test_every_photo_stands_in_one_group_within_the_caps(photos: list[EmbeddedPhoto]) -> None:
    policy = replace(POLICY, maximum_size=4, maximum_span_s=20.0)
    groups = partition(photos, policy, RANDOM_PAIR)
    assert sorted(member for group in groups for member in group.members) == [found.asset for found in photos]
    at: dict[AssetId, EmbeddedPhoto] = {found.asset: found for found in photos}
    for group in groups:
        members = [at[member] for member in group.members]
        assert len(members) <= 4
        assert members == sorted(members, key=lambda found: (found.taken_at, found.asset))
        assert members[-1].taken_at - members[0].taken_at <= timedelta(seconds=20)
        assert len({found.camera for found in members}) == 1


@settings(deadline=None, max_examples=60)
@given(some_photos())
def test_later_photos_never_take_an_earlier_group_apart(photos: list[EmbeddedPhoto]) -> None:
    ordered = sorted(photos, key=lambda found: (found.taken_at, found.asset))
    before = partition(ordered[:-1], POLICY, RANDOM_PAIR)
    after = partition(ordered, POLICY, RANDOM_PAIR)
    assert all(any(set(group.members) <= set(later.members) for later in after) for group in before)


def test_thousands_of_photos_of_one_moment_are_no_burden() -> None:
    # Downloads without EXIF share their time; each looks at the last groups only, so this takes no quadratic time.
    crowd = [photo(f"{n:04}", 0, 45 * (n % 8), (n % 8 + 1) * 0x9E3779B97F4A7C15 % 2**64) for n in range(4000)]
    groups = partition(crowd, POLICY, RANDOM_PAIR)
    assert len(groups) == 4000 // POLICY.maximum_size
    assert {len(group.members) for group in groups} == {POLICY.maximum_size}
