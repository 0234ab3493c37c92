"""What is new about the people of a library, decided from what was known of them.

Immich tells nothing of it: no name, merge or new face of a known person bumps anything (facts/immich-api.md
sections 7 and 9).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from reactor.core.events import PersonGainedFaces, PersonGone, PersonHidden, PersonMerged, PersonNamed, PersonRenamed
from reactor.core.ids import AccountId, AssetId, FaceId, PersonId
from reactor.core.library import Person

PersonEvent: TypeAlias = PersonNamed | PersonRenamed | PersonMerged | PersonHidden | PersonGone | PersonGainedFaces

REMEMBERED_FACES = 5
# More gone at once than this looks like a fault or a library that was made anew; few people are always a large share.
GONE_SHARE = 0.2
GONE_LEAST = 3


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was last told of a person, and what helps to tell more.

    ``name`` is "" for one who lost it or is gone: nothing is asked about it any more. ``revision`` counts the events
    told of the person, so that one that comes back tells new ones. ``photos`` is None until they were counted.
    """

    name: str = ""
    hidden: bool = False
    photos: int | None = None
    revision: int = 0
    faces: tuple[tuple[AssetId, FaceId], ...] = ()

    @property
    def shown(self) -> bool:
        return self.name != "" and not self.hidden


def news_of_name(account: AccountId, now: Person, before: Known) -> PersonNamed | PersonRenamed | PersonHidden | None:
    """Decide what is told of a person's name; while it is hidden only its end and its return are told."""
    revision = before.revision + 1
    if now.name and not now.hidden:
        if not before.shown:
            return PersonNamed(account=account, person=now.id, name=now.name, revision=revision)
        if now.name == before.name:
            return None
        return PersonRenamed(account=account, person=now.id, name=now.name, before=before.name, revision=revision)
    if not before.shown:
        return None
    if not now.name:
        return PersonRenamed(account=account, person=now.id, name="", before=before.name, revision=revision)
    return PersonHidden(account=account, person=now.id, name=now.name, revision=revision)


def news_of_count(account: AccountId, person: PersonId, before: Known, photos: int) -> PersonGainedFaces | None:
    """Decide whether the person is seen in more photos; a first count and one that fell are no news."""
    if before.photos is None or photos <= before.photos:
        return None
    return PersonGainedFaces(
        account=account, person=person, name=before.name, photos=photos, revision=before.revision + 1
    )


def news_of_end(
    account: AccountId, person: PersonId, before: Known, heir: PersonId | None
) -> PersonMerged | PersonGone:
    """Tell how a person ended: ``heir`` is who has its faces now."""
    revision = before.revision + 1
    if heir is None:
        return PersonGone(account=account, person=person, name=before.name, revision=revision)
    return PersonMerged(account=account, person=person, name=before.name, into=heir, revision=revision)


def too_many_gone(gone: int, known: int) -> bool:
    """Say whether so many of the known people are gone at once that a person has to confirm it."""
    return gone >= GONE_LEAST and gone > GONE_SHARE * known


def heir_of(person: PersonId, owners: Iterable[PersonId | None]) -> PersonId | None:
    """Return who has most of a person's remembered faces now, None where nobody else has one."""
    others = Counter(owner for owner in owners if owner is not None and owner != person)
    return min(others, key=lambda owner: (-others[owner], owner), default=None)


def longest_waiting(people: Collection[PersonId], last: Mapping[PersonId, int], limit: int) -> list[PersonId]:
    """Return at most ``limit`` of the people, those first whose ``last`` turn is furthest back."""
    return sorted(people, key=lambda person: (last[person], person))[:limit]


@dataclass(kw_only=True)
class PeopleNews:
    """Go through what is seen now, keep what is known up to date, and collect the events that follow."""

    account: AccountId
    known: dict[PersonId, Known]
    events: list[PersonEvent] = field(default_factory=list)

    def named(self) -> set[PersonId]:
        """Return who has a name, hidden or not."""
        return {person for person, known in self.known.items() if known.name}

    def shown(self) -> set[PersonId]:
        return {person for person, known in self.known.items() if known.shown}

    def look(self, now: Person) -> None:
        """Take in a person as it is now; one that never had a name is not remembered."""
        before = self.known.get(now.id)
        if before is None and not now.name:
            return
        before = before or Known()
        known = replace(before, name=now.name, hidden=now.hidden) if now.name else Known(revision=before.revision)
        self._tell(now.id, news_of_name(self.account, now, before), known)

    def count(self, person: PersonId, photos: int) -> bool:
        """Take in how many photos show the person; return whether it gained some."""
        before = self.known[person]
        event = news_of_count(self.account, person, before, photos)
        self._tell(person, event, replace(before, photos=photos))
        return event is not None

    def end(self, person: PersonId, heir: PersonId | None) -> None:
        """Take in that the person does not exist any more."""
        before = self.known[person]
        self._tell(person, news_of_end(self.account, person, before, heir), Known(revision=before.revision))

    def remember(self, person: PersonId, faces: Collection[tuple[AssetId, FaceId]]) -> None:
        """Keep some of the person's faces, to find out one day with whom it was merged."""
        self.known[person] = replace(self.known[person], faces=tuple(faces)[:REMEMBERED_FACES])

    def _tell(self, person: PersonId, event: PersonEvent | None, known: Known) -> None:
        if event is not None:
            self.events.append(event)
            known = replace(known, revision=event.revision)
        self.known[person] = known
