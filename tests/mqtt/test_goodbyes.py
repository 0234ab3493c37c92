"""Saying goodbye in the very moment in which the broker answers: whoever ends the reactor need not wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from .publishing import a_publisher

CONNECT, PUBLISH = 1, 3
CONNACK = bytes([0x20, 2, 0, 0])


@dataclass(kw_only=True)
class Prompt:
    """A broker that takes note of the moment of its first answer to a message."""

    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                first, length = await reader.readexactly(2)
                body = await reader.readexactly(await _whole(length, reader))
                if first >> 4 == CONNECT:
                    writer.write(CONNACK)
                elif first >> 4 == PUBLISH:
                    topic = int.from_bytes(body[:2], "big")
                    writer.write(bytes([0x40, 2]) + body[2 + topic : 4 + topic])
                    self.answered.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _whole(length: int, reader: asyncio.StreamReader) -> int:
    """Return the length of a packet, which has seven bits in each byte."""
    if length < 128:
        return length
    (more,) = await reader.readexactly(1)
    return length - 128 + 128 * await _whole(more, reader)


@asynccontextmanager
async def a_prompt_broker() -> AsyncIterator[tuple[int, Prompt]]:
    prompt = Prompt()
    server = await asyncio.start_server(prompt.serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], prompt


@pytest.mark.parametrize("turns", range(12))
async def test_an_answer_in_the_moment_of_the_end_does_not_hold_it_up(turns: int) -> None:
    # The wait_for of Python 3.11 passes over a cancellation that comes with the answer (python issue 86296).
    async with a_prompt_broker() as (port, prompt), asyncio.timeout(10), a_publisher(port):
        await prompt.answered.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
