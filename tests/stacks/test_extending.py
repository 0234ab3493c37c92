"""Stacks that the user made: left alone, or extended where that is wished, and never otherwise changed."""

from dataclasses import replace

import pytest

from reactor.core.changes import StackAssets, StackState
from reactor.core.ids import AssetId
from reactor.core.past import Past
from reactor.core.standing import strangers
from reactor.core.undo import undo_of
from reactor.core.vetoes import by_undo
from reactor.stages.stack import stack

from .test_stack_stage import embedded, made
from .world import World, entry_of, ids, photo, stack_of

FRAMES = [photo(name, at) for at, name in enumerate("abcde")]


def a_world(*, extend: bool = True) -> World:
    """Return a row of frames of which the last is the sharpest."""
    world = World(*FRAMES[:4], photo("e", 4, sharpness=9.0))
    world.policy = replace(world.policy, extend_user_stacks=extend)
    return world


async def wish(world: World, name: str = "e") -> StackAssets | None:
    outcome = await stack([embedded(name)], world.services())
    (found,) = outcome.changes or (None,)
    assert found is None or isinstance(found, StackAssets)
    return found


async def test_a_newcomer_joins_a_stack_of_the_users_under_its_cover() -> None:
    world = a_world()
    world.stand(stack_of("b a c d"))
    found = await wish(world)
    assert found is not None
    assert (found.cover, sorted(found.members), sorted(found.users)) == (AssetId("b"), [*"abcde"], [*"abcd"])


@pytest.mark.parametrize("standing", [["b a"], ["b a", "d c"]])
async def test_without_the_setting_it_is_left_alone(standing: list[str]) -> None:
    world = a_world(extend=False)
    for number, names in enumerate(standing):
        world.stand(stack_of(names, str(number)))
    found = await wish(world)
    assert found is None or not set("ab").intersection(found.members)


async def test_two_stacks_of_the_users_are_never_joined() -> None:
    world = a_world()
    world.stand(stack_of("b a", "1"))
    world.stand(stack_of("d c", "2"))
    assert await wish(world) is None


async def test_a_stack_of_which_one_does_not_belong_there_is_left_alone() -> None:
    world = World(*FRAMES, photo("far", 9000, view=80))
    world.policy = replace(world.policy, extend_user_stacks=True)
    world.stand(stack_of("b a far"))
    found = await wish(world)
    assert found is None or not set(ids("a b far")).intersection(found.members)


async def test_a_stack_of_ours_joins_that_of_the_user() -> None:
    world = a_world()
    world.stand(stack_of("b a", "1"))
    made(world, "c d")
    found = await wish(world)
    assert found is not None
    assert (found.cover, sorted(found.users)) == (AssetId("b"), [*"ab"])


async def extended(world: World) -> StackAssets:
    """Let the user's stack of two be joined by the third and the fourth."""
    world.stand(stack_of("b a"))
    change = StackAssets(
        account=FRAMES[0].account,
        cover=AssetId("b"),
        members=ids("b a c d"),
        users=ids("a b"),
        reason=made(World(*FRAMES), "a b").reason,
    )
    world.carry_out(change)
    return change


async def test_what_was_extended_counts_as_the_users_for_ever() -> None:
    world = a_world()
    await extended(world)
    found = await wish(world)
    assert found is not None
    assert (found.cover, sorted(found.users)) == (AssetId("b"), [*"ab"])
    world.policy = replace(world.policy, extend_user_stacks=False)
    assert await wish(world) is None


async def test_it_is_not_taken_apart_by_later_evidence() -> None:
    world = a_world()
    await extended(world)
    # two of them turn out to be of another day
    for name in "cd":
        world.stored[AssetId(name)] = replace(photo(name, 9000, view=80, phash=2**40 - 1), asset=AssetId(name))
    outcome = await stack([embedded("e"), embedded("c")], world.services())
    assert outcome.changes == ()


async def test_undo_gives_back_exactly_the_users_stack_and_claims_nothing() -> None:
    change = await extended(a_world())
    theirs = ((AssetId("b"), frozenset(ids("a b"))),)
    entry = replace(entry_of(change, StackState(stacks=((change.cover, frozenset(change.members)),))))
    back = undo_of(replace(entry, before=StackState(stacks=theirs)))
    assert back is not None
    assert getattr(back, "theirs", False) is True
    (veto,) = by_undo(back)
    assert veto.groups == (("a", "b"), ("c",), ("d",))


def test_a_stack_that_the_user_changed_meanwhile_is_a_strangers() -> None:
    change = StackAssets(
        account=FRAMES[0].account,
        cover=AssetId("b"),
        members=ids("b a c d"),
        users=ids("a b"),
        reason=made(World(*FRAMES), "a b").reason,
    )

    def now(primary: str, members: str) -> StackState:
        return StackState(stacks=((AssetId(primary), frozenset(ids(members))),))

    assert strangers(change, now("b", "a b"), Past()) == ()
    assert strangers(change, now("a", "a b"), Past()) == (AssetId("a"),)
    assert strangers(change, now("b", "a b c"), Past()) == (AssetId("b"),)
