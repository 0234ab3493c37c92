"""Go through the photos that are there already, day by day, oldest first."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from reactor.core.days import DayPhoto, day_of, first_day_from, next_day, window
from reactor.core.errors import Blocked, Permanent, Retryable
from reactor.core.events import AssetUploaded, PersonNamed
from reactor.core.ids import AccountId, PersonId, RunId
from reactor.core.library import Album, Asset, Person
from reactor.core.pace import Bucket
from reactor.core.quiet_hours import QuietHours, quiet_hours
from reactor.core.runs import AccountProgress, ScanProgress, ScanRequest
from reactor.ports import EventSink
from reactor.sources.feeding import Open, Step

PAGE = 50
REST_S = 30.0
ASIDE = timedelta(seconds=10)
ASIDE_BLOCKED = timedelta(seconds=60)
LONGEST_WAIT_S = 5.0


class Timeline(Protocol):
    """What a scan asks of an account."""

    async def first(self, after: datetime | None, *, album: str | None) -> Asset | None: ...

    async def newest(self, *, album: str | None) -> Asset | None: ...

    async def day(self, day: date, *, album: str | None, people: bool) -> tuple[DayPhoto, ...]: ...

    async def albums(self) -> tuple[Album, ...]: ...

    async def named_people(self) -> tuple[Person, ...]: ...


@dataclass(frozen=True, kw_only=True)
class ScanPace:
    """How fast a scan goes and when it rests, where its request says nothing else."""

    per_minute: int = 600
    rest: QuietHours | None = None


@dataclass(kw_only=True)
class _Hand:
    """What is remembered of the run in hand; all of it can be found out again."""

    run: RunId
    bucket: Bucket
    rest: QuietHours | None
    loaded: dict[AccountId, tuple[date, Sequence[DayPhoto]]] = field(default_factory=dict)
    names: dict[AccountId, Mapping[PersonId, str]] = field(default_factory=dict)
    told: set[PersonId] = field(default_factory=set)
    aside: dict[AccountId, datetime] = field(default_factory=dict)


class ScanFeed:
    """Ask for every photo of a scan, in order of its local day; an account that is in trouble waits, others go on.

    ``timeline`` returns what is asked of an account, and raises Retryable while the account may not be asked;
    ``faces`` says whether anybody hears of people here.
    """

    def __init__(
        self,
        accounts: Sequence[AccountId],
        timeline: Callable[[AccountId], Timeline],
        sink: EventSink,
        *,
        pace: ScanPace,
        faces: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._accounts = tuple(accounts)
        self._timeline = timeline
        self._sink = sink
        self._pace = pace
        self._faces = faces
        self._now = now
        self._hand: _Hand | None = None

    def forget(self) -> None:
        """Drop what is remembered of a run; it is read again from where the run was saved."""
        self._hand = None

    async def step(self, run: Open, room: int) -> Step:
        """Ask for the next photos of the account that is furthest behind."""
        request, progress, now = run.request, run.progress, self._now()
        if not isinstance(request, ScanRequest) or not isinstance(progress, ScanProgress):
            raise Permanent("this run is no scan")
        hand = self._in_hand(run.id, request)
        if hand.rest is not None and hand.rest.rests(now.astimezone()):
            return Step(progress=progress, note=f"quiet hours: rests until {hand.rest.end:%H:%M}", wait_s=REST_S)
        named = request.accounts if request.accounts is not None else self._accounts
        accounts = progress.accounts or tuple(AccountProgress(account=account) for account in named)
        ready = [at for at in accounts if not at.finished and hand.aside.get(at.account, now) <= now]
        if not ready:
            return _waiting_or_ended(accounts, request)
        chosen = min(ready, key=lambda at: (at.opened, at.day or date.min, at.account))
        moved, wait = await self._tried(_Task(run.id, request, hand, room), chosen)
        accounts = tuple(moved if at is chosen else at for at in accounts)
        return Step(progress=ScanProgress(accounts=accounts), wait_s=wait)

    def _in_hand(self, run: RunId, request: ScanRequest) -> _Hand:
        if self._hand is None or self._hand.run != run:
            try:
                rest = self._pace.rest if request.quiet_hours is None else quiet_hours(request.quiet_hours)
            except ValueError as error:
                raise Permanent(str(error)) from error
            bucket = Bucket.full(request.rate_per_minute or self._pace.per_minute, self._now())
            self._hand = _Hand(run=run, bucket=bucket, rest=rest)
        return self._hand

    async def _tried(self, task: "_Task", at: AccountProgress) -> tuple[AccountProgress, float]:
        """Advance an account; one that cannot be read now is put aside, so that the others do not wait for it."""
        try:
            return await self._advanced(task, at)
        except Retryable as error:
            task.hand.aside[at.account] = self._now() + (ASIDE_BLOCKED if isinstance(error, Blocked) else ASIDE)
            return replace(at, note=str(error)), 0.0
        except Permanent as error:
            return replace(at, finished=True, failed=True, note=str(error)), 0.0

    async def _advanced(self, task: "_Task", at: AccountProgress) -> tuple[AccountProgress, float]:
        if at.account not in self._accounts:
            raise Permanent("there is no such account (any more)")
        timeline = self._timeline(at.account)
        if not at.opened:
            return await opened(at, task.request, timeline), 0.0
        day, photos = task.hand.loaded.get(at.account, (None, ()))
        assert at.day is not None
        if day != at.day:
            return await self._loaded(task, at, at.day, timeline), 0.0
        begin = bisect_right(photos, at.after, key=_place) if at.after is not None else 0
        if begin == len(photos):
            del task.hand.loaded[at.account]
            return _turned(at, next_day(at.day)), 0.0
        return await self._asked(task, at, photos[begin:])

    async def _loaded(self, task: "_Task", at: AccountProgress, day: date, timeline: Timeline) -> AccountProgress:
        """Read a day; where it is empty, hop to the next that may hold a photo."""
        people = self._faces and task.request.only in (None, "faces")
        photos = await timeline.day(day, album=at.album, people=people)
        if photos:
            if any(photo.people for photo in photos):
                shown = [person for person in await timeline.named_people() if person.name and not person.hidden]
                task.hand.names[at.account] = {person.id: person.name for person in shown}
            task.hand.loaded[at.account] = (day, photos)
            return replace(at, note="")
        following = next_day(day)
        found = await timeline.first(window(following)[0], album=at.album) if following is not None else None
        return _turned(at, max(following, first_day_from(found.taken_at)) if found and following else None)

    async def _asked(
        self, task: "_Task", at: AccountProgress, photos: Sequence[DayPhoto]
    ) -> tuple[AccountProgress, float]:
        """Ask for as many photos as the budget has, and for who is seen on them."""
        hand = task.hand
        hand.bucket = hand.bucket.filled(self._now())
        part = photos[: min(PAGE, task.room, hand.bucket.available)]
        if not part:
            return at, min(hand.bucket.wait_s, LONGEST_WAIT_S)
        events: list[AssetUploaded | PersonNamed] = []
        if task.request.only != "faces":
            events += [AssetUploaded(account=at.account, asset=photo.asset) for photo in part]
        names = hand.names.get(at.account, {})
        seen = sorted({person for photo in part for person in photo.people if person in names} - hand.told)
        events += [PersonNamed(account=at.account, person=person, name=names[person]) for person in seen]
        await self._sink.append(events, task.run, source="scan")
        hand.told.update(seen)
        hand.bucket = hand.bucket.without(len(part))
        return replace(at, after=_place(part[-1]), photos=at.photos + len(part), note=""), 0.0


@dataclass(frozen=True)
class _Task:
    """One step: of which run, what it asks for, what is remembered of it, and how much there is room for."""

    run: RunId
    request: ScanRequest
    hand: _Hand
    room: int


async def opened(at: AccountProgress, request: ScanRequest, timeline: Timeline) -> AccountProgress:
    """Return where the scan of an account begins and ends; raises Permanent where its album is not clear."""
    album = None
    if request.album is not None:
        album = _album(await timeline.albums(), request.album)
        if album is None:
            return replace(at, opened=True, finished=True, note=f"has no album {request.album!r}")
    newest = await timeline.newest(album=album)
    oldest = await timeline.first(window(request.since)[0] if request.since else None, album=album)
    if newest is None or oldest is None:
        return replace(at, opened=True, album=album, finished=True)
    # What is uploaded from now on is heard of as it comes; the end stays where it is.
    last = min(request.until or date.max, day_of(newest.taken_at, date.max))
    first = max(request.since or date.min, first_day_from(oldest.taken_at))
    return _turned(replace(at, opened=True, album=album, first=min(first, last), last=last, note=""), first)


def _album(albums: Sequence[Album], wanted: str) -> str | None:
    """Return the id of the album that is named so, or has this id; None where there is none."""
    named = [album.id for album in albums if wanted in (album.id, album.name)]
    if len(named) > 1:
        raise Permanent(f"several albums are named {wanted!r}: give the id of one: {', '.join(sorted(named)[:10])}")
    return named[0] if named else None


def _turned(at: AccountProgress, day: date | None) -> AccountProgress:
    """Return the account at the beginning of a day, finished where that lies behind the end."""
    assert at.last is not None
    if day is None or day > at.last:
        return replace(at, day=None, after=None, finished=True)
    return replace(at, day=day, after=None)


def _place(photo: DayPhoto) -> tuple[datetime, str]:
    return photo.taken_at, photo.asset


def _waiting_or_ended(accounts: tuple[AccountProgress, ...], request: ScanRequest) -> Step:
    ended = all(at.finished for at in accounts)
    if ended and request.album is not None and not any(at.album or at.failed for at in accounts):
        raise Permanent(f"no account has an album {request.album!r}")
    progress = ScanProgress(accounts=accounts, fed=ended)
    return Step(progress=progress, wait_s=0.0 if ended else 1.0)
