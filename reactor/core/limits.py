"""When too much happens: changes an hour, relative to what was heard."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class LimitPolicy:
    """Allow ``each`` changes for every photo heard in the window, and ``floor`` more.

    A new phone's first sync brings its own allowance with it, so it does not trip the limit; a loop does.
    """

    window: timedelta = timedelta(hours=1)
    each: int = 3
    floor: int = 100

    def exceeded(self, changes: int, heard: int) -> bool:
        """Say whether one more change would be too many."""
        return changes >= self.allowed(heard)

    def allowed(self, heard: int) -> int:
        """Return the number of changes that the window allows."""
        return self.each * heard + self.floor
