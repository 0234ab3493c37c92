"""Days as photographers count them, found by a search that counts in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from reactor.core.ids import AssetId, PersonId

# Clocks on Earth stand between 12 hours behind and 14 hours ahead of UTC.
BEHIND = timedelta(hours=12)
AHEAD = timedelta(hours=14)
DAY = timedelta(days=1)
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC, microsecond=0)


@dataclass(frozen=True, kw_only=True, order=True)
class DayPhoto:
    """As much of a photo as a scan needs; in order of capture time (aware), then id."""

    taken_at: datetime
    asset: AssetId
    people: frozenset[PersonId] = frozenset()


def window(day: date) -> tuple[datetime, datetime]:
    """Return bounds in UTC between which every photo of a local day was taken, wherever that was."""
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    return moved(midnight, -AHEAD), moved(midnight, DAY + AHEAD)


def day_of(taken_at: datetime, local_day: date | None) -> date:
    """Return the local day under which a scan finds a photo.

    A local time that no clock on Earth can have shown is taken for the nearest one, so that no photo falls between
    the windows.
    """
    return min(max(local_day or taken_at.date(), first_day_from(taken_at)), moved(taken_at, AHEAD).date())


def first_day_from(taken_at: datetime) -> date:
    """Return the earliest local day that a photo taken then or later can bear."""
    return moved(taken_at.astimezone(UTC), -BEHIND).date()


def next_day(day: date) -> date | None:
    """Return the day after, None behind the last one that there is."""
    return None if day == date.max else day + DAY


def moved(moment: datetime, by: timedelta) -> datetime:
    """Return the moment moved, at the ends of all time not further."""
    try:
        return moment + by
    except OverflowError:
        return EARLIEST if by < timedelta(0) else LATEST
