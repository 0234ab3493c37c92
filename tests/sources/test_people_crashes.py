"""The poll for people when turns are cut short anywhere: the log tells how everybody ended up, and nothing twice."""

import asyncio
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.errors import Unreachable
from reactor.core.events import PersonGainedFaces, PersonGone, PersonHidden, PersonMerged, PersonNamed, PersonRenamed
from reactor.core.ids import AccountId, PersonId
from reactor.core.library import Person
from reactor.sources.people import PeoplePoll
from tests.sources.people_fakes import Member, MemoryPeople, Stores

ANNA = AccountId("anna")
PEOPLE = [PersonId(name) for name in ("one", "two", "three")]
# More turns than any conclusion needs.
ENOUGH_TURNS = 4

whom = st.sampled_from(PEOPLE)
actions = st.one_of(
    st.tuples(st.just("name"), whom, st.sampled_from(["Eva", "Evi", ""])),
    st.tuples(st.just("hide"), whom, st.booleans()),
    st.tuples(st.just("list"), whom, st.booleans()),
    st.tuples(st.just("photos"), whom, st.integers(0, 5)),
    st.tuples(st.just("delete"), whom, st.none()),
    st.tuples(st.just("merge"), whom, whom),
    st.tuples(st.just("turn"), whom, st.none()),
    st.tuples(st.just("crash"), whom, st.tuples(st.integers(1, 6), st.booleans())),
)


def act(library: MemoryPeople, action: str, person: PersonId, value: object) -> None:
    if (member := library.members.get(person)) is None:
        return
    match action, value:
        case "name", str():
            member.name = value
        case "hide", bool():
            member.hidden = value
        case "list", bool():
            member.listed = value
        case "photos", int():
            member.photos = value
        case "delete", None:
            library.delete(person)
        case "merge", str() if value != person and value in library.members:
            library.merge(person, PersonId(value))


async def live(library: MemoryPeople, stores: Stores, done: list[tuple[str, PersonId, object]]) -> PeoplePoll:
    poll = PeoplePoll(ANNA, library, stores, stores)
    for action, person, value in done:
        act(library, action, person, value)
        if action == "turn":
            await poll.once()
        elif action == "crash" and isinstance(value, tuple):
            stores.fail_in, stores.after = value
            with contextlib.suppress(Unreachable):
                await poll.once()
            stores.fail_in = 0
            # A new process knows nothing but what was saved, as JSON.
            stores.bookmarks.values = json.loads(json.dumps(stores.bookmarks.values))
            poll = PeoplePoll(ANNA, library, stores, stores)
    return poll


async def quiet(poll: PeoplePoll) -> None:
    """Take turns until all is told; whoever is gone is confirmed to be."""
    for _ in range(ENOUGH_TURNS):
        await poll.once()
        poll.confirm()
    assert await poll.once() == 0


def replayed(stores: Stores) -> tuple[dict[str, str], set[str]]:
    """Return what a reader of the log believes: the names that are shown, and who has ended."""
    names: dict[str, str] = {}
    ended: set[str] = set()
    for event in stores.log.events.values():
        match event:
            case PersonNamed() | PersonRenamed():
                names[event.person] = event.name
            case PersonHidden():
                names[event.person] = ""
            case PersonGone() | PersonMerged():
                names[event.person] = ""
                ended.add(event.person)
            case PersonGainedFaces():
                assert names[event.person] == event.name
    return names, ended


async def story(done: list[tuple[str, PersonId, object]]) -> None:
    library = MemoryPeople({person: Member() for person in PEOPLE})
    stores = Stores()
    poll = await live(library, stores, done)
    await quiet(poll)
    names, ended = replayed(stores)
    gone = set(PEOPLE) - set(library.members)
    assert ended <= gone
    assert {names.get(person, "") for person in gone} <= {""}
    for person, member in library.members.items():
        visible = "" if member.hidden else member.name
        # Nothing is asked about somebody who was never seen with a name and is not listed.
        assert names.get(person, "") in ({visible} if member.listed else {visible, ""})
        member.listed = True
    await quiet(poll)
    names, _ = replayed(stores)
    assert {person: names.get(person, "") for person in library.members} == {
        person: "" if member.hidden else member.name for person, member in library.members.items()
    }


@settings(deadline=None, max_examples=300)
@given(st.lists(actions, max_size=30))
def test_the_log_tells_how_everybody_ended_up(done: list[tuple[str, PersonId, object]]) -> None:
    asyncio.run(story(done))


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
async def test_a_name_that_is_taken_back_around_a_crash_does_not_stay_in_the_log(at: int, after: bool) -> None:
    library, stores = MemoryPeople({PEOPLE[0]: Member(name="Eva")}), Stores()
    poll = PeoplePoll(ANNA, library, stores, stores)
    await poll.once()
    library.members[PEOPLE[0]].name = "Evi"
    stores.fail_in, stores.after = at, after
    with pytest.raises(Unreachable):
        await poll.once()
    library.members[PEOPLE[0]].name = "Eva"
    poll = PeoplePoll(ANNA, library, stores, stores)
    await poll.once()
    assert await poll.once() == 0
    assert replayed(stores)[0] == {PEOPLE[0]: "Eva"}
    assert len(stores.log.events) in (1, 3)


class TwoReactors(MemoryPeople):
    """Between the list that one poll was given and what it makes of it, another poll takes a whole turn."""

    other: PeoplePoll | None = None

    async def people(self) -> tuple[Person, ...]:
        listed = await super().people()
        if self.other is not None:
            other, self.other = self.other, None
            self.members[PEOPLE[0]].name = "Eve"
            await other.once()
        return listed


@pytest.mark.parametrize("before", ["", "Eva"], ids=["nothing is known", "a name is known"])
async def test_two_reactors_that_share_a_database_tell_one_story(before: str) -> None:
    library, stores = TwoReactors({PEOPLE[0]: Member(name=before), PEOPLE[1]: Member(name="Ben")}), Stores()
    one, two = (PeoplePoll(ANNA, library, stores, stores) for _ in range(2))
    await one.once()
    library.members[PEOPLE[0]].name = "Evi"
    library.other = two
    assert await one.once() == 0
    assert not one.status().startswith("failed")
    await quiet(one)
    await quiet(two)
    assert replayed(stores)[0] == {PEOPLE[0]: "Eve", PEOPLE[1]: "Ben"}
    assert len(stores.log.events) == (3 if before else 2)
