"""The real application on a free port of this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import structlog

from reactor.core.ids import AccountId
from reactor.server.app import make_app
from reactor.server.run import serving
from reactor.server.webhook import WebhookAccount

from .fakes import ME, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a client of the application that shows this world."""
    async with browsing(world) as session:
        yield session


@asynccontextmanager
async def browsing(world: World, host: str = "127.0.0.1") -> AsyncIterator[aiohttp.ClientSession]:
    accounts = {ME: WebhookAccount(secrets=("old-secret", "new-secret")), AccountId("closed"): WebhookAccount()}
    app = make_app(
        sink=world.log or world.sink,
        accounts=accounts,
        activity=world.board,
        thumbnail=world.thumbnail,
        log=structlog.get_logger(),
        desk=world.desk(),
        web_token=world.web_token,
    )
    async with serving(app, host=host, port=0) as port, aiohttp.ClientSession(f"http://{host}:{port}") as session:
        yield session
