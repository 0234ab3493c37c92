"""The whole stack stage: the same photos end in the same stacks, whatever the order and the batches they arrive in."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.stack_policy import StackPolicy
from reactor.core.thumbs import SIDE, thumb_of
from reactor.evaluate.library import MemoryLibrary
from reactor.stages.stack import Desk, wishes

from .world import ME, MODEL, RANDOM_PAIR, looking, photo

FAR = (1 << 32) - 1
HASHES = (0, 0x7, 0x3FF, 0xFFFF, FAR)
VIEWS = (0.0, 14.0, 28.0, 41.0, 55.0, 90.0)
"""Degrees; 32 of them are the limit of one view, 43 that of half the evidence."""
NAMES = ("IMG_1.jpg", "IMG_1.CR2", "IMG_2.jpg", "IMG_2-edited.jpg")
MINUTES = (59.75, 119.75)
"""On a whole minute in the world of the tests, which begins a quarter of a second after noon."""
POLICY = StackPolicy(gap_s=10.0, maximum_size=6, maximum_span_s=40.0)
"""Small enough that the caps are met."""

Stacks = frozenset[frozenset[AssetId]]


async def ending(arrivals: Iterable[Sequence[EmbeddedPhoto]], policy: StackPolicy = POLICY) -> Stacks:
    """Let photos arrive batch by batch and return the stacks in the end."""
    library = MemoryLibrary()
    desk = Desk(
        account=ME,
        library=library,
        photos=library,
        similar=library,
        journal=library,
        model=MODEL,
        policy=policy,
        random_pair_cosine=RANDOM_PAIR,
    )
    for arrival in arrivals:
        for one in arrival:
            library.add(one)
        for change in await wishes([one.asset for one in arrival], desk):
            library.carry_out(change)
    return library.stacks()


@cache
def scenery(number: int) -> bytes:
    """Return the small picture of a place: soft patches, other ones for another number."""
    chance = np.random.default_rng(number)
    patches = chance.uniform(0, 255, size=(6, 6)).astype(np.float32)
    return thumb_of(np.kron(patches, np.ones((SIDE // 4, SIDE // 4), np.float32)))


@st.composite
def shots(draw: st.DrawFn, number: int) -> EmbeddedPhoto:
    """Draw a photo of some minutes: of two cameras or none, of a few views, places, hashes, names and burst ids."""
    return photo(
        f"p{number:02}",
        draw(st.one_of(st.integers(0, 180), st.sampled_from(MINUTES))) + draw(st.sampled_from([0.0, 0.0, 0.25, 0.75])),
        draw(st.sampled_from(VIEWS)),
        draw(st.sampled_from(HASHES)),
        camera=draw(st.sampled_from(["cam", "cam", "cam", "other", ""])),
        burst_id=draw(st.sampled_from([None, None, None, None, "1", "2"])),
        name=draw(
            st.sampled_from([None, f"IMG_{number}.jpg", "IMG_1.jpg", "IMG_1.CR2", "IMG_2.jpg", "IMG_2-edited.jpg"])
        ),
        thumb=draw(st.sampled_from([None, scenery(1), scenery(2), scenery(3)])),
        sharpness=float(draw(st.integers(1, 3))),
    )


@st.composite
def some_photos(draw: st.DrawFn) -> tuple[EmbeddedPhoto, ...]:
    photos = [draw(shots(number)) for number in range(draw(st.integers(2, 14)))]
    for copied in range(draw(st.integers(0, 3))):
        original = draw(st.sampled_from(photos))
        turn = draw(st.sampled_from([0.0, 2.0]))
        vector = np.asarray(original.vector * np.cos(np.radians(turn)) + _across(original) * np.sin(np.radians(turn)))
        later = draw(st.sampled_from([0.0, 3.0, 90.0, 86_400.0]))
        photos.append(
            replace(
                original,
                asset=AssetId(f"c{copied}"),
                taken_at=original.taken_at + timedelta(seconds=later),
                camera=draw(st.sampled_from(["", original.camera])),
                burst_id=None,
                name=draw(st.sampled_from([None, f"IMG-WA{copied}.jpg", "IMG_2-edited.jpg"])),
                phash=original.phash ^ draw(st.sampled_from([0, 1 << 40])),
                vector=vector.astype(np.float32),
            )
        )
    return tuple(photos)


def _across(one: EmbeddedPhoto) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array([-one.vector[1], one.vector[0]], np.float32)


@st.composite
def in_batches(draw: st.DrawFn, photos: Sequence[EmbeddedPhoto]) -> tuple[tuple[EmbeddedPhoto, ...], ...]:
    order = draw(st.permutations(photos))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1)))) if len(order) > 1 else []
    return tuple(tuple(order[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True))


def told(photos: Iterable[EmbeddedPhoto]) -> list[str]:
    return [
        f"{one.asset} {one.taken_at:%d %H:%M:%S.%f} {one.camera!r} {one.phash:x} {one.burst_id} {one.name}"
        for one in photos
    ]


@settings(deadline=None, max_examples=150)
@given(st.data(), some_photos())
async def test_the_order_of_arrival_does_not_matter(data: st.DataObject, photos: tuple[EmbeddedPhoto, ...]) -> None:
    batches = data.draw(in_batches(photos))
    assert await ending(batches) == await ending([photos]), [told(batch) for batch in batches]


async def test_a_stack_is_proved_wrong_though_its_members_alone_would_make_another() -> None:
    # The times of p0 and p1 are no longer trusted when q0 and q1 come; without p2 that of p1 would have been.
    crowd = [photo(f"f{number}", 0.0) for number in range(7)]
    before = [
        photo("p0", MINUTES[0]),
        photo("p1", 60.0, camera=""),
        photo("p2", 60.0, 55.0, camera=""),
        photo("p3", 60.0, 28.0),
        photo("p4", 63.0, camera=""),
    ]
    after = [photo("q0", MINUTES[0]), photo("q1", 60.0, camera="")]
    together = await ending([[*crowd, *before, *after]])
    assert await ending([[*crowd, *before], after]) == together != await ending([[*crowd, *before]])


async def test_a_copy_that_comes_to_stand_in_a_row_has_its_own_copies_looked_for() -> None:
    # The file without a camera was a copy of the one; in a row with another it is what both cameras' are copies of.
    before = [photo("a", 8, camera="one"), photo("b", 13, camera="other"), photo("c", 8, camera="")]
    later = [photo("r", 0, 28, camera=""), photo("x", 0, 90, FAR, camera="one")]
    assert await ending([before]) == {frozenset({AssetId("a"), AssetId("c")})}
    together = {frozenset(AssetId(name) for name in "abcr")}
    assert await ending([[*before, *later]]) == together
    assert await ending([before, later]) == together


async def test_a_photo_that_is_pushed_out_of_its_row_has_its_originals_looked_for() -> None:
    # c is likest to its original, but stands in a row with r until the row goes on without it.
    photos = [photo("c", 8, 41, camera=""), photo("o", 5, 41), photo("b", 0), photo("r", 2, 28, camera="")]
    later = photo("s", 5, 0, 0x3FF, camera="")
    assert frozenset({AssetId("r"), AssetId("c")}) in await ending([photos])
    together = await ending([[*photos, later]])
    assert together == {frozenset({AssetId("o"), AssetId("b"), AssetId("c")}), frozenset({AssetId("r"), later.asset})}
    assert await ending([photos, [later]]) == together


async def test_a_photo_that_was_pushed_out_of_a_full_stack_is_found_alone_by_its_copy() -> None:
    # All that is seen with x alone leaves room for p in the row; u, which took that room, is like neither of them.
    one, other = scenery(1), scenery(2)
    row = [
        photo("a", 0, 0, 0x3FF, camera="", burst_id="1"),
        photo("b", 0.5, camera="", burst_id="1", thumb=one),
        photo("c", 2, camera="", thumb=one),
        photo("d", 3, camera="", thumb=other),
        photo("e", 3.5, camera="", thumb=one),
    ]
    pushed, taking = photo("p", 0.5, 14, camera="", thumb=other), photo("u", 0, camera="", thumb=one)
    copied = photo("x", 2, 28, 7, camera="other")
    together = {frozenset(AssetId(name) for name in "abcdeu"), frozenset({pushed.asset, copied.asset})}
    assert await ending([[*row, pushed, taking, copied]]) == together
    assert await ending([[*row, pushed], [taking], [copied]]) == together


async def test_a_copy_that_makes_a_chain_too_long_changes_its_groups_though_it_stands_elsewhere() -> None:
    # With x the chain of the burst is longer than a stack may span, so it is cut; x itself joins the files beside.
    files = [photo("f", 25, camera=""), photo("g", 28, camera="")]
    burst = [
        photo("a", 25, 90, burst_id="1"),
        photo("b", 62, 0, FAR, burst_id="1"),
        photo("c", 63, 0, FAR, thumb=scenery(1)),
    ]
    copied = photo("x", 72, thumb=scenery(2))
    assert frozenset({AssetId("a"), AssetId("b")}) in await ending([[*files, *burst]])
    together = {frozenset({AssetId("b"), AssetId("c")}), frozenset({AssetId("f"), AssetId("g"), copied.asset})}
    assert await ending([[*files, *burst, copied]]) == together
    assert await ending([[*files, *burst], [copied]]) == together


async def test_who_found_no_room_comes_in_when_there_is_some() -> None:
    # Two on one whole minute are not trusted: m leaves the full row, and c, the copy of a frame, comes before it.
    row = [photo("n", 60), photo("o", 60, 0, 0x3FF), photo("p", 60.1), photo("q", 67.75), photo("r", 74)]
    whole_minute, copied = photo("m", MINUTES[0], 0, 0x3FF), photo("c", 74, camera="")
    full = [*row, whole_minute, copied]
    another = photo("x", MINUTES[0], 41)
    assert await ending([full]) == {frozenset(one.asset for one in (*row, whole_minute))}
    together = {frozenset(one.asset for one in (*row, copied))}
    assert await ending([[*full, another]]) == together
    assert await ending([full, [another]]) == together


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(4, 60), st.integers(3, 9))
async def test_a_long_row_is_cut_at_the_same_places(data: st.DataObject, count: int, every: int) -> None:
    row = tuple(photo(f"p{number:02}", every * number, 7.0 * (number % 3)) for number in range(count))
    assert await ending(data.draw(in_batches(row))) == await ending([row])


async def test_a_copy_that_comes_after_more_than_a_stack_holds_finds_the_last_of_them() -> None:
    row = [photo(f"p{number:02}", 0) for number in range(14)]
    copied = replace(row[0], asset=AssetId("c0"), camera="")
    assert await ending([row, [copied]]) == await ending([[*row, copied]])


async def test_a_photo_that_is_pushed_out_of_its_stack_has_its_copies_looked_for() -> None:
    row = [photo(f"p{number:02}", 0) for number in range(3, 15)]
    later, copied = photo("q00", 11), replace(row[0], asset=AssetId("c0"), camera="")
    between = photo("p02", 0, 28)
    apart = await ending([[*row, later, copied]])
    assert {copied.asset, later.asset} in apart
    together = await ending([[*row, later, copied], [between]])
    assert {copied.asset, row[-1].asset} in together
    assert together == await ending([[*row, later, copied, between]])


async def test_a_photo_that_takes_the_trust_from_another_time_has_its_copies_looked_for() -> None:
    photos = [
        photo("p00", 8, 0, 1 << 40, camera="other"),
        photo("p01", 119.75, 0, 0, name="IMG_2-edited.jpg"),
        photo("p04", 119.75, 0, 1 << 40, camera="other", name="IMG_1.jpg"),
        photo("p02", 0, 0, 7, name="IMG_1.jpg"),
        photo("p03", 119.75, 0, 7, name="IMG_1.jpg"),
    ]
    assert await ending([[one] for one in photos]) == await ending([photos])


async def test_a_burst_that_comes_backwards_one_by_one_ends_as_one_stack() -> None:
    burst = [photo(f"p{number}", 2.0 * number, 5.0 * number) for number in range(5)]
    assert await ending([[one] for one in reversed(burst)]) == {frozenset(one.asset for one in burst)}


@pytest.mark.parametrize("first", ["original", "copy"])
async def test_a_copy_joins_its_original_whoever_comes_first(first: str) -> None:
    original = photo("p", 0, name="IMG_1.jpg")
    copy = photo("c", 5000, camera="", name="IMG-WA1.jpg")
    row = [[original], [copy]] if first == "original" else [[copy], [original]]
    assert await ending(row) == {frozenset({original.asset, copy.asset})}


async def test_the_photo_between_arrives_last_and_parts_what_stood_together() -> None:
    # a and c agree but loosely; b between them makes a chain, and a fourth of another place stands apart.
    row = [photo("a", 0, 0), photo("b", 4, 20), photo("c", 8, 40), replace(photo("x", 6, 90, FAR), vector=looking(120))]
    whole = await ending([row])
    for late in range(4):
        others = [one for number, one in enumerate(row) if number != late]
        assert await ending([others, [row[late]]]) == whole, row[late].asset
