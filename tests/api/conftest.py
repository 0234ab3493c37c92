"""The API of the real application on a free port, over small stand-ins or over a real PostgreSQL."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from ..contract import contract_of
from ..server.conftest import browsing
from ..server.fakes import World
from .client import Api


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def session(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    async with browsing(world) as opened:
        yield opened


@pytest.fixture
async def api(session: aiohttp.ClientSession) -> Api:
    return await an_api(session)


async def an_api(session: aiohttp.ClientSession) -> Api:
    """Return a client that knows the document which the server hands out."""
    async with session.get("/api/openapi.json") as answer:
        return Api(session, contract_of(await answer.text()))
