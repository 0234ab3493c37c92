"""Say what strangers do to us now and then: a flood of it must not fill the log as well."""

import time
from collections.abc import Callable


class Seldom:
    """Let one line pass in so many seconds, and count what came in between."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._unsaid, self._said_at = 0, -seconds

    def due(self) -> int:
        """Count one more; return how many have come since the last line, or 0 where it is too early for the next."""
        self._unsaid += 1
        now = self._clock()
        if now < self._said_at + self._seconds:
            return 0
        since_last, self._unsaid, self._said_at = self._unsaid, 0, now
        return since_last
