"""What every command shares: logging, signals, exit codes, options."""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from reactor.core.errors import StartError

if TYPE_CHECKING:
    from reactor.config import Settings

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


def settings_of(config: Path | None) -> "Settings":
    """Return the settings; raises StartError."""
    from reactor.config import load_settings  # noqa: PLC0415

    return load_settings(config)
