"""A realtime source on a simulated Immich, and who it wakes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.ids import AccountId
from reactor.demo.immich import SimulatedImmich
from reactor.ports import EventSink
from reactor.sources.pushes import Pushes
from reactor.sources.realtime import Patience, RealtimeSource
from tests.sources.conftest import ANNA

QUICK = Patience(login_s=5, first_s=0.02, longest_s=0.1, steady_s=0.1, lacking_s=0.05, refused_s=0.05)


@dataclass
class Woken:
    """Count how often each poll was woken."""

    logins: int = 0
    changes: int = 0
    people: int = 0

    def login(self) -> None:
        self.logins += 1

    def change(self) -> None:
        self.changes += 1

    def person(self) -> None:
        self.people += 1


@dataclass(frozen=True, kw_only=True)
class Rig:
    """Makes sources that write into one log."""

    library: ImmichLibrary
    log: EventSink
    pushes: Pushes
    woken: Woken = field(default_factory=Woken)

    @asynccontextmanager
    async def listening(
        self, url: str, key: str, patience: Patience = QUICK, library: ImmichLibrary | None = None
    ) -> AsyncIterator[RealtimeSource]:
        woken = self.woken
        source = RealtimeSource(
            ANNA,
            url,
            SecretStr(key),
            library or self.library,
            self.log,
            self.pushes,
            woken.login,
            woken.change,
            woken.person,
            patience=patience,
        )
        task = asyncio.create_task(source.run())
        try:
            yield source
            assert not task.done()
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


@asynccontextmanager
async def library_of(immich: SimulatedImmich, key: str, account: AccountId = ANNA) -> AsyncIterator[ImmichLibrary]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield ImmichLibrary(ImmichTransport(immich.url, SecretStr(key), account, session=session))
