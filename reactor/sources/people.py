"""Hear of names and of new faces of known people by asking: Immich tells of neither (facts/immich-api.md section 7)."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from pydantic import TypeAdapter

from reactor.core.errors import Gone
from reactor.core.events import Event, PersonGainedFaces, PersonNamed
from reactor.core.ids import AccountId, PersonId
from reactor.core.library import Person
from reactor.ports import Bookmarks, EventSink
from reactor.sources.loop import LONGEST_BACKOFF_S, repeat


class NamedPeople(Protocol):
    """What the poll asks of a library."""

    async def named_people(self) -> tuple[Person, ...]: ...

    async def photo_count(self, person: PersonId) -> int | None:
        """Return how many photos show the person, None where the key may not ask."""
        ...


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was told of a person; ``photos`` is None while it could not be counted."""

    name: str
    updated_at: str
    photos: int | None = None


SNAPSHOT = TypeAdapter(dict[PersonId, Seen])


def news_of(account: AccountId, person: Person, photos: int | None, before: Seen | None) -> Event | None:
    """Decide what is new about a named person since it was last looked at: its name, more photos, or nothing."""
    if before is None or before.name != person.name:
        return PersonNamed(account=account, person=person.id, name=person.name, updated_at=person.updated_at)
    if photos is not None and before.photos is not None and photos > before.photos:
        return PersonGainedFaces(account=account, person=person.id, name=person.name, photos=photos)
    return None


class PeoplePoll:
    """Append PersonNamed and PersonGainedFaces for the named, not hidden people of one account.

    At the very first start everybody named is told once. Somebody who is not listed is remembered, never concluded
    gone: archiving all photos of a person empties the list (facts/immich-api.md section 9).
    """

    def __init__(
        self,
        account: AccountId,
        library: NamedPeople,
        sink: EventSink,
        bookmarks: Bookmarks,
        *,
        interval: timedelta = timedelta(seconds=60),
        blocked: timedelta = timedelta(seconds=LONGEST_BACKOFF_S),
    ) -> None:
        self._account = account
        self._library = library
        self._sink = sink
        self._bookmarks = bookmarks
        self._interval = interval
        self._blocked = blocked

    async def run(self) -> None:
        """Poll until cancelled."""
        name = f"the poll for people of {self._account}"
        backoff, blocked = self._interval.total_seconds(), self._blocked.total_seconds()
        await repeat(name, self.once, self._pause, first_backoff_s=backoff, blocked_s=blocked)

    async def once(self) -> int:
        """Take one turn; return how many events were news to the log."""
        name = f"people:{self._account}"
        before = SNAPSHOT.validate_python(await self._bookmarks.get(name) or {})
        people = [person for person in await self._library.named_people() if person.name and not person.hidden]
        counts = await self._counts(people)
        news = [news_of(self._account, person, counts.get(person.id), before.get(person.id)) for person in people]
        events = [event for event in news if event is not None]
        # Appended before it is saved: a crash in between tells twice, and the log keeps once.
        new = await self._sink.append(events) if events else 0
        now = before | {person.id: _seen(person, counts.get(person.id), before.get(person.id)) for person in people}
        if now != before:
            await self._bookmarks.put(name, SNAPSHOT.dump_python(now, mode="json"))
        return new

    async def _counts(self, people: list[Person]) -> dict[PersonId, int]:
        """Count the photos of each, one after the other; stop at once where the key may not ask."""
        counts: dict[PersonId, int] = {}
        for person in people:
            try:
                photos = await self._library.photo_count(person.id)
            except Gone:
                continue  # merged into another meanwhile
            if photos is None:
                break
            counts[person.id] = photos
        return counts

    async def _pause(self, _: int) -> None:
        await asyncio.sleep(self._interval.total_seconds())


def _seen(person: Person, photos: int | None, before: Seen | None) -> Seen:
    known = before.photos if before else None
    return Seen(name=person.name, updated_at=person.updated_at, photos=photos if photos is not None else known)
