"""Look into the event log, deliver parts of it again, and deal with what was given up."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from reactor.cli.words import a_moment, clock, in_words
from reactor.core.errors import Retryable
from reactor.core.events import EVENT_TYPES
from reactor.core.history import DeadFilter, DeadLetter, DeliveryLine, EventFilter, EventLine, Unseen
from reactor.core.ids import LIVE, AccountId
from reactor.core.status import many

if TYPE_CHECKING:
    from reactor.adapters.postgres.history import PostgresHistory

app = typer.Typer()
deadletters = typer.Typer(help="Deliveries that were given up.", invoke_without_command=True)

KNOWN = {kind.__name__ for kind in EVENT_TYPES}
LINE = TypeAdapter(EventLine)
LINES = TypeAdapter(tuple[EventLine, ...])
LETTERS = TypeAdapter(tuple[DeadLetter, ...])
FOLLOW_S = 0.5
AT_ONCE = 500
MOST = 1000

Since = Annotated[str | None, typer.Option(help="Heard since: a time like 2026-06-01T12:00, or 2h, 3d ago.")]
Until = Annotated[str | None, typer.Option(help="Heard until then.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only this kind of event; may be repeated.")]
Account = Annotated[str | None, typer.Option(help="Only this account.")]
Asset = Annotated[str | None, typer.Option(help="Only the photo or person of this id.")]
Handler = Annotated[str | None, typer.Option(help="Only this handler.")]
IsShelved = Annotated[bool, typer.Option("--shelved", help="Those that were put aside, instead of the dead.")]


@app.command()
def events(
    since: Since = None,
    until: Until = None,
    kind: Kinds = None,
    account: Account = None,
    asset: Asset = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many to list.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what is heard from now on.")] = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List what was heard, newest first, with what became of it; or follow it."""
    if unknown := sorted({*(kind or ())} - KNOWN):
        raise typer.BadParameter(f"there is no kind {', '.join(unknown)}; there are {', '.join(sorted(KNOWN))}")
    now = datetime.now(UTC)
    wanted = EventFilter(
        since=a_moment(since, now),
        until=a_moment(until, now),
        kinds=tuple(kind or ()),
        account=AccountId(account) if account else None,
        subject=asset,
    )

    run_async(_listed(wanted, limit, follow=follow, as_json=as_json, config=config), endless=follow)


async def _listed(wanted: EventFilter, limit: int, *, follow: bool, as_json: bool, config: Path | None) -> int:
    from reactor.wiring.desk import open_desk

    settings = settings_of(config)
    async with in_words(), open_desk(settings) as desk:
        if follow:
            await follow_log(desk.history, wanted, limit, as_json=as_json)
        found = await desk.history.events(wanted, limit)
    if as_json:
        typer.echo(LINES.dump_json(found).decode())
    else:
        for line in found:
            typer.echo(event_words(line))
    return 0


async def follow_log(history: "PostgresHistory", wanted: EventFilter, limit: int, *, as_json: bool) -> None:
    """Print what is heard from now on until cancelled, and before it the newest since a time, where one is given.

    An outage of the database is waited out.

    All events are read and those shown that fit: else the numbers of the others would have to be read ever again.
    """
    unseen = Unseen()
    unseen.take(await history.events(EventFilter(), unseen.overlap))
    taken = frozenset(unseen.seen)
    for line in reversed(await history.events(wanted, limit) if wanted.since is not None else ()):
        if line.seq <= unseen.after or line.seq in taken:
            typer.echo(shown(line, as_json=as_json))
    while True:
        try:
            found = await history.unseen(EventFilter(), AT_ONCE, after=unseen.after, seen=unseen.seen)
        except Retryable as error:
            typer.echo(f"waits: {error}", err=True)
            await asyncio.sleep(10 * FOLLOW_S)
            continue
        for line in unseen.take(found):
            if wanted.fits(line):
                typer.echo(shown(line, as_json=as_json))
        if len(found) < AT_ONCE:
            await asyncio.sleep(FOLLOW_S)


def shown(line: EventLine, *, as_json: bool) -> str:
    """Return an event in one line, of words or of JSON."""
    return LINE.dump_json(line).decode() if as_json else event_words(line)


def event_words(line: EventLine) -> str:
    """Return an event in one line: number, time, source, account, kind, subject, and how its deliveries stand."""
    deliveries = "  ".join(_standing(delivery) for delivery in line.deliveries)
    source = line.source or "-"
    return (
        f"{line.seq:>8}  {clock(line.heard_at)}  {source:7}  {line.account}  {line.kind}  {line.subject}  {deliveries}"
    )


def _standing(delivery: DeliveryLine) -> str:
    run = "" if delivery.run == LIVE else f" ({delivery.run})"
    return f"{delivery.handler}: {delivery.state}{run}"


@deadletters.callback()
def list_deadletters(
    context: typer.Context,
    handler: Handler = None,
    account: Account = None,
    shelved: IsShelved = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List deliveries that were given up: error, tries, payload; newest first."""
    from reactor.wiring.desk import open_desk

    wanted = DeadFilter(handler=handler, account=AccountId(account) if account else None, shelved=shelved)
    context.obj = Asked(wanted=wanted, as_json=as_json, config=config)
    if context.invoked_subcommand is not None:
        return

    async def work() -> int:
        settings = settings_of(config)
        async with in_words(), open_desk(settings) as desk:
            found = await desk.history.dead(wanted, MOST + 1)
        found, more = found[:MOST], len(found) > MOST
        if as_json:
            typer.echo(LETTERS.dump_json(found).decode())
            return 0
        for letter in found:
            run = "" if letter.run == LIVE else f", {letter.run}"
            tries = many(letter.attempts, "try", "tries")
            typer.echo(f"{letter.id}  {clock(letter.given_up_at)}  {letter.handler}{run}  {tries}")
            typer.echo(f"    {letter.error}\n    {letter.kind} {json.dumps(letter.payload)}")
        if more:
            typer.echo(f"there are more than {MOST}; name a --handler or an --account", err=True)
        if not found:
            typer.echo(f"nothing is {'put aside' if shelved else 'dead'}")
        return 0

    run_async(work())


@deadletters.command("retry")
def retry_deadletters(context: typer.Context, ids: Ids = None, everything: All = False) -> None:
    """Let given-up deliveries wait again as if they had never been tried."""
    _change(context.obj, ids, everything=everything, retry=True)


@deadletters.command("drop")
def drop_deadletters(context: typer.Context, ids: Ids = None, everything: All = False) -> None:
    """End given-up deliveries for good."""
    _change(context.obj, ids, everything=everything, retry=False)


def _change(asked: Asked[DeadFilter], ids: Sequence[int] | None, *, everything: bool, retry: bool) -> None:
    from reactor.wiring.desk import open_desk

    expect_ids_or_all(ids, everything=everything, what="deliveries")

    async def work() -> int:
        settings = settings_of(asked.config)
        async with in_words(), open_desk(settings) as desk:
            change = desk.history.retry if retry else desk.history.drop
            number = await change(ids) if ids else await change(wanted=asked.wanted)
        words = many(number, "waits again", "wait again") if retry else f"{number} dropped"
        return tell_changed(number, words, ids, otherwise="not given up", as_json=asked.as_json)

    run_async(work())
