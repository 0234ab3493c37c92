"""Which photos a scan asks for: each day, album and account that was asked for, and each photo once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import aiohttp
import pytest

from reactor.core.pace import Window
from reactor.core.runs import RunState, ScanProgress, ScanRequest
from reactor.demo.phone import Shot

from ..household import Household
from .bench import uploaded
from .camera import frame, take, wall
from .scan_rig import Scans, a_journey


async def test_it_goes_day_by_day_oldest_first_and_asks_each_photo_once(scans: Scans, home: Household) -> None:
    photos = await a_journey(home)
    # One at a time, so that the order in which they are asked for is seen.
    run = await scans.bench.runs.start(ScanRequest())
    ended = await scans.bench.fed(scans.feeder(window=Window(untried=1, unfinished=1)), run.id)
    assert await scans.asked() == photos
    assert (ended.state, ended.counts.done, ended.share) == (RunState.DONE, 6, 1.0)
    assert isinstance(ended.progress, ScanProgress)
    (at,) = ended.progress.accounts
    assert (at.photos, at.finished, at.first, at.last) == (6, True, date(2019, 2, 28), date(2026, 8, 16))
    sources = await scans.bench.pool.fetch("SELECT DISTINCT source FROM events")
    assert [row["source"] for row in sources] == ["scan"]


async def test_empty_years_are_hopped_over(scans: Scans, home: Household) -> None:
    await a_journey(home)
    before = len(home.immich.requests)
    await scans.carried_out(ScanRequest())
    searches = [path for _, path, _ in list(home.immich.requests)[before:] if path == "/api/search/metadata"]
    assert len(searches) < 60, "seven years are 2,700 days"


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (date(2026, 6, 2), date(2026, 6, 2), slice(2, 4)),
        (date(2026, 6, 2), None, slice(2, 6)),
        (None, date(2026, 6, 1), slice(0, 2)),
        (date(2026, 6, 4), date(2026, 8, 14), slice(0, 0)),
        (date(2030, 1, 1), None, slice(0, 0)),
        (None, date(2001, 1, 1), slice(0, 0)),
    ],
)
async def test_both_ends_are_local_days_and_belong_to_it(
    scans: Scans, home: Household, since: date | None, until: date | None, found: slice
) -> None:
    photos = await a_journey(home)
    ended = await scans.carried_out(ScanRequest(since=since, until=until))
    assert sorted(await scans.asked()) == sorted(photos[found])
    assert (ended.state, ended.share) == (RunState.DONE, 1.0)


async def in_an_album(home: Household, name: str, assets: Sequence[str]) -> str:
    async with (
        aiohttp.ClientSession(f"{home.immich.url}/api/", headers={"x-api-key": home.key}) as session,
        session.post("albums", json={"albumName": name, "assetIds": list(assets)}) as answer,
    ):
        assert answer.status == 201
        return str((await answer.json())["id"])


async def test_an_album_is_named_by_its_name_or_its_id(scans: Scans, home: Household) -> None:
    photos = await a_journey(home)
    album = await in_an_album(home, "Japan", [photos[2], photos[4]])
    by_name = await scans.carried_out(ScanRequest(album="Japan"))
    assert await scans.asked(by_name.id) == [photos[2], photos[4]]
    by_id = await scans.carried_out(ScanRequest(album=album, since=date(2026, 6, 3)))
    assert await scans.asked(by_id.id) == [photos[4]]


async def test_an_album_that_is_not_clear_is_an_error_in_words(scans: Scans, home: Household) -> None:
    photos = await a_journey(home)
    twins = sorted([await in_an_album(home, "Japan", photos[:1]), await in_an_album(home, "Japan", photos[1:2])])
    several = await scans.carried_out(ScanRequest(album="Japan"))
    assert several.state is RunState.FAILED
    assert several.words == f"me: several albums are named 'Japan': give the id of one: {', '.join(twins)}"
    missing = await scans.carried_out(ScanRequest(album="Norway"))
    assert (missing.state, missing.note) == (RunState.FAILED, "no account has an album 'Norway'")
    assert await scans.asked() == []


async def test_only_faces_asks_for_the_named_people_on_the_photos_and_for_nothing_else(
    scans: Scans, home: Household
) -> None:
    face = ("Ann", (10.0, 10.0, 90.0, 90.0))
    shots = [
        Shot(file_name=f"{day}.jpg", data=frame(day, wall(2026, 6, day, 12)), taken_at=wall(2026, 6, day, 12))
        for day in (2, 9)
    ]
    shots[0] = replace(shots[0], faces=(face,), size=(320, 240))
    photos = [await home.phone.upload(shot) for shot in shots]
    await home.rest()
    unnamed = home.immich.recognise(photos[1], box=(10, 10, 90, 90), image_size=(320, 240))
    scans.faces = True
    ended = await scans.carried_out(ScanRequest(only="faces"))
    assert ended.state is RunState.DONE
    (ann,) = await scans.asked(handler="faces")
    assert ann != unnamed
    assert await scans.asked(handler="embed") == []
    whole = await scans.carried_out(ScanRequest())
    assert await scans.asked(whole.id, "faces") == [ann]
    assert await scans.asked(whole.id, "embed") == photos
    stacks = await scans.carried_out(ScanRequest(only="stack"))
    assert await scans.asked(stacks.id, "faces") == []


async def test_what_a_dry_scan_saw_first_is_still_heard_when_it_is_told_live(scans: Scans, home: Household) -> None:
    photo = await take(home, 1, wall(2026, 6, 2, 12))
    dry = await scans.carried_out(ScanRequest(dry=True))
    await scans.bench.log.append([uploaded(photo)], source="webhook")
    await scans.bench.log.append([uploaded(photo)], source="poll")
    assert await scans.bench.states() == [(photo, "embed", dry.id, "done"), (photo, "embed", "live", "waiting")]
