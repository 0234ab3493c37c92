"""The socket of a server that is broken or means harm: nothing is raised, nothing grows, and the key goes nowhere."""

import asyncio
import itertools
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web
from engineio.base_client import connected_clients
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.core.errors import StartError, Unreachable
from reactor.sources.pushes import Pushes
from reactor.sources.realtime import Patience, RealtimeSource
from reactor.sources.socket import Wire, connected
from tests.sources.conftest import ANNA, until
from tests.sources.fakes import MemoryLog

KEY = "ThisKeyMustGoNowhere"
OWNER = "dde94130-aa87-4943-b775-3110f612fd0d"
PHOTO = "59da1509-56af-4094-84ba-f2bf27769f67"
OPEN = '0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'
JOINED = '40{"sid":"b"}'
VERSION = '42["on_server_version",{"major":3,"minor":1,"patch":0}]'
UPLOAD = "42" + json.dumps(["on_upload_success", {"id": PHOTO, "ownerId": OWNER, "visibility": "timeline"}])
QUICK = Patience(login_s=0.3, first_s=0.02, longest_s=0.05, refused_s=0.05, wire=Wire(connect_s=1, close_s=0.2))
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def nothing() -> None:
    pass


class Granted:
    """A library whose key may do all."""

    async def permissions(self) -> frozenset[str]:
        return frozenset({"all"})

    async def owner(self) -> str:
        return OWNER


@dataclass
class Rogue:
    """A websocket server that sends just what a test wants, after the usual greeting or instead of it."""

    frames: list[str | bytes] = field(default_factory=list)
    greeting: tuple[str, ...] = (OPEN, JOINED, VERSION)
    visits: int = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.visits += 1
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for frame in (*self.greeting, *self.frames):
            if isinstance(frame, bytes):
                await socket.send_bytes(frame)
            else:
                await socket.send_str(frame)
        async for _ in socket:
            pass
        return socket


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@asynccontextmanager
async def listening(url: str, log: MemoryLog, pushes: Pushes, patience: Patience) -> AsyncIterator[RealtimeSource]:
    source = RealtimeSource(
        ANNA, url, SecretStr(KEY), Granted(), log, pushes, nothing, nothing, nothing, patience=patience
    )
    task = asyncio.create_task(source.run())
    yield source
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x01",
        '451-["x",{"_placeholder":true,"num":0}]',
        '499-["x"]',
        "4",
        "49",
        '42["on_upload_success"',
        "42[]",
        '42{"a":1}',
        "42[[1]]",
        "42[1,2]",
        '42["on_upload_success",7]',
        '42["on_upload_success",{"id":[]}]',
        '42["AssetUploadReadyV2",{"asset":[]}]',
        "42" + '["x",' + "[" * 5000 + "]" * 5000 + "]",
        '421["on_asset_update","with an id that wants an answer"]',
        '42["' + "n" * 5000 + '",1]',
        '43999["an answer that nobody asked for"]',
        "2",
        "6",
    ],
)
async def test_garbage_does_not_end_the_connection(frame: str | bytes, log: MemoryLog, pushes: Pushes) -> None:
    rogue = Rogue(frames=[frame, frame, UPLOAD])
    with capture_logs() as logs:
        async with serving(rogue.serve) as url, listening(url, log, pushes, QUICK) as source:
            await until(lambda: log.subjects == [PHOTO])
            assert source.status().startswith("connected")
            odd = source.status().endswith("; 2 odd messages")
    assert rogue.visits == 1
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert len(warnings) == (1 if odd else 0)


@pytest.mark.parametrize("frame", ["", "x", "9", "1", "z" * 30_000], ids=["empty", "word", "unknown", "close", "giant"])
async def test_what_ends_the_connection_leads_to_another_one(frame: str, log: MemoryLog, pushes: Pushes) -> None:
    rogue, clients = Rogue(frames=[frame, UPLOAD]), list(connected_clients)
    patience = replace(QUICK, wire=replace(QUICK.wire, longest_message=20_000))
    async with serving(rogue.serve) as url, listening(url, log, pushes, patience):
        await until(lambda: rogue.visits >= 3 or log.subjects == [PHOTO])
    assert connected_clients == clients
    assert (rogue.visits >= 3) != (frame == "9")  # a packet of an unknown kind harms nothing


@pytest.mark.parametrize(
    ("greeting", "says"),
    [
        ((OPEN, JOINED), "reconnecting: connected, but not logged in within 0.3 s"),
        ((OPEN,), "reconnecting: connected, but not logged in within 0.3 s"),
        (("40",), "reconnecting: what answers is no socket.io"),
        (("0[]",), "reconnecting: what answers is no socket.io"),
        (("0{}",), "reconnecting: what answers is no socket.io"),
        ((), "reconnecting: no connection within 1 s"),
        ((OPEN, JOINED, '42["error","unauthorized"]', "41"), "off: Immich does not let this key listen"),
        ((OPEN, JOINED, "41"), "reconnecting: the connection ended before the login"),
        ((OPEN, '44{"message":"no"}'), "reconnecting: connected, but not logged in within 0.3 s"),
    ],
)
async def test_without_a_version_nothing_counts_as_connected(
    greeting: tuple[str, ...], says: str, log: MemoryLog, pushes: Pushes
) -> None:
    rogue = Rogue(greeting=greeting)
    async with serving(rogue.serve) as url, listening(url, log, pushes, QUICK) as source:
        await until(lambda: source.status().startswith(says))
        await until(lambda: rogue.visits >= 2)
        assert not pushes.trusted


async def test_the_pauses_grow_and_a_login_that_held_makes_them_short_again(log: MemoryLog, pushes: Pushes) -> None:
    moments: list[float] = []
    holds = asyncio.Event()
    clock = asyncio.get_running_loop().time

    async def answer(request: web.Request) -> web.StreamResponse:
        moments.append(clock())
        if len(moments) != 6:
            return web.Response(status=502)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for frame in (OPEN, JOINED, VERSION):
            await socket.send_str(frame)
        await holds.wait()
        return socket

    patience = replace(QUICK, login_s=5, first_s=0.02, longest_s=0.2, steady_s=0.05)
    async with serving(answer) as url, listening(url, log, pushes, patience) as source:
        await until(lambda: source.status().startswith("connected"))
        await asyncio.sleep(0.1)  # as long as counts as steady, and more
        ended = clock()
        holds.set()
        await until(lambda: len(moments) >= 8)
    pauses = [after - before for before, after in itertools.pairwise(moments[:6])]
    assert all(pause >= least * 0.75 for pause, least in zip(pauses, (0.02, 0.04, 0.08, 0.16, 0.2), strict=True))
    assert moments[6] - ended < 0.2 * 0.75


async def test_the_key_follows_no_redirect(log: MemoryLog, pushes: Pushes) -> None:
    seen: list[str] = []

    async def thief(request: web.Request) -> web.StreamResponse:
        seen.append(str(dict(request.headers)))
        return web.Response(status=200)

    async with serving(thief) as elsewhere:

        async def lead_on(_: web.Request) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": f"{elsewhere}/api/socket.io/"})

        async with serving(lead_on) as url, listening(url, log, pushes, QUICK) as source:
            await until(lambda: "leads on to another one" in source.status())
    assert seen == []


async def test_a_proxy_that_lets_no_websocket_pass_is_named(log: MemoryLog, pushes: Pushes) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=426, text="<html>")

    async with serving(refuse) as url, listening(url, log, pushes, QUICK) as source:
        await until(lambda: "the answer was 426 instead of a websocket" in source.status())


@pytest.mark.parametrize("status", [200, 401, 502])
async def test_the_key_is_in_no_error_and_no_log(status: int, caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        assert request.headers["x-api-key"] == KEY
        assert KEY not in str(request.url)
        return web.Response(status=status)

    caplog.set_level(logging.DEBUG)
    async with serving(refuse) as url:
        with pytest.raises(Unreachable) as caught:
            async with connected(url, SecretStr(KEY), print, print, QUICK.wire):
                pass
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + caplog.text
    assert str(status) in told
    assert KEY not in told
    assert caught.value.__cause__ is caught.value.__context__ is None


async def test_what_is_no_key_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(StartError):
        async with connected("http://127.0.0.1:1", SecretStr("two words"), print, print, QUICK.wire):
            pass


async def test_leaving_closes_everything(log: MemoryLog, pushes: Pushes) -> None:
    rogue, clients = Rogue(), list(connected_clients)
    before = asyncio.all_tasks()
    async with serving(rogue.serve) as url:
        with_server = asyncio.all_tasks() - before
        async with listening(url, log, pushes, QUICK) as source:
            await until(lambda: source.status().startswith("connected"))
        await until(lambda: not (asyncio.all_tasks() - before - with_server))
    # The library keeps a list of its own of those who are connected; a forgotten one would never be freed.
    assert connected_clients == clients
