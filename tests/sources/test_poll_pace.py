"""How often the poll asks: quickly while photos come or nothing pushes, slowly while a push can be trusted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.sources.poll import Pace, UploadPoll
from reactor.sources.pushes import Pushes
from tests.immich_client.phone import jpeg, upload
from tests.sources.conftest import ANNA, Ahead, until
from tests.sources.fakes import MemoryBookmarks, MemoryLog

PACE = Pace(busy=timedelta(milliseconds=10), idle=timedelta(hours=1))


def turns(immich: SimulatedImmich) -> int:
    return sum(path == "/api/server/ping" for _, path, _ in immich.requests)


async def rests(immich: SimulatedImmich) -> int:
    """Wait until the poll is quiet for as long as thirty quick turns take; return how many it took so far."""
    before = -1
    async with asyncio.timeout(10):
        while before != turns(immich):
            before = turns(immich)
            await asyncio.sleep(0.3)
    return before


@asynccontextmanager
async def running(poll: UploadPoll) -> AsyncIterator[None]:
    task = asyncio.create_task(poll.run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.fixture
def poll(library: Ahead, log: MemoryLog, bookmarks: MemoryBookmarks, pushes: Pushes) -> UploadPoll:
    now = datetime.now(UTC)
    library.by = timedelta(seconds=5)
    bookmarks.values["uploads:anna"] = {"since": (now - timedelta(hours=1)).isoformat(), "until": now.isoformat()}
    return UploadPoll(ANNA, library, log, bookmarks, pushes, interval=PACE)


async def test_it_is_quick_while_nothing_pushes_and_slow_while_a_webhook_is_heard(
    immich: SimulatedImmich, poll: UploadPoll, pushes: Pushes
) -> None:
    async with running(poll):
        await until(lambda: turns(immich) >= 5)
        pushes.heard("webhook", [], datetime.now(UTC))
        await rests(immich)


async def test_a_socket_that_is_logged_in_is_trusted_until_it_is_gone(
    immich: SimulatedImmich, poll: UploadPoll, pushes: Pushes
) -> None:
    pushes.socket_up(datetime.now(UTC))
    async with running(poll):
        before = await rests(immich)
        pushes.socket_down()
        poll.wake()
        await until(lambda: turns(immich) >= before + 3)


async def test_it_can_be_woken_and_is_quick_as_long_as_a_push_owes_a_photo(
    immich: SimulatedImmich, user: User, poll: UploadPoll, pushes: Pushes, log: MemoryLog
) -> None:
    pushes.heard("webhook", [], datetime.now(UTC))
    async with running(poll):
        before = await rests(immich)
        photo = await upload(immich.url, user.api_key, jpeg(12))
        poll.wake()
        await until(lambda: photo in log.subjects)
        await until(lambda: turns(immich) >= before + 5)
        pushes.heard("webhook", [photo], datetime.now(UTC))
        await rests(immich)
