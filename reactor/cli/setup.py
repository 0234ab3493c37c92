"""Prepare Immich for the reactor."""

from typing import Annotated

import typer

from reactor.cli.base import ConfigFile, run_async, settings_of

setup = typer.Typer(help="Prepare Immich for the reactor.", no_args_is_help=True)


@setup.command("webhook")
def webhook(
    url: Annotated[
        str | None,
        typer.Option(help="The reactor's address as Immich sees it, like http://reactor:8080; needed the first time."),
    ] = None,
    account: Annotated[str | None, typer.Option(help="One account alone; all of them by default.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the workflows out of Immich again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    config: ConfigFile = None,
) -> None:
    """Make or repair the workflows by which Immich (3.0 or newer) tells of new photos."""
    from reactor.wiring.setup import WebhookSetup, setup_webhooks

    async def work() -> int:
        settings = settings_of(config, quiet=False)
        wanted = WebhookSetup(account=account, url=url, remove=remove, dry_run=dry_run)
        return await setup_webhooks(settings, wanted, typer.echo)

    run_async(work())
