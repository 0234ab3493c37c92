"""Another model, another measure and other settings remake no stack that stands; photos that come do."""

from dataclasses import replace

import pytest

from reactor.core.changes import RestoreStacks
from reactor.core.ids import AssetId
from reactor.core.stack_policy import StackPolicy
from reactor.evaluate.library import MemoryLibrary
from reactor.stages.stack import Desk, decide

from .test_partition import FAR
from .world import ME, MODEL, RANDOM_PAIR, looking, photo

USUAL = StackPolicy()
STRICT = StackPolicy(share=0.99, wide_share=0.98)


def desk_of(library: MemoryLibrary, policy: StackPolicy = USUAL, measure: float | None = RANDOM_PAIR) -> Desk:
    return Desk(
        account=ME, library=library, photos=library, similar=library, journal=library,
        model=MODEL, policy=policy, random_pair_cosine=measure,
    )  # fmt: skip


async def with_a_stack(desk: Desk, library: MemoryLibrary, view: float) -> None:
    """Let two photos be stacked by structure, or by what the model sees."""
    for one in (photo("a"), photo("b", 5, view)):
        library.add(one)
    for change in (await decide([AssetId("a"), AssetId("b")], desk)).changes:
        library.carry_out(change)
    assert library.stacks() == {frozenset("ab")}


async def asked(library: MemoryLibrary, desk: Desk, *assets: str) -> list[str]:
    changes = (await decide([AssetId(asset) for asset in assets], desk)).changes
    return [type(change).__name__ for change in changes]


@pytest.mark.parametrize("newcomer", [0.0, 90.0])
async def test_other_settings_remake_no_stack(newcomer: float) -> None:
    library = MemoryLibrary()
    await with_a_stack(desk_of(library), library, 20)
    library.add(photo("x", 7, newcomer, FAR))
    assert await asked(library, desk_of(library, STRICT), "x") == []
    # A scan or a replay asks about all of them.
    assert await asked(library, desk_of(library, STRICT), "a", "b", "x") == []


async def test_the_first_measure_of_a_model_remakes_no_stack() -> None:
    library = MemoryLibrary()
    await with_a_stack(desk_of(library, measure=None), library, 50)
    library.add(photo("x", 7, 90, 0))
    assert await asked(library, desk_of(library), "x") == []


async def test_another_model_remakes_no_stack() -> None:
    library = MemoryLibrary()
    await with_a_stack(desk_of(library), library, 20)
    library.add(replace(photo("b", 5), vector=looking(70), phash=FAR))
    library.add(photo("x", 7, 72, FAR))
    assert await asked(library, desk_of(library), "x") == []


async def test_a_photo_that_was_dated_anew_leaves_its_stack() -> None:
    library = MemoryLibrary()
    await with_a_stack(desk_of(library), library, 20)
    library.add(photo("b", 5000, 20))
    (change,) = (await decide([AssetId("b")], desk_of(library), [AssetId("b")])).changes
    assert isinstance(change, RestoreStacks)
