"""What a source has to say about itself: in the log once, and in words for as long as it is true."""

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from reactor.core.errors import Blocked, Gone, Permanent, Retryable, Unreachable

log = structlog.get_logger(__name__)

MOST_ODD = 3
T = TypeVar("T")


class Notes:
    """Sentences by topic; each is logged when it becomes true."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._notes: dict[str, str] = {}

    def say(self, topic: str, sentence: str) -> None:
        if self._notes.get(topic) != sentence:
            self._notes[topic] = sentence
            log.warning(f"{self._name}: {sentence}")

    def clear(self, topic: str) -> None:
        self._notes.pop(topic, None)

    def said(self, topic: str) -> str:
        return self._notes.get(topic, "")

    def words(self) -> tuple[str, ...]:
        return tuple(self._notes.values())


class Oddities:
    """Let a few single questions of a turn fail without stopping the rest; more of them are a fault of the whole."""

    def __init__(self) -> None:
        self._errors: list[Exception] = []

    @property
    def count(self) -> int:
        return len(self._errors)

    async def past(self, call: Awaitable[T]) -> T | None:
        """Return the answer; None where the thing is gone, or where just this one cannot be asked about."""
        try:
            return await call
        except Gone:
            return None
        except (Unreachable, Blocked):
            raise
        except (Retryable, Permanent) as error:
            self._errors.append(error)
            if len(self._errors) > MOST_ODD:
                raise
            return None

    def tell(self, notes: Notes) -> None:
        """Name what failed in this turn, or take back what was said of the turn before."""
        if self._errors:
            notes.say("odd", f"not everybody could be asked about: {self._errors[0]}")
        else:
            notes.clear("odd")
