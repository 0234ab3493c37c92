"""What the user says of photos in Immich, and the faces that Immich finds, decide which of them lies on top."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from reactor.core.changes import StackAssets
from reactor.core.events import AssetEmbedded
from reactor.core.ids import AssetId
from reactor.stages.stack import stack

from ..household import ME
from ..runs.camera import take, wall
from ..stages.house import CAUSE, House

NOON = wall(2026, 6, 2, 12, 0, 1)
Deed = Callable[[House, AssetId], Awaitable[object]]


async def burst(house: House, *numbers: int) -> list[AssetId]:
    """Take frames of one view, a second apart, and embed them."""
    frames = [await take(house.home, 7, NOON + timedelta(seconds=number), number=number) for number in numbers]
    for frame in frames:
        await house.embed(await house.heard(frame))
        await house.end(frame, "done")
    return frames


async def decided(house: House, *assets: AssetId) -> tuple[AssetId | None, str]:
    """Let the stack stage look at the photos and carry out what it wishes; return what lies on top, and why."""
    events = [AssetEmbedded(account=ME, asset=asset, model=house.looker.model, checksum="1") for asset in assets]
    outcome = await stack(events, house.services())
    await house.performer().carry_out(outcome.changes, CAUSE)
    await house.home.rest()
    why = [change.reason.rule for change in outcome.changes if isinstance(change, StackAssets)]
    return (await house.home.library.asset(assets[0])).stack_primary, "".join(why)


async def favour(house: House, asset: AssetId) -> object:
    return await house.user("PUT", f"/assets/{asset}", {"isFavorite": True})


async def rate(house: House, asset: AssetId) -> object:
    return await house.user("PUT", f"/assets/{asset}", {"rating": 2})


async def turn(house: House, asset: AssetId) -> object:
    edits = [{"action": "rotate", "parameters": {"angle": 90}}]
    return await house.user("PUT", f"/assets/{asset}/edits", {"edits": edits})


async def recognise(house: House, asset: AssetId) -> object:
    return house.home.immich.recognise(asset, box=(60, 60, 160, 160), image_size=(320, 240))


@pytest.mark.parametrize(
    ("deed", "why"),
    [(favour, "a favourite"), (rate, "rated best"), (turn, "an edited photo"), (recognise, "shows the faces best")],
)
async def test_what_is_said_of_a_photo_brings_it_to_the_top(house: House, deed: Deed, why: str) -> None:
    first, second, third = await burst(house, 1, 2, 3)
    await deed(house, second)
    top, rule = await decided(house, first, second, third)
    assert (top, why in rule) == (second, True), rule


async def test_without_a_word_the_first_of_equals_lies_on_top_and_stays_when_faces_are_found(house: House) -> None:
    first, second = await burst(house, 1, 2)
    assert (await decided(house, first, second))[0] == first
    await recognise(house, second)
    written = len(house.home.writes())
    assert (await decided(house, first, second)) == (first, "")
    assert len(house.home.writes()) == written
    (third,) = await burst(house, 3)
    assert (await decided(house, third))[0] == second


async def test_a_key_that_may_not_ask_for_faces_stacks_all_the_same(house: House) -> None:
    pair = await burst(house, 1, 2)
    house.home.immich.permit(house.home.key, ("asset.read", "asset.update", "stack.read", "stack.create"))
    assert (await decided(house, *pair))[0] == pair[0]
