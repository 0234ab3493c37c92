"""The grey zone below the stack rule: suggested, while what is sure is done."""

from dataclasses import replace

from reactor.core.changes import StackAssets
from reactor.core.events import AssetEmbedded
from reactor.core.ids import AssetId
from reactor.core.stack_policy import StackPolicy
from reactor.core.vetoes import not_together
from reactor.stages.stack import stack

from .world import ME, MODEL, World, ids, photo

# Ten degrees are a cosine of .98, which is sure; 35 are one of .82, seven tenths of the way; hashes differ wholly.
FAR, NEAR = 35.0, 10.0
OTHER = (1 << 40) - 1


def views(*angles: float) -> World:
    """Return photos a second apart, each turned by so much from the first, none alike by its hash."""
    world = World(*(photo("abcdef"[n], n, angle, OTHER if n % 2 else 0) for n, angle in enumerate(angles)))
    world.policy = replace(StackPolicy(), review_share=0.12)
    return world


async def wished(world: World, names: str) -> list[tuple[str, bool]]:
    events = [AssetEmbedded(account=ME, asset=AssetId(name), model=MODEL, checksum="1") for name in ids(names)]
    outcome = await stack(events, world.services())
    return [
        (" ".join(sorted(change.members)), change.reason.sure)
        for change in outcome.changes
        if isinstance(change, StackAssets)
    ]


async def test_it_is_off_by_default() -> None:
    world = views(0, FAR)
    world.policy = StackPolicy()
    assert await wished(world, "a b") == []


async def test_a_stack_that_only_the_wider_rule_makes_is_suggested() -> None:
    assert await wished(views(0, FAR), "a b") == [("a b", False)]
    assert await wished(views(0, 80), "a b") == []


async def test_what_is_sure_is_done_and_what_it_might_grow_by_suggested() -> None:
    world = views(0, NEAR, NEAR + FAR)
    assert await wished(world, "a b c") == [("a b", True), ("a b c", False)]
    done = await stack([AssetEmbedded(account=ME, asset=AssetId("a"), model=MODEL, checksum="")], world.services())
    assert isinstance(done.changes[0], StackAssets)
    assert isinstance(done.changes[1], StackAssets)
    assert [sorted(group) for group in done.changes[1].certain] == [["a", "b"]]
    world.carry_out(done.changes[0])
    assert await wished(world, "c") == [("a b c", False)]
    assert await wished(views(0, NEAR), "a b") == [("a b", True)]


async def test_what_a_person_declined_is_not_suggested_again() -> None:
    world = views(0, FAR)
    world.vetoes = [not_together(ME, ids("a b"), (), "declined", "", 1)]
    assert await wished(world, "a b") == []
