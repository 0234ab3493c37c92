"""Categories: list, make, change, remove and try them; without a reactor, or beside one that hears of it by itself."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reactor.cli.base import AsJson, Asked, ConfigFile, run_async, settings_of
from reactor.cli.category_options import (
    Clear,
    Draft,
    ForAccounts,
    category_of,
    drafted,
    expect_clearable,
    over,
    spelled,
    without,
)
from reactor.cli.label_words import PREVIEWS, Listing, listing_json, say_listing, say_preview
from reactor.cli.words import in_words
from reactor.core.categories import Category
from reactor.core.category_edits import FileManaged, ModelAway, NoSuchCategory, named
from reactor.core.errors import StartError
from reactor.core.ids import AccountId

if TYPE_CHECKING:
    from reactor.wiring.label_desk import LabelDesk

categories = typer.Typer(help="Your own words for what photos show.", invoke_without_command=True)

CategoryName = Annotated[str, typer.Argument(metavar="NAME", help="The category's name.")]
MaybeName = Annotated[str | None, typer.Argument(metavar="NAME", help="A category; of none, a draft.")]
Rename = Annotated[str | None, typer.Option(help="Another name; its tags are others then.")]
OfAccount = Annotated[str | None, typer.Option("--account", help="Only this account's photos.")]

Edit = Callable[["LabelDesk"], Awaitable[object]]


@asynccontextmanager
async def label_desk(config: Path | None, *, with_model: bool = False) -> AsyncIterator["LabelDesk"]:
    """Open what is asked about categories; raises StartError with the sentence of whatever is refused."""
    from reactor.wiring.desk import open_desk
    from reactor.wiring.label_desk import open_label_desk
    from reactor.wiring.models import real_model

    settings = settings_of(config)
    folder = real_model(settings) if with_model else None
    try:
        async with (
            in_words(),
            open_desk(settings) as desk,
            open_label_desk(settings, desk, model_folder=folder) as labels,
        ):
            yield labels
    except (NoSuchCategory, ModelAway) as error:
        raise StartError(str(error)) from error


@categories.callback()
def list_categories(context: typer.Context, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List the categories, where they are kept, and what the model was measured at."""
    context.obj = Asked(wanted=None, as_json=as_json, config=config)
    if context.invoked_subcommand is not None:
        return

    async def work() -> int:
        async with label_desk(config) as labels:
            _told(await _listing(labels), as_json=as_json)
        return 0

    run_async(work())


@categories.command("add")
@drafted
def add_category(context: typer.Context, name: CategoryName, draft: Draft, account: ForAccounts = None) -> None:
    """Make a category: photos that come from now on are held against it."""
    new = category_of({"prompts": []} | draft.said() | {"name": name} | _accounts(account))
    _edit(context.obj, lambda labels: labels.add(new), name, "made; photos that are there: `reactor relabel --add`")


@categories.command("set")
@drafted
def set_category(
    context: typer.Context,
    name: CategoryName,
    draft: Draft,
    account: ForAccounts = None,
    rename: Rename = None,
    clear: Clear = None,
) -> None:
    """Change what is given of a category, and nothing else of it."""
    said = {field: value for field, value in draft.said().items() if field != "name"} | _accounts(account)
    if rename is not None:
        said["name"] = rename
    if not said and not clear:
        raise typer.BadParameter("say what is to be changed")
    expect_clearable(clear)

    def change(old: Category) -> Category:
        return category_of(over(without(spelled(old), clear), said))

    _edit(context.obj, lambda labels: labels.alter(name, change), rename or name, "changed")


@categories.command("remove")
def remove_category(context: typer.Context, name: CategoryName) -> None:
    """Remove a category: the reactor takes its tags off, where it set them."""
    _edit(context.obj, lambda labels: labels.remove(name), name, "removed; the reactor takes off the tags that it set")


@categories.command("enable")
def enable_category(context: typer.Context, name: CategoryName) -> None:
    """Let a category be used again."""
    _edit(context.obj, lambda labels: labels.alter(name, lambda old: replace(old, enabled=True)), name, "enabled")


@categories.command("disable")
def disable_category(context: typer.Context, name: CategoryName) -> None:
    """Let a category rest: what it did stays."""
    _edit(context.obj, lambda labels: labels.alter(name, lambda old: replace(old, enabled=False)), name, "disabled")


@categories.command("on")
def switch_on(context: typer.Context) -> None:
    """Label photos again."""
    _switch(context.obj, on=True)


@categories.command("off")
def switch_off(context: typer.Context) -> None:
    """Label nothing, whatever the categories say; what is there stays."""
    _switch(context.obj, on=False)


@categories.command("preview")
@drafted
def preview_category(
    context: typer.Context, draft: Draft, name: MaybeName = None, account: OfAccount = None, as_json: AsJson = False
) -> None:
    """Show what a category would match among the stored photos, as it is, with changes, or drafted; write nothing."""
    asked: Asked[None] = context.obj
    said = draft.said()
    wanted = name or said.pop("name", None)

    async def work() -> int:
        async with label_desk(asked.config, with_model=True) as labels:
            known = (await labels.catalogue()).categories
            kept = wanted is not None and any(one.name == wanted for one in known)
            if not kept and "prompts" not in said:
                raise StartError(f"there is no category {wanted!r}" if wanted else "name a category, or give --prompt")
            base = spelled(named(known, wanted)) if kept else {"name": wanted or "Draft"}
            category = category_of(over(base, said))
            accounts = (AccountId(account),) if account else labels.accounts_of(category)
            found = [await labels.preview(one, category) for one in accounts]
        if as_json or asked.as_json:
            typer.echo(json.dumps(PREVIEWS.dump_python(tuple(found), mode="json")))
            return 0
        for one in found:
            say_preview(one)
        return 0

    run_async(work())


def _accounts(names: list[str] | None) -> dict[str, list[str]]:
    return {"accounts": names} if names else {}


def _switch(asked: Asked[None], *, on: bool) -> None:
    _edit(asked, lambda labels: labels.switch(on), "Labelling", "on" if on else "off; what is there stays")


def _edit(asked: Asked[None], edit: Edit, name: str, what: str) -> None:
    """Carry an edit out and say so; where the categories stand in a file, exit with 1 and a sentence."""

    async def work() -> int:
        try:
            async with label_desk(asked.config) as labels:
                await edit(labels)
                if asked.as_json:
                    _told(await _listing(labels), as_json=True)
        except FileManaged as error:
            typer.echo(f"reactor: {error}", err=True)
            return 1
        if not asked.as_json:
            typer.echo(f"{name}: {what}")
        return 0

    run_async(work())


async def _listing(labels: "LabelDesk") -> Listing:
    calibration, stored = await labels.last_measured()
    return Listing(catalogue=await labels.catalogue(), calibration=calibration, stored=stored)


def _told(listing: Listing, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(listing_json(listing)))
    else:
        say_listing(listing)
