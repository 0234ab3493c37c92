"""What every command shares: logging, signals, exit codes, options, and how a change is told."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import structlog
import typer
from typer.core import TyperGroup

from reactor.core.errors import StartError
from reactor.core.status import many

if TYPE_CHECKING:
    from reactor.config import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="The settings file (YAML).")]
Ids = Annotated[
    list[int] | None, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="Numbers as they are listed.")
]
All = Annotated[bool, typer.Option("--all", help="All that fit.")]

W = TypeVar("W")


class NothingEmpty(TyperGroup):
    """Refuse empty words, whatever the command: a filter that is left empty would be dropped, and all be meant."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's context
        for before, word in pairwise(["", *args]):
            name, equals, value = word.partition("=") if word.startswith("--") else (before, "=", word)
            if equals and not value.strip():
                name = name if name.startswith("--") else "an argument"
                raise typer.BadParameter(f"{name} is empty; leave it out, or say what is meant", ctx)
        return super().parse_args(ctx, args)


@dataclass(frozen=True, kw_only=True)
class Asked(Generic[W]):
    """What was said before a sub-command."""

    wanted: W
    as_json: bool
    config: Path | None


def expect_ids_or_all(ids: Sequence[int] | None, *, everything: bool, what: str) -> None:
    """Raise BadParameter where neither is said, or both."""
    if bool(ids) == everything:
        raise typer.BadParameter(f"name the {what}, or say --all for those that fit")


def tell_changed(number: int, words: str, ids: Sequence[int] | None, *, otherwise: str, as_json: bool) -> int:
    """Say how many were changed and return the exit code; raises StartError where some of those named were not."""
    typer.echo(json.dumps({"changed": number}) if as_json else words)
    missing = len(set(ids)) - number if ids else 0
    if missing:
        raise StartError(f"{many(missing, 'of those named is', 'of those named are')} {otherwise} (any more)")
    return 0


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


def settings_of(config: Path | None, *, quiet: bool = True) -> "Settings":
    """Return the settings, and log as they say, or where it is ``quiet`` only what is wrong; raises StartError."""
    from reactor.config import load_settings

    settings = load_settings(config)
    setup_logging("WARNING" if quiet else settings.log_level)
    return settings
