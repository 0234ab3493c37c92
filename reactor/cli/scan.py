"""Go through the photos that are there already."""

from typing import Annotated

import typer

from reactor.cli.base import AsJson, ConfigFile, run_async, settings_of, setup_logging
from reactor.cli.running import Cancel, Once, Pause, Resume, RunName, Status, begin, steer, the_one
from reactor.cli.words import a_day, in_words
from reactor.core.ids import AccountId
from reactor.core.runs import Only, ScanRequest

app = typer.Typer()


@app.command()
def scan(
    run: RunName = None,
    since: Annotated[
        str | None, typer.Option("--from", envvar="START_DATE", help="First local day, like 2026-06-01.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", envvar="END_DATE", help="Last local day, included.")] = None,
    album: Annotated[str | None, typer.Option(help="Only this album, by name or id.")] = None,
    account: Annotated[list[str] | None, typer.Option(help="Only this account; may be repeated.")] = None,
    only: Annotated[Only | None, typer.Option(help="Run one feature.")] = None,
    rate: Annotated[int | None, typer.Option(help="Photos a minute, at most.")] = None,
    quiet_hours: Annotated[str | None, typer.Option(help="Local hours to rest in, like 22:00-07:00.")] = None,
    once: Once = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and change nothing, in any mode; waits as --once does.")
    ] = False,
    status: Status = False,
    pause: Pause = False,
    resume: Resume = False,
    cancel: Cancel = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Go through photos that are there already, day by day, oldest first: by the running reactor, or this command."""
    control = the_one({"status": status, "pause": pause, "resume": resume, "cancel": cancel})
    request = ScanRequest(
        accounts=tuple(AccountId(name) for name in account) if account else None,
        since=a_day(since),
        until=a_day(until),
        album=album,
        only=only,
        dry=dry_run,
        rate_per_minute=rate,
        quiet_hours=quiet_hours,
    )

    async def work() -> int:
        settings = settings_of(config)
        setup_logging(settings.log_level if not (once or dry_run or as_json) else "WARNING")
        async with in_words():
            if control is not None:
                from reactor.wiring.desk import open_desk  # noqa: PLC0415

                async with open_desk(settings) as desk:
                    return await steer(desk.runs, "scan", control, run, as_json=as_json)
            return await begin(settings, request, once=once or dry_run, stay=True, as_json=as_json)

    run_async(work())
