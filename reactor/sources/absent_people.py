"""Find out what became of known people whom the list does not show any more."""

from collections.abc import Set
from typing import Protocol

from reactor.core.errors import Blocked, Gone
from reactor.core.ids import AssetId, PersonId
from reactor.core.library import Face, Person
from reactor.core.people import PeopleNews, heir_of, too_many_gone
from reactor.sources.notes import Notes, Oddities

ASKED_A_TURN = 10
ENDED_A_TURN = 10


class AbsentLibrary(Protocol):
    """What is asked about somebody who is not listed."""

    async def person(self, person: PersonId) -> Person:
        """Return the person; raises Gone where it does not exist any more."""
        ...

    async def faces(self, asset: AssetId) -> tuple[Face, ...]: ...


class AbsentPeople:
    """Ask about the people who are not listed, a few a turn, and conclude who is gone.

    Absence alone proves nothing: archiving all photos of a person empties the list (facts/immich-api.md section 9).
    Who is gone is judged once everybody absent was asked, so that many cannot pass as a few at a time.
    """

    def __init__(self, library: AbsentLibrary, notes: Notes) -> None:
        self._library = library
        self._notes = notes
        self._answered: set[PersonId] = set()
        self._gone: set[PersonId] = set()
        self._held: frozenset[PersonId] = frozenset()
        self._sure: set[PersonId] = set()
        self._hurry = False

    @property
    def unfinished(self) -> bool:
        """Say whether ends are concluded that only the next turns will tell."""
        return self._hurry

    @property
    def question(self) -> str:
        """What a person is asked before anything is concluded, "" where nothing is."""
        return self._notes.said("gone") if self._held else ""

    def confirm(self) -> int:
        """Let the people who are gone at once be taken as gone, once they were asked about anew; return how many."""
        self._sure |= self._held
        self._answered -= self._held
        confirmed, self._held = len(self._held), frozenset()
        self._notes.clear("gone")
        return confirmed

    async def turn(self, news: PeopleNews, listed: Set[PersonId], odd: Oddities) -> set[PersonId]:
        """Ask and conclude; return who took over the faces of people that were merged."""
        absent = news.named() - listed
        self._answered &= absent
        self._gone &= absent
        self._sure &= absent
        await self._ask(news, absent, odd)
        answered = self._answered
        if absent & news.named() <= answered:
            self._judge(len(news.named()))
            self._answered = set()
        return await self._end(news, self._sure & self._gone & answered, odd)

    async def _ask(self, news: PeopleNews, absent: Set[PersonId], odd: Oddities) -> None:
        waiting = sorted(absent - self._answered, key=lambda person: (person not in self._sure, person))
        asked: set[PersonId] = set()
        for person in waiting[:ASKED_A_TURN]:
            asked.add(person)
            found = await odd.past(self._found(person))
            if isinstance(found, Person):
                news.look(found)
                self._gone.discard(person)
                self._sure.discard(person)
            elif isinstance(found, Gone) and person not in self._gone:
                if self._gone <= self._sure:
                    # The first one: who answered in turns before may be gone by now too.
                    self._answered = set()
                self._gone.add(person)
        self._answered |= asked

    async def _found(self, person: PersonId) -> Person | Gone:
        try:
            return await self._library.person(person)
        except Gone as gone:
            return gone

    def _judge(self, known: int) -> None:
        """Conclude who is gone, or hold all of it back where they are too many to have gone one by one."""
        unsure = self._gone - self._sure
        if too_many_gone(len(unsure), known):
            self._held = frozenset(unsure)
            sentence = f"{len(unsure)} of {known} people are gone at once; nothing is concluded until you confirm"
            self._notes.say("gone", sentence)
        else:
            self._sure |= unsure
            self._held = frozenset()
            self._notes.clear("gone")

    async def _end(self, news: PeopleNews, ended: Set[PersonId], odd: Oddities) -> set[PersonId]:
        heirs: set[PersonId] = set()
        photos: dict[AssetId, tuple[Face, ...]] = {}
        self._hurry = False
        for person in sorted(ended)[:ENDED_A_TURN]:
            failed = odd.count
            try:
                heir = await self._heir(news, person, photos, odd)
            except Blocked as error:
                self._notes.say("ends", f"whether people who are gone were merged is not known: {error}")
                return heirs
            if odd.count > failed:
                continue  # no answer is no proof that nobody has the faces
            news.end(person, heir)
            self._gone.discard(person)
            self._sure.discard(person)
            self._hurry = True
            heirs |= {heir} if heir else set()
        self._notes.clear("ends")
        self._hurry &= bool(self._sure & self._gone)
        return heirs

    async def _heir(
        self, news: PeopleNews, person: PersonId, photos: dict[AssetId, tuple[Face, ...]], odd: Oddities
    ) -> PersonId | None:
        """Return who has the person's faces now: somebody with a name, for a merge hands it on (section 9)."""
        owners: list[PersonId | None] = []
        for asset, face in news.known[person].faces:
            if asset not in photos and (faces := await odd.past(self._library.faces(asset))) is not None:
                photos[asset] = faces
            owners += [found.person for found in photos.get(asset, ()) if found.id == face]
        heir = heir_of(person, owners)
        if heir is None or heir in news.named():
            return heir
        found = await odd.past(self._library.person(heir))
        return heir if found is not None and found.name else None
