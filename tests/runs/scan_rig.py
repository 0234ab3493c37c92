"""Scans over the accounts of a household, at a clock that the test turns."""

from datetime import UTC, datetime

import aiohttp
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.timeline import ImmichTimeline
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.errors import Blocked
from reactor.core.ids import AccountId, RunId
from reactor.core.pace import Window
from reactor.core.runs import Run, ScanRequest
from reactor.sources.feeding import Feeder
from reactor.sources.scan import ScanFeed, ScanPace, Timeline

from ..household import Household
from .bench import ME, Bench
from .camera import NEW_YORK, TOKYO, take, wall

QUICK = ScanPace(per_minute=100_000)


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


class Scans:
    """Feeders of scans over a household's accounts."""

    def __init__(self, bench: Bench, home: Household, session: aiohttp.ClientSession) -> None:
        self.bench = bench
        self.home = home
        self.session = session
        self.keys = {ME: home.key}
        self.clock = Clock()
        self.pace = QUICK
        self.blocked: set[AccountId] = set()
        self.faces = False

    def timeline(self, account: AccountId) -> Timeline:
        if account in self.blocked:
            raise Blocked(f"Immich refuses the key of {account}")
        transport = ImmichTransport(self.home.immich.url, SecretStr(self.keys[account]), account, session=self.session)
        return ImmichTimeline(transport, ImmichLibrary(transport))

    def feeder(self, name: str = "a", window: Window | None = None) -> Feeder:
        feed = ScanFeed(
            tuple(self.keys), self.timeline, self.bench.log, pace=self.pace, faces=self.faces, now=self.clock
        )
        return self.bench.scans(feed, name, window)

    async def carried_out(self, request: ScanRequest) -> Run:
        run = await self.bench.runs.start(request)
        return await self.bench.fed(self.feeder(), run.id)

    async def asked(self, run: RunId | str = "%", handler: str = "embed") -> list[str]:
        return [subject for subject, name, *_ in await self.bench.states(run) if name == handler]


async def a_journey(home: Household) -> list[str]:
    """Photos of months apart and of one night in three places, in order of local day, then of time."""
    return [
        await take(home, 1, wall(2019, 2, 28, 12)),
        await take(home, 2, wall(2026, 6, 1, 23, 50), NEW_YORK),
        await take(home, 3, wall(2026, 6, 2, 0, 30), TOKYO),
        await take(home, 4, wall(2026, 6, 2, 23, 45), NEW_YORK),
        await take(home, 5, wall(2026, 6, 3, 0, 15), TOKYO),
        await take(home, 6, wall(2026, 8, 15, 12)),
    ]
