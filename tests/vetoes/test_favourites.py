"""A favourite of ours that the user takes out: noticed by the poll, remembered, never made again, until revoked."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ..sources.changes_rig import favour
from ..stages.house import House
from .rig import PLAIN, Home, a_home

BEST = replace(PLAIN, name="Best", favourite=True)


@pytest.fixture
async def home(house: House) -> AsyncIterator[Home]:
    async with a_home(house, BEST) as opened:
        yield opened


async def is_favourite(home: Home, asset: str) -> bool:
    return bool((await home.house.user("GET", f"/assets/{asset}", None))["isFavorite"])


async def test_a_favourite_that_was_taken_out(home: Home) -> None:
    asset = await home.upload(1)
    assert await home.tags(asset) == {"Auto/Best"}
    assert await is_favourite(home, asset)
    await home.later()
    assert await home.notice() == []  # our own doing is no news
    await favour(home.house, asset, favourite=False)
    assert await home.notice() == ["unfavoured"]
    (veto,) = await home.listed()
    assert (veto.kind, veto.subjects, veto.why) == ("favourite", (asset,), "you took it out of the favourites")
    for _ in range(2):
        await home.again(asset)
        assert not await is_favourite(home, asset)
    await favour(home.house, asset, favourite=False)
    assert await home.notice() == []  # told once
    assert len(await home.listed()) == 1
    await home.revoke()
    assert await home.notice() == []
    await home.again(asset)
    assert await is_favourite(home, asset)


async def test_what_was_no_favourite_of_ours_is_no_news(home: Home) -> None:
    mine = await home.house.home.photo(1)
    await favour(home.house, mine)
    asset = await home.upload(1, seconds=100)
    assert asset == mine  # the same picture: it was there, and a favourite
    assert await is_favourite(home, asset)
    await home.later()
    await home.notice()
    await favour(home.house, asset, favourite=False)
    assert await home.notice() == []
    assert await home.listed() == []


async def test_who_took_the_tag_off_wants_no_favourite_either(home: Home) -> None:
    asset = await home.upload(1)
    await home.later()
    await home.notice()
    await home.house.home.user_untags(asset, "Auto/Best")
    await favour(home.house, asset, favourite=False)
    assert await home.notice() == ["unfavoured tags"]
    vetoes = await home.listed()
    assert {veto.kind for veto in vetoes} == {"tag", "favourite"}
    await home.vetoes.revoke([veto.id for veto in vetoes if veto.kind == "favourite"])
    await home.again(asset)
    assert not await is_favourite(home, asset)
