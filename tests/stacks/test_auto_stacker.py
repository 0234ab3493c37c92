"""The Auto Stacker's rule within one day: what it joins, what it leaves, and that it is what it says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.auto_stacker import BOTH_RULE, HIGH_RULE, STRICT_RULE, AutoStackerPolicy, partition_days
from reactor.core.growing import ALONE_RULE
from reactor.core.ids import AccountId, AssetId
from reactor.core.images import hamming
from reactor.core.library import EmbeddedPhoto

from .world import ids, photo

POLICY = AutoStackerPolicy()
FAR = (1 << 32) - 1
HOURS = 3600.0


def groups_of(*photos: EmbeddedPhoto, policy: AutoStackerPolicy = POLICY, apart: str = "") -> list[str]:
    pairs = frozenset(frozenset(ids(pair)) for pair in apart.split(",") if pair)
    return [" ".join(group.members) for group in partition_days(photos, policy, pairs)]


# A cosine of .94 is 19.9 degrees, one of .90 is 25.8 degrees; the tests' photos are taken at noon (UTC).
@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        pytest.param([photo("a"), photo("b", 9 * HOURS, 19, FAR)], ["a b"], id="the same look, hours later"),
        pytest.param([photo("a"), photo("b", 1, 21, FAR)], ["a", "b"], id="not quite the same look"),
        pytest.param([photo("a"), photo("b", 1, 90, 0b111)], ["a b"], id="the same structure, whatever the look"),
        pytest.param([photo("a"), photo("b", 1, 90, 0b1111)], ["a", "b"], id="not quite the same structure"),
        pytest.param([photo("a"), photo("b", 1, 25, 0b11111)], ["a b"], id="alike in look and structure"),
        pytest.param([photo("a"), photo("b", 1, 25, 0b111111)], ["a", "b"], id="alike in look, less in structure"),
        pytest.param([photo("a"), photo("b", 1, camera="other")], ["a b"], id="any camera"),
        pytest.param([photo("a"), photo("b", 1, kind="VIDEO")], ["a"], id="a video"),
        pytest.param([photo("a"), photo("b", 1, 19, FAR), photo("c", 2, 38)], ["a b c"], id="a chain"),
        pytest.param([photo("a"), photo("b", 12 * HOURS)], ["a", "b"], id="the next day"),
        pytest.param([photo("c", 5), photo("x", 1, 90, FAR), photo("a", 5)], ["x", "a c"], id="in order of time, id"),
    ],
)
def test_case(photos: list[EmbeddedPhoto], expected: list[str]) -> None:
    assert groups_of(*photos) == expected


def test_the_day_is_the_photographers_where_it_is_known() -> None:
    before, after = photo("a", 11.9 * HOURS), photo("b", 12.1 * HOURS)
    assert groups_of(before, after) == ["a", "b"]
    assert groups_of(*(replace(one, day=date(2026, 5, 3)) for one in (before, after))) == ["a b"]
    assert groups_of(*(replace(one, day=date(2026, 5, 3 + n)) for n, one in enumerate((photo("a"), photo("b"))))) == [
        "a",
        "b",
    ]


def test_two_accounts_never_meet() -> None:
    assert groups_of(photo("a"), replace(photo("b", 1), account=AccountId("you"))) == ["a", "b"]


def test_a_pair_that_is_kept_apart_parts_its_group_at_the_weakest_bond() -> None:
    row = [photo("a"), photo("b", 1, 5, FAR), photo("c", 2, 20), photo("d", 3, 24, FAR)]
    assert groups_of(*row) == ["a b c d"]
    assert groups_of(*row, apart="a d") == ["a b", "c d"]
    assert groups_of(*row, apart="a b,c d") == ["a", "b c", "d"]


def test_a_group_that_is_too_large_is_cut_in_order_of_time() -> None:
    row = [photo(f"{n:03}", n) for n in range(7)]
    assert groups_of(*row, policy=replace(POLICY, maximum_size=3)) == ["000 001 002", "003 004 005", "006"]


def test_the_reason_names_the_weakest_likeness() -> None:
    alike = (photo("a"), photo("b", 1, 10, FAR))
    (high,) = partition_days(alike, POLICY)
    assert high.reason.rule == HIGH_RULE
    assert dict(high.reason.scores) == {"lowest cosine": 0.9848, "most pHash bits": 32.0}
    (both,) = partition_days((*alike, photo("c", 2, -25, 0b11111)), POLICY)
    assert both.reason.rule == BOTH_RULE
    (strict,) = partition_days((*alike, photo("c", 2, 90, 0b1)), POLICY)
    assert strict.reason.rule == STRICT_RULE
    assert dict(strict.reason.scores) == {"lowest cosine": 0.0, "most pHash bits": 32.0}
    (alone,) = partition_days((photo("a"),), POLICY)
    assert alone.reason.rule == ALONE_RULE


@st.composite
def some_photos(draw: st.DrawFn) -> list[EmbeddedPhoto]:
    count = draw(st.integers(1, 16))
    return [
        replace(
            photo(
                f"p{number:02}",
                draw(st.integers(-20, 20)) * HOURS,
                draw(st.sampled_from([0.0, 12.0, 24.0, 36.0, 60.0, 85.0])),
                draw(st.sampled_from([0, 0b11, 0b11111, 0xFF, FAR])),
                camera=draw(st.sampled_from(["cam", ""])),
            ),
            day=draw(st.sampled_from([None, date(2026, 5, 3)])),
        )
        for number in range(count)
    ]


@st.composite
def some_pairs(draw: st.DrawFn, photos: Sequence[EmbeddedPhoto]) -> frozenset[frozenset[AssetId]]:
    every = [frozenset((one.asset, other.asset)) for one, other in combinations(photos, 2)]
    return frozenset(draw(st.lists(st.sampled_from(every), max_size=4))) if every else frozenset()


def accepted(one: EmbeddedPhoto, other: EmbeddedPhoto) -> bool:
    cosine, bits = float(one.vector @ other.vector), hamming(one.phash, other.phash)
    days = {each.day or each.taken_at.astimezone(UTC).date() for each in (one, other)}
    return len(days) == 1 and (bits <= 3 or cosine >= 0.94 or (cosine >= 0.90 and bits <= 5))


def naive(photos: Sequence[EmbeddedPhoto]) -> set[frozenset[AssetId]]:
    """Return the connected components by walking from photo to photo, as the Auto Stacker does."""
    left, found = {each.asset: each for each in photos}, set()
    while left:
        waiting = [left.pop(next(iter(left)))]
        reached = set()
        while waiting:
            at = waiting.pop()
            reached.add(at.asset)
            waiting += [left.pop(name) for name, each in list(left.items()) if accepted(at, each)]
        found.add(frozenset(reached))
    return found


@settings(deadline=None, max_examples=150)
@given(some_photos())
def test_the_groups_are_the_connected_components(photos: list[EmbeddedPhoto]) -> None:
    assert {frozenset(group.members) for group in partition_days(photos, POLICY)} == naive(photos)


@settings(deadline=None, max_examples=100)
@given(st.data(), some_photos(), st.integers(1, 5))
def test_the_order_does_not_matter_and_every_bound_holds(
    data: st.DataObject, photos: list[EmbeddedPhoto], size: int
) -> None:
    apart, policy = data.draw(some_pairs(photos)), replace(POLICY, maximum_size=size)
    groups = partition_days(photos, policy, apart)
    assert partition_days(data.draw(st.permutations(photos)), policy, apart) == groups
    assert sorted(member for group in groups for member in group.members) == [each.asset for each in photos]
    at = {each.asset: each for each in photos}
    whole = naive(photos)
    for group in groups:
        assert len(group.members) <= size
        assert not any(pair <= set(group.members) for pair in apart)
        assert any(set(group.members) <= component for component in whole)
        members = [at[member] for member in group.members]
        assert [*members] == sorted(members, key=lambda each: (each.taken_at, each.asset))
        # What was cut is still joined within itself.
        assert len(naive(members)) == 1


def test_a_day_of_thousands_is_cut_where_a_stack_is_full() -> None:
    chance = np.random.default_rng(3)
    vectors = chance.normal(size=(3000, 512)).astype(np.float32)
    vectors[::3] = vectors[0] + 0.05 * vectors[::3]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes = chance.integers(0, 2**63, size=3000).tolist()
    begin = photo("x").taken_at
    day = [
        replace(photo(f"{n:04}", 0, 0, hashes[n]), taken_at=begin + timedelta(seconds=n), vector=vectors[n])
        for n in range(3000)
    ]
    groups = partition_days(day, POLICY)
    assert sorted({len(group.members) for group in groups}) == [1, 100]
    assert len(groups) == 2000 + 10
