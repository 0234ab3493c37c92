"""A photo that webhook, socket and poll all tell of is one event in the real log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
from aiohttp import web

from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.wake import Wake
from reactor.core.events import AssetUploaded
from reactor.core.webhook import parse_webhook
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.routing import Outcome, Router
from reactor.sources.poll import UploadPoll
from reactor.sources.pushes import Pushes
from tests.immich_client.phone import ask, jpeg, upload
from tests.sources.conftest import ANNA, Ahead, until
from tests.sources.fakes import MemoryBookmarks
from tests.sources.rig import Rig


async def nothing(*_: object) -> Outcome:
    return Outcome()


@asynccontextmanager
async def webhook(immich: SimulatedImmich, user: User, log: PostgresEventLog, told: list[str]) -> AsyncIterator[None]:
    """Let Immich's workflow tell of new photos."""

    async def hear(request: web.Request) -> web.Response:
        events = parse_webhook(ANNA, request.headers["Content-Type"], await request.read()).events
        await log.append(events, source="webhook")
        told.extend(event.subject for event in events)
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/hook", hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    config = {"url": f"http://127.0.0.1:{runner.addresses[0][1]}/hook", "method": "POST"}
    steps = [{"method": "immich-plugin-core#webhook", "config": config, "enabled": True}]
    body = {"trigger": "AssetCreate", "name": "reactor", "enabled": True, "steps": steps}
    await ask(immich.url, user.api_key, "POST", "/workflows", body)
    yield
    await runner.cleanup()


async def test_webhook_socket_and_poll_tell_of_one_photo_and_it_is_one_event(
    pool: asyncpg.Pool, immich: SimulatedImmich, user: User, library: Ahead, bookmarks: MemoryBookmarks, pushes: Pushes
) -> None:
    router = Router()
    router.on(AssetUploaded, name="embed")(nothing)
    log = PostgresEventLog(pool, router, Wake(pool))
    rig = Rig(library=library, log=log, pushes=pushes)
    now = datetime.now(UTC)
    library.by = timedelta(seconds=5)
    bookmarks.values["uploads:anna"] = {"since": (now - timedelta(hours=1)).isoformat(), "until": now.isoformat()}
    poll = UploadPoll(ANNA, library, log, bookmarks, pushes)
    told: list[str] = []
    async with webhook(immich, user, log, told), rig.listening(immich.url, user.api_key):
        await until(lambda: rig.woken.logins == 1)
        photos = [await upload(immich.url, user.api_key, jpeg(number)) for number in range(20)]
        found = await poll.once()  # in the midst of it
        await until(lambda: immich.idle and len(told) == 20)
        found += await poll.once()
        assert await poll.once() == 0
        heard = await pool.fetchval("SELECT count(*) FROM events WHERE source IN ('webhook', 'socket')")
    rows = await pool.fetch(
        "SELECT subject, count(*) OVER () AS events, (SELECT count(*) FROM deliveries) AS deliveries FROM events"
    )
    assert sorted(row["subject"] for row in rows) == sorted(photos)
    assert [(row["events"], row["deliveries"]) for row in rows] == [(20, 20)] * 20
    assert heard + found == 20
    assert sorted(told) == sorted(photos)
    assert pushes.summary().socket_last_heard is not None
