"""How each account hears of things: the sources that ask, the one that is told, and the count of what was missed."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reactor.config import Settings
from reactor.core.ids import AccountId
from reactor.core.status import Hearing, Way
from reactor.ports import LabelRules
from reactor.sources.album_sweep import AlbumSweep
from reactor.sources.changes import ChangesPoll
from reactor.sources.leftovers import Leftovers
from reactor.sources.people import PeoplePoll
from reactor.sources.poll import Pace, UploadPoll
from reactor.sources.pushes import Pushes
from reactor.sources.realtime import RealtimeSource
from reactor.sources.sweep import FaceSweep, Sweep
from reactor.wiring.frigate import Frigate
from reactor.wiring.immich import Account, Accounts
from reactor.wiring.stores import Stores
from reactor.wiring.work import now

# While photos come, and while nothing pushes.
BUSY_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Ears:
    """Everything by which one account hears."""

    account: AccountId
    pushes: Pushes
    uploads: UploadPoll
    changes: ChangesPoll
    people: PeoplePoll
    sweep: Sweep
    albums: AlbumSweep
    realtime: RealtimeSource | None
    with_secret: bool

    def wake(self) -> None:
        """Ask now what Immich has: it is back, or something may have been missed."""
        for source in (self.uploads, self.changes, self.people, self.realtime):
            if source is not None:
                source.wake()

    def hearing(self) -> Hearing:
        """Say how the account hears."""
        ways = [] if self.with_secret else [Way(name="webhook", words="closed: no secret is set")]
        if self.realtime is not None:
            words = self.realtime.status()
            ways.append(Way(name="socket", words=words, well=None if words.startswith("off") else _up(words)))
        words = self.people.status()
        ways.append(Way(name="sweep", words=self.sweep.status()))
        ways.append(Way(name="sweep of albums", words=self.albums.status()))
        ways.append(Way(name="people", words=words, well=not words.startswith("failed")))
        return Hearing(
            account=self.account,
            pushes=self.pushes.summary(),
            ways=tuple(ways),
            question=self.people.question(),
        )


def _up(words: str) -> bool:
    return words.startswith("connect")


def make_ears(
    settings: Settings, clients: Mapping[AccountId, Account], stores: Stores, rules: LabelRules
) -> dict[AccountId, Ears]:
    """Return the sources of every account; nothing is asked yet."""
    started_at = now()
    return {
        account.id: _ears(settings, account, stores, rules, Pushes(account.id, stores.bookmarks, started_at))
        for account in clients.values()
    }


def _ears(settings: Settings, account: Account, stores: Stores, rules: LabelRules, pushes: Pushes) -> Ears:
    pace = Pace(
        busy=timedelta(seconds=min(BUSY_S, settings.poll_seconds)), idle=timedelta(seconds=settings.poll_seconds)
    )
    library, sink, bookmarks = account.library, stores.log, stores.bookmarks
    uploads = UploadPoll(account.id, library, sink, bookmarks, pushes, interval=pace)
    changes = ChangesPoll(
        account.id, library, sink, bookmarks, stores.sightings, interval=timedelta(seconds=settings.changes_seconds)
    )
    people = PeoplePoll(account.id, library, sink, bookmarks, interval=timedelta(seconds=settings.people_seconds))

    every = timedelta(hours=settings.sweep_hours)
    leftovers = _leftovers(settings, account, stores, rules)
    sweep = Sweep(account.id, library, stores.claims, sink, bookmarks, every=every, now=now, leftovers=leftovers)
    albums = AlbumSweep(account.id, library, stores.claims, sink, bookmarks, every=every, now=now)

    def all_may_have_missed_something() -> None:
        for poll in (uploads, changes, people):
            poll.wake()

    realtime = None
    if settings.realtime:
        realtime = RealtimeSource(
            account.id, account.url, account.key, library, sink, pushes,
            all_may_have_missed_something, changes.hint, people.hint,
        )  # fmt: skip
    return Ears(
        account=account.id,
        pushes=pushes,
        uploads=uploads,
        changes=changes,
        people=people,
        sweep=sweep,
        albums=albums,
        realtime=realtime,
        with_secret=any(account.webhook_secrets),
    )


def _leftovers(settings: Settings, account: Account, stores: Stores, rules: LabelRules) -> Leftovers | None:
    """Return what looks for empty tags of ours, None where nothing is to be changed about tags."""
    if settings.modes().of("tags", account.id) == "observe":
        return None

    async def wanted() -> frozenset[str]:
        return frozenset(one.tag for one in (await rules.catalogue()).of(account.id))

    return Leftovers(account.id, account.library, stores.claims, wanted)


def face_sweep(settings: Settings, stores: Stores, frigate: Frigate | None) -> FaceSweep | None:
    """Return what looks whether our pictures are still in Frigate, None where there is no Frigate."""
    if frigate is None:
        return None
    every = timedelta(hours=settings.sweep_hours)
    return FaceSweep(frigate.faces, stores.claims, stores.log, stores.bookmarks, every=every, now=now)


def listening(
    settings: Settings, accounts: Accounts, ears: Mapping[AccountId, Ears]
) -> list[Coroutine[Any, Any, None]]:
    """Return the loops of all sources; those that ask Immich run for as long as their account may act."""
    # Without a Frigate nobody needs to give a key the permission to read people.
    faceless = {
        status.account
        for status in accounts.status()
        if settings.face_library() is None and any(lack.feature == "faces" for lack in status.missing)
    }
    loops: list[Coroutine[Any, Any, None]] = []
    for one in ears.values():
        loops.append(one.pushes.run())
        asking: list[Callable[[], Coroutine[Any, Any, None]]] = [one.uploads.run, one.changes.run]
        asking += [one.sweep.run, one.albums.run]
        if one.account not in faceless:
            asking.append(one.people.run)
        if one.realtime is not None:
            asking.append(one.realtime.run)
        loops += [accounts.while_admitted(one.account, source) for source in asking]
    return loops
