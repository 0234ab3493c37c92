"""A journal to look through, vetoes and limits, kept in lists: what a test says, and what it was asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from reactor.core.changes import Change, Reason, StackState, TagAsset
from reactor.core.ids import LIVE, AccountId, AssetId, RunId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.journal_lines import JournalFilter, JournalLine, journal_line
from reactor.core.limits import Trip
from reactor.core.orders import ApplyRequest, OrderReport, OrderRequest, Preview, UndoRequest, Waiting
from reactor.core.review import Lost, lost_of
from reactor.core.vetoes import Standing, Veto, VetoKind

PHOTO = AssetId("4ee7ff99-249d-4d68-a79a-269a50b0ba12")
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
RULE = Reason(rule="like “a receipt”", scores=(("Receipts", 0.2834),))


def an_entry(
    number: int,
    change: Change | None = None,
    state: EntryState = EntryState.PLANNED,
    **said: Any,
) -> Entry:
    """Return an entry of the journal: a planned tag, unless something else is said."""
    tag = TagAsset(account=AccountId("me"), asset=PHOTO, tags=("Auto/Receipts",), reason=RULE)
    cause = Cause(handler="classify", event=number, run=said.pop("run", LIVE))
    entry = Entry(
        id=number,
        change=change or tag,
        cause=cause,
        state=state,
        before=StackState(stacks=()),
        after=None,
        note="",
        written_at=NOON,
        settled_at=None,
    )
    return replace(entry, **said)


def a_veto(number: int, state: Standing = "active", **said: Any) -> Veto:
    """Return a veto: of a tag on a photo, unless something else is said."""
    veto = Veto(
        id=number,
        account=AccountId("me"),
        kind="tag",
        subjects=(PHOTO,),
        value="Auto/Receipts",
        why="you took it off",
        entry=number,
        state=state,
        noticed_at=NOON,
    )
    return replace(veto, **said)


def a_trip(number: int = 1, **said: Any) -> Trip:
    """Return a limit that stopped the tags of an account."""
    why = "131 changes of tags within an hour for 10 photos heard (at most 130)"
    trip = Trip(id=number, account=AccountId("me"), feature="tags", rule="changes", why=why, value=131, tripped_at=NOON)
    return replace(trip, **said)


@dataclass
class Orders:
    """Hold a journal; what is asked of it is written down."""

    journal: list[Entry] = field(default_factory=list)
    reports: dict[RunId, OrderReport] = field(default_factory=dict)
    asked: list[JournalFilter] = field(default_factory=list)
    declined: list[ApplyRequest] = field(default_factory=list)
    returned: list[tuple[int, ...]] = field(default_factory=list)
    error: Exception | None = None

    async def waiting(
        self, wanted: ApplyRequest, limit: int = 20, before: int | None = None
    ) -> tuple[JournalLine, ...]:
        return self._newest(self._fit(wanted), limit, before)

    async def counts(self) -> Waiting:
        self._fail()
        states = [entry.state for entry in self.journal]
        return Waiting(planned=states.count(EntryState.PLANNED), suggested=states.count(EntryState.SUGGESTED))

    async def entries(
        self, wanted: JournalFilter, limit: int = 50, before: int | None = None
    ) -> tuple[JournalLine, ...]:
        self._fail()
        self.asked.append(wanted)
        fit = [entry for entry in self.journal if not wanted.states or entry.state in wanted.states]
        return self._newest(fit, limit, before)

    async def preview(self, request: OrderRequest) -> Preview:
        fit = self._fit(request)
        return Preview(entries=len(fit), features=(("tags", len(fit)),), first=self._newest(fit, 20, None))

    async def decline(self, wanted: ApplyRequest) -> int:
        self.declined.append(wanted)
        return len(self._fit(wanted))

    async def put_back(self, ids: Sequence[int] | None = None) -> tuple[int, ...]:
        self._fail()
        self.returned.append(tuple(ids or ()))
        return tuple(sorted(ids or ()))

    async def report(self, run: RunId) -> OrderReport | None:
        self._fail()
        return self.reports.get(run)

    def _fit(self, request: OrderRequest) -> list[Entry]:
        self._fail()
        match request:
            case UndoRequest():
                wanted = EntryState.DONE
            case ApplyRequest(suggestions=suggestions):
                wanted = EntryState.SUGGESTED if suggestions else EntryState.PLANNED
        if request.entries:
            return [entry for entry in self.journal if entry.id in request.entries]
        return [entry for entry in self.journal if entry.state is wanted]

    def _newest(self, entries: Sequence[Entry], limit: int, before: int | None) -> tuple[JournalLine, ...]:
        newest = sorted(entries, key=lambda entry: -entry.id)
        return tuple(journal_line(entry) for entry in newest if before is None or entry.id < before)[:limit]

    def _fail(self) -> None:
        if self.error:
            raise self.error


@dataclass
class Vetoes:
    """Hold vetoes."""

    known: list[Veto] = field(default_factory=list)

    async def standing(
        self,
        *,
        account: AccountId | None = None,
        state: Standing | None = None,
        kind: VetoKind | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> tuple[Veto, ...]:
        found = [
            veto
            for veto in sorted(self.known, key=lambda veto: -veto.id)
            if account in (None, veto.account)
            and kind in (None, veto.kind)
            and (veto.state == state if state else veto.state != "revoked")
            and (before is None or veto.id < before)
        ]
        return tuple(found[:limit])

    async def revoke(self, ids: Sequence[int]) -> int:
        return self._become(ids, "revoked")

    async def mine(self, ids: Sequence[int]) -> int:
        return self._become(ids, "active")

    def _become(self, ids: Sequence[int], state: Standing) -> int:
        ended = [veto for veto in self.known if veto.id in ids and veto.state not in (state, "revoked")]
        self.known = [replace(veto, state=state) if veto in ended else veto for veto in self.known]
        return len(ended)


@dataclass
class Losses:
    """Tell of these vetoes in the large."""

    vetoes: Vetoes

    async def lost(self) -> tuple[Lost, ...]:
        groups: dict[tuple[AccountId, VetoKind, str], list[Veto]] = {}
        for veto in self.vetoes.known:
            if veto.state == "lost":
                groups.setdefault((veto.account, veto.kind, veto.value), []).append(veto)
        return tuple(
            lost_of(*key, number=len(group), subject=group[0].subjects[0], since=group[0].noticed_at)
            for key, group in groups.items()
        )

    async def standing(self) -> int:
        return sum(veto.state == "active" for veto in self.vetoes.known)


@dataclass
class Limits:
    """Hold what stands still."""

    trips: list[Trip] = field(default_factory=list)

    async def open_trips(self) -> tuple[Trip, ...]:
        return tuple(self.trips)

    async def confirm(self, ids: Sequence[int]) -> tuple[AccountId, ...]:
        confirmed = [trip for trip in self.trips if trip.id in ids]
        self.trips = [trip for trip in self.trips if trip.id not in ids]
        return tuple(trip.account for trip in confirmed)
