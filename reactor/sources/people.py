"""Hear of names, merges and new faces of people by asking: Immich tells of none (facts/immich-api.md section 7)."""

from datetime import timedelta
from typing import Protocol

import structlog

from reactor.core.errors import Permanent, Retryable
from reactor.core.ids import AccountId
from reactor.core.library import Person
from reactor.ports import Bookmarks, EventSink
from reactor.sources.absent_people import AbsentLibrary, AbsentPeople
from reactor.sources.known_faces import FacesLibrary, KnownFaces
from reactor.sources.loop import LONGEST_BACKOFF_S, Alarm, Backoff, repeat
from reactor.sources.notes import Notes, Oddities
from reactor.sources.people_snapshot import Overtaken, PeopleSnapshot

log = structlog.get_logger(__name__)

# The first recognition of a whole library wakes the poll for every person.
SHORTEST_PAUSE = timedelta(seconds=5)


class PeopleLibrary(AbsentLibrary, FacesLibrary, Protocol):
    """What the poll asks of a library."""

    async def people(self) -> tuple[Person, ...]:
        """Return everybody whom the list shows, hidden and unnamed ones too."""
        ...


class PeoplePoll:
    """Append what happened to the named people of one account.

    At the very first start everybody named and shown is told once. Nothing is asked about people without a name.
    However many people and photos there are, a turn costs the pages of the list (1,000 people each), 5 pages of new
    photos, 60 counts, and where there is something to find out 10 questions about absent people, 60 about people who
    are gone, and 30 for faces to remember.
    """

    def __init__(
        self,
        account: AccountId,
        library: PeopleLibrary,
        sink: EventSink,
        bookmarks: Bookmarks,
        *,
        interval: timedelta = timedelta(seconds=60),
        shortest: timedelta = SHORTEST_PAUSE,
        blocked: timedelta = timedelta(seconds=LONGEST_BACKOFF_S),
    ) -> None:
        self._name = f"the poll for people of {account}"
        self._library = library
        self._interval = interval
        self._blocked = blocked
        self._notes = Notes(self._name)
        self._snapshot = PeopleSnapshot(account, sink, bookmarks)
        self._absent = AbsentPeople(library, self._notes)
        self._faces = KnownFaces(library, self._notes)
        self._back = Alarm()
        self._alarm = Alarm(least_s=min(interval, shortest).total_seconds())
        self._known: int | None = None
        self._trouble = ""

    def wake(self) -> None:
        """Take the next turn soon: Immich is back, or something may have been missed."""
        self._back.ring()
        self.hint()

    def hint(self) -> None:
        """Take the next turn soon: something happened to a person. What fails is tried no sooner."""
        self._alarm.ring()

    def confirm(self) -> int:
        """Take the many people who are gone at once as gone; return how many. The next turns tell of them."""
        confirmed = self._absent.confirm()
        if confirmed:
            self.hint()
        return confirmed

    def question(self) -> str:
        """Return what a person is asked before the poll concludes anything, "" where nothing is."""
        return self._absent.question

    def status(self) -> str:
        """Say in words how it stands."""
        if self._trouble:
            return f"failed: {self._trouble}"
        known = "not asked yet" if self._known is None else f"{self._known} with a name"
        return "; ".join((known, *self._notes.words()))

    async def run(self) -> None:
        """Poll until cancelled."""
        interval, blocked = self._interval.total_seconds(), self._blocked.total_seconds()
        # An outage may last long; when it ends, names are heard of as soon as without one.
        backoff = Backoff(first_s=interval, longest_s=interval, blocked_s=blocked)
        await repeat(self._name, self.once, self._pause, backoff=backoff, rest=self._back.rest)

    async def once(self) -> int:
        """Take one turn; return how many events were news to the log."""
        try:
            told = await self._turn()
        except Overtaken as error:
            log.debug(f"{self._name}: {error}")
            told = 0
        except (Retryable, Permanent) as error:
            self._trouble = str(error)
            raise
        self._trouble = ""
        return told

    async def _turn(self) -> int:
        opened = await self._snapshot.open()
        news, told, odd = opened.news, opened.told, Oddities()
        listed = await self._library.people()
        for person in listed:
            news.look(person)
        # Kept after each step, so that trouble with counts never holds names back.
        told += await self._snapshot.keep(news)
        heirs = await self._absent.turn(news, {person.id for person in listed}, odd)
        told += await self._snapshot.keep(news)
        await self._faces.count(news, heirs, odd)
        told += await self._snapshot.keep(news)
        await self._faces.remember(news, odd)
        told += await self._snapshot.keep(news)
        odd.tell(self._notes)
        self._known = len(news.named())
        if self._absent.unfinished:
            self.hint()
        return told

    async def _pause(self, _: int) -> None:
        await self._alarm.rest(self._interval.total_seconds())
