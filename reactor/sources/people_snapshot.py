"""Keep what is known of the people of an account, and tell the log of every change of it exactly once."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from reactor.core.events import (
    PersonGainedFaces,
    PersonGone,
    PersonHidden,
    PersonMerged,
    PersonNamed,
    PersonRenamed,
    kind_of,
)
from reactor.core.ids import AccountId, PersonId
from reactor.core.people import Known, PeopleNews, PersonEvent
from reactor.ports import Bookmarks, EventSink

SOURCE = "poll"
BATCH = 500
KINDS: dict[str, TypeAdapter[PersonEvent]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (PersonNamed, PersonRenamed, PersonMerged, PersonHidden, PersonGone, PersonGainedFaces)
}


class Overtaken(Exception):
    """Another reactor wrote down meanwhile what it knows of the people; the next turn goes on from there."""


@dataclass(frozen=True, kw_only=True)
class _Untold:
    kind: str
    event: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """The bookmark's form; ``untold`` holds what may not have reached the log yet."""

    people: dict[PersonId, Known]
    untold: tuple[_Untold, ...] = ()


STORED = TypeAdapter(_Stored)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What is known at the beginning of a turn, and how many events of the turn before were told only now."""

    news: PeopleNews
    told: int


class PeopleSnapshot:
    """Keep the snapshot in a bookmark, together with the events that led to it, until the log has them.

    The bookmark is written first and the log second: were it the other way round, a name that is given, told, and
    taken back around a crash would stay in the log for ever, because the snapshot knows nothing of it.
    Several reactors may share it: what another wrote meanwhile ends the turn, and the next begins from there.
    """

    def __init__(self, account: AccountId, sink: EventSink, bookmarks: Bookmarks) -> None:
        self._account = account
        self._sink = sink
        self._bookmarks = bookmarks
        self._name = f"people:{account}"
        self._saved: dict[PersonId, Known] = {}
        self._stored: object | None = None

    async def open(self) -> Opened:
        """Read the snapshot, and tell first what a turn that was cut short left untold."""
        self._stored = await self._bookmarks.get(self._name)
        stored = self._stored or {}
        if not isinstance(stored, dict) or "people" not in stored:
            # The form of old: what was told of each person, and nothing else.
            stored = {"people": stored}
        read = STORED.validate_python(stored)
        self._saved = read.people
        events = [KINDS[untold.kind].validate_python(untold.event) for untold in read.untold]
        told = await self._tell(events) if events else 0
        return Opened(news=PeopleNews(account=self._account, known=dict(self._saved)), told=told)

    async def keep(self, news: PeopleNews) -> int:
        """Save what is known now and tell what follows from it; return how many events were new to the log."""
        events, news.events = news.events, []
        if not events and news.known == self._saved:
            return 0
        self._saved = dict(news.known)
        await self._put(events)
        return await self._tell(events) if events else 0

    async def _tell(self, events: list[PersonEvent]) -> int:
        new = 0
        for start in range(0, len(events), BATCH):
            new += len(await self._sink.append(events[start : start + BATCH], source=SOURCE))
        await self._put([])
        return new

    async def _put(self, untold: list[PersonEvent]) -> None:
        events = [
            _Untold(kind=kind_of(event), event=KINDS[kind_of(event)].dump_python(event, mode="json"))
            for event in untold
        ]
        stored = STORED.dump_python(_Stored(people=self._saved, untold=tuple(events)), mode="json")
        if not await self._bookmarks.replace(self._name, self._stored, stored):
            raise Overtaken("another reactor wrote down meanwhile what it knows of the people")
        self._stored = stored
