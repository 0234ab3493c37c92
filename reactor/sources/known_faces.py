"""Notice new faces of known people, and remember some faces of each."""

from collections.abc import Set
from datetime import datetime, timedelta
from typing import Protocol

from reactor.core.errors import Blocked
from reactor.core.ids import AssetId, FaceId, PersonId
from reactor.core.library import Asset, Face
from reactor.core.people import REMEMBERED_FACES, PeopleNews, longest_waiting
from reactor.sources.notes import Notes, Oddities

SHORTEST_LOOK = timedelta(hours=1)
LONGEST_LOOK = timedelta(hours=24)
PHOTOS_A_TURN = 5000
SEEN_A_TURN = 50
OTHERS_A_TURN = 10
REMEMBERED_A_TURN = 5


class FacesLibrary(Protocol):
    """What is asked about the faces of people; Blocked where the key may not ask."""

    def clock(self) -> datetime:
        """Return the present time by Immich's own clock."""
        ...

    async def people_seen(self, after: datetime, *, limit: int) -> frozenset[PersonId]:
        """Return who is on the photos that reached the server since then."""
        ...

    async def photo_count(self, person: PersonId) -> int: ...

    async def photos_of(self, person: PersonId, *, limit: int) -> tuple[Asset, ...]: ...

    async def faces(self, asset: AssetId) -> tuple[Face, ...]: ...


class KnownFaces:
    """Count the photos of people who may have more of them, a bounded number a turn."""

    def __init__(self, library: FacesLibrary, notes: Notes) -> None:
        self._library = library
        self._notes = notes
        self._turn = 1
        self._counted: dict[PersonId, int] = {}
        self._looked_until: datetime | None = None
        self._grown: set[PersonId] = set()
        self._nothing_found: set[PersonId] = set()

    async def count(self, news: PeopleNews, also: Set[PersonId], odd: Oddities) -> None:
        """Count the people on new photos and ``also`` these, and of all the others those who wait for longest.

        Recognition may come hours after the upload, hence the others.
        """
        self._turn += 1
        shown = news.shown()
        seen = (await self._seen() | also) & shown
        # 0: never counted, 1: not since the start.
        self._counted = {one: self._counted.get(one, int(news.known[one].photos is not None)) for one in shown}
        due = longest_waiting(seen, self._counted, SEEN_A_TURN)
        due += longest_waiting(shown - seen, self._counted, OTHERS_A_TURN)
        try:
            for person in due:
                photos = await odd.past(self._library.photo_count(person))
                self._counted[person] = self._turn
                if photos is not None and news.count(person, photos):
                    self._grown.add(person)
        except Blocked as error:
            self._notes.say("counts", f"new faces of known people are not noticed: {error}")
        else:
            self._notes.clear("counts")

    async def _seen(self) -> frozenset[PersonId]:
        now = self._library.clock()
        # After a start nothing is known of the last turn.
        last = self._looked_until or now - LONGEST_LOOK
        after = max(now - LONGEST_LOOK, min(now - SHORTEST_LOOK, last))
        try:
            seen = await self._library.people_seen(after, limit=PHOTOS_A_TURN)
        except Blocked as error:
            self._notes.say("seen", f"new faces of known people are noticed late: {error}")
            return frozenset()
        self._notes.clear("seen")
        self._looked_until = now
        return seen

    async def remember(self, news: PeopleNews, odd: Oddities) -> None:
        """Remember faces of a few people who have none yet or gained photos."""
        shown = news.shown()
        self._grown &= shown
        self._nothing_found &= shown
        bare = {person for person in shown if not news.known[person].faces} - self._nothing_found
        try:
            for person in [*sorted(bare), *sorted(self._grown - bare)][:REMEMBERED_A_TURN]:
                faces = await self._faces_of(person, odd)
                if faces:
                    news.remember(person, faces)
                else:
                    self._nothing_found.add(person)
                self._grown.discard(person)
        except Blocked as error:
            self._notes.say("faces", f"whether somebody is merged into another will not be known: {error}")
        else:
            self._notes.clear("faces")

    async def _faces_of(self, person: PersonId, odd: Oddities) -> list[tuple[AssetId, FaceId]]:
        found: list[tuple[AssetId, FaceId]] = []
        for photo in await odd.past(self._library.photos_of(person, limit=REMEMBERED_FACES)) or ():
            faces = await odd.past(self._library.faces(photo.id)) or ()
            found += [(photo.id, face.id) for face in faces if face.person == person]
        return found
