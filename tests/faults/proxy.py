"""A TCP proxy between the reactor and a server that cuts, delays, half-closes and garbles on demand."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CHUNK = 64 * 1024
GARBAGE = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{"this is": no JSON, ]]'
HTML = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 29\r\n\r\n<html>the proxy is sad</html>"


@dataclass(kw_only=True)
class Weather:
    """What the proxy does to connections and bytes from now on.

    ``refuse`` closes every connection at once; ``delay_s`` holds back each chunk of an answer; ``swallow`` takes
    answers away, so that the asker waits for ever; ``cut_after`` breaks a connection in the middle of an answer, after
    so many bytes of it; ``half_close`` ends the answer's direction alone after the request has gone through;
    ``answer`` is sent instead of asking the server at all.
    """

    refuse: bool = False
    delay_s: float = 0.0
    swallow: bool = False
    cut_after: int | None = None
    half_close: bool = False
    answer: bytes | None = None


@dataclass(kw_only=True)
class Proxy:
    """Pass bytes to a port of loopback; its own address stays the same over every weather."""

    target: int
    weather: Weather = field(default_factory=Weather)
    port: int = 0
    passed: int = 0
    broken: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def change(self, weather: Weather | None = None, *, cut: bool = False) -> None:
        """Change the weather; with ``cut`` every connection that stands is broken."""
        self.weather = weather or Weather()
        if cut:
            for writer in list(self._writers):
                writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.refuse:
            self.broken += 1
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there[1]}
        asking = asyncio.create_task(self._ask(reader, there[1], writer))
        try:
            await self._answer(there[0], writer)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            self._writers -= {writer, there[1]}
            for end in (writer, there[1]):
                end.close()

    async def _ask(self, reader: asyncio.StreamReader, there: asyncio.StreamWriter, back: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if (answer := self.weather.answer) is not None:
                    self.broken += 1
                    back.write(answer)
                    await back.drain()
                    continue
                there.write(data)
                await there.drain()
                if self.weather.half_close and back.can_write_eof():
                    self.broken += 1
                    back.write_eof()

    async def _answer(self, there: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        sent = 0
        with contextlib.suppress(OSError, RuntimeError):
            while data := await there.read(CHUNK):
                weather = self.weather
                if weather.delay_s:
                    await asyncio.sleep(weather.delay_s)
                if weather.swallow:
                    self.broken += 1
                    continue
                if weather.cut_after is not None and sent + len(data) > weather.cut_after:
                    back.write(data[: max(0, weather.cut_after - sent)])
                    await back.drain()
                    self.broken += 1
                    back.transport.abort()
                    return
                back.write(data)
                await back.drain()
                sent += len(data)
                self.passed += len(data)


@asynccontextmanager
async def a_proxy(target: int) -> AsyncIterator[Proxy]:
    """Run a proxy to a port of loopback."""
    proxy = Proxy(target=target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.change(cut=True)
        await server.wait_closed()
