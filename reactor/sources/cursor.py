"""Where a poll with a moving window stands, on Immich's clock, and what every such window has to allow for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

# A transaction may still be open: what is told up to the newest seconds is asked for again.
UNSETTLED = timedelta(seconds=2)
# A clock that was set back leaves photos of the future behind; within a day they are found at once, not when it comes.
AHEAD = timedelta(days=1)
# Each by name: a search that names none shows the motion parts of live photos too (facts/immich-api.md section 3).
VISIBILITIES = ("timeline", "archive")
BATCH = 500
# Pages shift while photos change and may hide one from a pass: so often the same window is looked at again.
PASSES = 10


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Nothing before ``since`` is looked at; all is told up to ``until``."""

    since: datetime
    until: datetime


CURSOR = TypeAdapter(Cursor)
