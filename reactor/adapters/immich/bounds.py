"""Values of Immich's JSON, kept within what can be reckoned with and kept."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

# A day is added and taken away in many places, which neither end of the calendar bears.
EARLIEST, LATEST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)
LARGEST_SIDE = 1_000_000
"""Pixels; more than any picture has, and less than a column of the database holds."""

LONGEST_CAMERA = 200
LONGEST_FILE_NAME = 255
LONGEST_PATH = 2000


def aware(moment: datetime) -> datetime:
    """Return the moment in UTC; one that a camera made up stays within what can be reckoned with."""
    whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # Compared without its zone: at the ends of the calendar no time can be brought to another.
    if whole.replace(tzinfo=UTC) <= EARLIEST:
        return EARLIEST
    return LATEST if whole.replace(tzinfo=UTC) >= LATEST else whole.astimezone(UTC)


def text(said: str | None, longest: int) -> str:
    """Return a text that the database can keep: without NUL and halves of pairs, and not too long."""
    return (said or "").replace("\0", "").encode("utf-8", "replace").decode()[:longest]


def side(said: float | None) -> int:
    """Return a side in whole pixels, 0 for one that no picture has."""
    return int(said) if said is not None and 0 <= said <= LARGEST_SIDE else 0


def stars(said: object) -> int | None:
    """Return a rating of -1 (rejected) or 1 to 5; None for 0, which 2.x writes for none, and for what is no rating."""
    if not isinstance(said, int | float) or said not in (-1, 1, 2, 3, 4, 5):
        return None
    return int(said)


# Two shapes: "...17.131Z" at the top level, "...24.102604+00:00" in nested objects (facts/immich-api.md section 2).
Moment = Annotated[datetime, AfterValidator(aware)]
Place = Annotated[float, Field(ge=-LARGEST_SIDE, le=LARGEST_SIDE, allow_inf_nan=False)]
# It becomes part of paths and of keys in the database, whose indexes hold 2.7 KB.
Id = Annotated[str, Field(min_length=1, max_length=100)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
