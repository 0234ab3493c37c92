"""A simulated Immich with one user, and our client on it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.core.ids import AccountId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.ports import Library, LibraryWriter
from tests.contract import Contract, load_contract
from tests.immich_client.phone import checked

QUICK = (0.0, 0.0)
# Looked at by the type checker only: the client fits the ports without inheriting them.
FITS: tuple[type[Library], type[LibraryWriter]] = (ImmichLibrary, ImmichWriter)


@pytest.fixture(scope="session")
def contract() -> Contract | None:
    return load_contract()


@pytest.fixture
async def immich() -> AsyncIterator[SimulatedImmich]:
    async with SimulatedImmich(thumbnail_delay=QUICK, metadata_delay=QUICK, tag_race_s=0.01) as server:
        yield server


@pytest.fixture
def user(immich: SimulatedImmich) -> User:
    return immich.add_user("Anna", "anna@home.example")


@pytest.fixture
async def session(contract: Contract | None) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[checked(contract)]) as opened:
        yield opened


@pytest.fixture
def transport(immich: SimulatedImmich, user: User, session: aiohttp.ClientSession) -> ImmichTransport:
    return ImmichTransport(immich.url, SecretStr(user.api_key), AccountId("anna"), timeout_s=5, session=session)


@pytest.fixture
def library(transport: ImmichTransport) -> ImmichLibrary:
    return ImmichLibrary(transport)


@pytest.fixture
def writer(transport: ImmichTransport) -> ImmichWriter:
    return ImmichWriter(transport)
