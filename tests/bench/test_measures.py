"""Each measure in small: what it reports is whole and plausible; how fast this machine is, no test asks."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from typer.testing import CliRunner

from reactor.bench import backlog, labels_at_scale, latency, pipeline, stacks_at_scale
from reactor.bench.backlog import measure_backlog
from reactor.bench.drawn_library import CATEGORIES, PROMPTS
from reactor.bench.labels_at_scale import measure_labels
from reactor.bench.latency import By, measure_latency
from reactor.bench.pipeline import WARM_UP, measure_pipeline
from reactor.bench.running import a_folder
from reactor.bench.stacks_at_scale import measure_stacks
from reactor.bench.stages import DECODE, DOWNLOAD, JOURNAL, LOOP, MODEL
from reactor.bench.system import database_cpu
from reactor.bench.vit import Shape, make_model
from reactor.cli import app
from reactor.config import StackSettings

SHAPE = Shape(width=96, layers=2, heads=4, mlp=192, dim=64)
BRIEF = StackSettings(quiet_seconds=0.3)
QUICK = {"thumbnail_delay": (0.05, 0.2), "metadata_delay": (0.02, 0.1)}


async def test_the_pipeline_is_measured_against_the_bare_loop(database: str) -> None:
    with a_folder() as folder:
        model = await asyncio.to_thread(make_model, folder / "model", SHAPE)
        given = {"database_url": database, "stacks": BRIEF}
        report = await measure_pipeline(folder, model, 15, size=(480, 360), watch_photos=15, **given)
    assert report.work.photos == WARM_UP + 15 + 15
    assert (report.work.open, report.work.failed) == (0, 0)
    assert report.work.tagged >= 45 * 0.2
    assert report.work.stacked >= 3
    assert 0 < report.ratio < 1
    assert report.ratio == pytest.approx(report.bare_cpu_ms / report.pipeline_cpu_ms, abs=0.01)
    stages = report.stages_cpu_ms
    assert {DOWNLOAD, DECODE, MODEL, JOURNAL, LOOP, "embed", "classify", "stack"} <= set(stages)
    assert all(cpu >= 0 for cpu in stages.values())
    assert stages[DECODE] > stages[DOWNLOAD] > 0
    assert report.database_cpu_ms is None  # it is no process of this reactor
    assert json.loads(json.dumps(asdict(report)))["photos"] == 15
    assert f"ratio of the CPU times: {report.ratio:.2f}" in pipeline.table(report)


async def test_a_backlog_is_drained_and_its_memory_watched(database: str) -> None:
    with a_folder() as folder:
        report = await measure_backlog(folder, 60, database_url=database, stacks=BRIEF)
    assert (report.events, report.lost) == (60, 0)
    assert (report.work.photos, report.work.open, report.work.failed) == (60, 0, 0)
    assert report.work.done >= 3 * 60
    assert report.highest_mb >= report.steady_mb > 20
    assert report.growth_mb == pytest.approx(report.highest_mb - report.steady_mb, abs=0.11)
    assert report.curve[-1].embedded == 60
    assert "60 uploads at once" in backlog.table(report)
    assert ", 0 lost" in backlog.table(report)
    assert [sample.seconds for sample in report.curve] == sorted(sample.seconds for sample in report.curve)


async def test_what_labels_cost_is_measured(database: str) -> None:
    report = await measure_labels(database, 500)
    assert (report.photos, report.looked, report.categories, report.prompts) == (500, 500, CATEGORIES, PROMPTS)
    # A fifth fits a category, and a tenth of these is not tagged yet.
    assert report.differing == 10
    assert 0 < report.preview_fits < 20
    assert 0 < report.score_s < report.together_s
    assert report.together_s == pytest.approx(report.read_s + report.compare_s, abs=0.001)
    assert 0 < report.scorer_ms < report.label_ms <= report.label_p95_ms
    assert 0 < report.preview_s <= report.slowest_preview_s
    assert "one core and one thread (OMP_NUM_THREADS=1" in labels_at_scale.table(report)
    assert json.loads(json.dumps(asdict(report)))["dimension"] == 512


@pytest.mark.parametrize(
    "by", ["webhook", pytest.param("socket", marks=pytest.mark.soak), pytest.param("poll", marks=pytest.mark.soak)]
)
async def test_the_wait_for_a_tag_is_measured(by: By, database: str) -> None:
    with a_folder() as folder:
        given = {"database_url": database} | ({"poll_seconds": 0.2} if by == "poll" else {})
        report = await measure_latency(folder, by, 3, size=(320, 240), pause=(0.0, 0.1), delays=QUICK, **given)
    assert (report.by, report.uploads) == (by, 3)
    assert 0 < report.p50_ms <= report.p95_ms <= report.max_ms
    assert sum(report.heard_by.values()) == 3
    assert by in report.heard_by
    assert report.steps_ms.keys() == {"heard", "embedded", "tagged"}
    assert f"p50 {report.p50_ms:.0f} ms" in latency.table(report)


async def test_the_database_uses_the_processor(database: str) -> None:
    socket_folder = parse_qs(urlsplit(database).query)["host"][0]
    data_dir = Path(socket_folder).parent
    before = database_cpu(data_dir)
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT sum(number) FROM generate_series(1, 1000000) AS number")
    during = database_cpu(data_dir)
    await connection.close()
    assert before is not None
    assert during is not None
    assert during > before
    with a_folder() as empty:
        assert database_cpu(empty) is None


def test_a_source_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(app, ["bench", "latency", "--by", "pigeon"])
    assert result.exit_code == 2
    assert "'pigeon' is not one of 'webhook'" in result.output


async def test_what_stacks_cost_is_measured(database: str) -> None:
    with a_folder() as folder:
        report = await measure_stacks(database, folder, 1200, count=2)
    assert (report.photos, report.dimension, report.decided) == (1200, 256, 800)
    assert report.recall >= 0.99
    assert report.file_mb > 1200 * 256 * 4 / 1e6
    assert [one.stacks > 0 for one in report.rounds] == [True, True]
    for one in report.rounds:
        assert 0 < one.p50_ms <= one.p95_ms <= one.max_ms
        assert 0 < one.bare_p50_ms <= one.bare_p95_ms
    # What ran beside the decisions tells which round it is, not they themselves.
    assert report.quiet.bare_p95_ms == min(one.bare_p95_ms for one in report.rounds)
    assert 0 < report.all_p50_ms <= report.all_p95_ms
    assert report.start_s > 0
    assert report.save_s > 0
    assert "recall@10 against exact search" in stacks_at_scale.table(report)
    assert json.loads(json.dumps(asdict(report)))["links"] == report.links
