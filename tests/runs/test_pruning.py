"""What is old is forgotten, unless something needs it."""

from datetime import timedelta

import asyncpg
import pytest

from reactor.adapters.postgres.pruning import FORGOTTEN, PostgresPruning
from reactor.core.changes import Reason, TagAsset, TagState
from reactor.core.events import EVENT_TYPES, ArchiveWanted, AssetEmbedded, MetadataExtracted
from reactor.core.ids import LIVE, AssetId
from reactor.core.journal import Cause, EntryState
from reactor.core.runs import ReplayRequest
from reactor.sources.pruning import prune

from .bench import ME, Bench, embedded, named, uploaded

YEAR = timedelta(days=365)


@pytest.fixture
async def bench(pool: asyncpg.Pool) -> Bench:
    return Bench(pool)


async def aged(bench: Bench, days: int = 400) -> None:
    """Let everything have happened so many days earlier."""
    for table, column in (
        ("events", "heard_at"),
        ("deliveries", "created_at"),
        ("deliveries", "settled_at"),
        ("journal", "written_at"),
    ):
        await bench.pool.execute(f"UPDATE {table} SET {column} = {column} - make_interval(days => $1)", days)


async def kinds(bench: Bench) -> list[str]:
    return [row["kind"] for row in await bench.pool.fetch("SELECT kind FROM events ORDER BY seq")]


def extracted(name: str) -> MetadataExtracted:
    return MetadataExtracted(account=ME, asset=AssetId(name), exif_updated_at="2026")


def wanted(name: str) -> ArchiveWanted:
    return ArchiveWanted(account=ME, asset=AssetId(name), categories=("X",), model="m", checksum="c")


async def test_old_settled_deliveries_go_and_events_that_nothing_needs(bench: Bench) -> None:
    await bench.log.append([uploaded("p"), extracted("p"), embedded("p"), wanted("p"), named("x", "Ann")])
    await bench.work()
    await aged(bench)
    await bench.log.append([uploaded("new"), embedded("new")])
    await bench.work()
    assert await prune(PostgresPruning(bench.pool), YEAR) == (4, 3)
    assert sorted(await kinds(bench)) == ["ArchiveWanted", "AssetEmbedded", "AssetUploaded", "AssetUploaded"]
    assert {subject for subject, *_ in await bench.states()} == {"new"}
    assert await prune(PostgresPruning(bench.pool), YEAR) == (0, 0)


async def test_many_are_forgotten_a_batch_at_a_time(bench: Bench) -> None:
    await bench.log.append([embedded(f"p{number}") for number in range(25)])
    await bench.work()
    await aged(bench)
    pruning = PostgresPruning(bench.pool, batch=10)
    assert await pruning.deliveries(YEAR) == 10
    assert await prune(pruning, YEAR) == (40, 25)
    assert await kinds(bench) == []


async def test_what_is_still_to_be_done_or_was_given_up_keeps_its_event(bench: Bench) -> None:
    await bench.log.append([embedded("dead"), embedded("done")])
    await bench.kill("classify", ["dead"])
    await bench.kill("stack", [])
    await bench.log.append([embedded("waiting")])
    await aged(bench)
    await prune(PostgresPruning(bench.pool), YEAR)
    rows = await bench.pool.fetch("SELECT subject FROM events ORDER BY subject")
    assert [row["subject"] for row in rows] == ["dead", "waiting"]


async def test_the_journal_and_what_it_refers_to_stay(bench: Bench) -> None:
    await bench.log.append([embedded("p"), embedded("q")])
    await bench.work()
    seq = await bench.pool.fetchval("SELECT seq FROM events WHERE subject = 'p'")
    change = TagAsset(account=ME, asset=AssetId("p"), tags=("Auto/X",), reason=Reason(rule="x"))
    journal = bench.journal
    before = TagState(tags=frozenset())
    entry = await journal.write(change, Cause(handler="classify", event=seq, run=LIVE), before, EntryState.OPEN)
    await journal.settle(entry, EntryState.DONE, TagState(tags=frozenset({"Auto/X"})))
    await aged(bench)
    await prune(PostgresPruning(bench.pool), YEAR)
    rows = await bench.pool.fetch("SELECT seq FROM events")
    assert [row["seq"] for row in rows] == [seq]
    assert set(await journal.newest(ME, "tags", ["p"])) == {"p"}


async def test_a_run_that_is_still_open_is_not_forgotten(bench: Bench) -> None:
    await bench.log.append([embedded("p")])
    await bench.work()
    run = await bench.runs.start(ReplayRequest(everything=True))
    await bench.log.append([embedded("p")], run.id)
    await bench.work()
    await bench.runs.pause(run.id)
    await aged(bench)
    await prune(PostgresPruning(bench.pool), YEAR)
    assert (await bench.now(run.id)).counts.done == 2
    await bench.runs.cancel(run.id)
    await prune(PostgresPruning(bench.pool), YEAR)
    assert await kinds(bench) == []


def test_every_kind_is_either_forgotten_or_kept_on_purpose() -> None:
    assert {kind.__name__ for kind in EVENT_TYPES} - set(FORGOTTEN) == {"AssetUploaded", "ArchiveWanted"}
    assert AssetEmbedded.__name__ in FORGOTTEN
