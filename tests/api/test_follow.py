"""Following the log over a stream."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from reactor.core.errors import Unreachable
from reactor.core.ids import AccountId
from reactor.server.api import follow
from reactor.server.api.follow import MAX_FOLLOWERS
from reactor.server.feed import MAX_BROWSERS
from reactor.server.run import SHUTDOWN_SECONDS

from ..server.conftest import browsing
from ..server.fakes import PHOTO, World, a_line
from .client import Api

EVIL = "x\r\n\r\ndata: {}\u2028\u0085<script>"


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.content:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


async def test_what_is_heard_from_now_on_is_told_once_and_in_order(
    api: Api, session: aiohttp.ClientSession, world: World
) -> None:
    world.history.lines = [a_line(1), a_line(3)]
    async with asyncio.timeout(20), session.get("/api/events/follow") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert await answer.content.readline() == b": following\n"
        # 2 was committed after 3, which had been taken earlier.
        world.history.lines += [a_line(2), a_line(5, subject=EVIL), a_line(4)]
        world.board.number += 1
        told = events(answer)
        found = [await anext(told) for _ in range(3)]
        world.history.lines.append(a_line(6))
        world.board.number += 1
        found.append(await anext(told))
    assert [event["seq"] for event in found] == [2, 4, 5, 6]
    assert found[2]["subject"] == EVIL
    for event in found:
        api.check("GET", "/events/follow", 200, event)


async def test_only_what_fits_is_told(session: aiohttp.ClientSession, world: World) -> None:
    query = f"kind=AssetUploaded&kind=PersonNamed&account=me&asset={PHOTO}"
    async with asyncio.timeout(20), session.get(f"/api/events/follow?{query}") as answer:
        await answer.content.readline()
        world.history.lines = [
            a_line(1, kind="AssetEmbedded"),
            a_line(2, account=AccountId("you")),
            a_line(3, subject="other"),
            a_line(4, kind="PersonNamed"),
        ]
        world.board.number += 1
        assert (await anext(events(answer)))["seq"] == 4


async def test_a_database_that_goes_away_and_comes_back_ends_nothing(
    session: aiohttp.ClientSession, world: World
) -> None:
    async with asyncio.timeout(20), session.get("/api/events/follow") as answer:
        await answer.content.readline()
        world.board.error = world.history.error = Unreachable("away")
        asked = world.board.asked
        while world.board.asked < asked + 2:
            await asyncio.sleep(0.02)
        world.history.lines, world.board.number = [a_line(1)], 2
        world.board.error = world.history.error = None
        assert (await anext(events(answer)))["seq"] == 1


async def test_a_fault_of_ours_sends_the_followers_home(session: aiohttp.ClientSession, world: World) -> None:
    with capture_logs() as lines:
        async with asyncio.timeout(20), session.get("/api/events/follow") as answer:
            await answer.content.readline()
            world.history.error = ValueError("a fault")
            world.board.number += 1
            with pytest.raises(StopAsyncIteration):
                await anext(events(answer))
    assert any("ended" in line["event"] for line in lines)
    world.history.error = None
    async with asyncio.timeout(20), session.get("/api/events/follow") as answer:
        assert answer.status == 200


async def test_one_that_does_not_read_is_let_go(
    session: aiohttp.ClientSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "MAX_BEHIND", 3)
    with capture_logs() as lines:
        async with asyncio.timeout(60), session.get("/api/events/follow") as lazy:
            number = 0
            while not any("let go" in line["event"] for line in lines):
                number += 10
                world.history.lines = [a_line(number + one, subject="x" * 1_000_000) for one in range(10)]
                world.board.number += 1
                await asyncio.sleep(0.1)
            assert lazy.status == 200


@pytest.mark.parametrize(
    ("path", "most"), [("/feed", MAX_BROWSERS), ("/api/events/follow", MAX_FOLLOWERS)], ids=["page", "log"]
)
async def test_a_thousand_who_want_to_watch_are_refused_politely(world: World, path: str, most: int) -> None:
    async with browsing(world) as session:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(session._base_url, connector=connector) as crowd, asyncio.timeout(120):
            answers = await asyncio.gather(*(crowd.get(path) for _ in range(1000)))
            refused = [answer for answer in answers if answer.status == 503]
            assert len(answers) - len(refused) == most
            assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
            async with session.get("/healthz") as answer:
                assert answer.status == 200
            for answer in answers:
                answer.close()


async def test_nobody_is_asked_when_the_last_one_left(session: aiohttp.ClientSession, world: World) -> None:
    async with asyncio.timeout(20):
        async with session.get("/api/events/follow") as answer:
            await answer.content.readline()
            while not world.board.asked:
                await asyncio.sleep(0.02)
        seen = -1
        while seen != world.board.asked:
            seen = world.board.asked
            await asyncio.sleep(2 * follow.TICK_SECONDS)


async def test_stopping_does_not_wait_for_followers(world: World) -> None:
    async with browsing(world) as session:
        answer = await session.get("/api/events/follow")
        await answer.content.readline()
        began = time.monotonic()
    assert time.monotonic() - began < SHUTDOWN_SECONDS
