"""What the archive stage wishes for: a stack whole or not at all."""

from dataclasses import replace

import pytest

from reactor.core.changes import ArchiveAssets, Reason
from reactor.core.errors import Held, Retryable
from reactor.core.events import ArchiveWanted
from reactor.core.ids import AssetId, StackId
from reactor.core.vetoes import Veto
from reactor.stages.archive import archive, router

from .world import ME, MODEL, RECEIPTS, World, ids, photo, stack_of


def wanted(name: str) -> ArchiveWanted:
    return ArchiveWanted(account=ME, asset=AssetId(name), categories=("Receipts",), model=MODEL, checksum="1")


async def wished(world: World, names: str) -> list[str]:
    """Return what is wished for when these photos are wanted in the archive, each delivered by itself."""
    world.wanted_before = world.wanted_before | set(ids(names))
    found: dict[str, None] = {}
    for name in ids(names):
        outcome = await archive([wanted(name)], world.services())
        found |= {" ".join(change.assets): None for change in outcome.changes if isinstance(change, ArchiveAssets)}
    return list(found)


def three() -> World:
    return World(photo("a"), photo("b", 1), photo("c", 2))


async def test_a_photo_alone_is_archived_alone() -> None:
    outcome = await archive([wanted("a")], three().services())
    reason = Reason(rule="wanted in the archive by Receipts")
    assert outcome.changes == (ArchiveAssets(account=ME, assets=ids("a"), categories=("Receipts",), reason=reason),)


async def test_it_waits_for_the_photos_own_stack_without_using_up_tries() -> None:
    world = three()
    world.waiting = {"b"}
    with pytest.raises(Held):
        await wished(world, "b")
    assert await wished(world, "a") == ["a"]


async def test_a_part_of_a_stack_is_not_archived() -> None:
    world = three()
    world.stand(stack_of("a b"))
    assert await wished(world, "a c") == ["c"]


async def test_a_whole_stack_is_archived_in_one_call() -> None:
    world = three()
    world.stand(stack_of("c a b"))
    assert await wished(world, "b a c") == ["a b c"]


async def test_what_was_wanted_before_counts_for_the_stack() -> None:
    world = three()
    world.stand(stack_of("a b"))
    world.wanted_before = {"b"}
    assert await wished(world, "a") == ["a b"]


async def test_a_stack_half_in_the_archive_is_completed_and_a_whole_one_left_alone() -> None:
    world = three()
    world.stand(stack_of("a b"))
    world.change("a", visibility="archive")
    assert await wished(world, "a b") == ["a b"]
    world.change("b", visibility="archive")
    assert await wished(world, "a b") == []


@pytest.mark.parametrize(
    "facts", [{"trashed": True}, {"visibility": "hidden"}, {"visibility": "locked"}, {"visibility": "archive"}]
)
async def test_a_photo_that_is_not_ours_to_archive_is_left_alone(facts: dict[str, object]) -> None:
    world = three()
    world.change("a", **facts)
    assert await wished(world, "a") == []


async def test_what_the_user_took_out_of_the_archive_stays_out_with_its_stack() -> None:
    world = three()
    world.remember_archived(ArchiveAssets(account=ME, assets=ids("a"), reason=Reason(rule="")))
    assert await wished(world, "a") == []
    world.stand(stack_of("a b"))
    assert await wished(world, "a b") == []


async def test_what_the_user_is_against_stays_in_the_timeline_with_its_stack() -> None:
    world = three()
    world.vetoes = [Veto(account=ME, kind="archive", subjects=("a",), entry=1)]
    assert await wished(world, "a") == []
    world.stand(stack_of("a b"))
    assert await wished(world, "a b c") == ["c"]
    # archived again by the user, who thereby says otherwise
    world.change("a", visibility="archive")
    assert await wished(world, "a b") == ["a b"]


async def test_a_category_whose_tag_the_user_took_off_wants_nothing_any_more() -> None:
    world = three()
    world.vetoes = [Veto(account=ME, kind="tag", subjects=("a",), value="Auto/Receipts", entry=1)]
    assert await wished(world, "a b") == ["b"]
    world.categories.append(replace(RECEIPTS, name="Letters"))
    both = replace(wanted("a"), categories=("Letters", "Receipts"))
    (change,) = (await archive([both], world.services())).changes
    assert isinstance(change, ArchiveAssets)
    assert change.categories == ("Letters",)


async def test_a_photo_that_is_gone_is_passed_over_and_a_stack_that_changes_read_again() -> None:
    world = three()
    world.change("b", stack=StackId("gone"))
    assert await wished(world, "missing a") == ["a"]
    with pytest.raises(Retryable):
        await wished(world, "b")


@pytest.mark.parametrize("facts", [{"action": "tag"}, {"enabled": False}, {"similarity": 0.9}, {"name": "Letters"}])
async def test_what_no_category_wants_any_more_is_not_archived_though_it_was_wanted_once(
    facts: dict[str, object],
) -> None:
    world = World(photo("a", view=50), photo("b", 1))
    world.categories = [replace(RECEIPTS, **facts)]  # type: ignore[arg-type] # fields of a category
    assert await wished(world, "a") == []


async def test_a_stack_is_not_archived_for_what_was_wanted_of_a_member_before() -> None:
    world = World(photo("a", view=50), photo("b", 1))
    world.stand(stack_of("a b"))
    world.wanted_before = {"a"}
    world.categories = [replace(RECEIPTS, similarity=0.9)]
    assert await wished(world, "b") == []
    world.categories = [RECEIPTS]
    assert await wished(world, "b") == ["a b"]


def test_it_shares_the_lane_of_the_stacks() -> None:
    (plan,) = router.plans(wanted("a"))
    assert (plan.handler, plan.lane) == ("archive", "stacks:me")
