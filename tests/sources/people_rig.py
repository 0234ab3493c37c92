"""What the user does to the people of a simulated Immich, and what the log then tells."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.events import (
    Event,
    PersonGainedFaces,
    PersonGone,
    PersonHidden,
    PersonMerged,
    PersonNamed,
    PersonRenamed,
)
from reactor.core.ids import AccountId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from tests.immich_client.phone import ask, jpeg, upload
from tests.sources.fakes import MemoryLog

BOX = (8, 6, 40, 36)
SIZE = (64, 48)
QUICK = timedelta(milliseconds=20)
NAME = "people:anna"


@dataclass(frozen=True, kw_only=True)
class Album:
    """What the user does to the people of an Immich."""

    account: AccountId
    immich: SimulatedImmich
    user: User

    def client(self, session: aiohttp.ClientSession, key: str) -> ImmichTransport:
        return ImmichTransport(self.immich.url, SecretStr(key), self.account, session=session)

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
