"""A simulated Immich with one user, and the polls' world around it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.ids import AccountId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.sources.people import PeoplePoll
from reactor.sources.pushes import Pushes
from tests.contract import load_contract
from tests.immich_client.phone import checked
from tests.sources.changes_rig import Poll
from tests.sources.fakes import MemoryBookmarks, MemoryLog
from tests.sources.people_rig import QUICK, Album
from tests.stages.house import House

ANNA = AccountId("anna")
PAGE = 40


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a state, for a bounded time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class Ahead(ImmichLibrary):
    """Read a server whose clock goes ahead of its database by as much as a test wants."""

    by = timedelta(0)

    async def server_time(self) -> datetime:
        return await super().server_time() + self.by


@pytest.fixture
async def immich() -> AsyncIterator[SimulatedImmich]:
    async with SimulatedImmich(thumbnail_delay=(0, 0), metadata_delay=(0, 0), tag_race_s=0.01) as server:
        yield server


@pytest.fixture
def user(immich: SimulatedImmich) -> User:
    return immich.add_user("Anna", "anna@home.example")


@pytest.fixture
async def library(immich: SimulatedImmich, user: User) -> AsyncIterator[Ahead]:
    trace = checked(load_contract())
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[trace]) as session:
        transport = ImmichTransport(immich.url, SecretStr(user.api_key), ANNA, timeout_s=5, session=session)
        yield Ahead(transport, page_size=PAGE)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def bookmarks() -> MemoryBookmarks:
    return MemoryBookmarks()


@pytest.fixture
def pushes(bookmarks: MemoryBookmarks) -> Pushes:
    return Pushes(ANNA, bookmarks, datetime.now(UTC))


@pytest.fixture
async def changes(house: House) -> Poll:
    """Return a poll for changes that has begun."""
    begun = Poll(house)
    assert await begun.turn() == []
    return begun


@pytest.fixture
def album(immich: SimulatedImmich, user: User) -> Album:
    return Album(account=ANNA, immich=immich, user=user)


@pytest.fixture
def people_poll(library: Ahead, log: MemoryLog, bookmarks: MemoryBookmarks) -> PeoplePoll:
    return PeoplePoll(ANNA, library, log, bookmarks, interval=QUICK, blocked=QUICK)
