"""The command line. Heavy modules are imported by the command that needs them, so that ``--help`` is quick."""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from reactor.core.errors import StartError

if TYPE_CHECKING:
    from reactor.config import Settings

app = typer.Typer(
    name="reactor",
    help="Tags, stacks and faces for the photos of an Immich household, as they arrive; journalled and reversible.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
evaluations = typer.Typer(help="Measure decisions on labelled folders.", no_args_is_help=True)
benchmarks = typer.Typer(help="Measure speed on this machine.", no_args_is_help=True)
models = typer.Typer(help="Models on disk.", no_args_is_help=True)
app.add_typer(evaluations, name="eval")
app.add_typer(benchmarks, name="bench")
app.add_typer(models, name="model")

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="The settings file (YAML).")]


def setup_logging(level: str) -> None:
    """Write one line an event to standard error."""
    number = logging.getLevelNamesMapping()[level]
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr)
    # Its pool tells with a traceback of what we say in a sentence.
    logging.getLogger("asyncpg").setLevel(logging.ERROR)
    pretty = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(() if pretty else (structlog.processors.format_exc_info,)),
            structlog.dev.ConsoleRenderer() if pretty else structlog.processors.LogfmtRenderer(bool_as_flag=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def run_async(work: Coroutine[Any, Any, int], *, endless: bool = False) -> None:
    """Run a command to its end; a StartError ends it with its sentence and exit code 2, a signal in good order.

    The exit code after a signal is 128 + its number, as shells have it; 0 where a signal is the only end there is.
    """
    try:
        code = asyncio.run(_until_signal(work, endless=endless))
    except StartError as error:
        typer.echo(f"reactor: {error}", err=True)
        code = 2
    except BaseExceptionGroup as group:
        told, rest = group.split(StartError)
        if rest is not None or told is None:
            raise
        for leaf in _leaves(told):
            typer.echo(f"reactor: {leaf}", err=True)
        code = 2
    raise typer.Exit(code)


async def _until_signal(work: Coroutine[Any, Any, int], *, endless: bool) -> int:
    task = asyncio.ensure_future(work)
    heard: list[int] = []

    def stop(number: int) -> None:
        heard.append(number)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not heard:
            raise
        return 0 if endless else 128 + heard[0]


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


@app.command("version")
def show_version() -> None:
    """Print the version."""
    typer.echo(version("immich-reactor"))


@app.command()
def run(config: ConfigFile = None) -> None:
    """Run beside Immich: hear of new photos, tag, stack and archive them, teach Frigate its faces."""
    from reactor.wiring.start import run_forever  # noqa: PLC0415

    async def work() -> int:
        settings = _settings(config)
        setup_logging(settings.log_level)
        return await run_forever(settings)

    run_async(work(), endless=True)


def _settings(config: Path | None) -> "Settings":
    from reactor.config import load_settings  # noqa: PLC0415

    return load_settings(config)


@app.command()
def demo(
    photos: Annotated[
        Path | None, typer.Option("--photos", help="Upload the pictures of this folder instead of rendered ones.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=2000, help="How many photos to render.")] = 60,
    once: Annotated[bool, typer.Option("--once", help="Exit when all is settled.")] = False,
    as_json: AsJson = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The page's port; 0 takes a free one.")] = 0,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "WARNING",
) -> None:
    """Show everything on simulated Immich and Frigate servers; nothing real is touched."""
    from reactor.demo.command import DemoOptions, run_demo  # noqa: PLC0415

    if log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise typer.BadParameter(f"{log_level!r} is none of DEBUG, INFO, WARNING, ERROR")
    setup_logging(log_level)
    run_async(run_demo(DemoOptions(photos=photos, count=count, once=once, as_json=as_json, port=port)))


@evaluations.command("stacks")
def eval_stacks(
    folder: Annotated[Path, typer.Argument(help="A folder with images/ and truth.json.")],
    as_json: AsJson = False,
    model: Annotated[Path | None, typer.Option(help="A model folder; the demo model by default.")] = None,
) -> None:
    """Measure the stack decision on labelled photos, fed in order of time."""
    from reactor.evaluate.stacks import main  # noqa: PLC0415
    from reactor.wiring.models import demo_model, open_model  # noqa: PLC0415

    async def work() -> int:
        async with open_model(model or demo_model()) as embedder:
            return await main(folder, as_json, embedder, random_pair_cosine=embedder.info.random_pair_cosine)

    setup_logging("WARNING")
    run_async(work())


@benchmarks.command("webhook")
def bench_webhook(
    rate: Annotated[int, typer.Option(min=1, help="Webhooks sent a second.")] = 500,
    seconds: Annotated[float, typer.Option(min=1, max=120, help="How long.")] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Measure how fast webhooks are acknowledged durably, with an open-loop sender in another process."""
    from reactor.bench.webhook import bench  # noqa: PLC0415

    setup_logging("WARNING")
    run_async(bench(rate=rate, seconds=seconds, as_json=as_json))


@models.command("pull")
def model_pull(
    name: Annotated[str | None, typer.Argument(help="The model's name; the one in the settings by default.")] = None,
    config: ConfigFile = None,
) -> None:
    """Download a model as Immich's machine learning uses it."""
    from reactor.wiring.models import pull_model  # noqa: PLC0415

    async def work() -> int:
        settings = _settings(config)
        setup_logging(settings.log_level)
        folder = await pull_model(settings, name or settings.model)
        typer.echo(f"{name or settings.model} lies in {folder}")
        return 0

    run_async(work())
