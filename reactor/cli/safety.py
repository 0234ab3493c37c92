"""What you decided against, and what stands still until you confirm."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
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
from reactor.cli.journal import Limit
from reactor.cli.orders import OfAccount, carried_out
from reactor.cli.running import Once
from reactor.cli.words import clock, in_words
from reactor.core.errors import StartError
from reactor.core.ids import AccountId
from reactor.core.limits import Trip
from reactor.core.orders import ApplyRequest
from reactor.core.status import many
from reactor.core.vetoes import Standing, Veto, VetoKind

vetoes = typer.Typer(help="What you decided against: it is not done again.", invoke_without_command=True)
limits = typer.Typer(help="What stands still because too much happened.", invoke_without_command=True)

VETOES = TypeAdapter(tuple[Veto, ...])
TRIPS = TypeAdapter(tuple[Trip, ...])
ALL = 1_000_000

Kind = Annotated[VetoKind | None, typer.Option(help="Only this kind.")]
Lost = Annotated[bool, typer.Option("--lost", help="Those of which it is asked whether you did it, or Immich lost it.")]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which vetoes are meant: those that fit every filter that is given."""

    account: AccountId | None
    kind: VetoKind | None


@vetoes.callback()
def list_vetoes(
    context: typer.Context,
    account: OfAccount = None,
    kind: Kind = None,
    lost: Lost = False,
    limit: Limit = 50,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List what you decided against, newest first."""
    wanted = Wanted(account=AccountId(account) if account else None, kind=kind)
    asked = context.obj = Asked(wanted=wanted, as_json=as_json, config=config)
    if context.invoked_subcommand is not None:
        return

    async def work() -> int:
        found = await _standing(asked, limit, "lost" if lost else None)
        if as_json:
            typer.echo(json.dumps(VETOES.dump_python(found, mode="json")))
            return 0
        for veto in found:
            asks = "  did you do this, or did Immich lose it?" if veto.state == "lost" else ""
            typer.echo(f"{veto.id:>8}  {clock(veto.noticed_at)}  {veto.account}  {in_short(veto)}: {veto.why}{asks}")
        if not found:
            typer.echo("nothing is asked" if lost else "you decided against nothing")
        return 0

    run_async(work())


def in_short(veto: Veto) -> str:
    """Say what a veto is about."""
    match veto.kind:
        case "stack":
            groups = " | ".join(", ".join(group) for group in veto.groups)
            return f"stack, apart: {groups}"
        case "tag":
            return f"tag {veto.value} on {', '.join(veto.subjects)}"
        case "album":
            return f"album {veto.value} without {', '.join(veto.subjects)}"
    return f"{veto.kind} of {', '.join(veto.subjects)}"


async def _standing(asked: Asked[Wanted], limit: int, state: Standing | None) -> tuple[Veto, ...]:
    from reactor.wiring.desk import open_desk

    wanted = asked.wanted
    async with in_words(), open_desk(settings_of(asked.config)) as desk:
        return await desk.vetoes.standing(account=wanted.account, state=state, kind=wanted.kind, limit=limit)


@vetoes.command("revoke")
def revoke_vetoes(context: typer.Context, ids: Ids = None) -> None:
    """Let it be decided anew, at the next occasion."""
    if not ids:
        raise typer.BadParameter("name the vetoes")
    _ended(context.obj, ids, revoke=True)


@vetoes.command("mine")
def claim_vetoes(context: typer.Context, ids: Ids = None, everything: All = False) -> None:
    """Say that you did it: what was asked about stays undone."""
    expect_ids_or_all(ids, everything=everything, what="vetoes")
    _ended(context.obj, ids, revoke=False)


@vetoes.command("putback")
def put_back(context: typer.Context, ids: Ids = None, everything: All = False, once: Once = False) -> None:
    """Say that Immich lost it: what was asked about is done again."""
    from reactor.wiring.desk import open_desk

    asked: Asked[Wanted] = context.obj
    expect_ids_or_all(ids, everything=everything, what="vetoes")

    async def work() -> int:
        chosen = list(ids) if ids else [veto.id for veto in await _standing(asked, ALL, "lost")]
        settings = settings_of(asked.config)
        async with in_words():
            async with open_desk(settings) as desk:
                entries = await desk.orders.put_back(chosen)
            if not entries:
                raise StartError("none of them is asked about")
            return await carried_out(settings, ApplyRequest(entries=entries), once=once, as_json=asked.as_json)

    run_async(work())


def _ended(asked: Asked[Wanted], ids: Sequence[int] | None, *, revoke: bool) -> None:
    from reactor.wiring.desk import open_desk

    async def work() -> int:
        chosen = list(ids) if ids else [veto.id for veto in await _standing(asked, ALL, "lost")]
        settings = settings_of(asked.config)
        async with in_words(), open_desk(settings) as desk:
            end = desk.vetoes.revoke if revoke else desk.vetoes.mine
            number = await end(chosen)
        words = f"{number} revoked" if revoke else many(number, "stays undone", "stay undone")
        otherwise = "no veto" if revoke else "not asked about"
        return tell_changed(number, words, ids, otherwise=otherwise, as_json=asked.as_json)

    run_async(work())


@limits.callback()
def list_limits(context: typer.Context, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List what stands still until you confirm, oldest first."""
    context.obj = Asked(wanted=None, as_json=as_json, config=config)
    if context.invoked_subcommand is not None:
        return

    async def work() -> int:
        from reactor.wiring.desk import open_desk

        settings = settings_of(config)
        async with in_words(), open_desk(settings) as desk:
            found = await desk.limits.open_trips()
        if as_json:
            typer.echo(json.dumps(TRIPS.dump_python(found, mode="json")))
            return 0
        for trip in found:
            typer.echo(f"{trip.id:>8}  {clock(trip.tripped_at)}  {trip.feature} of {trip.account}: {trip.why}")
        if not found:
            typer.echo("nothing stands still")
        return 0

    run_async(work())


@limits.command("confirm")
def confirm_limits(context: typer.Context, ids: Ids = None, everything: All = False) -> None:
    """Let it go on: it was meant so."""
    from reactor.wiring.desk import open_desk

    asked: Asked[None] = context.obj
    expect_ids_or_all(ids, everything=everything, what="limits")

    async def work() -> int:
        settings = settings_of(asked.config)
        async with in_words(), open_desk(settings) as desk:
            chosen = list(ids) if ids else [trip.id for trip in await desk.limits.open_trips()]
            accounts = await desk.limits.confirm(chosen)
            for account in sorted(set(accounts)):
                await desk.queue.hasten(account)
        words = many(len(accounts), "goes on", "go on")
        return tell_changed(len(accounts), words, ids, otherwise="not standing still", as_json=asked.as_json)

    run_async(work())
