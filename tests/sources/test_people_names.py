"""People who are named, renamed, hidden and shown again: each is told once."""

import aiohttp
from structlog.testing import capture_logs

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.core.events import PersonGainedFaces, PersonGone, PersonHidden, PersonNamed, PersonRenamed
from reactor.sources.people import PeoplePoll
from tests.immich_client.phone import ask
from tests.sources.conftest import ANNA
from tests.sources.fakes import MemoryBookmarks, MemoryLog
from tests.sources.people_rig import NAME, Album, told


async def test_people_already_named_are_told_once_at_first_start(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    carla = await album.person(1, name="Carla")
    await album.person(2, name="Hidden", isHidden=True)
    await album.person(3)  # a stranger
    assert people_poll.status() == "not asked yet"
    assert await people_poll.once() == 1
    assert await people_poll.once() == 0
    assert told(log) == [(PersonNamed, carla, "Carla")]
    assert len(log.appended) == 1
    assert log.brought_by("poll") == [carla]
    assert people_poll.status() == "2 with a name"


async def test_a_name_is_given_changed_taken_away_and_given_again(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    person = await album.person(1)
    assert await people_poll.once() == 0
    for name in ("Dora", "Dorothea", "Dora", "", "Dora"):
        await album.change(person, name=name)
        assert await people_poll.once() == 1
        assert await people_poll.once() == 0
    assert told(log) == [
        (PersonNamed, person, "Dora"),
        (PersonRenamed, person, "Dorothea"),
        (PersonRenamed, person, "Dora"),
        (PersonRenamed, person, ""),
        (PersonNamed, person, "Dora"),
    ]
    assert [getattr(event, "before", None) for event in log.events.values()] == [None, "Dora", "Dorothea", "Dora", None]


async def test_somebody_hidden_is_told_as_hidden_and_as_named_when_shown_again(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    person = await album.person(1, name="Emil")
    await people_poll.once()
    await album.change(person, isHidden=True)
    await people_poll.once()
    await album.change(person, name="Emilio")
    await album.shows(2, person)
    assert await people_poll.once() == 0
    await album.change(person, isHidden=False)
    assert await people_poll.once() == 2
    assert told(log) == [
        (PersonNamed, person, "Emil"),
        (PersonHidden, person, "Emil"),
        (PersonNamed, person, "Emilio"),
        (PersonGainedFaces, person, 2),
    ]


async def test_absence_from_the_list_is_no_news_and_neither_is_the_return(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    person, photo = await album.shows(1)
    await album.change(person, name="Emil")
    await people_poll.once()
    await album.archive(photo)
    listed = await ask(album.immich.url, album.user.api_key, "GET", "/people")
    assert listed["people"] == []
    assert await people_poll.once() == 0
    await album.change(person, name="Emilio")  # told although nobody is listed
    assert await people_poll.once() == 1
    await album.archive(photo, visibility="timeline")
    await people_poll.once()
    assert told(log)[:2] == [(PersonNamed, person, "Emil"), (PersonRenamed, person, "Emilio")]
    assert {kind for kind, _, _ in told(log)[2:]} <= {PersonGainedFaces}


async def test_the_form_of_old_is_read_and_tells_nothing_again(
    album: Album, people_poll: PeoplePoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    lena, mia = await album.person(1, name="Lena"), await album.person(2, name="Mia")
    await album.change(mia, isHidden=True)
    await album.shows(3, lena)
    of_old = {"name": "Lena", "updated_at": "2026-11-20T20:53:27.064+00:00", "photos": 1}
    bookmarks.values[NAME] = {lena: of_old, mia: of_old | {"name": "Mia", "photos": None}}
    assert await people_poll.once() == 2
    assert told(log) == [(PersonHidden, mia, "Mia"), (PersonGainedFaces, lena, 2)]


async def test_names_are_told_to_a_key_that_may_read_people_and_nothing_else(
    album: Album, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    people = await album.crowd(3)
    key = album.immich.add_key(album.user.id, ("person.read", "user.read"))
    async with aiohttp.ClientSession() as session:
        poll = PeoplePoll(ANNA, ImmichLibrary(album.client(session, key)), log, bookmarks)
        with capture_logs() as logs:
            assert [await poll.once(), await poll.once()] == [3, 0]
        assert [entry["event"].split(": the API key lacks the permission ")[0] for entry in logs] == [
            "the poll for people of anna: new faces of known people are noticed late",
            "the poll for people of anna: new faces of known people are not noticed",
            "the poll for people of anna: whether somebody is merged into another will not be known",
        ]
        assert "lacks the permission person.statistics" in poll.status()
        await album.does("POST", f"/people/{people[1]}/merge", {"ids": [people[0]]})
        await poll.once()
    assert told(log)[3:] == [(PersonGone, people[0], "Person 0")]
    assert album.asked()["GET", "people/{id}/statistics"] == 3
