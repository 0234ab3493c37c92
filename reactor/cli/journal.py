"""Look into the journal; carry out or decline what waits in it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from reactor.cli.base import (
    All,
    AsJson,
    Asked,
    ConfigFile,
    Ids,
    expect_ids_or_all,
    run_async,
    settings_of,
    tell_changed,
)
from reactor.cli.orders import Number, OfAccount, OfFeature, OfRun, Since, Until, carried_out, in_a_line, steered
from reactor.cli.running import Cancel, Control, Once, Pause, Resume, Status, the_one
from reactor.cli.words import a_moment, because, clock, in_words
from reactor.core.changes import CHANGE_TYPES
from reactor.core.ids import LIVE, AccountId, AssetId, RunId
from reactor.core.journal import EntryState
from reactor.core.journal_lines import JournalFilter, JournalLine
from reactor.core.orders import ApplyRequest, check_order

app = typer.Typer()
plans = typer.Typer(help="What waits for you: plans, and suggestions.", invoke_without_command=True)

LINES = TypeAdapter(tuple[JournalLine, ...])
KINDS = {kind.__name__ for kind in CHANGE_TYPES}

States = Annotated[
    list[EntryState] | None, typer.Option("--state", help="Only entries that stand so; may be repeated.")
]
Kind = Annotated[str | None, typer.Option(help="Only this kind of change, like TagAsset.")]
Asset = Annotated[str | None, typer.Option(help="Only the photo, person or face of this id.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many to list.")]
Suggestions = Annotated[bool, typer.Option("--suggestions", help="The grey zone instead of plans.")]


@app.command()
def journal(
    since: Since = None,
    until: Until = None,
    account: OfAccount = None,
    feature: OfFeature = None,
    state: States = None,
    kind: Kind = None,
    asset: Asset = None,
    run: OfRun = None,
    event: Number = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List what was changed, planned or left alone, newest first: what, why, what stood before and after."""
    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"there is no kind {kind}; there are {', '.join(sorted(KINDS))}")
    now = datetime.now(UTC)
    wanted = JournalFilter(
        account=AccountId(account) if account else None,
        feature=feature,
        states=tuple(state or ()),
        since=a_moment(since, now),
        until=a_moment(until, now),
        run=RunId(run) if run else None,
        event=event,
        asset=AssetId(asset) if asset else None,
        kind=kind,
    )
    run_async(_listed(wanted, limit, as_json=as_json, config=config))


async def _listed(wanted: JournalFilter | ApplyRequest, limit: int, *, as_json: bool, config: Path | None) -> int:
    from reactor.wiring.desk import open_desk

    settings = settings_of(config)
    async with in_words(), open_desk(settings) as desk:
        if isinstance(wanted, JournalFilter):
            found = await desk.orders.entries(wanted, limit + 1)
        else:
            found = await desk.orders.waiting(wanted, limit + 1)
    found, more = found[:limit], len(found) > limit
    if as_json:
        typer.echo(LINES.dump_json(found).decode())
        return 0
    for line in found:
        typer.echo(in_a_line(line))
        for words in _details(line):
            typer.echo(f"          {words}")
    if not found:
        typer.echo("nothing")
    if more:
        typer.echo(f"there is more than these {limit}: --limit lists so many", err=True)
    return 0


def _details(line: JournalLine) -> Sequence[str]:
    run = "" if line.run == LIVE else f", {line.run}"
    details = [f"{clock(line.written_at)}  {line.handler}, event {line.event}{run}", because(line.why, line.scores)]
    details += [f"{line.before} -> {line.after}"] * bool(line.after)
    return details + [line.note] * bool(line.note)


@plans.callback()
def list_plans(
    context: typer.Context,
    account: OfAccount = None,
    feature: OfFeature = None,
    run: OfRun = None,
    suggestions: Suggestions = False,
    limit: Limit = 50,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List what was planned, and not done yet, newest first; of a dry run only where it is named."""
    wanted = ApplyRequest(
        run=RunId(run) if run else None,
        account=AccountId(account) if account else None,
        feature=feature,
        suggestions=suggestions,
    )
    context.obj = Asked(wanted=wanted, as_json=as_json, config=config)
    if context.invoked_subcommand is None:
        run_async(_listed(wanted, limit, as_json=as_json, config=config))


@plans.command("apply")
def apply_plans(
    context: typer.Context,
    ids: Ids = None,
    everything: All = False,
    once: Once = False,
    status: Status = False,
    pause: Pause = False,
    resume: Resume = False,
    cancel: Cancel = False,
) -> None:
    """Carry out what was planned, or accept what was suggested, where the present still asks for it."""
    asked: Asked[ApplyRequest] = context.obj
    if control := the_one({"status": status, "pause": pause, "resume": resume, "cancel": cancel}):
        if ids or everything or replace(asked.wanted, run=None) != ApplyRequest():
            raise typer.BadParameter(f"--{control} is about what was ordered before: name nothing but its --run")
        run_async(_steered(control, asked))
        return
    request = _chosen(asked, ids, everything=everything)

    async def work() -> int:
        settings = settings_of(asked.config)
        async with in_words():
            return await carried_out(settings, request, once=once, as_json=asked.as_json)

    run_async(work())


async def _steered(control: Control, asked: Asked[ApplyRequest]) -> int:
    from reactor.wiring.desk import open_desk

    settings = settings_of(asked.config)
    async with in_words(), open_desk(settings) as desk:
        return await steered(desk, "apply", control, asked.wanted.run, as_json=asked.as_json)


@plans.command("decline")
def decline_plans(context: typer.Context, ids: Ids = None, everything: All = False) -> None:
    """Decline it: it is never done, nor asked about again."""
    from reactor.wiring.desk import open_desk

    asked: Asked[ApplyRequest] = context.obj
    request = _chosen(asked, ids, everything=everything)

    async def work() -> int:
        settings = settings_of(asked.config)
        async with in_words(), open_desk(settings) as desk:
            check_order(request, accounts=settings.households())
            number = await desk.orders.decline(request)
        return tell_changed(number, f"{number} declined", ids, otherwise="not waiting", as_json=asked.as_json)

    run_async(work())


def _chosen(asked: Asked[ApplyRequest], ids: Sequence[int] | None, *, everything: bool) -> ApplyRequest:
    expect_ids_or_all(ids, everything=everything, what="entries")
    return replace(asked.wanted, entries=tuple(dict.fromkeys(ids or ())), everything=everything)
