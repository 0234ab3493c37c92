"""Deliver parts of the event log again."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from reactor.cli.base import AsJson, ConfigFile, run_async, settings_of
from reactor.cli.history import Account, Asset, Kinds, Since, Until
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
from reactor.cli.words import a_moment, in_words
from reactor.core.ids import AccountId, AssetId
from reactor.core.runs import ReplayRequest, WouldDeliver, check

app = typer.Typer()

WOULD = TypeAdapter(WouldDeliver)

Handlers = Annotated[list[str] | None, typer.Option("--handler", help="Ask only this handler; may be repeated.")]
Failed = Annotated[bool, typer.Option("--failed", help="What is among the dead, and nothing else.")]
Everything = Annotated[bool, typer.Option("--all", help="Everything that was ever heard.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be delivered; write nothing.")]


@app.command()
def replay(
    run: RunName = None,
    since: Since = None,
    until: Until = None,
    kind: Kinds = None,
    account: Account = None,
    asset: Asset = None,
    handler: Handlers = None,
    failed: Failed = False,
    everything: Everything = False,
    dry_run: Dry = False,
    budget: Budget = None,
    once: Once = False,
    status: Status = False,
    pause: Pause = False,
    resume: Resume = False,
    cancel: Cancel = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Deliver events of the log again, behind everything else: by the running reactor, or the next one."""
    control = the_one({"status": status, "pause": pause, "resume": resume, "cancel": cancel}, run)
    now = datetime.now(UTC)
    request = ReplayRequest(
        since=a_moment(since, now),
        until=a_moment(until, now),
        kinds=tuple(kind or ()),
        account=AccountId(account) if account else None,
        asset=AssetId(asset) if asset else None,
        handlers=tuple(handler or ()),
        failed=failed,
        everything=everything,
        budget=budget_of(control, budget),
    )
    run_async(_work(control, run, request, dry_run=dry_run, once=once, as_json=as_json, config=config))


async def _work(
    control: Control | None,
    run: str | None,
    request: ReplayRequest,
    *,
    dry_run: bool,
    once: bool,
    as_json: bool,
    config: Path | None,
) -> int:
    from reactor.wiring.desk import open_desk

    settings = settings_of(config)
    async with in_words():
        if control is None and not dry_run:
            return await begin(settings, request, once=once, stay=False, as_json=as_json)
        async with open_desk(settings) as desk:
            if control is not None:
                return await steer(desk.runs, "replay", control, run, as_json=as_json, budget=request.budget)
            check(request, accounts=settings.households(), handlers=desk.router.reactions)
            return preview(await desk.runs.would_deliver(request), as_json=as_json)


def preview(would: WouldDeliver, *, as_json: bool) -> int:
    """Say what a replay would deliver."""
    if as_json:
        typer.echo(json.dumps(WOULD.dump_python(would, mode="json")))
        return 0
    typer.echo(f"{would.events} events would be delivered again, and what follows of them:")
    for kind, handler, number in would.deliveries:
        typer.echo(f"    {number:>8}  {kind} to {handler}")
    for seq, kind, subject in would.first:
        typer.echo(f"{seq:>8}  {kind}  {subject}")
    if would.events > len(would.first):
        typer.echo(f"    and {would.events - len(would.first)} more")
    return 0
