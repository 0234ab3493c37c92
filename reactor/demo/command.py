"""`reactor demo`: two simulated servers, a phone, and the real reactor between them over real HTTP."""

import asyncio
import json
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from reactor.adapters.immich.routes import allows as immich_allows
from reactor.config import AccountSettings, FixedSettings, FrigateSettings, Settings, StackSettings
from reactor.core.errors import StartError
from reactor.demo.frigate import SimulatedFrigate
from reactor.demo.immich import SimulatedImmich
from reactor.demo.labels import CLASSIFICATION
from reactor.demo.phone import Phone, Shot, begun, in_thread, pictures_in, shots_of
from reactor.demo.pictures.library import sample_library
from reactor.demo.promises import BrokenPromise, expect_kept, hold, hold_to_reading
from reactor.demo.tally import Tally, tally
from reactor.demo.watch import Allowed
from reactor.wiring.models import demo_model
from reactor.wiring.reactor import Reactor, open_reactor

SEED = 20261121
ACCOUNT = "demo"
CALM_S = 2.5
"""How long nothing may have moved before all counts as settled: longer than a turn of the people poll."""
PATIENCE_S = 600.0


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the command line asks for."""

    photos: Path | None
    count: int
    once: bool
    as_json: bool
    port: int
    observe: bool = False


async def run_demo(options: DemoOptions, *, allows: Allowed = immich_allows) -> int:
    """Upload, watch, and report; return 1 where a delivery failed, or where the reactor sent what it never shall.

    ``allows`` is the table that it is held to on Immich. Raises StartError for a folder without pictures. Cancelled
    before all is settled it is cancelled; afterwards, when only the page stays, it is through.
    """
    shots, total = _camera_roll(options)
    shots = await asyncio.to_thread(begun, shots)
    console = Console(stderr=True)
    started = time.monotonic()
    async with AsyncExitStack() as exits:
        immich = await exits.enter_async_context(SimulatedImmich(seed=SEED))
        frigate = await exits.enter_async_context(SimulatedFrigate())
        user = immich.add_user("Demo", "demo@example.com")
        # Its own key, so that the reactor can be told from the phone, which may do more.
        key = immich.add_key(user.id, name="reactor")
        if options.observe:
            hold_to_reading(immich, key, frigate)
        else:
            hold(immich, key, frigate, allows=allows)
        secret = secrets.token_urlsafe(24)
        settings = _settings(options, immich.url, frigate.url, key, secret, exits.enter_context(_folder()))
        reactor = await exits.enter_async_context(open_reactor(settings, model_folder=demo_model()))
        phone = await exits.enter_async_context(Phone(immich.url, user.api_key))
        console.print(f"Watch it live: [link={reactor.url}]{reactor.url}[/link]")
        # The cursor of the poll begins at the reactor's start; the phone must not be quicker than that.
        await phone.tell_reactor(f"{reactor.url}/webhook/{ACCOUNT}", secret)
        try:
            demo = _Demo(immich=immich, frigate=frigate, phone=phone, reactor=reactor)
            found = await _watch(demo, shots, total, console)
            _report(found, time.monotonic() - started, options, console)
            if not options.once:
                console.print("All is settled. The page stays until Ctrl-C.")
                await _cancelled()
            expect_kept(immich, frigate)
        except BrokenPromise as error:
            console.print(f"reactor: {error}", markup=False)
            return 1
    return 0 if not found.failed else 1


async def _cancelled() -> None:
    """Wait until the command is told to end, and take that as the end that was waited for."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        if task := asyncio.current_task():
            task.uncancel()


def _camera_roll(options: DemoOptions) -> tuple[Iterator[Shot], int]:
    if options.photos is not None:
        paths = pictures_in(options.photos)
        return shots_of(paths, tell=lambda sentence: print(sentence, file=sys.stderr, flush=True)), len(paths)
    return _rendered(options.count), options.count


def _rendered(count: int) -> Iterator[Shot]:
    start = datetime.now(UTC) - timedelta(days=3)
    for sample in sample_library(seed=SEED, photos=count, start=start):
        yield Shot(
            file_name=sample.file_name,
            data=sample.jpeg,
            taken_at=sample.taken_at,
            faces=tuple((face.person, face.box) for face in sample.faces),
            size=sample.size,
        )


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a data directory for one demo; it is removed at the end."""
    # Not made here: PostgreSQL's own user must be able to pass through it, which its maker knows best.
    path = Path(tempfile.gettempdir()) / f"reactor-demo-{secrets.token_hex(6)}"
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class _Demo:
    """Everybody on the stage."""

    immich: SimulatedImmich
    frigate: SimulatedFrigate
    phone: Phone
    reactor: Reactor


def _settings(options: DemoOptions, immich: str, frigate: str, key: str, secret: str, folder: Path) -> Settings:
    return FixedSettings(
        accounts={ACCOUNT: AccountSettings(api_key=SecretStr(key), url=immich, webhook_secrets=(SecretStr(secret),))},
        mode="observe" if options.observe else "apply",
        host="127.0.0.1",
        port=options.port,
        data_dir=folder,
        classification=CLASSIFICATION,
        stacks=StackSettings(quiet_seconds=2.0, patience_seconds=15.0),
        frigate=FrigateSettings(url=frigate, unanswered_seconds=5.0),
        poll_seconds=5.0,
        people_seconds=1.0,
        log_level="WARNING",
    )


@dataclass(kw_only=True)
class Calm:
    """Tell when nothing has moved for a while."""

    last: Tally | None = None
    since: float = 0.0

    def reached(self, found: Tally, uploaded: int, *, idle: bool) -> bool:
        """Say whether everything uploaded was heard, nothing waits, and all has stayed so for CALM_S."""
        at_rest = idle and found.waiting == 0 and found.heard >= uploaded
        if not at_rest or found != self.last:
            self.since = time.monotonic()
        self.last = found
        return at_rest and time.monotonic() - self.since >= CALM_S


async def _watch(demo: "_Demo", shots: Iterator[Shot], total: int, console: Console) -> Tally:
    """Upload, and count until all is settled; raises StartError when that takes longer than anybody would wait.

    Raises BrokenPromise as soon as a request came that must not.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        sending = progress.add_task("uploaded", total=total)
        seeing = progress.add_task("embedded", total=total)
        uploaded: set[str] = set()

        async def send() -> None:
            async for shot in in_thread(shots):
                uploaded.add(await demo.phone.upload(shot))
                progress.advance(sending)

        upload = asyncio.create_task(send())
        calm = Calm()
        until = time.monotonic() + PATIENCE_S + total
        try:
            while time.monotonic() < until:
                expect_kept(demo.immich, demo.frigate)
                found = await tally(demo.reactor.stores.pool, demo.phone)
                progress.update(seeing, completed=found.assets)
                if upload.done():
                    upload.result()
                    progress.update(seeing, total=len(uploaded))
                    if calm.reached(found, len(uploaded), idle=demo.immich.idle):
                        return found
                await asyncio.sleep(0.5)
        finally:
            upload.cancel()
    raise StartError(f"the demo did not settle: {found}")


def _report(found: Tally, seconds: float, options: DemoOptions, console: Console) -> None:
    body = {
        "assets": found.assets,
        "events": found.events,
        "deliveries": {"done": found.done, "failed": found.failed},
        "tags": found.tags,
        "archived": found.archived,
        "stacks": found.stacks,
        "stacked_assets": found.stacked_assets,
        "portraits": found.portraits,
        "seconds": round(seconds, 2),
        "photos_per_second": round(found.assets / seconds, 2),
    }
    if options.as_json:
        print(json.dumps(body), flush=True)
        return
    console.print(
        f"{found.assets} photos in {seconds:.0f} s: {found.tags} tags, {found.archived} archived, "
        f"{found.stacked_assets} photos in {found.stacks} stacks, {found.portraits} portraits; "
        f"{found.done} deliveries done, {found.failed} failed."
    )
