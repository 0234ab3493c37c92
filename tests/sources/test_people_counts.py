"""New photos of somebody known are told soon, and no turn asks Immich for more than it says."""

from collections import Counter

import aiohttp

from reactor.core.events import PersonGainedFaces, PersonNamed
from reactor.sources.people import PeoplePoll
from tests.sources.conftest import ANNA
from tests.sources.fakes import MemoryBookmarks, MemoryLog
from tests.sources.people_rig import BOX, NAME, SIZE, Album, TwoDaysLater, told


async def test_a_new_photo_of_somebody_known_is_told_within_one_turn(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    people = sorted(await album.crowd(30))
    await people_poll.once()
    assert await people_poll.once() == 0
    some = [people[0], people[14], people[29]]
    for number, person in enumerate(some, start=1):
        await album.shows(number, person)
    assert await people_poll.once() == 3
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
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    person, first = await album.shows(1)
    await album.change(person, name="Fritz")
    await people_poll.once()
    await album.shows(2, person)
    await people_poll.once()
    await album.archive(first)
    assert await people_poll.once() == 0
    await album.archive(first, visibility="timeline")
    assert await people_poll.once() == 1
    assert told(log) == [
        (PersonNamed, person, "Fritz"),
        (PersonGainedFaces, person, 2),
        (PersonGainedFaces, person, 2),
    ]


async def test_faces_are_remembered_a_few_people_a_turn_and_anew_with_new_photos(
    album: Album, people_poll: PeoplePoll, bookmarks: MemoryBookmarks
) -> None:
    people = await album.crowd(12)

    def remembered() -> dict[str, list[list[str]]]:
        stored = bookmarks.values[NAME]
        assert isinstance(stored, dict)
        return {person: known["faces"] for person, known in stored["people"].items() if known["faces"]}

    counts = []
    for _ in range(4):
        await people_poll.once()
        counts.append(len(remembered()))
    assert counts == [5, 10, 12, 12]
    since = len(album.immich.requests)
    await people_poll.once()
    assert album.asked(since)["GET", "faces"] == 0
    (_, photo) = await album.shows(1, people[0])
    await people_poll.once()
    assert photo in [asset for asset, _ in remembered()[people[0]]]
    assert len(remembered()[people[0]]) == 2


async def test_a_turn_costs_no_more_than_it_says(
    album: Album, people_poll: PeoplePoll, bookmarks: MemoryBookmarks
) -> None:
    people = await album.crowd(200)
    await people_poll.once()
    await people_poll.once()
    await album.delete(people[:30])
    worst: Counter[tuple[str, str]] = Counter()
    for _ in range(6):
        since = len(album.immich.requests)
        await people_poll.once()
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


async def test_one_person_whom_immich_cannot_count_holds_nobody_up(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    odd, fine = await album.person(1, name="Nora"), await album.person(2, name="Otto")
    await people_poll.once()
    album.immich.fail("GET", f"/api/people/{odd}/statistics", status=500, times=3)
    await album.shows(3, fine)
    assert await people_poll.once() == 1
    assert "not everybody could be asked about" in people_poll.status()
    assert told(log)[2:] == [(PersonGainedFaces, fine, 2)]
    await people_poll.once()
    assert people_poll.status() == "2 with a name"
