"""Models on disk."""

from typing import Annotated

import typer

from reactor.cli.base import ConfigFile, run_async, settings_of

models = typer.Typer(help="Models on disk.", no_args_is_help=True)


@models.command("pull")
def model_pull(
    name: Annotated[str | None, typer.Argument(help="The model's name; the one in the settings by default.")] = None,
    config: ConfigFile = None,
) -> None:
    """Download a model as Immich's machine learning uses it."""
    from reactor.wiring.models import pull_model

    async def work() -> int:
        settings = settings_of(config, quiet=False)
        folder = await pull_model(settings, name or settings.model)
        typer.echo(f"{name or settings.model} lies in {folder}")
        return 0

    run_async(work())
