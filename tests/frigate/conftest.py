"""A simulated Frigate and our client for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from reactor.adapters.frigate import FrigateFaces, FrigateFaceWriter, open_transport
from reactor.demo.frigate import SimulatedFrigate


@dataclass(frozen=True, kw_only=True)
class Client:
    faces: FrigateFaces
    writer: FrigateFaceWriter


@asynccontextmanager
async def connect(
    url: str, *, user: str | None = None, password: str | None = None, timeout_s: float = 10.0
) -> AsyncIterator[Client]:
    async with open_transport(url, user=user, password=password) as transport:
        faces = FrigateFaces(transport, timeout_s=timeout_s)
        writer = FrigateFaceWriter(transport, faces, timeout_s=timeout_s, settle_s=10.0, pause_s=0.02)
        yield Client(faces=faces, writer=writer)


@pytest.fixture
async def frigate() -> AsyncIterator[SimulatedFrigate]:
    async with SimulatedFrigate(camera_fps=200) as running:
        yield running


@pytest.fixture
async def client(frigate: SimulatedFrigate) -> AsyncIterator[Client]:
    async with connect(frigate.url) as connected:
        yield connected


async def until(true: Callable[[], Awaitable[bool] | bool], *, seconds: float = 10.0) -> None:
    """Wait for a state; fail when it does not come in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = true()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert time.monotonic() < deadline, "the awaited state never came"
        await asyncio.sleep(0.01)
