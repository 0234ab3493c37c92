"""Between the dissolving of a stack and the joining of what belongs together: a crash, or the user."""

from dataclasses import replace

import pytest

from reactor.adapters.postgres.journal import PostgresJournal
from reactor.core.changes import Change, RestoreStacks
from reactor.core.entry_orders import Order
from reactor.core.events import AssetEmbedded
from reactor.core.ids import LIVE, AssetId
from reactor.core.journal import Cause, EntryState
from reactor.stages.stack import stack

from ..household import ME, hands_of
from ..orders.rig import Rig
from ..stages.house import House
from .test_parting import between, comes
from .world import photo

CAUSE = Cause(handler="stack", event=1, run=LIVE)


@pytest.fixture
def rig(house: House) -> Rig:
    return Rig(house=house)


@pytest.fixture
async def shot(rig: Rig) -> list[AssetId]:
    """Return two photos in a stack of ours, and a third that is stored and proves it wrong."""
    assets = await rig.home.photos(3)
    for one in (photo(assets[0], 0, 0), photo(assets[1], 8, 30)):
        await rig.house.photos.save(replace(one, account=ME), rig.house.looker.model)
    await comes(rig, assets[:2])
    await between(rig, assets)
    return assets


async def wished(rig: Rig, asset: AssetId) -> tuple[Change | Order, ...]:
    event = AssetEmbedded(account=ME, asset=asset, model=rig.house.looker.model, checksum="1")
    return (await stack([event], rig.house.services())).changes


async def test_after_a_crash_in_between_the_rest_is_done(rig: Rig, shot: list[AssetId]) -> None:
    first, second, late = shot
    wrong, _ = await wished(rig, late)
    await rig.performer().carry_out([wrong], CAUSE)
    await rig.home.rest()
    assert await rig.stack_of(first) == frozenset()
    assert await comes(rig, [late]) == ["StackAssets"]
    assert await rig.stack_of(second) == {second, late}


async def test_after_a_crash_before_the_answer_the_rest_is_done(rig: Rig, shot: list[AssetId]) -> None:
    _, second, late = shot
    wrong, _ = await wished(rig, late)
    assert isinstance(wrong, RestoreStacks)
    hand = hands_of(rig.home)[RestoreStacks]
    before = await hand.read(wrong)
    await PostgresJournal(rig.pool).write(wrong, CAUSE, before, EntryState.OPEN)
    await hand.call(wrong, before)
    await rig.home.rest()
    await rig.performer().recover("stack", ME, shot, [])
    assert await comes(rig, [late]) == ["StackAssets"]
    assert await rig.stack_of(second) == {second, late}
    assert await rig.states(1, 2, 3) == ["undone", "done", "done"]


async def test_what_the_user_takes_apart_meanwhile_stays_so(rig: Rig, shot: list[AssetId]) -> None:
    first, _, late = shot
    wishes = await wished(rig, late)
    found = (await rig.home.library.asset(first)).stack
    await rig.house.user("DELETE", f"/stacks/{found}", None)
    await rig.performer().carry_out(wishes, CAUSE)
    await rig.home.rest()
    assert [await rig.stack_of(asset) for asset in shot] == [frozenset()] * 3
    assert await comes(rig, [late]) == []
