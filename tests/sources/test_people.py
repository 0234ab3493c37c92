"""The poll for people, against a simulated Immich."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.errors import Blocked, Retryable
from reactor.core.events import (
    Event,
    PersonGainedFaces,
    PersonGone,
    PersonHidden,
    PersonMerged,
    PersonNamed,
    PersonRenamed,
)
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.sources.people import PeoplePoll
from tests.immich_client.phone import ask, jpeg, upload
from tests.sources.conftest import ANNA, Ahead, until
from tests.sources.fakes import MemoryBookmarks, MemoryLog

BOX = (8, 6, 40, 36)
SIZE = (64, 48)
QUICK = timedelta(milliseconds=20)
NAME = "people:anna"


@dataclass(frozen=True, kw_only=True)
class Album:
    """What the user does to the people of an Immich."""

    immich: SimulatedImmich
    user: User

    def client(self, session: aiohttp.ClientSession, key: str) -> ImmichTransport:
        return ImmichTransport(self.immich.url, SecretStr(key), ANNA, session=session)

    async def does(self, method: str, path: str, body: object = None) -> None:
        await ask(self.immich.url, self.user.api_key, method, path, body)

    async def photo(self, number: int) -> str:
        return await upload(self.immich.url, self.user.api_key, jpeg(number))

    async def shows(self, number: int, person: str | None = None) -> tuple[str, str]:
        """Let a new photo show a person, a new one if none; return person and photo."""
        photo = await self.photo(number)
        return self.immich.recognise(photo, box=BOX, image_size=SIZE, person_id=person), photo

    async def person(self, number: int, **fields: object) -> str:
        person, _ = await self.shows(number)
        await self.change(person, **fields)
        return person

    async def crowd(self, count: int) -> list[str]:
        """Name many people who are all on one photo."""
        photo = await self.photo(0)
        people = [self.immich.recognise(photo, box=BOX, image_size=SIZE) for _ in range(count)]
        names = [{"id": person, "name": f"Person {number}"} for number, person in enumerate(people)]
        await self.does("PUT", "/people", {"people": names})
        return people

    async def only_photo(self) -> str:
        found = await ask(self.immich.url, self.user.api_key, "POST", "/search/metadata", {})
        (photo,) = found["assets"]["items"]
        return str(photo["id"])

    async def change(self, person: str, **fields: object) -> None:
        await self.does("PUT", f"/people/{person}", fields)

    async def archive(self, *photos: str, visibility: str = "archive") -> None:
        await self.does("PUT", "/assets", {"ids": photos, "visibility": visibility})

    async def delete(self, people: Sequence[str]) -> None:
        for person in people:
            await self.does("DELETE", f"/people/{person}")

    def asked(self, since: int = 0) -> Counter[tuple[str, str]]:
        """Return how often each kind of question was asked."""
        kinds: Counter[tuple[str, str]] = Counter()
        for method, path, _ in list(self.immich.requests)[since:]:
            kinds[method, "/".join("{id}" if len(part) == 36 else part for part in path.split("/")[2:])] += 1
        return kinds


class TwoDaysLater(ImmichLibrary):
    """See no photo of today as new."""

    def clock(self) -> datetime:
        return super().clock() + timedelta(days=2)


@pytest.fixture
def album(immich: SimulatedImmich, user: User) -> Album:
    return Album(immich=immich, user=user)


@pytest.fixture
def poll(library: Ahead, log: MemoryLog, bookmarks: MemoryBookmarks) -> PeoplePoll:
    return PeoplePoll(ANNA, library, log, bookmarks, interval=QUICK, blocked=QUICK)


def told(log: MemoryLog) -> list[tuple[type[Event], str, object]]:
    """Return (kind, person, the word that matters) of each event in order."""
    found: list[tuple[type[Event], str, object]] = []
    for event in log.events.values():
        match event:
            case PersonGainedFaces():
                found.append((PersonGainedFaces, event.person, event.photos))
            case PersonMerged():
                found.append((PersonMerged, event.person, event.into))
            case PersonNamed() | PersonRenamed() | PersonHidden() | PersonGone():
                found.append((type(event), event.person, event.name))
    return found


async def test_people_already_named_are_told_once_at_first_start(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    carla = await album.person(1, name="Carla")
    await album.person(2, name="Hidden", isHidden=True)
    await album.person(3)  # a stranger
    assert poll.status() == "not asked yet"
    assert await poll.once() == 1
    assert await poll.once() == 0
    assert told(log) == [(PersonNamed, carla, "Carla")]
    assert len(log.appended) == 1
    assert log.brought_by("poll") == [carla]
    assert poll.status() == "2 with a name"


async def test_a_name_is_given_changed_taken_away_and_given_again(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    person = await album.person(1)
    assert await poll.once() == 0
    for name in ("Dora", "Dorothea", "Dora", "", "Dora"):
        await album.change(person, name=name)
        assert await poll.once() == 1
        assert await poll.once() == 0
    assert told(log) == [
        (PersonNamed, person, "Dora"),
        (PersonRenamed, person, "Dorothea"),
        (PersonRenamed, person, "Dora"),
        (PersonRenamed, person, ""),
        (PersonNamed, person, "Dora"),
    ]
    assert [getattr(event, "before", None) for event in log.events.values()] == [None, "Dora", "Dorothea", "Dora", None]


async def test_somebody_hidden_is_told_as_hidden_and_as_named_when_shown_again(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    person = await album.person(1, name="Emil")
    await poll.once()
    await album.change(person, isHidden=True)
    await poll.once()
    await album.change(person, name="Emilio")
    await album.shows(2, person)
    assert await poll.once() == 0
    await album.change(person, isHidden=False)
    assert await poll.once() == 2
    assert told(log) == [
        (PersonNamed, person, "Emil"),
        (PersonHidden, person, "Emil"),
        (PersonNamed, person, "Emilio"),
        (PersonGainedFaces, person, 2),
    ]


async def test_a_new_photo_of_somebody_known_is_told_within_one_turn(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    people = sorted(await album.crowd(30))
    await poll.once()
    assert await poll.once() == 0
    some = [people[0], people[14], people[29]]
    for number, person in enumerate(some, start=1):
        await album.shows(number, person)
    assert await poll.once() == 3
    assert told(log)[30:] == [(PersonGainedFaces, person, 2) for person in some]


async def test_recognition_that_comes_late_is_noticed_in_turn(
    album: Album, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    people = sorted(await album.crowd(30))
    photo = await album.photo(1)
    async with aiohttp.ClientSession() as session:
        later = TwoDaysLater(album.client(session, album.user.api_key))
        poll = PeoplePoll(ANNA, later, log, bookmarks)
        assert [await poll.once() for _ in range(3)] == [30, 0, 0]
        for person in (people[3], people[29]):
            album.immich.recognise(photo, box=BOX, image_size=SIZE, person_id=person)
        assert [await poll.once() for _ in range(3)] == [1, 0, 1]
    assert {entry for entry in told(log) if entry[0] is PersonGainedFaces} == {
        (PersonGainedFaces, people[3], 2),
        (PersonGainedFaces, people[29], 2),
    }


async def test_a_count_that_falls_and_rises_to_the_same_is_told_again(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    person, first = await album.shows(1)
    await album.change(person, name="Fritz")
    await poll.once()
    await album.shows(2, person)
    await poll.once()
    await album.archive(first)
    assert await poll.once() == 0
    await album.archive(first, visibility="timeline")
    assert await poll.once() == 1
    assert told(log) == [
        (PersonNamed, person, "Fritz"),
        (PersonGainedFaces, person, 2),
        (PersonGainedFaces, person, 2),
    ]


async def test_absence_from_the_list_is_no_news_and_neither_is_the_return(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    person, photo = await album.shows(1)
    await album.change(person, name="Emil")
    await poll.once()
    await album.archive(photo)
    listed = await ask(album.immich.url, album.user.api_key, "GET", "/people")
    assert listed["people"] == []
    assert await poll.once() == 0
    await album.change(person, name="Emilio")  # told although nobody is listed
    assert await poll.once() == 1
    await album.archive(photo, visibility="timeline")
    await poll.once()
    assert told(log)[:2] == [(PersonNamed, person, "Emil"), (PersonRenamed, person, "Emilio")]
    assert {kind for kind, _, _ in told(log)[2:]} <= {PersonGainedFaces}


@pytest.mark.parametrize("archived", [False, True])
async def test_a_merge_is_told_with_the_one_who_has_the_faces(
    album: Album, poll: PeoplePoll, log: MemoryLog, archived: bool
) -> None:
    gabi, photo = await album.shows(1)
    hans, other = await album.shows(2)
    await album.change(gabi, name="Gabi")
    await album.change(hans, name="Hans")
    await poll.once()
    await album.does("POST", f"/people/{hans}/merge", {"ids": [gabi]})
    if archived:
        await album.archive(photo, other)
    await poll.once()
    assert told(log)[2] == (PersonMerged, gabi, hans)
    # The heir is counted at once.
    assert told(log)[3:] == ([] if archived else [(PersonGainedFaces, hans, 2)])
    assert await poll.once() == 0


async def test_a_merge_into_somebody_without_a_name_hands_the_name_on(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    gabi, nobody = await album.person(1, name="Gabi"), await album.person(2)
    await poll.once()
    await album.does("POST", f"/people/{nobody}/merge", {"ids": [gabi]})
    await poll.once()
    assert told(log) == [
        (PersonNamed, gabi, "Gabi"),
        (PersonNamed, nobody, "Gabi"),
        (PersonMerged, gabi, nobody),
    ]


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (500, "Internal server error", "not everybody could be asked about"),
        (403, "Missing required permission: face.read", "whether people who are gone were merged is not known"),
    ],
)
async def test_while_the_faces_cannot_be_asked_for_nobody_is_said_to_be_gone(
    album: Album, poll: PeoplePoll, log: MemoryLog, status: int, message: str, words: str
) -> None:
    gabi, hans = await album.person(1, name="Gabi"), await album.person(2, name="Hans")
    await poll.once()
    await album.does("POST", f"/people/{hans}/merge", {"ids": [gabi]})
    album.immich.fail("GET", "/api/faces", status=status, message=message, times=3 if status == 500 else 1)
    await poll.once()
    assert words in poll.status()
    assert told(log)[2:] == [(PersonGainedFaces, hans, 2)]
    await poll.once()
    assert told(log)[3:] == [(PersonMerged, gabi, hans)]
    assert poll.status() == "1 with a name"


async def test_somebody_deleted_is_gone_even_if_a_stranger_is_given_the_face(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    person, photo = await album.shows(1)
    await album.change(person, name="Ida")
    await album.person(2, name="Jan")
    await poll.once()
    stranger = await album.person(3)
    (face,) = await ask(album.immich.url, album.user.api_key, "GET", f"/faces?id={photo}")
    await album.delete([person])
    await album.does("PUT", f"/faces/{stranger}", {"id": face["id"]})
    assert await poll.once() == 1
    assert await poll.once() == 0
    assert told(log)[2:] == [(PersonGone, person, "Ida")]


async def test_somebody_gone_whose_photo_is_gone_too_is_told(album: Album, poll: PeoplePoll, log: MemoryLog) -> None:
    person, photo = await album.shows(1)
    await album.change(person, name="Ida")
    await poll.once()
    await album.delete([person])
    await album.does("DELETE", "/assets", {"ids": [photo], "force": True})
    await poll.once()
    assert told(log)[1:] == [(PersonGone, person, "Ida")]


async def test_many_gone_at_once_conclude_nothing_until_it_is_confirmed(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    # No turn alone finds more than 20 % gone.
    people = await album.crowd(60)
    await poll.once()
    await album.delete(people[:14])
    sentence = "14 of 60 people are gone at once; nothing is concluded until you confirm"
    with capture_logs() as logs:
        for _ in range(6):
            await poll.once()
    assert [entry["event"] for entry in logs] == [f"the poll for people of anna: {sentence}"]
    assert poll.status() == f"60 with a name; {sentence}"
    assert len(told(log)) == 60
    # Names are told all the same.
    await album.change(people[20], name="Karl")
    assert await poll.once() == 1
    assert poll.confirm() == 14
    assert [await poll.once(), await poll.once()] == [10, 4]
    assert {(kind, person) for kind, person, _ in told(log)[61:]} == {(PersonGone, person) for person in people[:14]}
    assert poll.status() == "46 with a name"
    assert (await poll.once(), poll.confirm()) == (0, 0)


async def test_people_who_go_while_others_are_asked_are_counted_with_them(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    people = sorted(await album.crowd(60))
    await poll.once()
    await album.archive(await album.only_photo())
    await poll.once()  # asks the first ten, who are all there
    await album.delete(people[:8] + people[10:18])
    for _ in range(14):
        await poll.once()
    assert "16 of 60 people are gone at once" in poll.status()
    assert len(told(log)) == 60


async def test_few_gone_among_many_who_are_only_not_listed_are_told_when_all_were_asked(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    people = await album.crowd(40)
    await poll.once()
    await album.archive(await album.only_photo())
    await album.delete(people[:5])
    turns = 0
    async with asyncio.timeout(20):
        while len(told(log)) < 45:
            since = len(album.immich.requests)
            await poll.once()
            turns += 1
            assert album.asked(since)["GET", "people/{id}"] <= 10
    assert 4 <= turns <= 8
    assert {(kind, person) for kind, person, _ in told(log)[40:]} == {(PersonGone, person) for person in people[:5]}


async def test_gone_people_who_come_back_end_the_question(
    album: Album, poll: PeoplePoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    people = await album.crowd(6)
    await poll.once()
    for person in people[:3]:
        album.immich.fail("GET", f"/api/people/{person}", status=400, message="Not found or no person.read access")
    await album.archive(await album.only_photo())
    await poll.once()
    assert "3 of 6 people are gone at once" in poll.status()
    await poll.once()
    assert poll.status() == "6 with a name"
    assert poll.confirm() == 0
    assert len(told(log)) == 6
    # A new process knows them still.
    saved = dict(bookmarks.values)
    await poll.once()
    assert bookmarks.values == saved


async def test_faces_are_remembered_a_few_people_a_turn_and_anew_with_new_photos(
    album: Album, poll: PeoplePoll, bookmarks: MemoryBookmarks
) -> None:
    people = await album.crowd(12)

    def remembered() -> dict[str, list[list[str]]]:
        stored = bookmarks.values[NAME]
        assert isinstance(stored, dict)
        return {person: known["faces"] for person, known in stored["people"].items() if known["faces"]}

    counts = []
    for _ in range(4):
        await poll.once()
        counts.append(len(remembered()))
    assert counts == [5, 10, 12, 12]
    since = len(album.immich.requests)
    await poll.once()
    assert album.asked(since)["GET", "faces"] == 0
    (_, photo) = await album.shows(1, people[0])
    await poll.once()
    assert photo in [asset for asset, _ in remembered()[people[0]]]
    assert len(remembered()[people[0]]) == 2


async def test_a_turn_costs_no_more_than_it_says(album: Album, poll: PeoplePoll, bookmarks: MemoryBookmarks) -> None:
    people = await album.crowd(200)
    await poll.once()
    await poll.once()
    await album.delete(people[:30])
    worst: Counter[tuple[str, str]] = Counter()
    for _ in range(6):
        since = len(album.immich.requests)
        await poll.once()
        worst |= album.asked(since)
    pages = 200 // 40 + 1
    assert worst.keys() == {
        ("GET", "people"),
        ("GET", "people/{id}"),
        ("GET", "people/{id}/statistics"),
        ("POST", "search/metadata"),
        ("GET", "faces"),
    }
    assert worst["GET", "people"] <= pages
    assert worst["GET", "people/{id}"] <= 10
    assert worst["GET", "people/{id}/statistics"] == 60
    assert worst["POST", "search/metadata"] <= 1 + 5
    assert worst["GET", "faces"] <= 5 + 50


async def test_an_append_that_fails_is_made_up_for_and_nothing_is_told_twice(
    album: Album, poll: PeoplePoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    person = await album.person(1, name="Fritz")
    log.fail_next = Retryable("the database is away")
    with pytest.raises(Retryable):
        await poll.once()
    assert poll.status() == "failed: the database is away"
    # The name is taken back before the next turn: the log hears of both.
    await album.change(person, name="Fred")
    assert await poll.once() == 2
    assert await poll.once() == 0
    assert told(log) == [(PersonNamed, person, "Fritz"), (PersonRenamed, person, "Fred")]
    # A new process goes on from the bookmark.
    puts = list(bookmarks.puts)
    assert await poll.once() == 0
    assert bookmarks.puts == puts


async def test_the_form_of_old_is_read_and_tells_nothing_again(
    album: Album, poll: PeoplePoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    lena, mia = await album.person(1, name="Lena"), await album.person(2, name="Mia")
    await album.change(mia, isHidden=True)
    await album.shows(3, lena)
    of_old = {"name": "Lena", "updated_at": "2026-11-20T20:53:27.064+00:00", "photos": 1}
    bookmarks.values[NAME] = {lena: of_old, mia: of_old | {"name": "Mia", "photos": None}}
    assert await poll.once() == 2
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


async def test_one_person_whom_immich_cannot_count_holds_nobody_up(
    album: Album, poll: PeoplePoll, log: MemoryLog
) -> None:
    odd, fine = await album.person(1, name="Nora"), await album.person(2, name="Otto")
    await poll.once()
    album.immich.fail("GET", f"/api/people/{odd}/statistics", status=500, times=3)
    await album.shows(3, fine)
    assert await poll.once() == 1
    assert "not everybody could be asked about" in poll.status()
    assert told(log)[2:] == [(PersonGainedFaces, fine, 2)]
    await poll.once()
    assert poll.status() == "2 with a name"


async def test_the_loop_goes_on_when_the_key_is_granted_again(album: Album, poll: PeoplePoll, log: MemoryLog) -> None:
    person = await album.person(1, name="Gabi")
    album.immich.fail("GET", "/api/people", status=401, message="Invalid API key", times=3)
    with pytest.raises(Blocked):
        await poll.once()
    assert poll.status().startswith("failed: Immich refuses the API key")
    with capture_logs() as logs:
        running = asyncio.create_task(poll.run())
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
