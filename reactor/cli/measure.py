"""Measure decisions and speed."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from reactor.cli.base import AsJson, run_async, setup_logging
from reactor.cli.words import a_strictness

evaluations = typer.Typer(help="Measure decisions on labelled folders.", no_args_is_help=True)
benchmarks = typer.Typer(help="Measure speed on this machine.", no_args_is_help=True)


@evaluations.command("stacks")
def eval_stacks(
    folder: Annotated[Path, typer.Argument(help="A folder with images/ and truth.json.")],
    as_json: AsJson = False,
    model: Annotated[Path | None, typer.Option(help="A model folder; the demo model by default.")] = None,
) -> None:
    """Measure the stack decision on labelled photos, fed in order of time."""
    from reactor.evaluate.stacks import main
    from reactor.wiring.models import demo_model, open_model

    async def work() -> int:
        async with open_model(model or demo_model()) as embedder:
            return await main(folder, as_json, embedder, random_pair_cosine=embedder.info.random_pair_cosine)

    setup_logging("WARNING")
    run_async(work())


@evaluations.command("labels")
def eval_labels(
    folder: Annotated[Path, typer.Argument(help="A folder with images/ and labels.json.")],
    as_json: AsJson = False,
    model: Annotated[Path | None, typer.Option(help="A model folder; the demo model by default.")] = None,
    strictness: Annotated[str, typer.Option(help="loose, normal, strict, or a share of the way such as 0.75.")] = (
        "normal"
    ),
) -> None:
    """Measure labelling on labelled photos, by thresholds calibrated on them."""
    from reactor.evaluate.labels import main
    from reactor.wiring.models import demo_model, open_model

    asked = a_strictness(strictness)

    async def work() -> int:
        async with open_model(model or demo_model()) as embedder:
            return await main(folder, as_json, embedder, asked)

    setup_logging("WARNING")
    run_async(work())


@benchmarks.command("webhook")
def bench_webhook(
    rate: Annotated[int, typer.Option(min=1, help="Webhooks sent a second.")] = 500,
    seconds: Annotated[float, typer.Option(min=1, max=120, help="How long.")] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Measure how fast webhooks are acknowledged durably, with an open-loop sender in another process."""
    from reactor.bench.webhook import bench

    setup_logging("WARNING")
    run_async(bench(rate=rate, seconds=seconds, as_json=as_json))


@benchmarks.command("pipeline")
def bench_pipeline(
    model: Annotated[Path | None, typer.Option(help="A model folder; a ViT-B/32 of random weights by default.")] = None,
    photos: Annotated[int, typer.Option(min=8, max=5000, help="How many photos.")] = 120,
    as_json: AsJson = False,
) -> None:
    """Measure the whole pipeline against the bare loop of decoding and embedding the same pictures."""
    from reactor.bench.pipeline import bench_pipeline as bench

    setup_logging("WARNING")
    run_async(bench(model, photos, as_json))


@benchmarks.command("backlog")
def bench_backlog(
    events: Annotated[int, typer.Option(min=100, max=200_000, help="How many photos wait.")] = 20_000,
    as_json: AsJson = False,
) -> None:
    """Measure how a backlog drains, and how much memory that takes."""
    from reactor.bench.backlog import bench_backlog as bench

    setup_logging("WARNING")
    run_async(bench(events, as_json))


@benchmarks.command("latency")
def bench_latency(
    by: Annotated[Literal["webhook", "socket", "poll"], typer.Option(help="How the reactor hears.")] = "webhook",
    uploads: Annotated[int, typer.Option(min=1, max=1000, help="How many photos, one by one.")] = 40,
    as_json: AsJson = False,
) -> None:
    """Measure the time from an upload to its tag, on an idle system."""
    from reactor.bench.latency import bench_latency as bench

    setup_logging("WARNING")
    run_async(bench(by, uploads, as_json))


@benchmarks.command("labels")
def bench_labels(
    photos: Annotated[int, typer.Option(min=100, max=1_000_000, help="How many photos are stored.")] = 100_000,
    as_json: AsJson = False,
) -> None:
    """Measure what labels cost on one core: stored photos held against categories, a draft tried, a photo decided."""
    from reactor.bench.labels_at_scale import bench_labels as bench

    setup_logging("WARNING")
    run_async(bench(photos, as_json))


@benchmarks.command("stacks")
def bench_stacks(
    photos: Annotated[int, typer.Option(min=1000, max=2_000_000, help="How many photos are stored.")] = 100_000,
    as_json: AsJson = False,
) -> None:
    """Measure the index of vectors and what a stack decision costs beside many stored photos."""
    from reactor.bench.stacks_at_scale import bench_stacks as bench

    setup_logging("WARNING")
    run_async(bench(photos, as_json))
