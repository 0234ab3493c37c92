"""One connection to Immich's socket.io, from the handshake to its end (facts/immich-api.md section 7)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import socketio
from engineio.base_client import connected_clients
from pydantic import SecretStr

from reactor.adapters.immich.address import api_root, usable_key
from reactor.core.errors import Unreachable

Dispatch = Callable[[object], Awaitable[None]]

# The libraries log addresses and payloads as they go; what is worth telling is told by the source.
SILENT = logging.Logger("socket.io")
SILENT.disabled = True

# Socket.io's packets with binary attachments: Immich sends none, and the library would gather them without bound.
BINARY = ("5", "6")


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How a connection is watched; seconds, and bytes of the longest message.

    ``ping_s`` is the longest silence that the server may ask us to bear (Immich: 25 + 20 s); ``heartbeat_s`` is how
    often we ask of our own accord whether the other end lives. A longer message ends the connection; the largest that
    Immich sends lists the ids of a bulk deletion, 39 bytes each.
    """

    connect_s: float = 20.0
    close_s: float = 2.0
    heartbeat_s: float = 30.0
    ping_s: float = 120.0
    longest_message: int = 4 * 1024 * 1024


class _Redirected(Exception):
    """Say that the handshake was answered with a redirect; aiohttp would carry the key along to any host."""


@asynccontextmanager
async def connected(
    address: str,
    key: SecretStr,
    hear: Callable[..., None],
    odd: Callable[[str], None],
    wire: Wire,
) -> AsyncIterator[asyncio.Task[None]]:
    """Connect and yield the task that ends with the connection; Unreachable where no connection comes about.

    ``hear`` is given the name and the arguments of every event, ``odd`` a word about what is no event. That the
    connection stands proves nothing: a refused key is told so by an event.
    """
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse_redirect)
    # Without cookies: Immich prefers a session's cookie to the key.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[trace]) as session:
        client = socketio.AsyncClient(
            reconnection=False,
            handle_sigint=False,
            logger=SILENT,
            engineio_logger=SILENT,
            http_session=session,
            request_timeout=wire.close_s,
            timestamp_requests=False,
            websocket_extra_options={"max_msg_size": wire.longest_message, "heartbeat": wire.heartbeat_s},
        )
        client.on("*", hear)
        client.eio.on("message", _guarded(client.eio.handlers["message"], odd))
        try:
            await _connect(client, address, key, wire)
            yield client.eio.read_loop_task
        finally:
            await _leave(client)


async def _connect(client: socketio.AsyncClient, address: str, key: SecretStr, wire: Wire) -> None:
    root, headers = api_root(address), {"x-api-key": usable_key(key)}
    try:
        async with asyncio.timeout(wire.connect_s):
            await client.connect(
                str(root.origin()),
                headers=headers,
                transports=["websocket"],
                namespaces=["/"],
                socketio_path=f"{root.path}/socket.io",
                # Not waiting for the namespace: a disconnect that overtakes the end of that wait would be lost.
                wait=False,
            )
        # Both are asked of us by the server; more than a bound would let a dead connection look alive.
        client.eio.ping_interval = min(client.eio.ping_interval, wire.ping_s)
        client.eio.ping_timeout = min(client.eio.ping_timeout, wire.ping_s)
    except TimeoutError:
        problem = f"no connection within {wire.connect_s:g} s"
    except Exception as error:  # noqa: BLE001 - engineio raises whatever a strange answer makes it stumble over
        problem = _words(error)
    else:
        return
    # Raised out here: what the libraries raise has the request's headers hanging on it, and the key is one of them.
    raise Unreachable(problem)


def _words(error: BaseException) -> str:
    """Say what kept the connection from coming about, without anything that was sent."""
    seen: BaseException | None = error
    while seen is not None:
        match seen:
            case _Redirected():
                return "the address of Immich leads on to another one; give the address where it ends"
            case aiohttp.WSServerHandshakeError():
                return f"the answer was {seen.status} instead of a websocket; a proxy before Immich must let them pass"
            case aiohttp.ClientConnectionError():
                return "Immich cannot be reached"
        seen = seen.__cause__ or seen.__context__
    return f"what answers is no socket.io ({type(error).__name__})"


def _guarded(dispatch: Dispatch, odd: Callable[[str], None]) -> Dispatch:
    """Wrap what takes a message apart, so that a strange one is told and nothing is raised."""

    async def message(data: object) -> None:
        if not isinstance(data, str) or data.startswith(BINARY):
            odd("a binary message")
            return
        try:
            await dispatch(data)
        except Exception as error:  # noqa: BLE001 - socketio raises whatever the message makes it stumble over
            odd(f"a message that is no packet of socket.io ({type(error).__name__})")

    return message


async def _leave(client: socketio.AsyncClient) -> None:
    """End the connection and every task of it, however it stands."""
    tasks = [task for task in (client.eio.read_loop_task, client.eio.write_loop_task) if task is not None]
    try:
        await client.eio.disconnect(abort=True)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        # The library forgets one that is left while the server closes it, and would keep it, and its key, for ever.
        with suppress(ValueError):
            connected_clients.remove(client.eio)


async def _refuse_redirect(_: aiohttp.ClientSession, __: SimpleNamespace, ___: object) -> None:
    raise _Redirected
