"""Whether a search is so brief that it is made where it is asked for."""

import math
import time
from collections.abc import Callable

BRIEF_S = 0.002
"""What takes no longer need not go to a thread: the way there and back takes about half a millisecond."""
COLD_S = 10.0
"""After so long without a search the memory of the graph may have been swapped out, and a search take seconds."""
FORGOTTEN = 8
"""What one search took is forgotten after a few."""


class Pace:
    """How long searches take of late; ``clock`` tells seconds."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._each_s = math.inf
        self._last = -math.inf

    def is_brief(self, photos: int) -> bool:
        """Say whether a search for so many photos takes but a moment, as far as is known."""
        is_warm = self._clock() - self._last <= COLD_S
        return is_warm and photos * self._each_s <= BRIEF_S

    def note(self, photos: int, seconds: float) -> None:
        """Take note of a search for so many photos."""
        each = seconds / max(1, photos)
        self._each_s = each if math.isinf(self._each_s) else self._each_s + (each - self._each_s) / FORGOTTEN
        self._last = self._clock()
