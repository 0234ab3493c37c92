"""What the stack stage wishes for, given what Immich shows and what was done before."""

from dataclasses import replace

import pytest

from reactor.core.changes import Reason, RestoreStacks, StackAssets
from reactor.core.errors import Blocked, Gone, Retryable
from reactor.core.events import AssetEmbedded, Event, MetadataExtracted
from reactor.core.ids import AssetId, FaceId, StackId
from reactor.core.library import Face
from reactor.core.stack_policy import StackPolicy
from reactor.stages.stack import stack
from reactor.stages.stack_reading import MOST_FACES

from .test_partition import FAR
from .world import ME, MODEL, World, asset_of, ids, photo, stack_of

BURST = (photo("a"), photo("b", 1, sharpness=5.0), photo("c", 2))


def face() -> Face:
    return Face(id=FaceId("f"), box=(30, 30, 50, 50), frame=(100, 100), person=None)


def embedded(name: str) -> Event:
    return AssetEmbedded(account=ME, asset=AssetId(name), model=MODEL, checksum="1")


async def wished(world: World, names: str) -> list[str]:
    """Return the members of each stack wished for, the cover first, after embedding these photos."""
    outcome = await stack([embedded(name) for name in ids(names)], world.services())
    return [" ".join(change.members) for change in outcome.changes if isinstance(change, StackAssets)]


def made(world: World, names: str) -> StackAssets:
    """Let us have made this stack, the cover first."""
    members = ids(names)
    change = StackAssets(account=ME, cover=members[0], members=members, reason=Reason(rule="made before"))
    world.carry_out(change)
    return change


async def test_a_burst_becomes_one_stack_with_its_sharpest_photo_on_top() -> None:
    world = World(*BURST, photo("far", 300))
    assert await wished(world, "c") == ["b a c"]


async def test_a_photo_alone_and_one_not_embedded_yet_wish_for_nothing() -> None:
    assert await wished(World(photo("a"), photo("b", 300)), "a b") == []
    assert await wished(World(), "a") == []


async def test_what_stands_so_already_is_left_alone() -> None:
    world = World(*BURST)
    made(world, "b a c")
    assert await wished(world, "a b c") == []


async def test_a_stack_of_ours_grows_and_its_cover_is_chosen_anew() -> None:
    world = World(*BURST, photo("d", 3, sharpness=9.0))
    made(world, "b a c")
    assert await wished(world, "d") == ["d a b c"]


async def test_the_users_cover_stays_when_a_stack_of_ours_grows() -> None:
    world = World(*BURST, photo("d", 3, sharpness=9.0))
    made(world, "b a c")
    world.stand(stack_of("c a b", "stack of b 3"))
    assert await wished(world, "d") == ["c a b d"]


async def test_faces_decide_where_frames_are_equally_sharp_and_only_those_are_asked_for() -> None:
    world = World(photo("a"), photo("b", 1), photo("c", 2, sharpness=0.1))
    world.faces_on = {name: (face(),) for name in ("b", "c")}
    assert await wished(world, "c") == ["b a c"]
    assert sorted(world.asked_for_faces) == ["a", "b"]


async def test_faces_that_are_found_late_do_not_change_the_cover_of_a_whole_stack_but_of_one_that_grows() -> None:
    world = World(photo("a"), photo("b", 1), photo("c", 2))
    assert await wished(world, "a b c") == ["a b c"]
    made(world, "a b c")
    world.faces_on = {"b": (face(),)}
    world.asked_for_faces.clear()
    assert await wished(world, "a b c") == []
    assert world.asked_for_faces == []
    world.stored |= {AssetId("d"): photo("d", 3)}
    world.assets |= {AssetId("d"): asset_of(photo("d", 3))}
    assert await wished(world, "d") == ["b a c d"]


async def test_a_favourite_a_star_and_an_edit_come_to_the_top_of_a_whole_stack() -> None:
    for said in ({"favourite": True}, {"rating": 3}, {"edited": True}, {"file_name": "IMG_1-edited.jpg"}):
        world = World(*BURST)
        made(world, "b a c")
        world.change("c", **said)
        assert await wished(world, "a") == ["c a b"]
        assert world.asked_for_faces == []


@pytest.mark.parametrize("error", [Gone("deleted meanwhile"), Blocked("the key may not ask for faces")])
async def test_a_stack_is_made_without_faces_where_none_can_be_read(error: Exception) -> None:
    world = World(photo("a"), photo("b", 1))
    world.no_faces = error
    assert await wished(world, "a b") == ["a b"]
    assert sorted(world.asked_for_faces) == ["a", "b"]


async def test_a_face_that_cannot_be_read_now_is_tried_again() -> None:
    world = World(photo("a"), photo("b", 1))
    world.no_faces = Retryable("Immich is busy")
    with pytest.raises(Retryable, match="busy"):
        await wished(world, "a b")


async def test_of_a_long_burst_only_the_sharpest_are_looked_at_for_faces() -> None:
    frames = [photo(f"{number:02}", number, sharpness=5.0 + number / 100) for number in range(MOST_FACES + 5)]
    world = World(*frames)
    world.faces_on = {frame.asset: (face(),) for frame in frames}
    assert (await wished(world, "00"))[0].startswith("05 ")
    assert sorted(world.asked_for_faces) == [f"{number:02}" for number in range(5, MOST_FACES + 5)]


async def test_the_first_lies_on_top_where_that_is_wished_for() -> None:
    world = World(*BURST)
    world.policy = StackPolicy(cover="first")
    made(world, "b a c")
    world.change("c", favourite=True)
    assert await wished(world, "a") == ["a b c"]
    assert world.asked_for_faces == []


async def test_two_stacks_of_ours_that_turn_out_to_be_one_are_merged() -> None:
    world = World(*BURST, photo("d", 3))
    made(world, "a b")
    made(world, "c d")
    assert await wished(world, "b") == ["b a c d"]


async def test_a_stack_of_the_users_is_neither_joined_nor_robbed() -> None:
    world = World(*BURST, photo("d", 3))
    world.stand(stack_of("a b"))
    assert await wished(world, "c d") == ["c d"]


async def test_a_stack_of_ours_that_the_user_changed_is_the_users() -> None:
    world = World(*BURST, photo("d", 3))
    made(world, "a b c")
    world.stand(stack_of("a b", "changed"))
    world.change("c", stack=None, stack_primary=None)
    assert await wished(world, "d") == []


@pytest.mark.parametrize(("size", "primary", "wish"), [(2, "b", "b a c d"), (3, "b", "c d"), (2, "x", "c d")])
async def test_a_stack_of_ours_in_which_more_stand_in_the_trash_is_the_users(
    size: int, primary: str, wish: str
) -> None:
    world = World(*BURST, photo("d", 3))
    made(world, "b a")
    world.stand(replace(stack_of("b a"), primary=AssetId(primary), shown=2))
    for name in ("a", "b"):
        world.change(name, stack_size=size)
    assert await wished(world, "c d") == [wish]


async def test_a_photo_that_the_user_unstacked_stays_out_for_good() -> None:
    world = World(*BURST, photo("d", 3))
    made(world, "a b")
    for name in ("a", "b"):
        world.change(name, stack=None, stack_primary=None)
    assert await wished(world, "a b c d") == ["c d"]
    assert await wished(World(*BURST[:2]), "a b") == ["b a"]


PARTED = (photo("a"), photo("late", 8, 30), photo("b", 5, 48, FAR))
"""The first two make a stack, until the third is seen to belong to the second only."""


async def test_a_stack_of_ours_that_later_photos_prove_wrong_is_dissolved_first() -> None:
    world = World(*PARTED)
    made(world, "a late")
    wrong, joined = (await stack([embedded("b")], world.services())).changes
    assert isinstance(wrong, RestoreStacks)
    assert (wrong.cover, wrong.members, wrong.stacks, wrong.by) == ("a", ids("a late"), (), "rule")
    assert isinstance(joined, StackAssets)
    assert sorted(joined.members) == ["b", "late"]


async def test_a_stack_that_only_other_settings_would_not_make_stays() -> None:
    world = World(photo("a"), photo("c", 8, 30), photo("x", 300))
    made(world, "a c x")
    assert await wished(world, "c") == []


async def test_a_stack_about_which_the_user_spoke_or_of_which_too_little_is_known_is_not_dissolved() -> None:
    chosen = World(*PARTED)
    made(chosen, "a late")
    chosen.stand(stack_of("late a"))
    changed_by_the_user = World(*PARTED, photo("theirs", 400))
    made(changed_by_the_user, "a late")
    changed_by_the_user.stand(stack_of("a late theirs"))
    unseen = World(*PARTED)
    made(unseen, "a late")
    del unseen.stored[AssetId("late")]
    for world in (chosen, changed_by_the_user, unseen):
        assert (await stack([embedded("b")], world.services())).changes == ()


async def test_a_stack_of_the_user_is_left_as_it_is() -> None:
    world = World(*BURST)
    world.stand(stack_of("c a b"))
    assert (await stack([embedded("a")], world.services())).changes == ()


@pytest.mark.parametrize(
    "facts",
    [
        {"trashed": True},
        {"visibility": "hidden"},
        {"visibility": "locked"},
        {"visibility": "archive"},
        {"motion_part_of": AssetId("x")},
        {"kind": "VIDEO"},
    ],
    ids=lambda facts: next(iter(facts)),
)
async def test_photos_that_are_not_shown_are_left_out(facts: dict[str, object]) -> None:
    world = World(*BURST)
    world.change("b", **facts)
    assert await wished(world, "a b c") == ["a c"]


async def test_photos_that_are_gone_are_left_out_and_forgotten() -> None:
    world = World(*BURST)
    del world.assets[AssetId("b")]
    assert await wished(world, "a b c") == ["a c"]
    assert sorted(world.stored) == ["a", "c"]
    assert world.forgotten == ["b"]


async def test_photos_of_two_owners_are_not_stacked() -> None:
    world = World(*BURST)
    world.change("b", owner="partner")
    assert await wished(world, "a b c") == []


async def test_a_photo_that_is_left_out_bridges_nothing() -> None:
    world = World(photo("a"), photo("b", 8), photo("c", 16))
    world.change("b", trashed=True)
    assert await wished(world, "a b c") == []


async def test_a_stack_that_changes_while_it_is_read_is_read_again_later() -> None:
    world = World(*BURST)
    world.change("a", stack=StackId("gone"))
    with pytest.raises(Retryable):
        await wished(world, "a")


async def test_a_burst_id_that_comes_later_joins_what_vision_did_not() -> None:
    world = World(photo("a"), photo("b", 30, 90, (1 << 32) - 1))
    assert await wished(world, "a b") == []
    heard = [MetadataExtracted(account=ME, asset=a, exif_updated_at="1", burst_id="burst") for a in ids("a b")]
    outcome = await stack(heard, world.services())
    assert [change.members for change in outcome.changes if isinstance(change, StackAssets)] == [ids("a b")]


async def test_any_photo_of_a_long_chain_sees_it_as_all_of_them_together_do() -> None:
    world = World(*(photo(f"{n:03}", 5 * n) for n in range(200)))
    whole = {frozenset(names.split()) for names in await wished(world, " ".join(sorted(world.stored)))}
    assert len(whole) == 9
    for name in ("000", "023", "024", "100", "199"):
        assert {frozenset(names.split()) for names in await wished(world, name)} <= whole
