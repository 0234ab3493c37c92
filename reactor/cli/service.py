"""Run, show, and say which version."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from reactor.cli.base import AsJson, ConfigFile, run_async, settings_of, setup_logging

app = typer.Typer()


@app.command("version")
def show_version() -> None:
    """Print the version."""
    typer.echo(version("immich-reactor"))


@app.command()
def run(config: ConfigFile = None) -> None:
    """Run beside Immich: hear of new photos, tag, stack and archive them, teach Frigate its faces."""

    async def work() -> int:
        settings = settings_of(config, quiet=False)
        from reactor.wiring.start import run_forever  # after the settings: what is wrong with them is said at once

        return await run_forever(settings)

    run_async(work(), endless=True)


@app.command()
def demo(
    photos: Annotated[
        Path | None, typer.Option("--photos", help="Upload the pictures of this folder instead of rendered ones.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=2000, help="How many photos to render.")] = 60,
    once: Annotated[bool, typer.Option("--once", help="Exit when all is settled.")] = False,
    observe: Annotated[bool, typer.Option("--observe", help="Only plan, as at a first start; change nothing.")] = False,
    as_json: AsJson = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The page's port; 0 takes a free one.")] = 0,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "WARNING",
) -> None:
    """Show everything on simulated Immich and Frigate servers; nothing real is touched."""
    from reactor.demo.command import DemoOptions, run_demo

    if log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise typer.BadParameter(f"{log_level!r} is none of DEBUG, INFO, WARNING, ERROR")
    setup_logging(log_level)
    options = DemoOptions(photos=photos, count=count, once=once, as_json=as_json, port=port, observe=observe)
    run_async(run_demo(options))
