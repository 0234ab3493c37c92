"""Stacks that later photos prove wrong, through a simulated Immich and a real journal; and how all of it is undone."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from reactor.core.events import AssetChanged, AssetEmbedded, Event
from reactor.core.ids import LIVE, AssetId
from reactor.core.journal import Cause
from reactor.core.modes import Mode
from reactor.core.orders import UndoRequest
from reactor.stages.stack import stack
from reactor.stages.veto import veto

from ..household import ME
from ..orders.rig import Rig
from ..stages.house import House
from .test_partition import FAR
from .world import photo


@pytest.fixture
def rig(house: House) -> Rig:
    return Rig(house=house)


@pytest.fixture
async def shot(rig: Rig) -> list[AssetId]:
    """Return a first photo, one eight seconds later that is like it, and one in between that is liker to the second."""
    assets = await rig.home.photos(3)
    seen = [photo(assets[0], 0, 0), photo(assets[1], 8, 30), photo(assets[2], 5, 48, FAR)]
    for one in seen[:2]:
        await rig.house.photos.save(replace(one, account=ME), rig.house.looker.model)
    return assets


async def comes(rig: Rig, assets: Sequence[AssetId], mode: Mode = "apply") -> list[str]:
    """Let the photos have been embedded, and return what is done about their stacks."""
    model = rig.house.looker.model
    events: list[Event] = [AssetEmbedded(account=ME, asset=asset, model=model, checksum="1") for asset in assets]
    outcome = await stack(events, rig.house.services())
    await rig.performer(mode).carry_out(outcome.changes, Cause(handler="stack", event=1, run=LIVE))
    await rig.home.rest()
    return [type(change).__name__ for change in outcome.changes]


async def between(rig: Rig, assets: Sequence[AssetId]) -> None:
    late = replace(photo(assets[2], 5, 48, FAR), account=ME)
    await rig.house.photos.save(late, rig.house.looker.model)


async def test_a_photo_in_between_parts_a_stack_and_what_belongs_together_is_joined(
    rig: Rig, shot: list[AssetId]
) -> None:
    first, second, late = shot
    assert await comes(rig, [first, second]) == ["StackAssets"]
    assert await rig.stack_of(first) == {first, second}
    await between(rig, shot)
    assert await comes(rig, [late]) == ["RestoreStacks", "StackAssets"]
    assert await rig.stack_of(first) == frozenset()
    assert await rig.stack_of(second) == {second, late}
    # Nothing is left to do, whoever is asked about.
    assert await comes(rig, shot) == []
    assert await rig.states(1, 2, 3) == ["undone", "done", "done"]


async def test_all_of_it_is_taken_back(rig: Rig, shot: list[AssetId]) -> None:
    first, second, late = shot
    await comes(rig, [first, second])
    await between(rig, shot)
    await comes(rig, [late])
    report = await rig.carried_out(UndoRequest(everything=True))
    assert (report.failed, report.left, report.open) == (0, 0, 0)
    assert [await rig.stack_of(asset) for asset in shot] == [frozenset()] * 3
    # What a person had undone stays undone: of the pair that we parted ourselves nothing was said.
    await comes(rig, shot)
    assert late not in await rig.stack_of(second)


@pytest.mark.parametrize("cover_goes", [True, False])
async def test_a_photo_whose_company_was_deleted_is_stacked_anew(
    rig: Rig, shot: list[AssetId], cover_goes: bool
) -> None:
    first, second, late = shot
    await comes(rig, [first, second])
    await between(rig, shot)
    await comes(rig, [late])
    found = (await rig.home.library.asset(second)).stack
    assert found is not None
    cover = (await rig.home.library.stack(found)).primary
    stays, goes = (second, late) if (cover == late) is cover_goes else (late, second)
    await rig.home.user_deletes(goes, force=True)
    await rig.pool.execute("DELETE FROM vectors WHERE asset = $1", goes)
    again = replace(photo(stays, 8, 30), account=ME)
    await rig.house.photos.save(again, rig.house.looker.model)
    event = AssetChanged(account=ME, asset=stays, updated_at="1", fields=("unstacked",))
    long_ago = (
        "UPDATE journal SET settled_at = settled_at - interval '1 hour', written_at = written_at - interval '1 hour'"
    )
    await rig.pool.execute(long_ago)
    assert (await rig.stack_of(stays) == frozenset()) is cover_goes
    if cover_goes:  # the poll of changes sees it in no stack
        await veto([event], rig.house.services())
    assert await comes(rig, [first]) == ["StackAssets"]
    assert await rig.stack_of(first) == {first, stays}


async def test_what_is_only_observed_parts_nothing(rig: Rig, shot: list[AssetId]) -> None:
    first, second, late = shot
    await comes(rig, [first, second])
    await between(rig, shot)
    before = len(rig.home.writes())
    assert await comes(rig, [late], mode="observe") == ["RestoreStacks", "StackAssets"]
    assert len(rig.home.writes()) == before
    assert await rig.stack_of(first) == {first, second}
    assert await rig.states(1, 2, 3) == ["done", "planned", "planned"]
