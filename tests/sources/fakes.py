"""A log and a shelf of bookmarks in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reactor.core.events import Event, kind_of
from reactor.core.ids import LIVE, RunId


@dataclass
class MemoryLog:
    """Keep each event once; ``appended`` holds every call's events."""

    events: dict[tuple[str, str, str, str], Event] = field(default_factory=dict)
    appended: list[list[Event]] = field(default_factory=list)
    fail_next: Exception | None = None

    async def append(self, events: Sequence[Event], run: RunId = LIVE) -> int:
        if error := self.fail_next:
            self.fail_next = None
            raise error
        self.appended.append(list(events))
        known = len(self.events)
        for event in events:
            self.events.setdefault((event.account, kind_of(event), event.subject, event.version), event)
        return len(self.events) - known

    @property
    def subjects(self) -> list[str]:
        return [event.subject for event in self.events.values()]


@dataclass
class MemoryBookmarks:
    values: dict[str, object] = field(default_factory=dict)

    async def get(self, name: str) -> object | None:
        return self.values.get(name)

    async def put(self, name: str, value: object) -> None:
        self.values[name] = value
