"""People who are merged or deleted are told as such, and many at once only when the user confirms."""

import asyncio

import pytest
from structlog.testing import capture_logs

from reactor.core.events import PersonGainedFaces, PersonGone, PersonMerged, PersonNamed
from reactor.sources.people import PeoplePoll
from tests.immich_client.phone import ask
from tests.sources.fakes import MemoryBookmarks, MemoryLog
from tests.sources.people_rig import Album, told


@pytest.mark.parametrize("archived", [False, True])
async def test_a_merge_is_told_with_the_one_who_has_the_faces(
    album: Album, people_poll: PeoplePoll, log: MemoryLog, archived: bool
) -> None:
    gabi, photo = await album.shows(1)
    hans, other = await album.shows(2)
    await album.change(gabi, name="Gabi")
    await album.change(hans, name="Hans")
    await people_poll.once()
    await album.does("POST", f"/people/{hans}/merge", {"ids": [gabi]})
    if archived:
        await album.archive(photo, other)
    await people_poll.once()
    assert told(log)[2] == (PersonMerged, gabi, hans)
    # The heir is counted at once.
    assert told(log)[3:] == ([] if archived else [(PersonGainedFaces, hans, 2)])
    assert await people_poll.once() == 0


async def test_a_merge_into_somebody_without_a_name_hands_the_name_on(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    gabi, nobody = await album.person(1, name="Gabi"), await album.person(2)
    await people_poll.once()
    await album.does("POST", f"/people/{nobody}/merge", {"ids": [gabi]})
    await people_poll.once()
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
    album: Album, people_poll: PeoplePoll, log: MemoryLog, status: int, message: str, words: str
) -> None:
    gabi, hans = await album.person(1, name="Gabi"), await album.person(2, name="Hans")
    await people_poll.once()
    await album.does("POST", f"/people/{hans}/merge", {"ids": [gabi]})
    album.immich.fail("GET", "/api/faces", status=status, message=message, times=3 if status == 500 else 1)
    await people_poll.once()
    assert words in people_poll.status()
    assert told(log)[2:] == [(PersonGainedFaces, hans, 2)]
    await people_poll.once()
    assert told(log)[3:] == [(PersonMerged, gabi, hans)]
    assert people_poll.status() == "1 with a name"


async def test_somebody_deleted_is_gone_even_if_a_stranger_is_given_the_face(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    person, photo = await album.shows(1)
    await album.change(person, name="Ida")
    await album.person(2, name="Jan")
    await people_poll.once()
    stranger = await album.person(3)
    (face,) = await ask(album.immich.url, album.user.api_key, "GET", f"/faces?id={photo}")
    await album.delete([person])
    await album.does("PUT", f"/faces/{stranger}", {"id": face["id"]})
    assert await people_poll.once() == 1
    assert await people_poll.once() == 0
    assert told(log)[2:] == [(PersonGone, person, "Ida")]


async def test_somebody_gone_whose_photo_is_gone_too_is_told(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    person, photo = await album.shows(1)
    await album.change(person, name="Ida")
    await people_poll.once()
    await album.delete([person])
    await album.does("DELETE", "/assets", {"ids": [photo], "force": True})
    await people_poll.once()
    assert told(log)[1:] == [(PersonGone, person, "Ida")]


async def test_many_gone_at_once_conclude_nothing_until_it_is_confirmed(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    # No turn alone finds more than 20 % gone.
    people = await album.crowd(60)
    await people_poll.once()
    await album.delete(people[:14])
    sentence = "14 of 60 people are gone at once; nothing is concluded until you confirm"
    with capture_logs() as logs:
        for _ in range(6):
            await people_poll.once()
    assert [entry["event"] for entry in logs] == [f"the poll for people of anna: {sentence}"]
    assert people_poll.status() == f"60 with a name; {sentence}"
    assert len(told(log)) == 60
    # Names are told all the same.
    await album.change(people[20], name="Karl")
    assert await people_poll.once() == 1
    assert people_poll.confirm() == 14
    assert [await people_poll.once(), await people_poll.once()] == [10, 4]
    assert {(kind, person) for kind, person, _ in told(log)[61:]} == {(PersonGone, person) for person in people[:14]}
    assert people_poll.status() == "46 with a name"
    assert (await people_poll.once(), people_poll.confirm()) == (0, 0)


async def test_people_who_go_while_others_are_asked_are_counted_with_them(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    people = sorted(await album.crowd(60))
    await people_poll.once()
    await album.archive(await album.only_photo())
    await people_poll.once()  # asks the first ten, who are all there
    await album.delete(people[:8] + people[10:18])
    for _ in range(14):
        await people_poll.once()
    assert "16 of 60 people are gone at once" in people_poll.status()
    assert len(told(log)) == 60


async def test_few_gone_among_many_who_are_only_not_listed_are_told_when_all_were_asked(
    album: Album, people_poll: PeoplePoll, log: MemoryLog
) -> None:
    people = await album.crowd(40)
    await people_poll.once()
    await album.archive(await album.only_photo())
    await album.delete(people[:5])
    turns = 0
    async with asyncio.timeout(20):
        while len(told(log)) < 45:
            since = len(album.immich.requests)
            await people_poll.once()
            turns += 1
            assert album.asked(since)["GET", "people/{id}"] <= 10
    assert 4 <= turns <= 8
    assert {(kind, person) for kind, person, _ in told(log)[40:]} == {(PersonGone, person) for person in people[:5]}


async def test_gone_people_who_come_back_end_the_question(
    album: Album, people_poll: PeoplePoll, log: MemoryLog, bookmarks: MemoryBookmarks
) -> None:
    people = await album.crowd(6)
    await people_poll.once()
    for person in people[:3]:
        album.immich.fail("GET", f"/api/people/{person}", status=400, message="Not found or no person.read access")
    await album.archive(await album.only_photo())
    await people_poll.once()
    assert "3 of 6 people are gone at once" in people_poll.status()
    await people_poll.once()
    assert people_poll.status() == "6 with a name"
    assert people_poll.confirm() == 0
    assert len(told(log)) == 6
    # A new process knows them still.
    saved = dict(bookmarks.values)
    await people_poll.once()
    assert bookmarks.values == saved
