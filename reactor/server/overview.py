"""How everything stands now, gathered once for the page, the API and /readyz."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from reactor.core.activity import PhotoCard, Summary
from reactor.core.checks import checks_of
from reactor.core.errors import Permanent, Retryable, Unreachable
from reactor.core.history import DeadFilter, DeadLetter
from reactor.core.review import Review
from reactor.core.runs import Run
from reactor.core.status import FAILED, OK, Facts, Status, status_of
from reactor.server.desk import Activity, Desk
from reactor.server.health import Readiness
from reactor.server.papers import Papers, papers_of, review_of

SHOWN = 60
LETTERS = 20
RUNS = 5
# A database that is there answers a small question within this time; what a page needs may take longer.
ANSWER_SECONDS = 5.0
READ_SECONDS = 25.0
# /readyz answers within 5 s whatever hangs.
CHECK_SECONDS = 2.0
# Anybody may ask whether we are ready; however many do, Immich and Frigate are asked seldom.
SHARED_SECONDS = 0.5
# What is neither Immich nor the database is looked at less often than the page is made.
REST_SECONDS = 10.0

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Board:
    """All that the page shows; ``dead`` and ``shelved`` are the newest of each, ``cards`` the newest photos.

    While the database is away they are those that were read last; ``read_at`` says when, None where none were.
    """

    status: Status
    cards: tuple[PhotoCard, ...] = ()
    dead: tuple[DeadLetter, ...] = ()
    shelved: tuple[DeadLetter, ...] = ()
    papers: Papers = field(default_factory=Papers)
    read_at: datetime | None = None

    @property
    def away(self) -> bool:
        return self.status.database != OK


class Overview:
    """Gather how everything stands; what is away becomes a sentence, never an error."""

    def __init__(
        self, activity: Activity, desk: Desk | None, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._activity = activity
        self._desk = desk
        self._now = now
        self._last: Board | None = None
        self._others: dict[str, str] = {}
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = -REST_SECONDS
        self._checking = asyncio.Lock()
        self._checked: Readiness | None = None
        self._checked_at = 0.0

    def facts(self) -> Facts:
        """Return what the process knows of itself."""
        return self._desk.facts() if self._desk is not None else Facts()

    async def version(self) -> str:
        """Return a marker that moves with the database; raises Retryable while it is away."""
        return await within(ANSWER_SECONDS, self._activity.version())

    async def board(self) -> Board:
        """Return all that the page shows."""
        self._freshen()
        try:
            await self.version()
            board = await within(READ_SECONDS, self._read())
        except (Retryable, Permanent) as error:
            return self._remembered(self._status(database=_away(error)))
        self._last = board
        return board

    async def status(self) -> Status:
        """Return how everything stands, without the photos."""
        self._freshen()
        try:
            await self.version()
            return await within(READ_SECONDS, self._stand(self._activity.summary))
        except (Retryable, Permanent) as error:
            return self._status(database=_away(error))

    async def readiness(self) -> Readiness:
        """Look afresh at everything, within bounds, and say in words how it stands; those who ask at once share it."""
        async with self._checking:
            if self._checked is None or time.monotonic() >= self._checked_at + SHARED_SECONDS:
                self._checked = await self._check()
                self._checked_at = time.monotonic()
            return self._checked

    async def _check(self) -> Readiness:
        if self._desk is not None:
            # What does not answer in time is told as the last look found it.
            await asyncio.gather(_quietly(self._desk.look()), self._ask_others(self._desk))
        try:
            status = await within(CHECK_SECONDS, self._stand(self._activity.backlog, whole=False))
        except (Retryable, Permanent) as error:
            status = self._status(database=_away(error))
        return Readiness(ready=status.ready, checks=checks_of(status))

    async def aclose(self, _: object = None) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _remembered(self, status: Status) -> Board:
        if self._last is None:
            return Board(status=status)
        before = self._last.status
        known = replace(status, counts=before.counts, runs=before.runs, waiting=before.waiting)
        return replace(self._last, status=known)

    async def _read(self) -> Board:
        status = await self._stand(self._activity.summary)
        cards = await self._activity.newest(SHOWN)
        dead: tuple[DeadLetter, ...] = ()
        shelved: tuple[DeadLetter, ...] = ()
        papers = Papers()
        if self._desk is not None and status.counts is not None:
            if status.counts.failed:
                dead = await self._desk.history.dead(DeadFilter(), LETTERS)
            if status.counts.shelved:
                shelved = await self._desk.history.dead(DeadFilter(shelved=True), LETTERS)
            papers = await papers_of(self._desk, status)
        return Board(status=status, cards=cards, dead=dead, shelved=shelved, papers=papers, read_at=status.at)

    async def _stand(self, count: Callable[[], Awaitable[Summary]], *, whole: bool = True) -> Status:
        counts = await count()
        if self._desk is None:
            return self._status(counts=counts)
        review = await review_of(self._desk, counted=whole)
        return self._status(counts=counts, runs=await self._desk.runs.list(RUNS), review=review)

    def _status(
        self,
        *,
        database: str = OK,
        counts: Summary | None = None,
        runs: tuple[Run, ...] = (),
        review: Review | None = None,
    ) -> Status:
        return status_of(
            self.facts(),
            self._now(),
            database=database,
            counts=counts,
            runs=runs,
            review=review,
            others=self._others,
        )

    def _freshen(self) -> None:
        """Ask the others from time to time, beside the page: one that hangs must not hold it up."""
        asking = self._asking is not None and not self._asking.done()
        if self._desk is not None and not asking and time.monotonic() >= self._asked_at + REST_SECONDS:
            self._asking = asyncio.create_task(self._ask_others(self._desk), name="others")

    async def _ask_others(self, desk: Desk) -> None:
        self._asked_at = time.monotonic()
        answers = await asyncio.gather(*(_answer(ask()) for ask in desk.others.values()))
        self._others = dict(zip(desk.others, answers, strict=True))


def _away(error: Exception) -> str:
    """Say that the database is away; its own words may name users, hosts and paths, and belong into the log."""
    return f"{FAILED}it refused; the log tells more" if isinstance(error, Permanent) else f"{FAILED}it does not answer"


async def within(seconds: float, question: Awaitable[T]) -> T:
    """Return the answer, or raise Unreachable where it takes too long."""
    try:
        async with asyncio.timeout(seconds):
            return await question
    except TimeoutError as error:
        raise Unreachable(f"no answer within {seconds:g} s") from error


async def _answer(question: Awaitable[str]) -> str:
    try:
        return await within(CHECK_SECONDS, question)
    except (Retryable, Permanent) as error:
        return f"{FAILED}{error}"


async def _quietly(question: Awaitable[object]) -> None:
    try:
        await within(CHECK_SECONDS, question)
    except (Retryable, Permanent):
        return
