"""The poll for people goes on after a failure, and looks at once when it is woken."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from reactor.core.errors import Blocked, Retryable
from reactor.core.events import PersonNamed, PersonRenamed
from reactor.sources.people import PeoplePoll
from tests.sources.conftest import ANNA, Ahead, until
from tests.sources.fakes import MemoryBookmarks, MemoryLog
from tests.sources.people_rig import QUICK, Album, told


async def test_an_append_that_fails_is_made_up_for_and_nothing_is_told_twice(
    album: Album, people_poll: PeoplePoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    person = await album.person(1, name="Fritz")
    log.fail_next = Retryable("the database is away")
    with pytest.raises(Retryable):
        await people_poll.once()
    assert people_poll.status() == "failed: the database is away"
    # The name is taken back before the next turn: the log hears of both.
    await album.change(person, name="Fred")
    assert await people_poll.once() == 2
    assert await people_poll.once() == 0
    assert told(log) == [(PersonNamed, person, "Fritz"), (PersonRenamed, person, "Fred")]
    # A new process goes on from the bookmark.
    puts = list(bookmarks.puts)
    assert await people_poll.once() == 0
    assert bookmarks.puts == puts


async def test_the_loop_goes_on_when_the_key_is_granted_again(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    person = await album.person(1, name="Gabi")
    album.immich.fail("GET", "/api/people", status=401, message="Invalid API key", times=3)
    with pytest.raises(Blocked):
        await people_poll.once()
    assert people_poll.status().startswith("failed: Immich refuses the API key")
    with capture_logs() as logs:
        running = asyncio.create_task(people_poll.run())
        await until(lambda: len(log.events) > 0 and len(logs) > 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [entry["event"].split(":")[0] for entry in logs] == [
        "the poll for people of anna waits",
        "the poll for people of anna works again",
    ]
    assert told(log) == [(PersonNamed, person, "Gabi")]


async def test_waking_makes_the_next_turn_come_at_once(
    album: Album, library: Ahead, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    poll = PeoplePoll(ANNA, library, log, bookmarks, interval=timedelta(hours=1), shortest=QUICK)
    running = asyncio.create_task(poll.run())
    await until(lambda: poll.status() == "0 with a name")
    people = await album.crowd(15)
    poll.wake()
    await until(lambda: len(told(log)) == 15)
    await album.delete(people)

    def held() -> bool:
        poll.wake()
        return "15 of 15 people are gone at once" in poll.status()

    await until(held)
    assert poll.confirm() == 15
    # Ten in the first turn; the rest does not wait for an hour either.
    await until(lambda: len(told(log)) == 30)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_hint_does_not_hurry_what_fails_but_immich_that_is_back_does(
    album: Album, library: Ahead, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    await album.crowd(1)
    album.immich.fail("GET", "/api/people", times=1, status=401, message="Invalid API key")
    hour = timedelta(hours=1)
    poll = PeoplePoll(ANNA, library, log, bookmarks, interval=hour, shortest=QUICK, blocked=hour)
    running = asyncio.create_task(poll.run())
    await until(lambda: poll.status().startswith("failed"))
    since = len(album.immich.requests)
    poll.hint()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):  # longer than the least rest
            await until(lambda: len(album.immich.requests) > since)
    poll.wake()
    await until(lambda: len(told(log)) == 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
