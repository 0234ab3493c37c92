"""Scans and replays through the real stages, over a simulated Immich."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

import asyncpg
import pytest

from reactor.adapters.clip.embedder import ClipEmbedder
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.core.changes import subjects_of
from reactor.core.events import AssetUploaded
from reactor.core.ids import is_dry
from reactor.core.journal import Entry, EntryState
from reactor.core.limits import LimitPolicy
from reactor.core.modes import Mode
from reactor.core.pace import Window
from reactor.core.runs import ReplayRequest, RunState, ScanRequest, final_plan

from ..household import ME, Household, a_household, eventually
from .camera import TOKYO, take, wall
from .world import ARCHIVED, Place, now

MIDNIGHT = wall(2026, 6, 2, 23, 59, 57)


@pytest.fixture
async def home() -> AsyncIterator[Household]:
    async with a_household() as opened:
        yield opened


@pytest.fixture
def place(home: Household, pool: asyncpg.Pool, embedder: ClipEmbedder) -> Place:
    return Place(home=home, pool=pool, embedder=embedder)


async def test_a_burst_across_midnight_stays_one_stack(home: Household, place: Place) -> None:
    # In Tokyo, where midnight is not that of UTC.
    burst = [await take(home, 7, MIDNIGHT + timedelta(seconds=n), TOKYO, number=n) for n in range(6)]
    other = await take(home, 8, MIDNIGHT + timedelta(hours=3), TOKYO)
    # No more than two at a time, so that the days are decided apart.
    place.window = Window(untried=2, unfinished=2)
    async with place.running():
        run = await place.carried_out(ScanRequest(since=date(2026, 6, 2), until=date(2026, 6, 3)))
    assert (run.state, run.counts.failed) == (RunState.DONE, 0)
    assert await place.stacks() == [sorted(burst)]
    assert await place.tagged([*burst, other]) == 7


async def test_only_the_days_that_are_asked_for_and_only_what_is_asked_for(home: Household, place: Place) -> None:
    burst = [await take(home, 7, MIDNIGHT + timedelta(seconds=n), TOKYO, number=n) for n in range(6)]
    before = await take(home, 8, wall(2026, 6, 1, 23, 59, 59), TOKYO)
    async with place.running():
        await place.carried_out(ScanRequest(since=date(2026, 6, 2), until=date(2026, 6, 2), only="stack"))
        assert await place.stacks() == [sorted(burst[:3])]
        assert await place.tagged([*burst, before]) == 0
        await place.carried_out(ScanRequest(since=date(2026, 6, 3), until=date(2026, 6, 3), only="classify"))
    assert await place.stacks() == [sorted(burst[:3])]
    assert await place.tagged(burst[:3]) == 0
    assert await place.tagged(burst[3:]) == 3


def planned(plan: Sequence[Entry], handler: str) -> list[str]:
    return [subject for entry in plan if entry.cause.handler == handler for subject in subjects_of(entry.change)]


@pytest.mark.parametrize("mode", ["apply", "observe"])
async def test_a_dry_scan_plans_everything_and_changes_nothing(
    home: Household, pool: asyncpg.Pool, embedder: ClipEmbedder, mode: Mode
) -> None:
    place = Place(home=home, pool=pool, embedder=embedder, mode=mode, categories=(ARCHIVED,))
    burst = [await take(home, 7, MIDNIGHT + timedelta(seconds=n), number=n) for n in range(4)]
    alone = await take(home, 8, MIDNIGHT - timedelta(hours=5))
    written = len(home.writes())
    plans = []
    async with place.running():
        for _ in range(2):
            run = await place.carried_out(ScanRequest(dry=True))
            assert is_dry(run.id)
            assert (run.state, run.counts.failed) == (RunState.DONE, 0)
            plans.append(final_plan(await place.bench.runs.plan(run.id)))
    assert len(home.writes()) == written
    for plan in plans:
        assert {entry.state for entry in plan} == {EntryState.PLANNED}
        assert sorted(planned(plan, "classify")) == sorted([*burst, alone])
        assert sorted(planned(plan, "stack")) == sorted(burst)
        assert alone in planned(plan, "archive")
        assert all(entry.change.reason.rule for entry in plan)
    assert {entry.cause.run for entry in plans[0]}.isdisjoint(entry.cause.run for entry in plans[1])


async def test_a_new_photo_is_tagged_while_a_scan_is_far_from_its_end(home: Household, place: Place) -> None:
    for seed in range(240):
        await take(home, seed, wall(2026, 1, 1, 12) + timedelta(hours=seed), settle=False)
    await home.rest()
    async with place.running():
        run = await place.bench.runs.start(ScanRequest(only="classify"))

        async def begun() -> bool:
            return (await place.bench.now(run.id)).counts.done > 10

        await eventually(begun, "the scan has begun")
        new = await take(home, 999, wall(2026, 6, 5, 12), settle=False)
        await place.bench.log.append([AssetUploaded(account=ME, asset=new)], source="webhook")

        async def tagged() -> bool:
            return await place.tagged([new]) == 1

        await eventually(tagged, "the new photo is tagged")
        before = await place.pool.fetchval(
            "SELECT count(*) FROM journal WHERE id < (SELECT id FROM journal WHERE subjects = ARRAY[$1])", new
        )
        assert before < 120, "the scan was half through before the new photo had its turn"


async def test_replaying_everything_twice_writes_nothing_again(home: Household, place: Place) -> None:
    place.categories = (ARCHIVED,)
    burst = [await take(home, 7, MIDNIGHT + timedelta(seconds=n), number=n) for n in range(4)]
    await take(home, 8, MIDNIGHT - timedelta(hours=5))
    async with place.running():
        await place.carried_out(ScanRequest())
        await home.rest()
        assert await place.stacks() == [sorted(burst)]
        written = len(home.writes())
        entries = await place.pool.fetchval("SELECT count(*) FROM journal")
        for _ in range(2):
            run = await place.carried_out(ReplayRequest(everything=True))
            assert (run.state, run.counts.failed) == (RunState.DONE, 0)
            assert run.counts.done > 15
    assert len(home.writes()) == written
    assert await place.pool.fetchval("SELECT count(*) FROM journal") == entries


async def test_a_scan_makes_its_changes_on_a_budget_of_its_own(home: Household, place: Place) -> None:
    photos = [await take(home, seed, wall(2026, 1, 1, 12, 0) + timedelta(hours=seed)) for seed in range(12)]
    place.limits = LimitPolicy(each=0, floor=1)
    async with place.running():
        await place.carried_out(ScanRequest(only="stack"))
        run = await place.carried_out(ScanRequest(only="classify"))
    assert (run.counts.done, run.counts.failed) == (24, 0)
    assert await place.tagged(photos) == 12
    assert await PostgresLimits(place.pool).open_trips() == ()


async def test_what_a_scan_asks_for_is_no_allowance_of_what_is_heard_live(home: Household, place: Place) -> None:
    await take(home, 1, wall(2026, 1, 1, 12, 0))
    async with place.running():
        await place.carried_out(ScanRequest())
    limits, hour_ago = PostgresLimits(place.pool), now() - timedelta(hours=1)
    assert await limits.count_since(ME, "tags", hour_ago) == (0, 0)
    assert await place.pool.fetchval("SELECT count(*) FROM journal WHERE state = 'done'") == 1
