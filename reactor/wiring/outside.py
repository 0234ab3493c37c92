"""What meets the outside: the sources that listen, and the server that answers."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import asyncpg
import structlog

from reactor.adapters.clip.embedder import ClipEmbedder
from reactor.adapters.postgres.activity import PostgresActivity
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.config import Settings
from reactor.core.errors import Permanent, Retryable
from reactor.core.events import Event
from reactor.core.ids import LIVE, AccountId, AssetId, RunId
from reactor.ports import Bookmarks, EventSink
from reactor.server.app import make_app
from reactor.server.health import Readiness
from reactor.server.run import serving
from reactor.server.webhook import WebhookAccount
from reactor.sources.people import PeoplePoll
from reactor.sources.poll import Pace, UploadPoll
from reactor.wiring.frigate import Frigate
from reactor.wiring.immich import Account, answers

log = structlog.get_logger(__name__)


# Immich closes idle connections after 5 s; a write must not meet one that is just being closed.
KEEPALIVE_S = 4.0


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The loops that listen by asking, and the polls among them that go slowly while a webhook is heard."""

    loops: tuple[Coroutine[Any, Any, None], ...]
    polls: Mapping[AccountId, UploadPoll]


class Heard:
    """A log that tells the polls which accounts push, besides keeping what is pushed."""

    def __init__(self, sink: EventSink, polls: Mapping[AccountId, UploadPoll]) -> None:
        self._sink = sink
        self._polls = polls

    async def append(self, events: Sequence[Event], run: RunId = LIVE) -> int:
        """Append, and let the poll of each account know."""
        written = await self._sink.append(events, run)
        for account in {event.account for event in events}:
            self._polls[account].heard()
        return written


def open_session() -> aiohttp.ClientSession:
    """Return the session for Immich and Frigate; it keeps no cookies, which Immich would prefer to the key."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(keepalive_timeout=KEEPALIVE_S)
    )


def make_sources(
    settings: Settings, accounts: Mapping[AccountId, Account], sink: EventSink, bookmarks: Bookmarks
) -> Sources:
    """Return the loops that listen by asking."""
    pace = Pace(busy=timedelta(seconds=min(5.0, settings.poll_seconds)), idle=timedelta(seconds=settings.poll_seconds))
    polls = {
        account.id: UploadPoll(account.id, account.library, sink, bookmarks, interval=pace)
        for account in accounts.values()
    }
    people = [
        PeoplePoll(
            account.id,
            account.library,
            sink,
            bookmarks,
            interval=timedelta(seconds=settings.people_seconds),
        )
        for account in accounts.values()
        if settings.face_library() is not None
    ]
    loops = (*(poll.run() for poll in polls.values()), *(poll.run() for poll in people))
    return Sources(loops=loops, polls=polls)


@asynccontextmanager
async def serve(
    settings: Settings,
    pool: asyncpg.Pool,
    sink: EventSink,
    accounts: Mapping[AccountId, Account],
    embedder: ClipEmbedder,
    queue: PostgresQueue,
    frigate: Frigate | None,
) -> AsyncIterator[int]:
    """Serve webhooks, health and the page; yield the port."""

    async def thumbnail(account: AccountId, asset: AssetId) -> tuple[bytes, str]:
        if account not in accounts:
            raise Permanent("there is no such account")
        return await accounts[account].library.thumbnail(asset)

    app = make_app(
        sink=sink,
        accounts={account.id: WebhookAccount(secrets=account.webhook_secrets) for account in accounts.values()},
        readiness=lambda: readiness(accounts, embedder, queue, frigate),
        activity=PostgresActivity(pool),
        thumbnail=thumbnail,
        log=log,
        open_web=settings.open_web,
    )
    async with serving(app, host=settings.host, port=settings.port) as port:
        yield port


async def readiness(
    accounts: Mapping[AccountId, Account], embedder: ClipEmbedder, queue: PostgresQueue, frigate: Frigate | None
) -> Readiness:
    """Say what the reactor stands on, each in words."""
    checks = {"model": embedder.info.name, "provider": embedder.provider}
    ready = True
    try:
        backlog = await queue.backlog()
        checks["database"] = "ok"
        checks["backlog"] = ", ".join(f"{number} {state}" for state, number in sorted(backlog.items())) or "empty"
    except (Retryable, Permanent) as error:
        checks["database"] = f"failed: {error}"
        ready = False
    for account, answer in zip(
        accounts.values(), await asyncio.gather(*(answers(account) for account in accounts.values())), strict=True
    ):
        checks[f"immich {account.id}"] = answer
        ready &= answer == "ok"
    if frigate is not None:
        # Portraits wait while Frigate is away; photos do not, so this makes nothing unready.
        checks["frigate"] = await frigate.answers()
    return Readiness(ready=ready, checks=checks)
