"""The hours of the day in which a scan rests."""

import re
from dataclasses import dataclass
from datetime import datetime, time

FORM = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """A part of every day, ``begin`` in it and ``end`` not; over midnight where ``begin`` is the later one."""

    begin: time
    end: time

    def rests(self, local: datetime) -> bool:
        """Say whether the wall clock of ``local`` stands within the hours."""
        now = local.time()
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


def quiet_hours(text: str) -> QuietHours | None:
    """Return the hours of "HH:MM-HH:MM", None for ""; raises ValueError with a sentence."""
    if not text.strip():
        return None
    if (found := FORM.fullmatch(text.strip())) is None:
        raise ValueError("quiet hours are written like 22:00-07:00")
    begin, end = (time(int(found[part]), int(found[part + 1])) for part in (1, 3))
    if begin == end:
        # Whether that is no time at all or the whole day, nobody can know.
        raise ValueError("quiet hours must not begin and end at the same time")
    return QuietHours(begin=begin, end=end)
