"""The decision of what is new about people, without any I/O."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.events import (
    PersonGainedFaces,
    PersonGone,
    PersonHidden,
    PersonMerged,
    PersonNamed,
    PersonRenamed,
    kind_of,
)
from reactor.core.ids import AccountId, AssetId, FaceId, PersonId
from reactor.core.library import Person
from reactor.core.people import (
    Known,
    PeopleNews,
    PersonEvent,
    heir_of,
    longest_waiting,
    news_of_count,
    news_of_name,
    too_many_gone,
)

ANNA = AccountId("anna")
ONE, TWO, THREE = (PersonId(name) for name in ("one", "two", "three"))


def now(name: str, *, hidden: bool = False, person: PersonId = ONE) -> Person:
    return Person(id=person, name=name, hidden=hidden, updated_at="")


@pytest.mark.parametrize(
    ("before", "seen", "expected"),
    [
        (Known(), now("Eva"), PersonNamed(account=ANNA, person=ONE, name="Eva", revision=1)),
        (Known(), now(""), None),
        (Known(), now("Eva", hidden=True), None),
        (Known(name="Eva", revision=3), now("Eva"), None),
        (
            Known(name="Eva", revision=3),
            now("Evi"),
            PersonRenamed(account=ANNA, person=ONE, name="Evi", before="Eva", revision=4),
        ),
        (
            Known(name="Eva", revision=3),
            now(""),
            PersonRenamed(account=ANNA, person=ONE, name="", before="Eva", revision=4),
        ),
        (
            Known(name="Eva", revision=3),
            now("", hidden=True),
            PersonRenamed(account=ANNA, person=ONE, name="", before="Eva", revision=4),
        ),
        (
            Known(name="Eva", revision=3),
            now("Eva", hidden=True),
            PersonHidden(account=ANNA, person=ONE, name="Eva", revision=4),
        ),
        (
            Known(name="Eva", revision=3),
            now("Evi", hidden=True),
            PersonHidden(account=ANNA, person=ONE, name="Evi", revision=4),
        ),
        (Known(name="Eva", hidden=True, revision=4), now("Eva", hidden=True), None),
        (Known(name="Eva", hidden=True, revision=4), now("Evi", hidden=True), None),
        (Known(name="Eva", hidden=True, revision=4), now(""), None),
        (
            Known(name="Eva", hidden=True, revision=4),
            now("Eva"),
            PersonNamed(account=ANNA, person=ONE, name="Eva", revision=5),
        ),
        (
            Known(name="Eva", hidden=True, revision=4),
            now("Evi"),
            PersonNamed(account=ANNA, person=ONE, name="Evi", revision=5),
        ),
        # Gone, or its name taken away, and back again.
        (Known(revision=5), now("Eva"), PersonNamed(account=ANNA, person=ONE, name="Eva", revision=6)),
    ],
)
def test_what_a_name_tells(before: Known, seen: Person, expected: PersonEvent | None) -> None:
    assert news_of_name(ANNA, seen, before) == expected


@pytest.mark.parametrize(
    ("before", "photos", "grown"), [(None, 7, False), (7, 7, False), (7, 6, False), (7, 8, True), (0, 1, True)]
)
def test_what_a_count_tells(before: int | None, photos: int, grown: bool) -> None:
    event = news_of_count(ANNA, ONE, Known(name="Eva", photos=before, revision=2), photos)
    expected = PersonGainedFaces(account=ANNA, person=ONE, name="Eva", photos=photos, revision=3)
    assert event == (expected if grown else None)


def test_a_count_that_fell_and_rose_to_the_same_is_another_event() -> None:
    news = PeopleNews(account=ANNA, known={ONE: Known(name="Eva", photos=4, revision=1)})
    assert [news.count(ONE, photos) for photos in (5, 4, 5)] == [True, False, True]
    assert [event.version for event in news.events] == ["2:5", "3:5"]


@pytest.mark.parametrize(
    ("gone", "known", "many"),
    [
        (0, 0, False),
        (2, 2, False),
        (2, 5, False),
        (3, 5, True),
        (3, 14, True),
        (3, 15, False),
        (8, 40, False),
        (9, 40, True),
    ],
)
def test_how_many_gone_at_once_need_a_word(gone: int, known: int, many: bool) -> None:
    assert too_many_gone(gone, known) is many


@pytest.mark.parametrize(
    ("owners", "heir"),
    [
        ([], None),
        ([None, None], None),
        ([ONE, ONE], None),
        ([None, TWO], TWO),
        ([THREE, TWO, TWO], TWO),
        ([THREE, TWO], THREE),  # as many of each: any, but always the same
    ],
)
def test_who_has_the_faces_of_somebody_who_is_gone(owners: list[PersonId | None], heir: PersonId | None) -> None:
    assert heir_of(ONE, owners) == heir


def test_everybody_has_a_turn() -> None:
    people = [PersonId(f"{number:02}") for number in range(7)]
    last = dict.fromkeys(people, 0)
    served: list[PersonId] = []
    for turn in range(1, 4):
        due = longest_waiting(people, last, 3)
        served += due
        last |= dict.fromkeys(due, turn)
    assert served == [*people, *people[:2]]


def test_somebody_who_never_had_a_name_leaves_no_trace() -> None:
    news = PeopleNews(account=ANNA, known={})
    news.look(now(""))
    assert (news.known, news.events) == ({}, [])


def test_a_name_that_is_lost_while_hidden_comes_back_as_another_event() -> None:
    news = PeopleNews(account=ANNA, known={})
    for seen in (now("Eva"), now("Eva", hidden=True), now("", hidden=True), now(""), now("Eva")):
        news.look(seen)
    assert [(kind_of(event), event.version) for event in news.events] == [
        ("PersonNamed", "1:Eva"),
        ("PersonHidden", "2"),
        ("PersonNamed", "3:Eva"),
    ]


def test_somebody_who_ended_is_forgotten_but_for_the_number_of_events() -> None:
    faces = ((AssetId("photo"), FaceId("face")),)
    known = Known(name="Eva", photos=4, revision=1, faces=faces)
    news = PeopleNews(account=ANNA, known={ONE: known, TWO: known})
    news.end(ONE, None)
    news.end(TWO, THREE)
    assert news.known == {ONE: Known(revision=2), TWO: Known(revision=2)}
    assert news.events == [
        PersonGone(account=ANNA, person=ONE, name="Eva", revision=2),
        PersonMerged(account=ANNA, person=TWO, name="Eva", into=THREE, revision=2),
    ]
    assert (news.named(), news.shown()) == (set(), set())


@dataclass
class Someone:
    """A person of a library, as the user left it."""

    name: str = ""
    hidden: bool = False
    photos: int = 1
    exists: bool = True


people = st.sampled_from([ONE, TWO, THREE])
actions = st.one_of(
    st.tuples(st.just("name"), people, st.sampled_from(["Eva", "Evi", ""])),
    st.tuples(st.just("hide"), people, st.booleans()),
    st.tuples(st.just("photos"), people, st.integers(0, 5)),
    st.tuples(st.just("delete"), people, st.none()),
    st.tuples(st.just("turn"), people, st.none()),
)


def act(library: dict[PersonId, Someone], action: str, person: PersonId, value: object) -> None:
    match action, value:
        case "name", str():
            library[person].name = value
        case "hide", bool():
            library[person].hidden = value
        case "photos", int():
            library[person].photos = value
        case "delete", None:
            library[person].exists = False


def turn(library: dict[PersonId, Someone], known: dict[PersonId, Known]) -> PeopleNews:
    news = PeopleNews(account=ANNA, known=dict(known))
    for person, someone in library.items():
        if someone.exists:
            news.look(now(someone.name, hidden=someone.hidden, person=person))
        elif person in news.named():
            news.end(person, None)
        if person in news.shown():
            news.count(person, someone.photos)
    return news


def replayed(log: Iterable[PersonEvent]) -> dict[PersonId, str]:
    """Return the names that somebody who reads the log from its beginning believes to be shown."""
    names: dict[PersonId, str] = {}
    for event in log:
        match event:
            case PersonNamed() | PersonRenamed():
                names[event.person] = event.name
            case PersonHidden() | PersonGone() | PersonMerged():
                names[event.person] = ""
            case PersonGainedFaces():
                assert names[event.person] == event.name
    return names


@given(st.lists(actions, max_size=40))
def test_the_log_tells_how_everybody_ended_up(done: list[tuple[str, PersonId, object]]) -> None:
    library = {person: Someone() for person in (ONE, TWO, THREE)}
    known: dict[PersonId, Known] = {}
    log: dict[tuple[str, str, str], PersonEvent] = {}

    def append(news: PeopleNews) -> int:
        size = len(log)
        for event in news.events:
            log.setdefault((kind_of(event), event.subject, event.version), event)
        return len(log) - size

    for action, person, value in [*done, ("turn", ONE, None)]:
        act(library, action, person, value)
        if action == "turn":
            told = turn(library, known)
            assert append(told) == len(told.events)  # no event has the identity of an earlier one
            # The same turn again, as after a crash, adds nothing.
            again = turn(library, known)
            assert (again.events, append(again)) == (told.events, 0)
            known = again.known
    names = replayed(log.values())
    for person, someone in library.items():
        visible = someone.name if someone.exists and not someone.hidden else ""
        assert names.get(person, "") == visible
        if visible:
            assert known[person].photos == someone.photos
