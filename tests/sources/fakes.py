"""A log and a shelf of bookmarks in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reactor.core.events import Event, kind_of
from reactor.core.ids import LIVE, RunId


@dataclass
class MemoryLog:
    """Keep each event once; ``appended`` holds every call's events, ``sources`` who brought each event first."""

    events: dict[tuple[str, str, str, str], Event] = field(default_factory=dict)
    appended: list[list[Event]] = field(default_factory=list)
    sources: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    fail_next: Exception | None = None
    away: Exception | None = None

    async def append(self, events: Sequence[Event], run: RunId = LIVE, *, source: str = "") -> tuple[Event, ...]:
        if error := self.away or self.fail_next:
            self.fail_next = None
            raise error
        self.appended.append(list(events))
        new = []
        for event in events:
            identity = (event.account, kind_of(event), event.subject, event.version)
            if identity not in self.events:
                self.events[identity] = event
                self.sources[identity] = source
                new.append(event)
        return tuple(new)

    @property
    def subjects(self) -> list[str]:
        return [event.subject for event in self.events.values()]

    def brought_by(self, source: str) -> list[str]:
        """Return the subjects of which a source told first."""
        return [subject for (_, _, subject, _), first in self.sources.items() if first == source]


@dataclass
class MemoryBookmarks:
    values: dict[str, object] = field(default_factory=dict)
    puts: list[str] = field(default_factory=list)

    async def get(self, name: str) -> object | None:
        return self.values.get(name)

    async def put(self, name: str, value: object) -> None:
        self.puts.append(name)
        self.values[name] = value

    async def replace(self, name: str, before: object | None, value: object) -> bool:
        if self.values.get(name) != before:
            return False
        await self.put(name, value)
        return True
