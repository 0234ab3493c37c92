"""A photo that the user takes out of an album of ours: noticed by the slow sweep, remembered, never put in again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.postgres.claims import PostgresClaims
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.ids import AssetId
from reactor.core.library import Album
from reactor.sources.album_sweep import AlbumSweep

from ..household import ME
from ..sources.changes_rig import trash
from ..stages.house import House
from .rig import PLAIN, Home, a_home

PAPER = replace(PLAIN, name="Paper", album="Bills")


@pytest.fixture
async def home(house: House) -> AsyncIterator[Home]:
    async with a_home(house, PAPER) as opened:
        yield opened


def a_sweep(home: Home, library: ImmichLibrary | None = None) -> AlbumSweep:
    return AlbumSweep(
        ME,
        library or home.house.home.library,
        PostgresClaims(home.house.pool),
        home.house.log,
        home.house.bookmarks,
        every=timedelta(0),
        now=lambda: datetime.now(UTC),
        gap=timedelta(0),
    )


async def swept(home: Home) -> int:
    told = await a_sweep(home).once()
    await home.rest()
    return told


async def the_album(home: Home) -> Album:
    (found,) = await home.house.home.library.albums()
    return found


async def is_inside(home: Home, asset: AssetId) -> bool:
    return bool(await home.house.home.library.albums_of(asset))


async def take_out(home: Home, *assets: AssetId) -> None:
    await home.house.user("DELETE", f"/albums/{(await the_album(home)).id}/assets", {"ids": assets})


async def test_a_photo_that_was_taken_out(home: Home) -> None:
    asset, other = [await home.upload(seed, seconds=100 * seed) for seed in (1, 2)]
    assert await is_inside(home, asset)
    assert (await the_album(home)).name == "Bills"
    await home.later()
    assert await swept(home) == 0
    await take_out(home, asset)
    assert await home.notice() == []  # nothing moves
    assert await swept(home) == 1
    (veto,) = await home.listed()
    assert (veto.kind, veto.subjects, veto.value) == ("album", (asset,), "Bills")
    assert veto.why == "you took it out of the album"
    assert await swept(home) == 0
    for _ in range(2):
        await home.again(asset, other)
        assert not await is_inside(home, asset)
        assert await is_inside(home, other)
    await home.revoke()
    assert await swept(home) == 0
    await home.again(asset)
    assert await is_inside(home, asset)


async def test_an_album_that_was_deleted_as_a_whole(home: Home) -> None:
    photos = [await home.upload(seed, seconds=100 * seed) for seed in range(3)]
    await home.later()
    await home.house.user("DELETE", f"/albums/{(await the_album(home)).id}", None)
    assert await swept(home) == 1
    found = await home.listed()
    assert sorted(veto.subjects for veto in found) == sorted((asset,) for asset in photos)
    assert {(veto.kind, veto.value, veto.why) for veto in found} == {("album", "Bills", "the album was deleted")}
    assert await swept(home) == 0
    await home.again(*photos)
    assert await home.house.home.library.albums() == ()
    new = await home.upload(4, seconds=1000)
    assert await is_inside(home, new)  # only what was in it is meant
    await home.again(*photos)
    assert not await is_inside(home, photos[0])


async def test_a_photo_in_the_trash_and_one_that_is_deleted_say_nothing(home: Home) -> None:
    trashed, deleted = [await home.upload(seed, seconds=100 * seed) for seed in (1, 2)]
    await home.later()
    await trash(home.house, trashed)
    await home.house.home.user_deletes(deleted, force=True)
    await swept(home)
    assert await home.listed() == []


async def test_what_is_young_or_was_put_in_again_is_no_veto(home: Home) -> None:
    asset = await home.upload(1)
    await take_out(home, asset)
    assert await swept(home) == 0  # Immich's own doing, perhaps
    await home.house.user("PUT", f"/albums/{(await the_album(home)).id}/assets", {"ids": [asset]})
    await home.later()
    assert await swept(home) == 0
    assert await home.listed() == []


async def test_many_at_once_are_asked_about_and_put_back_on_request(home: Home) -> None:
    photos = [await home.upload(seed, seconds=100 * seed) for seed in range(20)]
    await home.later()
    await take_out(home, *photos)
    assert await swept(home) == 20
    assert len(await home.listed("lost")) == 20
    await home.again(photos[0])
    assert not await is_inside(home, photos[0])
    assert await PostgresVetoes(home.house.pool).mine([veto.id for veto in await home.listed("lost")]) == 20
    assert len(await home.listed("active")) == 20


async def test_a_key_that_may_not_read_albums_is_told_and_tags_go_on(home: Home) -> None:
    await home.upload(1)
    await home.later()
    immich = home.house.home.immich
    me = (await home.house.user("GET", "/users/me", None))["id"]
    few = immich.add_key(me, ("asset.read", "user.read"))
    transport = home.house.home.library._transport
    limited = ImmichLibrary(ImmichTransport(immich.url, SecretStr(few), ME, session=transport._session))
    sweep = a_sweep(home, limited)
    assert await sweep.once() == 0
    assert "albums are not looked at: the API key lacks the permission album.read" in sweep.status()
