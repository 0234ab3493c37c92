"""Two users of one simulated Immich, and the accounts that stand for them."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.config import AccountSettings
from reactor.core.accounts import AccountStatus
from reactor.core.ids import AccountId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.ports import Bookmarks
from reactor.wiring.immich import Accounts, open_accounts

from ..sources.fakes import MemoryBookmarks

ANNA = AccountId("anna")
BEN = AccountId("ben")
QUICK = (0.0, 0.0)
NEEDED = ("user.read", "asset.read", "asset.view", "asset.update", "tag.read", "tag.create", "tag.asset")
Opened = Callable[[Mapping[str, str]], Accounts]


@dataclass
class Memory(MemoryBookmarks):
    """Bookmarks that outlive an `Accounts`; `broken` is raised instead of an answer."""

    broken: Exception | None = None

    async def get(self, name: str) -> object | None:
        if self.broken:
            raise self.broken
        return await super().get(name)

    async def put(self, name: str, value: object) -> None:
        if self.broken:
            raise self.broken
        await super().put(name, value)


@pytest.fixture
async def immich() -> AsyncIterator[SimulatedImmich]:
    async with SimulatedImmich(thumbnail_delay=QUICK, metadata_delay=QUICK) as server:
        yield server


@pytest.fixture
def anna(immich: SimulatedImmich) -> User:
    return immich.add_user("Anna", "anna@home.example")


@pytest.fixture
def ben(immich: SimulatedImmich, anna: User) -> User:
    return immich.add_user("Ben", "ben@home.example")


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
async def opened(immich: SimulatedImmich, memory: Bookmarks) -> AsyncIterator[Opened]:
    """Return what a start makes of these keys by the names of their accounts; every call is another start."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        def start(keys: Mapping[str, str]) -> Accounts:
            households = {name: AccountSettings(url=immich.url, api_key=SecretStr(key)) for name, key in keys.items()}
            return Accounts(open_accounts(households, session), memory, again_s=0.02, soon_s=0.02)

        yield start


def by_name(found: tuple[AccountStatus, ...]) -> dict[str, AccountStatus]:
    return {status.account: status for status in found}
