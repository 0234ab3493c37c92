"""The poll for people, against a simulated Immich."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.errors import Retryable
from reactor.core.events import Event, PersonGainedFaces, PersonNamed
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.sources.people import PeoplePoll
from tests.immich_client.phone import ask, jpeg, upload
from tests.sources.conftest import ANNA, Ahead
from tests.sources.fakes import MemoryBookmarks, MemoryLog

BOX = (8, 6, 40, 36)
SIZE = (64, 48)


@pytest.fixture
def poll(library: Ahead, log: MemoryLog, bookmarks: MemoryBookmarks) -> PeoplePoll:
    quick = timedelta(milliseconds=20)
    return PeoplePoll(ANNA, library, log, bookmarks, interval=quick, blocked=quick)


async def seen(immich: SimulatedImmich, user: User, number: int, person: str | None = None) -> tuple[str, str]:
    """Show a person (a new one if none) on a new photo; return person and photo."""
    photo = await upload(immich.url, user.api_key, jpeg(number))
    return immich.recognise(photo, box=BOX, image_size=SIZE, person_id=person), photo


async def named(immich: SimulatedImmich, user: User, person: str, **fields: object) -> None:
    await ask(immich.url, user.api_key, "PUT", f"/people/{person}", fields)


def told(log: MemoryLog) -> list[tuple[type[Event], str, object]]:
    """Return (kind, person, name or count) of each event in order."""
    return [
        (type(event), event.subject, event.photos if isinstance(event, PersonGainedFaces) else event.name)
        for event in log.events.values()
        if isinstance(event, PersonNamed | PersonGainedFaces)
    ]


async def test_people_already_named_are_told_once_at_first_start(
    immich: SimulatedImmich, user: User, poll: PeoplePoll, log: MemoryLog
) -> None:
    carla, _ = await seen(immich, user, 1)
    await named(immich, user, carla, name="Carla")
    hidden, _ = await seen(immich, user, 2)
    await named(immich, user, hidden, name="Hidden", isHidden=True)
    await seen(immich, user, 3)  # a stranger
    assert await poll.once() == 1
    assert await poll.once() == 0
    assert told(log) == [(PersonNamed, carla, "Carla")]
    assert len(log.appended) == 1


async def test_names_and_new_faces_are_told_as_they_come(
    immich: SimulatedImmich, user: User, poll: PeoplePoll, log: MemoryLog
) -> None:
    person, _ = await seen(immich, user, 1)
    assert await poll.once() == 0
    await named(immich, user, person, name="Dora")
    assert await poll.once() == 1
    await seen(immich, user, 2, person)
    assert await poll.once() == 1
    await named(immich, user, person, name="Dorothea")
    await poll.once()
    await named(immich, user, person, name="Dora")
    await poll.once()
    await named(immich, user, person, isHidden=True)
    await seen(immich, user, 3, person)
    assert await poll.once() == 0
    await named(immich, user, person, isHidden=False)
    await poll.once()
    assert told(log) == [
        (PersonNamed, person, "Dora"),
        (PersonGainedFaces, person, 2),
        (PersonNamed, person, "Dorothea"),
        (PersonNamed, person, "Dora"),
        (PersonGainedFaces, person, 3),
    ]


async def test_absence_from_the_list_is_no_news_and_neither_is_the_return(
    immich: SimulatedImmich, user: User, poll: PeoplePoll, log: MemoryLog
) -> None:
    person, photo = await seen(immich, user, 1)
    await named(immich, user, person, name="Emil")
    await poll.once()
    await ask(immich.url, user.api_key, "PUT", "/assets", {"ids": [photo], "visibility": "archive"})
    listed = await ask(immich.url, user.api_key, "GET", "/people")
    assert listed["people"] == []
    assert await poll.once() == 0
    await ask(immich.url, user.api_key, "PUT", "/assets", {"ids": [photo], "visibility": "timeline"})
    assert await poll.once() == 0
    assert told(log) == [(PersonNamed, person, "Emil")]


async def test_the_snapshot_is_kept_only_after_the_log_took_the_events(
    immich: SimulatedImmich, user: User, poll: PeoplePoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    person, _ = await seen(immich, user, 1)
    await named(immich, user, person, name="Fritz")
    log.fail_next = Retryable("the database is away")
    with pytest.raises(Retryable):
        await poll.once()
    assert bookmarks.values == {}
    assert await poll.once() == 1
    # A new process goes on from the bookmark.
    bookmarks_of_old = dict(bookmarks.values)
    assert await poll.once() == 0
    assert bookmarks.values == bookmarks_of_old


async def test_without_the_permission_to_count_names_are_still_told(
    immich: SimulatedImmich, user: User, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    people = [(await seen(immich, user, number))[0] for number in range(3)]
    for number, person in enumerate(people):
        await named(immich, user, person, name=f"Person {number}")
    key = immich.add_key(user.id, ("person.read",))
    async with aiohttp.ClientSession() as session:
        poor = ImmichLibrary(ImmichTransport(immich.url, SecretStr(key), ANNA, session=session))
        poll = PeoplePoll(ANNA, poor, log, bookmarks)
        assert await poll.once() == 3
    asked = [path for _, path, _ in immich.requests if path.endswith("/statistics")]
    assert len(asked) == 1


async def test_the_loop_goes_on_when_the_key_is_granted_again(
    immich: SimulatedImmich, user: User, poll: PeoplePoll, log: MemoryLog
) -> None:
    person, _ = await seen(immich, user, 1)
    await named(immich, user, person, name="Gabi")
    immich.fail("GET", "/api/people", status=401, message="Invalid API key", times=3)
    with capture_logs() as logs:
        running = asyncio.create_task(poll.run())
        async with asyncio.timeout(10):
            while not log.events or len(logs) < 2:
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [entry["event"].split(":")[0] for entry in logs] == [
        "the poll for people of anna waits",
        "the poll for people of anna works again",
    ]
    assert told(log) == [(PersonNamed, person, "Gabi")]
