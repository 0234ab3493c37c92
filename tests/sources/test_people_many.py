"""The poll for people of a large library, in memory: who is asked about, and when."""

from collections import Counter

import pytest

from reactor.core.events import PersonGainedFaces, PersonGone
from reactor.core.ids import AccountId, PersonId
from reactor.sources.people import PeoplePoll
from tests.sources.people_fakes import Member, MemoryPeople, Stores

ANNA = AccountId("anna")


def crowd(count: int) -> MemoryPeople:
    ids = [PersonId(f"{number:03}") for number in range(count)]
    return MemoryPeople({person: Member(name=f"Person {person}") for person in ids})


def kinds(stores: Stores) -> Counter[type]:
    return Counter(type(event) for event in stores.log.events.values())


async def test_everybody_is_counted_and_remembered_in_turn() -> None:
    library, stores = crowd(40), Stores()
    poll = PeoplePoll(ANNA, library, stores, stores)
    for _ in range(8):
        await poll.once()
    assert library.questions["photo_count"] == dict.fromkeys(library.members, 2)
    assert library.questions["photos_of"] == dict.fromkeys(library.members, 1)


async def test_people_without_a_photo_to_remember_do_not_stand_in_the_way() -> None:
    library, stores = crowd(12), Stores()
    for person in list(library.members)[:6]:
        library.owners[person] = None
    poll = PeoplePoll(ANNA, library, stores, stores)
    for _ in range(4):
        await poll.once()
    assert library.questions["photos_of"] == dict.fromkeys(library.members, 1)
    # One of them gains a photo, and is looked at again.
    first = next(iter(library.members))
    library.members[first].photos += 1
    for _ in range(3):
        await poll.once()
    assert library.questions["photos_of"][first] == 2
    assert kinds(stores)[PersonGainedFaces] == 1


async def test_the_heir_of_a_merge_is_counted_in_the_same_turn() -> None:
    library, stores = crowd(30), Stores()
    poll = PeoplePoll(ANNA, library, stores, stores)
    for _ in range(7):
        await poll.once()
    heir, gone = PersonId("029"), PersonId("000")
    library.merge(gone, heir)
    library.members[heir].photos += 1
    assert await poll.once() == 2


@pytest.mark.parametrize("turns", range(12, 18))
async def test_the_confirmed_are_asked_about_once_more_before_all_others(turns: int) -> None:
    library, stores = crowd(60), Stores()
    poll = PeoplePoll(ANNA, library, stores, stores)
    await poll.once()
    for person, member in library.members.items():
        member.listed = person < PersonId("010")
    for number in range(45, 60):
        library.delete(PersonId(f"{number:03}"))
    assert {await poll.once() for _ in range(turns)} == {0}
    assert "15 of 60 people are gone at once" in poll.status()
    assert poll.confirm() == 15
    library.members[PersonId("047")] = Member(name="Person 047", listed=False)
    assert [await poll.once(), await poll.once()] == [9, 5]
    assert kinds(stores)[PersonGone] == 14


async def test_a_confirmation_does_not_outlive_the_return_of_those_whom_it_meant() -> None:
    library, stores = crowd(6), Stores()
    poll = PeoplePoll(ANNA, library, stores, stores)
    await poll.once()
    away = {person: library.members.pop(person) for person in list(library.members)[:3]}
    await poll.once()
    assert poll.confirm() == 3
    # A backup is put back, with these people still off the list.
    for member in away.values():
        member.listed = False
    library.members |= away
    assert await poll.once() == 0
    for person in away:
        del library.members[person]
    assert await poll.once() == 0
    assert "3 of 6 people are gone at once" in poll.status()
