"""Days of a library whose photographer travels, read from a simulated Immich."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.timeline import ImmichTimeline
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.days import window
from reactor.demo.phone import Phone

from ..household import ME, Household, a_household
from .camera import LONDON, NEW_YORK, TOKYO, take, wall


@pytest.fixture
async def home() -> AsyncIterator[Household]:
    async with a_household() as opened:
        yield opened


@pytest.fixture
async def timeline(home: Household) -> AsyncIterator[ImmichTimeline]:
    async with a_timeline(home) as opened:
        yield opened


@asynccontextmanager
async def a_timeline(
    home: Household, *, page_size: int = 1000, after_each: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[ImmichTimeline]:
    """Open a timeline; ``after_each`` answer something may happen in Immich."""
    watch = aiohttp.TraceConfig()
    if after_each is not None:
        happen = after_each

        async def answered(*_: object) -> None:
            await happen()

        watch.on_request_end.append(answered)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[watch]) as session:
        transport = ImmichTransport(home.immich.url, SecretStr(home.key), ME, session=session)
        yield ImmichTimeline(transport, ImmichLibrary(transport), page_size=page_size)


async def ids(timeline: ImmichTimeline, day: date) -> list[str]:
    return [photo.asset for photo in await timeline.day(day, album=None, people=False)]


async def test_a_day_is_the_photographers_own_wherever_that_was(home: Household, timeline: ImmichTimeline) -> None:
    # All on 2 June by the wall clock; by UTC they spread over 1, 2 and 3 June.
    tokyo_morning = await take(home, 1, wall(2026, 6, 2, 0, 30), TOKYO)
    london_noon = await take(home, 2, wall(2026, 6, 2, 12, 0), LONDON)
    new_york_night = await take(home, 3, wall(2026, 6, 2, 23, 45), NEW_YORK)
    next_tokyo_morning = await take(home, 4, wall(2026, 6, 3, 0, 15), TOKYO)
    night_before = await take(home, 5, wall(2026, 6, 1, 23, 50), NEW_YORK)
    assert await ids(timeline, date(2026, 6, 2)) == [tokyo_morning, london_noon, new_york_night]
    assert await ids(timeline, date(2026, 6, 1)) == [night_before]
    assert await ids(timeline, date(2026, 6, 3)) == [next_tokyo_morning]
    assert await ids(timeline, date(2026, 6, 4)) == []


async def test_the_first_and_the_newest_photo_are_found_also_in_the_archive(
    home: Household, timeline: ImmichTimeline
) -> None:
    assert await timeline.first(None, album=None) is None
    assert await timeline.newest(album=None) is None
    old = await take(home, 1, wall(2020, 1, 1, 12, 0))
    shown = await take(home, 2, wall(2021, 1, 1, 12, 0))
    new = await take(home, 3, wall(2022, 1, 1, 12, 0))
    await home.writer.archive([old, new])
    first, newest = await timeline.first(None, album=None), await timeline.newest(album=None)
    assert first is not None
    assert newest is not None
    assert (first.id, newest.id) == (old, new)
    second = await timeline.first(window(date(2020, 1, 3))[0], album=None)
    assert second is not None
    assert second.id == shown
    assert await timeline.first(window(date(2023, 1, 1))[0], album=None) is None
    assert await ids(timeline, date(2022, 1, 1)) == [new]


async def test_trashed_photos_and_a_partners_are_no_part_of_a_day(home: Household) -> None:
    day = wall(2026, 6, 2, 12, 0)
    mine = await take(home, 1, day)
    trashed = await take(home, 2, day)
    async with aiohttp.ClientSession(f"{home.immich.url}/api/", headers={"x-api-key": home.key}) as session:
        async with session.delete("assets", json={"ids": [trashed]}) as answer:
            assert answer.status == 204
        async with session.get("users/me") as answer:
            me = (await answer.json())["id"]
    partner = home.immich.add_user("You", "you@example.com")
    home.immich.share_timeline(partner.id, me)
    async with Phone(home.immich.url, partner.api_key) as phone:
        theirs = Household(
            immich=home.immich, phone=phone, key=partner.api_key, library=home.library, writer=home.writer
        )
        for seed in range(3, 8):
            await take(theirs, seed, day - timedelta(hours=seed))
    async with a_timeline(home, page_size=2) as timeline:
        assert await ids(timeline, date(2026, 6, 2)) == [mine]
        first = await timeline.first(None, album=None)
        assert first is not None
        assert first.id == mine


async def test_a_day_of_several_pages_is_whole_although_photos_are_archived_meanwhile(home: Household) -> None:
    photos = [await take(home, seed, wall(2026, 6, 2, 12, seed)) for seed in range(12)]
    archived = iter(photos[:3])

    async def archive_the_next() -> None:
        if (photo := next(archived, None)) is not None:
            await home.writer.archive([photo])

    async with a_timeline(home, page_size=4, after_each=archive_the_next) as timeline:
        assert await ids(timeline, date(2026, 6, 2)) == photos
    assert next(archived, None) is None


async def test_who_is_seen_is_told_where_it_is_asked(home: Household, timeline: ImmichTimeline) -> None:
    photo = await take(home, 1, wall(2026, 6, 2, 12, 0))
    person = home.immich.recognise(photo, box=(10, 10, 90, 90), image_size=(320, 240))
    (seen,) = await timeline.day(date(2026, 6, 2), album=None, people=True)
    assert seen.people == {person}
    (unseen,) = await timeline.day(date(2026, 6, 2), album=None, people=False)
    assert unseen.people == frozenset()


async def test_a_day_may_be_of_one_album(home: Household, timeline: ImmichTimeline) -> None:
    inside = await take(home, 1, wall(2026, 6, 2, 12, 0))
    await take(home, 2, wall(2026, 6, 2, 13, 0))
    later = await take(home, 3, wall(2026, 6, 9, 13, 0))
    async with aiohttp.ClientSession(f"{home.immich.url}/api/", headers={"x-api-key": home.key}) as session:
        async with session.post("albums", json={"albumName": "Japan", "assetIds": [inside]}) as answer:
            assert answer.status == 201
        (album,) = await timeline.albums()
        assert album.name == "Japan"
        async with session.put(f"albums/{album.id}/assets", json={"ids": [later]}) as answer:
            assert [one["success"] for one in await answer.json()] == [True]
    day = await timeline.day(date(2026, 6, 2), album=album.id, people=False)
    assert [photo.asset for photo in day] == [inside]
    newest = await timeline.newest(album=album.id)
    assert newest is not None
    assert newest.id == later
