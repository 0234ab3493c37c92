"""Go through the photos that are there already."""

from pathlib import Path
from typing import Annotated

import typer

from reactor.cli.base import AsJson, ConfigFile, run_async, settings_of
from reactor.cli.running import (
    Budget,
    Cancel,
    Control,
    Once,
    Pause,
    Resume,
    RunName,
    Status,
    begin,
    budget_of,
    steer,
    the_one,
)
from reactor.cli.words import a_day, in_words
from reactor.core.ids import AccountId
from reactor.core.runs import Only, ScanRequest

app = typer.Typer()

From = Annotated[str | None, typer.Option("--from", envvar="START_DATE", help="First local day, like 2026-06-01.")]
To = Annotated[str | None, typer.Option("--to", envvar="END_DATE", help="Last local day, included.")]
Album = Annotated[str | None, typer.Option(help="Only this album, by name or id.")]
Accounts = Annotated[list[str] | None, typer.Option("--account", help="Only this account; may be repeated.")]
OnlyOne = Annotated[Only | None, typer.Option(help="Run one feature.")]
Rate = Annotated[int | None, typer.Option(help="Photos a minute, at most.")]
Quiet = Annotated[str | None, typer.Option(help="Local hours to rest in, like 22:00-07:00.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Print the plan and change nothing, in any mode; waits.")]


@app.command()
def scan(
    run: RunName = None,
    since: From = None,
    until: To = None,
    album: Album = None,
    account: Accounts = None,
    only: OnlyOne = None,
    rate: Rate = None,
    quiet_hours: Quiet = None,
    budget: Budget = None,
    once: Once = False,
    dry_run: Dry = False,
    status: Status = False,
    pause: Pause = False,
    resume: Resume = False,
    cancel: Cancel = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Go through photos that are there already, day by day, oldest first: by the running reactor, or this command."""
    control = the_one({"status": status, "pause": pause, "resume": resume, "cancel": cancel}, run)
    request = ScanRequest(
        accounts=tuple(AccountId(name) for name in dict.fromkeys(account)) if account else None,
        since=a_day(since),
        until=a_day(until),
        album=album,
        only=only,
        dry=dry_run,
        rate_per_minute=rate,
        quiet_hours=quiet_hours,
        budget=budget_of(control, budget),
    )
    run_async(_work(control, run, request, once=once or dry_run, as_json=as_json, config=config))


async def _work(
    control: Control | None, run: str | None, request: ScanRequest, *, once: bool, as_json: bool, config: Path | None
) -> int:
    from reactor.wiring.desk import open_desk

    # Progress is shown in place of the log; a command that stays as the reactor logs like one.
    settings = settings_of(config, quiet=once or as_json or control is not None)
    async with in_words():
        if control is None:
            return await begin(settings, request, once=once, stay=True, as_json=as_json)
        async with open_desk(settings) as desk:
            return await steer(desk.runs, "scan", control, run, as_json=as_json, budget=request.budget)
