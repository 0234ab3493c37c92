"""How commands read days and moments, and how they say what went wrong."""

import math
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import typer

from reactor.core.calibration import SHARES, Strictness
from reactor.core.errors import Permanent, Retryable, StartError
from reactor.core.runs import BadRequest

AGO = re.compile(r"([0-9]{1,6})([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ].*)?")
# Beyond these, a time zone more would leave what a date can say; the API has the same.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)


def a_day(text: str | None) -> date | None:
    """Return the day of "2026-06-01", or of a whole ISO time; raises typer.BadParameter."""
    if not text:
        return None
    found = DAY.fullmatch(text.strip())
    try:
        return date.fromisoformat(found[1] if found else text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-06-01") from error


def a_moment(text: str | None, now: datetime) -> datetime | None:
    """Return an ISO time (of this machine's clock where it names no zone), or "2h", "3d" ago; raises BadParameter."""
    if not text:
        return None
    try:
        return _moment(text.strip(), now)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is no time; write it like 2026-06-01T12:00, or 2h, 3d ago") from error


def _moment(text: str, now: datetime) -> datetime:
    if found := AGO.fullmatch(text):
        moment = now - timedelta(**{UNITS[found[2]]: int(found[1])})
    else:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.astimezone()
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("nothing was heard then")
    return moment


def a_strictness(text: str) -> Strictness:
    """Return the level, or the share of the way, that is written; raises BadParameter."""
    for level in SHARES:
        if text == level:
            return level
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not math.isfinite(share):
        raise typer.BadParameter(f"a strictness is one of {', '.join(SHARES)}, or a number such as 0.75")
    return share


@asynccontextmanager
async def in_words() -> AsyncIterator[None]:
    """Let a command end with a sentence where the database cannot be used, or what is asked for makes no sense."""
    try:
        yield
    except (Retryable, Permanent, BadRequest) as error:
        raise StartError(str(error)) from error


def because(why: str, scores: Mapping[str, float]) -> str:
    """Return why something is done, with the numbers behind it in brackets."""
    numbers = ", ".join(f"{name} {score:.10g}" for name, score in scores.items())
    return f"{why} ({numbers})" if numbers else why


def clock(moment: datetime | None) -> str:
    """Return a time of this machine's clock."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment is not None else ""
