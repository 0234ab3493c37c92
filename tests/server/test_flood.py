"""More webhooks at once than the log can take: bounded memory, honest answers, nothing acknowledged is lost."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
import structlog
from aiohttp import web

from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.wake import Wake
from reactor.bench.sender import asset_id
from reactor.core.ids import AccountId, AssetId
from reactor.routing import merge
from reactor.server.gather import MAX_WAITING
from reactor.server.run import serving
from reactor.server.webhook import WebhookAccount, WebhookRoute
from reactor.stages import embed

from .fakes import ME
from .flood import allow_files

FLOOD = 10_000
SECRET = "flooding"
MOST_GROWTH = 400 * 1024 * 1024
"""Bytes for 10,000 open connections and 5,000 waiting requests, many times less than what was sent would take."""


@dataclass
class Ear:
    """Counts the photos that the route says it heard of."""

    photos: set[AssetId] = field(default_factory=set)

    def heard(self, account: AccountId, photos: Sequence[AssetId]) -> None:
        assert account == ME
        self.photos.update(photos)


@asynccontextmanager
async def a_server(pool: asyncpg.Pool, ear: Ear) -> AsyncIterator[int]:
    """Serve the webhook alone, over the real log."""
    wake = Wake(pool)
    route = WebhookRoute(
        sink=PostgresEventLog(pool, merge([embed.router]), wake),
        accounts={ME: WebhookAccount(secrets=(SECRET,))},
        log=structlog.get_logger(),
        heard=ear.heard,
    )
    app = web.Application()
    app.add_routes([web.post("/webhook/{account}", route.handle)])
    try:
        async with serving(app, host="127.0.0.1", port=0) as port:
            yield port
    finally:
        await wake.aclose()


def resident() -> int:
    """Return the bytes that this process holds in memory."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


async def line_of(child: asyncio.subprocess.Process) -> str:
    assert child.stdout is not None
    return (await child.stdout.readline()).decode().strip()


async def held_back(pool: asyncpg.Pool, port: int) -> tuple[dict[str, list[int]], int]:
    """Flood the server while the table of events is locked until all that cannot wait is answered.

    Return the numbers of the photos by status, and by how many bytes this process grew.
    """
    before = resident()
    arguments = ("-m", "tests.server.flood", str(port), f"/webhook/{ME}", SECRET, str(FLOOD), str(FLOOD - MAX_WAITING))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE events IN EXCLUSIVE MODE")
        child = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, limit=1 << 24
        )
        try:
            assert await line_of(child) == "sent"
            assert await line_of(child) == "answered"
            grown = resident() - before
        except BaseException:
            child.kill()
            raise
    answers: dict[str, list[int]] = json.loads(await line_of(child))
    assert await child.wait() == 0
    return answers, grown


async def test_ten_thousand_webhooks_while_the_log_is_slow(pool: asyncpg.Pool) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells what a process holds in memory")
    if not allow_files(FLOOD):
        pytest.skip(f"a process may not open {FLOOD} connections here")
    ear = Ear()
    async with a_server(pool, ear) as port:
        answers, grown = await held_back(pool, port)
    rows = await pool.fetch(
        """
        SELECT subject, source FROM events e WHERE account = $1
            AND EXISTS (SELECT FROM deliveries d WHERE d.event = e.seq AND d.handler = 'embed')
        """,
        ME,
    )
    stored = {row["subject"] for row in rows}
    acknowledged = {asset_id(number) for number in answers["202"]}
    refused = len(answers["503"])
    assert len(acknowledged) + refused == FLOOD
    # A machine so slow that a statement ran out of time refuses a few more.
    assert FLOOD - MAX_WAITING <= refused < FLOOD - MAX_WAITING // 2
    assert acknowledged == ear.photos
    assert acknowledged <= stored
    assert {row["source"] for row in rows} == {"webhook"}
    assert grown < MOST_GROWTH
    print(f"\nflood: {len(acknowledged)} taken, {refused} refused, grew by {grown / 1e6:.0f} MB")
