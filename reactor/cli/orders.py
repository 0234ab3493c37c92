"""Take changes back; and what this shares with carrying plans out: begin, wait, say what came of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter

from reactor.cli.base import AsJson, ConfigFile, run_async, settings_of
from reactor.cli.running import (
    Cancel,
    Control,
    Once,
    Pause,
    Resume,
    RunName,
    Status,
    as_json_of,
    command_of,
    show,
    steer,
    the_one,
    told,
    watch,
)
from reactor.cli.words import a_moment, in_words
from reactor.core.changes import Feature
from reactor.core.errors import StartError
from reactor.core.ids import AccountId, RunId
from reactor.core.journal_lines import JournalLine
from reactor.core.orders import ApplyRequest, OrderKind, OrderReport, OrderRequest, Preview, UndoRequest
from reactor.core.runs import Run, RunState, check
from reactor.core.status import many

if TYPE_CHECKING:
    from reactor.adapters.postgres.orders import PostgresOrders
    from reactor.adapters.postgres.runs import PostgresRuns
    from reactor.config import Settings
    from reactor.wiring.desk import Desk

app = typer.Typer()

LABELLED: frozenset[Feature] = frozenset({"tags", "archive", "favourites", "albums"})
"""What categories ask for: plans of these are held against what a photo fits by now."""

REPORT = TypeAdapter(OrderReport)
PREVIEW = TypeAdapter(Preview)
SHOWN = 20
XMP = "XMP files that Immich wrote beside photos stay on disk; what undo leaves stands in docs/safety.md"
NEVER_AGAIN = "nothing that is taken back is done again until its veto is revoked (`reactor vetoes`)"

Number = Annotated[int | None, typer.Option("--event", min=1, max=2**63 - 1, help="What this event led to.")]
Entries = Annotated[
    list[int] | None,
    typer.Option("--entry", min=1, max=2**63 - 1, help="This entry of the journal; may be repeated."),
]
OfRun = Annotated[str | None, typer.Option("--run", help="Only what this run did, or planned.")]
Category = Annotated[str | None, typer.Option(help="Its tag, and what else it brought about.")]
Since = Annotated[str | None, typer.Option(help="Changed since: a time like 2026-06-01T12:00, or 2h, 3d ago.")]
Until = Annotated[str | None, typer.Option(help="Changed until then.")]
OfAccount = Annotated[str | None, typer.Option("--account", help="Only this account.")]
OfFeature = Annotated[Feature | None, typer.Option("--feature", help="Only this feature.")]
Everything = Annotated[bool, typer.Option("--all", help="Everything that was ever changed.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be taken back; change nothing.")]


@app.command()
def undo(
    name: RunName = None,
    entry: Entries = None,
    event: Number = None,
    run: OfRun = None,
    category: Category = None,
    since: Since = None,
    until: Until = None,
    account: OfAccount = None,
    feature: OfFeature = None,
    everything: Everything = False,
    dry_run: Dry = False,
    once: Once = False,
    status: Status = False,
    pause: Pause = False,
    resume: Resume = False,
    cancel: Cancel = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Take changes back where they stand as they were left, newest first: by the running reactor, or this command."""
    control = the_one({"status": status, "pause": pause, "resume": resume, "cancel": cancel}, name)
    now = datetime.now(UTC)
    request = UndoRequest(
        entries=tuple(dict.fromkeys(entry or ())),
        event=event,
        run=RunId(run) if run else None,
        category=category,
        since=a_moment(since, now),
        until=a_moment(until, now),
        account=AccountId(account) if account else None,
        feature=feature,
        everything=everything,
    )
    run_async(_undone(control, name, request, dry_run=dry_run, once=once, as_json=as_json, config=config))


async def _undone(
    control: Control | None,
    name: str | None,
    request: UndoRequest,
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
            return await carried_out(settings, request, once=once, as_json=as_json)
        async with open_desk(settings) as desk:
            if control is None:
                check(request, accounts=settings.households(), handlers=desk.router.reactions)
                return _previewed(await desk.orders.preview(request), as_json=as_json)
            return await steered(desk, "undo", control, name, as_json=as_json)


async def steered(desk: "Desk", kind: OrderKind, control: Control, name: str | None, *, as_json: bool) -> int:
    """Show, pause, resume or cancel an order; of one that is named, say what came of it. Return the exit code."""
    code = await steer(desk.runs, kind, control, name, as_json=as_json)
    if control == "status" and name is not None and not as_json:
        say(await desk.orders.report(RunId(name)))
    return code


async def carried_out(settings: "Settings", request: OrderRequest, *, once: bool, as_json: bool) -> int:
    """Let the running reactor carry out an order; where none runs, do it here, and nothing else."""
    from reactor.wiring.desk import open_desk
    from reactor.wiring.models import real_model
    from reactor.wiring.orders import open_hands

    async with open_desk(settings) as desk:
        check(request, accounts=settings.households(), handlers=desk.router.reactions)
        for word in _warnings(request):
            typer.echo(word, err=True)
        if await desk.runs.service_runs():
            run = await desk.runs.start(request)
            if not once:
                return await told(desk.runs, run, once=False, as_json=as_json)
            return await _awaited(desk.runs, desk.orders, run, as_json=as_json)
        folder = real_model(settings) if await _needs_the_model(request, desk.orders) else None
    async with open_hands(settings, only=(request.kind,), model_folder=folder) as stores:
        run = await stores.runs.start(request)
        return await _awaited(stores.runs, stores.orders, run, as_json=as_json)


async def _needs_the_model(request: OrderRequest, orders: "PostgresOrders") -> bool:
    """Say whether something is held against the categories of now, or follows from what is accepted."""
    if not isinstance(request, ApplyRequest):
        return False
    for feature in LABELLED if request.feature is None else LABELLED & {request.feature}:
        if await orders.waiting(replace(request, feature=feature), limit=1):
            return True
    return any(not line.sure for line in await orders.waiting(request, limit=max(1, len(request.entries))))


def _warnings(request: OrderRequest) -> list[str]:
    if not isinstance(request, UndoRequest):
        return []
    return [XMP, NEVER_AGAIN] if request.everything else [XMP]


async def _awaited(runs: "PostgresRuns", orders: "PostgresOrders", run: Run, *, as_json: bool) -> int:
    """Wait until everything that was ordered was looked at, say what came of it, and return the exit code."""

    async def looked_at(run: Run) -> bool:
        """What follows of an order (a photo that is archived) is the reactor's, and not waited for."""
        if not run.progress.fed or await orders.open(run.id):
            return False
        # Where nothing follows, the run itself is about to end.
        return bool(run.counts.open) or not run.is_open

    try:
        run = await watch(runs, run, looked_at)
    except BaseException:
        typer.echo(f"{run.id} is open, and goes on with the reactor; `{command_of(run)} --cancel` ends it", err=True)
        raise
    found = await orders.report(run.id)
    assert found is not None
    if as_json:
        typer.echo(json.dumps({"run": as_json_of(run), "report": REPORT.dump_python(found, mode="json")}))
    else:
        show(run, as_json=False)
        say(found)
        if run.is_open:
            typer.echo(f"{run.counts.open} steps that follow wait for the reactor", err=True)
    return 1 if found.failed or run.state in (RunState.FAILED, RunState.CANCELLED) else 0


def say(report: OrderReport | None) -> None:
    """Print what came of an order, and of the first that were not done why."""
    if report is None:
        raise StartError("there is no such order")
    did = "taken back" if report.kind == "undo" else "carried out"
    counts = [f"{report.done} {did}", f"{report.left} left as they are", f"{report.failed} failed"]
    counts += [f"{report.nothing} with nothing to do"] * bool(report.nothing)
    counts += [f"{report.open} to be looked at"] * bool(report.open)
    if report == OrderReport(run=report.run, kind=report.kind):
        before = "done" if report.kind == "undo" else "planned"
        counts = [f"nothing fits: it was never {before}, or is settled already"]
    typer.echo(", ".join(counts))
    for line in report.lines[:SHOWN]:
        typer.echo(f"{line.ended:>8}  {line.entry}  {line.account}: {line.what}\n          {line.why}")
    if report.left + report.failed > SHOWN:
        typer.echo(f"          and {report.left + report.failed - SHOWN} more")


def _previewed(found: Preview, *, as_json: bool) -> int:
    if as_json:
        typer.echo(json.dumps(PREVIEW.dump_python(found, mode="json")))
        return 0
    if not found.entries:
        typer.echo("nothing fits: it was never done, or is settled already")
        return 0
    changes = many(found.entries, "change")
    typer.echo(f"{changes} would be looked at and, where they still stand so, taken back:")
    for feature, number in found.features:
        typer.echo(f"    {number:>8}  {feature}")
    for line in found.first:
        typer.echo(in_a_line(line))
    if found.entries > len(found.first):
        typer.echo(f"    and {found.entries - len(found.first)} more")
    return 0


def in_a_line(line: JournalLine) -> str:
    """Return an entry in a line: number, account, state, what."""
    return f"{line.id:>8}  {line.account}  {line.state}  {line.what}"
