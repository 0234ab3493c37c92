"""Hold stored photos against the categories of now, and measure the model that decides about them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from reactor.cli.base import AsJson, ConfigFile, run_async, settings_of
from reactor.cli.categories import label_desk
from reactor.cli.label_words import CALIBRATION_PREVIEW, say_calibration
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
from reactor.cli.scan import Accounts, Dry
from reactor.cli.words import in_words
from reactor.core.categories import tag_of
from reactor.core.ids import AccountId
from reactor.core.relabel_runs import RelabelRequest

app = typer.Typer()

OfCategories = Annotated[
    list[str] | None, typer.Option("--category", help="Only the tag of this category, gone or not; may be repeated.")
]
Add = Annotated[bool, typer.Option("--add", help="Set what is missing, too, and do what goes with it.")]
OnlyTell = Annotated[bool, typer.Option("--dry-run", help="Say what would change; keep nothing.")]


@app.command()
def relabel(
    run: RunName = None,
    account: Accounts = None,
    category: OfCategories = None,
    add: Add = False,
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
    """Take off stored labels of ours that no category asks for; no picture is looked at again."""
    control = the_one({"status": status, "pause": pause, "resume": resume, "cancel": cancel}, run)
    request = RelabelRequest(
        accounts=tuple(AccountId(name) for name in dict.fromkeys(account)) if account else None,
        tags=tuple(tag_of(name) for name in dict.fromkeys(category)) if category else None,
        add=add,
        dry=dry_run,
        budget=budget_of(control, budget),
    )
    run_async(_work(control, run, request, once=once or dry_run, as_json=as_json, config=config))


async def _work(
    control: Control | None, run: str | None, request: RelabelRequest, *, once: bool, as_json: bool, config: Path | None
) -> int:
    from reactor.wiring.desk import open_desk

    settings = settings_of(config)
    async with in_words():
        if control is None:
            return await begin(settings, request, once=once, stay=False, as_json=as_json)
        async with open_desk(settings) as desk:
            return await steer(desk.runs, "relabel", control, run, as_json=as_json, budget=request.budget)


@app.command()
def calibrate(dry_run: OnlyTell = False, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Measure the model anew on stored photos, and let that hold: what a strictness means is told by it."""

    async def work() -> int:
        async with label_desk(config, with_model=True) as labels:
            found = await (labels.measure() if dry_run else labels.calibrate())
        if as_json:
            typer.echo(json.dumps(CALIBRATION_PREVIEW.dump_python(found, mode="json")))
        else:
            say_calibration(found, dry=dry_run)
        return 0

    run_async(work())
