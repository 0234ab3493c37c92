"""A server that sends the bytes it is told to, whatever is asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(kw_only=True)
class Raw:
    """Its address, what it says, and the heads of the requests that reached it."""

    url: str = ""
    says: bytes | Script = b""
    heads: list[bytes] = field(default_factory=list)

    @property
    def origin(self) -> bytes:
        return self.url.encode()


def answer(body: bytes = b"{}", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """Return an answer that calls itself JSON, unless a header says otherwise."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    if not any(line.lower().startswith(b"content-type") for line in headers):
        lines.append(b"Content-Type: application/json")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@asynccontextmanager
async def raw_server() -> AsyncIterator[Raw]:
    raw = Raw()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            raw.heads.append(await reader.readuntil(b"\r\n\r\n"))
            if callable(raw.says):
                await raw.says(writer)
            else:
                writer.write(raw.says)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # who asks has heard enough
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        raw.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield raw
