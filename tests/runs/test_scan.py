"""How a scan is fed: day by day, once, at its pace, and past accounts that are in trouble."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import aiohttp
import asyncpg
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.timeline import ImmichTimeline
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.errors import Blocked
from reactor.core.ids import AccountId, RunId
from reactor.core.pace import Window
from reactor.core.quiet_hours import quiet_hours
from reactor.core.runs import Run, RunState, ScanProgress, ScanRequest
from reactor.demo.phone import Phone, Shot
from reactor.sources.feeding import Feeder
from reactor.sources.scan import ScanFeed, ScanPace, Timeline

from ..household import Household, a_household, eventually
from .bench import ME, YOU, Bench, uploaded
from .camera import NEW_YORK, TOKYO, frame, take, wall

QUICK = ScanPace(per_minute=100_000)


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
async def home() -> AsyncIterator[Household]:
    async with a_household() as opened:
        yield opened


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as opened:
        yield opened


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


class Scans:
    """Feeders of scans over a household's accounts."""

    def __init__(self, bench: Bench, home: Household, session: aiohttp.ClientSession) -> None:
        self.bench = bench
        self.home = home
        self.session = session
        self.keys = {ME: home.key}
        self.clock = Clock()
        self.pace = QUICK
        self.blocked: set[AccountId] = set()
        self.faces = False

    def timeline(self, account: AccountId) -> Timeline:
        if account in self.blocked:
            raise Blocked(f"Immich refuses the key of {account}")
        transport = ImmichTransport(self.home.immich.url, SecretStr(self.keys[account]), account, session=self.session)
        return ImmichTimeline(transport, ImmichLibrary(transport))

    def feeder(self, name: str = "a", window: Window | None = None) -> Feeder:
        feed = ScanFeed(
            tuple(self.keys), self.timeline, self.bench.log, pace=self.pace, faces=self.faces, now=self.clock
        )
        return self.bench.scans(feed, name, window)

    async def carried_out(self, request: ScanRequest) -> Run:
        run = await self.bench.runs.start(request)
        return await self.bench.fed(self.feeder(), run.id)

    async def asked(self, run: RunId | str = "%", handler: str = "embed") -> list[str]:
        return [subject for subject, name, *_ in await self.bench.states(run) if name == handler]


@pytest.fixture
def scans(bench: Bench, home: Household, session: aiohttp.ClientSession) -> Scans:
    return Scans(bench, home, session)


async def a_journey(home: Household) -> list[str]:
    """Photos of months apart and of one night in three places, in order of local day, then of time."""
    return [
        await take(home, 1, wall(2019, 2, 28, 12)),
        await take(home, 2, wall(2026, 6, 1, 23, 50), NEW_YORK),
        await take(home, 3, wall(2026, 6, 2, 0, 30), TOKYO),
        await take(home, 4, wall(2026, 6, 2, 23, 45), NEW_YORK),
        await take(home, 5, wall(2026, 6, 3, 0, 15), TOKYO),
        await take(home, 6, wall(2026, 8, 15, 12)),
    ]


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


async def test_two_feeders_at_once_ask_nothing_twice(scans: Scans, home: Household) -> None:
    photos = await a_journey(home)
    run = await scans.bench.runs.start(ScanRequest())
    small = Window(untried=1, unfinished=1)
    feeders = [scans.feeder(name, small) for name in ("first", "second")]
    for _ in range(200):
        for feeder in feeders:
            await feeder.turn()
        await scans.bench.work()
    ended = await scans.bench.now(run.id)
    assert (ended.state, ended.counts.done) == (RunState.DONE, 6)
    assert await scans.asked() == photos


async def test_a_feeder_that_is_killed_midway_loses_nothing_and_the_next_goes_on(scans: Scans, home: Household) -> None:
    photos = await a_journey(home)
    run = await scans.bench.runs.start(ScanRequest())
    killed = scans.feeder("killed", Window(untried=1, unfinished=1))
    while (await scans.bench.now(run.id)).counts.done < 3:
        await killed.turn()
        await scans.bench.work()
    other = scans.feeder("other")
    await other.turn()
    assert (await scans.bench.now(run.id)).counts.asked == 3, "another feeds only when the lease has run out"
    # It had asked for the fourth, and died before it wrote that down.
    await scans.bench.log.append([uploaded(photos[3])], run.id, source="scan")
    await scans.bench.pool.execute("UPDATE runs SET fed_until = clock_timestamp()")
    ended = await scans.bench.fed(other, run.id)
    assert (ended.state, ended.counts.asked, ended.counts.done) == (RunState.DONE, 6, 6)
    assert await scans.asked() == photos


async def test_a_paused_scan_goes_on_where_it_was(scans: Scans, home: Household) -> None:
    photos = await a_journey(home)
    run = await scans.bench.runs.start(ScanRequest())
    feeder = scans.feeder(window=Window(untried=1, unfinished=1))
    while (await scans.bench.now(run.id)).counts.done < 2:
        await feeder.turn()
        await scans.bench.work()
    await scans.bench.runs.pause(run.id)
    for _ in range(5):
        await feeder.turn()
        assert await scans.bench.work() == []
    stood = await scans.bench.now(run.id)
    assert 0.0 < stood.share < 1.0
    await scans.bench.runs.resume(run.id)
    await scans.bench.fed(feeder, run.id)
    assert await scans.asked() == photos


async def test_what_is_asked_for_is_bounded_by_the_budget_of_a_minute(scans: Scans, home: Household) -> None:
    for number in range(8):
        await take(home, number, wall(2026, 6, 2, 12, number), settle=False)
    await home.rest()
    scans.pace = ScanPace(per_minute=2)
    run = await scans.bench.runs.start(ScanRequest())
    feeder = scans.feeder()
    counts = []
    for _ in range(4):
        for _ in range(6):
            assert await feeder.turn() <= 5.0
        counts.append(len(await scans.asked()))
        scans.clock.at += timedelta(seconds=31)
    assert counts == [1, 2, 3, 4]
    quicker = await scans.bench.runs.get(run.id)
    assert quicker is not None
    await scans.bench.runs.cancel(run.id)
    await scans.carried_out(ScanRequest(rate_per_minute=60_000))
    assert len(await scans.asked()) == 4 + 8


async def test_it_rests_in_quiet_hours_and_says_so(scans: Scans, home: Household) -> None:
    await take(home, 1, wall(2026, 6, 2, 12))
    night = datetime(2026, 6, 2, 23, 30).astimezone()
    scans.clock.at = night
    scans.pace = ScanPace(per_minute=600, rest=quiet_hours("22:00-07:00"))
    run = await scans.bench.runs.start(ScanRequest())
    feeder = scans.feeder()
    for _ in range(4):
        await feeder.turn()
    assert await scans.asked() == []
    assert (await scans.bench.now(run.id)).note == "quiet hours: rests until 07:00"
    scans.clock.at = night + timedelta(hours=8)
    ended = await scans.bench.fed(feeder, run.id)
    assert (ended.counts.done, ended.note) == (1, "")
    scans.clock.at = night
    ended = await scans.carried_out(ScanRequest(quiet_hours=""))
    assert ended.counts.done == 1, "the request's own word goes before the settings"


async def test_all_accounts_are_scanned_and_one_in_trouble_keeps_no_other_waiting(
    scans: Scans, home: Household
) -> None:
    mine = await take(home, 1, wall(2026, 6, 2, 12))
    you = home.immich.add_user("You", "you@example.com")
    async with Phone(home.immich.url, you.api_key) as phone:
        shot = Shot(file_name="2.jpg", data=frame(2, wall(2026, 6, 1, 12)), taken_at=wall(2026, 6, 1, 12))
        yours = await phone.upload(shot)
    await home.rest()
    scans.keys[YOU] = you.api_key
    scans.blocked.add(YOU)
    run = await scans.bench.runs.start(ScanRequest())
    feeder = scans.feeder()
    for _ in range(12):
        await feeder.turn()
        await scans.bench.work()
    waiting = await scans.bench.now(run.id)
    assert (waiting.state, waiting.words) == (RunState.RUNNING, "you: Immich refuses the key of you")
    assert await scans.asked() == [mine]
    scans.blocked.clear()
    scans.clock.at += timedelta(seconds=61)
    ended = await scans.bench.fed(feeder, run.id)
    assert (ended.state, ended.words) == (RunState.DONE, "")
    assert await scans.asked() == [mine, yours]
    again = await scans.carried_out(ScanRequest(accounts=(YOU,)))
    assert await scans.asked(again.id) == [yours]


async def test_an_account_that_is_not_there_any_more_fails_the_run_and_not_the_others(
    scans: Scans, home: Household
) -> None:
    mine = await take(home, 1, wall(2026, 6, 2, 12))
    ended = await scans.carried_out(ScanRequest(accounts=(ME, AccountId("gone"))))
    assert (ended.state, ended.words) == (RunState.FAILED, "gone: there is no such account (any more)")
    assert await scans.asked() == [mine]


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


async def test_a_step_that_takes_long_keeps_its_lease(
    scans: Scans, home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(home, 1, wall(2026, 6, 2, 12))
    monkeypatch.setattr("reactor.sources.feeding.RENEW_S", 0.05)
    run = await scans.bench.runs.start(ScanRequest())
    home.immich.fail("GET", "/api/users/me", hang=True)
    slow = asyncio.create_task(scans.feeder("slow").turn())

    async def held() -> bool:
        return bool(await scans.bench.pool.fetchval("SELECT feeder FROM runs"))

    await eventually(held, "the run is in hand")
    await scans.bench.pool.execute("UPDATE runs SET fed_until = clock_timestamp()")

    async def prolonged() -> bool:
        return bool(await scans.bench.pool.fetchval("SELECT fed_until > clock_timestamp() + interval '20 s' FROM runs"))

    await eventually(prolonged, "the lease is prolonged")
    assert await scans.bench.feeding("other").claim("scan") is None
    home.immich.heal()
    await slow
    await scans.bench.fed(scans.feeder("slow"), run.id)
