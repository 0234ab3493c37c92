"""The feed of the live page: when a browser hears of a change, and when it is let go."""

import asyncio
import time
from collections.abc import Callable

import aiohttp
import pytest
from structlog.testing import capture_logs

from reactor.core.accounts import AccountStatus
from reactor.core.activity import Summary
from reactor.core.errors import Retryable
from reactor.server.feed import MAX_BROWSERS, TICK_SECONDS, message_of
from reactor.server.run import SHUTDOWN_SECONDS

from .conftest import browsing
from .fakes import ME, PHOTO, World, some_facts
from .page_rig import a_card, looking


def test_a_message_is_one_message_whatever_it_carries() -> None:
    lines = message_of("a\r\n\r\nevent: evil\rb\n").decode().splitlines()
    assert lines == ["event: board", "data: a", "data: ", "data: event: evil", "data: b", ""]


async def test_the_feed_tells_of_every_change_and_of_nothing_else(client: aiohttp.ClientSession, world: World) -> None:
    async with asyncio.timeout(20), looking(client) as one, looking(client) as other:
        assert "Nothing has been heard" in await anext(one)
        assert "Nothing has been heard" in await anext(other)
        # A new marker with the same page behind it is no news.
        world.board.number = 2
        await until(lambda: world.board.asked > 3)
        world.board.cards, world.board.number = (a_card(),), 3
        assert "portrait of Ida" in await anext(one)
        assert "portrait of Ida" in await anext(other)


async def test_the_feed_is_made_once_for_all_and_at_most_twice_a_second(
    client: aiohttp.ClientSession, world: World
) -> None:
    async with asyncio.timeout(20), looking(client) as one, looking(client) as two, looking(client) as three:
        began, asked = time.monotonic(), world.board.asked
        for browser in (one, two, three):
            await anext(browser)
        await until(lambda: world.board.asked >= asked + 3)
        assert time.monotonic() - began >= 0.9
        assert world.board.asked <= asked + 3 + (time.monotonic() - began) / 0.5


async def test_nobody_is_asked_while_nobody_looks(client: aiohttp.ClientSession, world: World) -> None:
    assert world.board.asked == 0
    async with asyncio.timeout(30):
        async with looking(client) as browser:
            await anext(browser)
        seen = -1
        while seen != world.board.asked:  # twice as long as a producer waits between two looks
            seen = world.board.asked
            await asyncio.sleep(2 * TICK_SECONDS)
        async with looking(client) as browser:
            await anext(browser)
        assert world.board.asked > seen


async def test_a_failing_database_does_not_end_the_feed(client: aiohttp.ClientSession, world: World) -> None:
    async with asyncio.timeout(20), looking(client) as browser:
        await anext(browser)
        world.board.error = Retryable("away")
        assert "The database is away" in await anext(browser)
        asked = world.board.asked
        await until(lambda: world.board.asked > asked + 1)
        world.board.error, world.board.cards, world.board.number = None, (a_card(),), 2
        board = await anext(browser)
        assert "portrait of Ida" in board
        assert "The database is away" not in board


async def test_what_the_process_knows_is_shown_at_once(client: aiohttp.ClientSession, world: World) -> None:
    async with asyncio.timeout(20), looking(client) as browser:
        await anext(browser)
        world.facts = some_facts(accounts=(AccountStatus(account=ME, standing="refused", why="make a new key"),))
        assert "Immich of me: key refused: make a new key" in await anext(browser)


async def test_a_producer_that_breaks_sends_the_browsers_home(client: aiohttp.ClientSession, world: World) -> None:
    async with asyncio.timeout(20), looking(client) as browser:
        await anext(browser)
        world.board.error = ValueError("a fault of ours")
        with pytest.raises(StopAsyncIteration):
            await anext(browser)
        world.board.error = None
        async with looking(client) as again:
            assert "Nothing has been heard" in await anext(again)


async def test_a_browser_that_does_not_read_is_let_go(client: aiohttp.ClientSession, world: World) -> None:
    world.board.cards = tuple(a_card(f"{number:08x}{PHOTO[8:]}", name="x" * 100_000) for number in range(10))
    with capture_logs() as lines:
        async with asyncio.timeout(40), client.get("/feed") as lazy, looking(client) as keen:
            while not any("let go" in line["event"] for line in lines):
                world.board.number += 1
                world.board.counts = Summary(heard=world.board.number)
                await anext(keen)
            assert lazy.status == 200


async def test_too_many_pages_are_told_so(world: World) -> None:
    async with asyncio.timeout(30), browsing(world) as client:
        feeds = [await client.get("/feed") for _ in range(MAX_BROWSERS)]
        async with client.get("/feed") as answer:
            assert answer.status == 503
        for feed in feeds:
            feed.close()


async def test_stopping_does_not_wait_for_browsers(world: World) -> None:
    async with browsing(world) as client:
        feed = await client.get("/feed")
        assert feed.status == 200
        began = time.monotonic()
    assert time.monotonic() - began < SHUTDOWN_SECONDS


async def until(state: Callable[[], bool]) -> None:
    while not state():
        await asyncio.sleep(0.02)
