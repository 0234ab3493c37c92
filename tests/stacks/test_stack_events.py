"""What makes the stage decide anew, how much it takes at a time, and by which rule."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.changes import StackAssets
from reactor.core.events import AssetChanged, AssetUploaded
from reactor.core.ids import AccountId, AssetId
from reactor.core.stack_policy import StackPolicy
from reactor.routing import Outcome, Router
from reactor.stages.stack import router, stack
from reactor.stages.stack_scene import SEVERAL_HUNDRED

from .test_stack_stage import BURST, embedded, made, wished
from .world import ME, NOON, World, ids, photo


def changed(name: str, *fields: str) -> AssetChanged:
    return AssetChanged(account=ME, asset=AssetId(name), updated_at="1", fields=fields)


class Redated(World):
    """A world in which the stored capture time of a photo can be corrected."""

    async def retake(self, account: AccountId, asset: AssetId, taken_at: datetime) -> None:
        self.stored[asset] = replace(self.stored[asset], taken_at=taken_at)


@pytest.mark.parametrize("field", ["restored", "unarchived"])
async def test_a_photo_that_comes_back_is_decided_about_again(field: str) -> None:
    outcome = await stack([changed("b", field)], World(*BURST).services())
    assert [change.members for change in outcome.changes if isinstance(change, StackAssets)] == [ids("b a c")]


async def test_what_leaves_the_timeline_or_is_tagged_costs_nothing() -> None:
    class Silent(World):
        async def asset(self, asset: AssetId) -> NoReturn:
            raise AssertionError(f"{asset} was read")

        async def embedded(self, *_: object) -> NoReturn:
            raise AssertionError("the stored photos were read")

        async def random_pair_cosine(self) -> NoReturn:
            raise AssertionError("the model was measured")

    events = [changed("b", field) for field in ("trashed", "archived", "tags", "touched")]
    assert await stack(events, Silent(*BURST).services()) == Outcome()


async def test_a_new_date_is_stored_and_the_photo_joins_where_it_belongs_now() -> None:
    world = Redated(photo("a"), photo("b", 9000), photo("c", 2))
    world.change("b", taken_at=NOON + timedelta(seconds=1))
    outcome = await stack([changed("b", "date"), changed("gone", "date")], world.services())
    assert world.stored[AssetId("b")].taken_at == NOON + timedelta(seconds=1)
    assert [change.members for change in outcome.changes if isinstance(change, StackAssets)] == [ids("a b c")]


async def test_a_moment_with_thousands_of_photos_holds_nothing_else_up() -> None:
    crowd = [photo(f"{n:05}", n / 100, 37 * n % 360, n * 2654435761 % (1 << 64)) for n in range(16 * SEVERAL_HUNDRED)]
    beats = 0

    async def heart() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.001)

    beating = asyncio.create_task(heart())
    world = World(*crowd)
    assert (await stack([embedded("00000")], world.services())).changes
    beating.cancel()
    # Two hundred on an idle machine, none where the partition holds the event loop.
    assert beats > 10


def test_the_stage_hears_of_vectors_of_burst_ids_and_of_changes_in_the_lane_of_its_account() -> None:
    assert isinstance(router, Router)
    for event in (embedded("a"), changed("a", "date")):
        (plan,) = router.plans(event)
        assert (plan.handler, plan.lane) == ("stack", "stacks:me")
    assert router.plans(AssetUploaded(account=ME, asset=AssetId("a"))) == ()


@settings(deadline=None, max_examples=40)
@given(st.permutations(range(8)), st.lists(st.integers(1, 8), min_size=1, max_size=3))
async def test_whatever_the_order_of_arrival_the_stacks_are_the_same(order: Sequence[int], sizes: list[int]) -> None:
    shots = [photo(f"{n}", 3 * n + (100 if n > 3 else 0), 20 * (n % 2), sharpness=n % 3 + 1.0) for n in range(8)]
    world = World()
    waiting = list(order)
    while waiting:
        size = sizes[len(waiting) % len(sizes)]
        batch, waiting = [shots[n] for n in waiting[:size]], waiting[size:]
        arrived = World(*batch)
        world.stored |= arrived.stored
        world.assets |= arrived.assets
        outcome = await stack([embedded(found.asset) for found in batch], world.services())
        for change in outcome.changes:
            assert isinstance(change, StackAssets)
            world.carry_out(change)
    stands = {asset.stack: world.stacks[asset.stack] for asset in world.assets.values() if asset.stack}
    assert {(found.primary, found.members) for found in stands.values()} == {
        (AssetId("2"), frozenset(ids("0 1 2 3"))),
        (AssetId("5"), frozenset(ids("4 5 6 7"))),
    }


async def test_the_auto_stackers_rule_joins_what_one_day_saw_alike() -> None:
    morning, night = photo("a"), photo("b", 9 * 3600, 15, (1 << 32) - 1, camera="another")
    next_day = photo("c", 24 * 3600, 0)
    world = World(morning, night, next_day)
    assert await wished(world, "b") == []
    world.policy = StackPolicy(rule="auto-stacker", high_clip=0.94, low_clip=0.9, near_phash=3, wide_phash=5)
    assert await wished(world, "b") == ["a b"]
    assert await wished(world, "c") == []


async def test_a_photo_that_joins_two_stacks_of_a_day_merges_them_by_the_auto_stackers_rule() -> None:
    world = World(photo("a"), photo("b", 60), photo("c", 7200, 30), photo("d", 7260, 30), photo("e", 9000, 15))
    world.policy = StackPolicy(rule="auto-stacker", high_clip=0.94, low_clip=0.9, near_phash=-1, wide_phash=-1)
    made(world, "a b")
    made(world, "c d")
    assert await wished(world, "e") == ["a b c d e"]
