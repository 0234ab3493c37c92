"""A library of people in memory, and a log and bookmarks that fail where a test wants."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reactor.core.errors import Gone, Unreachable
from reactor.core.events import Event
from reactor.core.ids import LIVE, AssetId, FaceId, PersonId, RunId
from reactor.core.library import Asset, Face, Person
from tests.sources.fakes import MemoryBookmarks, MemoryLog

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Member:
    """A person as the user left it; ``listed`` is false while all photos are archived."""

    name: str = ""
    hidden: bool = False
    listed: bool = True
    photos: int = 1


@dataclass
class MemoryPeople:
    """People each of whom has one face, on a photo of the same id; ``owners`` tells whose the face is now."""

    members: dict[PersonId, Member]
    owners: dict[str, PersonId | None] = field(default_factory=dict)
    questions: dict[str, Counter[PersonId]] = field(default_factory=lambda: defaultdict(Counter))

    def __post_init__(self) -> None:
        self.owners = {person: person for person in self.members}

    def delete(self, person: PersonId) -> None:
        self._hand_on(person, None)

    def merge(self, person: PersonId, into: PersonId) -> None:
        """Merge as Immich does: the name goes along where the other one has none."""
        self.members[into].name = self.members[into].name or self.members[person].name
        self._hand_on(person, into)

    def _hand_on(self, person: PersonId, heir: PersonId | None) -> None:
        del self.members[person]
        self.owners = {face: heir if owner == person else owner for face, owner in self.owners.items()}

    def clock(self) -> datetime:
        return NOW

    async def people(self) -> tuple[Person, ...]:
        return tuple([await self.person(one) for one, member in self.members.items() if member.listed])

    async def people_seen(self, after: datetime, *, limit: int) -> frozenset[PersonId]:
        assert after < NOW and limit > 0
        return frozenset()

    async def person(self, person: PersonId) -> Person:
        member = self._member(person)
        return Person(id=person, name=member.name, hidden=member.hidden, updated_at="")

    async def photo_count(self, person: PersonId) -> int:
        self.questions["photo_count"][person] += 1
        return self._member(person).photos

    async def photos_of(self, person: PersonId, *, limit: int) -> tuple[Asset, ...]:
        self.questions["photos_of"][person] += 1
        return tuple(_photo(AssetId(face)) for face, owner in self.owners.items() if owner == person)[:limit]

    async def faces(self, asset: AssetId) -> tuple[Face, ...]:
        return (Face(id=FaceId(asset), box=(0, 0, 9, 9), frame=(64, 48), person=self.owners[asset]),)

    def _member(self, person: PersonId) -> Member:
        if (member := self.members.get(person)) is None:
            raise Gone("Not found or no person.read access")
        return member


@dataclass
class Stores:
    """A log and bookmarks, of which the ``fail_in``-th write from now fails, before or after it took effect."""

    log: MemoryLog = field(default_factory=MemoryLog)
    bookmarks: MemoryBookmarks = field(default_factory=MemoryBookmarks)
    fail_in: int = 0
    after: bool = False

    async def append(self, events: Sequence[Event], run: RunId = LIVE, *, source: str = "") -> tuple[Event, ...]:
        self._write(late=False)
        new = await self.log.append(events, run, source=source)
        self._write(late=True)
        return new

    async def get(self, name: str) -> object | None:
        return await self.bookmarks.get(name)

    async def replace(self, name: str, before: object | None, value: object) -> bool:
        if await self.get(name) != before:
            return False
        await self.put(name, value)
        return True

    async def put(self, name: str, value: object) -> None:
        self._write(late=False)
        await self.bookmarks.put(name, value)
        self._write(late=True)

    def _write(self, *, late: bool) -> None:
        if late == self.after and self.fail_in:
            self.fail_in -= 1
            if not self.fail_in:
                raise Unreachable("the database is away")


def _photo(asset: AssetId) -> Asset:
    return Asset(
        id=asset,
        owner="",
        kind="IMAGE",
        visibility="timeline",
        trashed=False,
        taken_at=NOW,
        created_at=NOW,
        updated_at=NOW,
    )
