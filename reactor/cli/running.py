"""What the commands for scans and replays share: steer a run, watch it, say how it ended."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from reactor.cli.words import because
from reactor.core.errors import Retryable, StartError
from reactor.core.ids import RunId
from reactor.core.plans import PlanLine, plan_line
from reactor.core.run_view import RunView, run_view
from reactor.core.runs import LARGEST, Run, RunKind, RunRequest, RunState, check, final_plan
from reactor.server.desk import Runs

if TYPE_CHECKING:
    from reactor.adapters.postgres.runs import PostgresRuns
    from reactor.config import Settings

Control = Literal["status", "pause", "resume", "cancel"]
CONTROLS: tuple[Control, ...] = ("status", "pause", "resume", "cancel")
NEEDS: Mapping[Control, RunState] = {"pause": RunState.RUNNING, "resume": RunState.PAUSED}
LOOK_S = 0.5
LISTED = 100
SHOWN = 5
Once = Annotated[bool, typer.Option("--once", help="Wait for the end, with progress, and exit with a summary.")]
RunName = Annotated[str | None, typer.Argument(metavar="RUN", help="The run to steer; the open one by default.")]
Status = Annotated[bool, typer.Option("--status", help="Show how far it is.")]
Pause = Annotated[bool, typer.Option("--pause", help="Hold it: nothing more of it is begun.")]
Resume = Annotated[bool, typer.Option("--resume", help="Let it go on.")]
Cancel = Annotated[bool, typer.Option("--cancel", help="End it.")]
Budget = Annotated[
    int | None,
    typer.Option(min=1, max=LARGEST, help="How many changes it may make before it asks; with --resume, how many more."),
]
VIEW = TypeAdapter(RunView)
PLAN = TypeAdapter(tuple[PlanLine, ...])


def the_one(given: dict[Control, bool], run: str | None = None) -> Control | None:
    """Return which of the steering options is given, if any; raises BadParameter for several, or for a run alone."""
    chosen = [name for name in CONTROLS if given[name]]
    if len(chosen) > 1:
        raise typer.BadParameter(f"--{chosen[0]} and --{chosen[1]} do not go together")
    if run is not None and not chosen:
        raise typer.BadParameter(f"{run!r}: a run goes with --{', --'.join(CONTROLS)}; without one a new run is begun")
    return chosen[0] if chosen else None


def budget_of(control: Control | None, budget: int | None) -> int | None:
    """Return the budget of a run that is begun or resumed; raises BadParameter with any other steering option."""
    if budget is not None and control not in (None, "resume"):
        raise typer.BadParameter(f"--budget and --{control} do not go together")
    return budget


async def steer(
    runs: "PostgresRuns",
    kind: RunKind,
    control: Control,
    run_id: str | None,
    *,
    as_json: bool,
    budget: int | None = None,
) -> int:
    """Show, pause, resume or cancel a run: the one that is named, else the only one that could be meant."""
    if control == "status" and run_id is None:
        known = await runs.list(SHOWN, kind)
        for run in known:
            show(run, as_json=as_json)
        if not known and not as_json:
            typer.echo(f"there was no {kind} yet")
        return 0
    chosen = RunId(run_id) if run_id is not None else await _meant(runs, kind, control)
    found = await runs.get(chosen)
    if found is not None and found.kind != kind:
        raise StartError(f"{chosen} is steered by `{command_of(found)} --{control}`")
    match control:
        case "pause":
            found = await runs.pause(chosen)
        case "resume":
            found = await runs.resume(chosen, budget)
        case "cancel":
            found = await runs.cancel(chosen)
    if found is None:
        raise StartError(f"there is no run {chosen}")
    show(found, as_json=as_json)
    wished = {"pause": RunState.PAUSED, "resume": RunState.RUNNING, "cancel": RunState.CANCELLED}
    return 0 if control == "status" or found.state is wished[control] else 1


async def _meant(runs: "PostgresRuns", kind: RunKind, control: Control) -> RunId:
    """Return the open run that a control is for; raises StartError where there is none, or more than one."""
    known = [run for run in await runs.list(LISTED, kind) if run.is_open]
    # Where none stands so that it could be turned, it is turned already: of the only one that is said.
    fitting = [run.id for run in known if run.state is NEEDS.get(control, run.state)] or [run.id for run in known]
    if not fitting:
        raise StartError(f"no {kind} is running or paused")
    if len(fitting) > 1:
        like = command_of(known[0])
        raise StartError(f"several could be meant: {', '.join(fitting)}; name one, as in `{like} --{control}`")
    return fitting[0]


async def _until_its_end(_: Run) -> bool:
    return False


async def watch(runs: Runs, run: Run, enough: Callable[[Run], Awaitable[bool]] = _until_its_end) -> Run:
    """Wait for the end of a run, or until it is ``enough``, and show on standard error how far it is.

    An outage of the database is waited out.

    Where nobody sees a bar, as in a log, a line tells of what holds the run up, once.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[words]}"))
    told = ""
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(run.id, total=1.0, words="")
        through = False
        while run.is_open and not through:
            await asyncio.sleep(LOOK_S)
            try:
                run = await runs.get(run.id) or run
                through = await enough(run)
                view = run_view(run)
                share, words, note = view.share, _how_far(view), view.note
            except Retryable as error:
                share, words, note = None, str(error), str(error)
            progress.update(bar, completed=share, words=words)
            if note and note != told and run.is_open and not console.is_terminal:
                typer.echo(f"{run.id}: {note}", err=True)
            told = note or told
    return run


async def report(runs: Runs, run: Run, *, as_json: bool) -> int:
    """Say how a run ended, and what a dry one planned; return the exit code, 1 where something failed."""
    plan = tuple(plan_line(entry) for entry in final_plan(await runs.plan(run.id))) if run.id.startswith("dry:") else ()
    if as_json:
        typer.echo(json.dumps({"run": as_json_of(run), "plan": PLAN.dump_python(plan, mode="json")}))
    else:
        for line in plan:
            undone = " (undone by you before: stays as it is)" if line.undone else ""
            typer.echo(f"{line.account}: {line.what}{undone}\n    {because(line.why, line.scores)}")
        show(run, as_json=False)
    return 0 if run.state is RunState.DONE and not run.counts.failed else 1


def show(run: Run, *, as_json: bool) -> None:
    """Print a run in one line, or as one line of JSON."""
    if as_json:
        typer.echo(json.dumps(as_json_of(run)))
        return
    view = run_view(run)
    typer.echo(f"{run.id}  {view.state}  {view.share:.0%}  {view.title}: {_how_far(view)}")


async def begin(settings: "Settings", request: RunRequest, *, once: bool, stay: bool, as_json: bool) -> int:
    """Let the running reactor take up a run; where none runs, run one until it has ended, or for good (``stay``)."""
    from reactor.wiring.desk import open_desk
    from reactor.wiring.models import real_model
    from reactor.wiring.reactor import open_reactor

    async with open_desk(settings) as desk:
        check(request, accounts=settings.households(), handlers=desk.router.reactions)
        serves = await desk.runs.service_runs()
        if serves or not (once or stay):
            code = await told(desk.runs, await desk.runs.start(request), once=once, as_json=as_json)
            if not serves:
                typer.echo("no reactor runs here now: the next one takes it up", err=True)
            return code
    async with open_reactor(settings, model_folder=real_model(settings)) as reactor:
        runs = reactor.stores.runs
        code = await told(runs, await runs.start(request), once=once, as_json=as_json)
        if not once:
            typer.echo(f"no reactor ran, so this command is one now; its page is {reactor.url}", err=True)
            await asyncio.Event().wait()
        return code


async def told(runs: Runs, run: Run, *, once: bool, as_json: bool) -> int:
    """Say that a run was begun or joined, or wait for its end; return the exit code."""
    if run.joined:
        title = run_view(run).title
        typer.echo(
            f"{run.id} was there already ({title}): joined it; what was asked for then holds, not this", err=True
        )
    if once:
        try:
            ended = await watch(runs, run)
        except asyncio.CancelledError:
            typer.echo(f"{run.id} has not ended, and goes on; `{command_of(run)} --cancel` ends it", err=True)
            raise
        return await report(runs, ended, as_json=as_json)
    show(run, as_json=as_json)
    if not as_json:
        typer.echo(f"look with `{command_of(run)} --status`, or on the reactor's page", err=True)
    return 0


def command_of(run: Run) -> str:
    """Return the command that steers a run."""
    return f"reactor plan --run {run.id} apply" if run.kind == "apply" else f"reactor {run.kind} {run.id}"


def as_json_of(run: Run) -> object:
    """Return a run as JSON has it."""
    return VIEW.dump_python(run_view(run), mode="json") | {"joined": run.joined}


def _how_far(view: RunView) -> str:
    counts = [f"{view.done} of {view.asked} done"]
    counts += [f"{number} {word}" for number, word in ((view.failed, "failed"), (view.shelved, "put aside")) if number]
    counts += [f"{view.cancelled} cancelled"] * bool(view.cancelled)
    counts += ["asks for more: --resume gives as many again, --resume --budget N so many"] * view.asks
    return ", ".join(counts) + (f" ({view.note})" if view.note else "")
