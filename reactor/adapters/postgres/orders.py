"""What a person asks for about the journal: found page by page, listed, declined."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from reactor.adapters.postgres.entries import entry_of
from reactor.adapters.postgres.history import Conditions
from reactor.adapters.postgres.order_reports import report
from reactor.adapters.postgres.pool import translated
from reactor.adapters.postgres.vetoes import remember_on
from reactor.core.categories import name_of, tag_of
from reactor.core.changes import TagAsset, feature_of, subjects_of
from reactor.core.events import Event
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.interventions import ApplyAsked, UndoAsked
from reactor.core.journal import Entry, EntryState
from reactor.core.journal_lines import JournalFilter, JournalLine, journal_line
from reactor.core.orders import (
    ApplyRequest,
    Example,
    OrderReport,
    OrderRequest,
    Preview,
    UndoRequest,
    Waiting,
)
from reactor.core.tag_names import TAG_PREFIX
from reactor.core.vetoes import Veto, by_decline

SHOWN = 20
DECLINED_AT_ONCE = 500

# What takes back is never taken back itself: its veto is revoked instead (core/undo.py).
_OURS = "j.undoes IS NULL"

_BY_CATEGORY = "j.kind IN ('ArchiveAssets', 'FavouriteAsset', 'AddToAlbum')"

# Within the plan of a dry run a stack that was planned again, larger, stands once, as it was planned last; outside of
# one the smaller plan has been closed (adapters/postgres/journal.py).
_FINAL = """
NOT (j.run LIKE 'dry:%' AND j.kind = 'StackAssets' AND EXISTS (
    SELECT FROM journal o
    WHERE o.subjects && j.subjects AND o.account = j.account AND o.run = j.run AND o.id > j.id
        AND o.kind = 'StackAssets' AND o.state IN ('planned', 'suggested', 'carried out')))
"""

_EXAMPLES = """
WITH refused AS (
    SELECT subjects[1] AS asset, source FROM vetoes
    WHERE account = $1 AND kind = 'tag' AND value = $2 AND state = 'active'
)
SELECT DISTINCT subjects[1] AS asset, true AS wanted FROM journal
WHERE account = $1 AND kind = 'TagAsset' AND state = 'carried out' AND change -> 'tags' ? $2
    AND change -> 'reason' ->> 'sure' = 'false' AND subjects[1] NOT IN (SELECT asset FROM refused)
UNION
SELECT asset, false FROM refused WHERE source IN ('user', 'declined')
ORDER BY asset
"""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A part of what an order is about; ``at`` is the number up, or down, to which it was looked for, 0 at the end."""

    at: int
    number: int
    events: tuple[Event, ...] = ()


class PostgresOrders:
    """Find what an order is about; list the journal and what waits in it; decline.

    A caller checks a request with ``core.orders.check_order`` first.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def last(self, request: OrderRequest) -> tuple[int, int]:
        """Return the highest number that fits now (0 where none does), and how many fit: later ones are not meant."""
        conditions = _meant(request)
        async with translated():
            row = await self._pool.fetchrow(
                f"SELECT coalesce(max(j.id), 0) AS last, count(*) AS found FROM journal j WHERE {conditions}",
                *conditions.arguments,
            )
        assert row is not None
        return row["last"], row["found"]

    async def page(self, request: OrderRequest, run: RunId, *, at: int | None, last: int, limit: int) -> Asked:
        """Return the next entries that fit as events; fewer than ``limit`` are the end (``at`` 0).

        A later change stands on an earlier one, so what is taken back is taken newest first, and what is carried out
        in the order in which it was planned.
        """
        undo = isinstance(request, UndoRequest)
        conditions = _meant(request, limit)
        conditions.add("j.id <= {}", last)
        conditions.add("j.id < {}" if undo else "j.id > {}", at)
        entries = await self._entries(conditions, newest_first=undo)
        events = tuple(_event(request, run, entry) for entry in entries)
        return Asked(at=entries[-1].id if len(entries) == limit else 0, number=len(entries), events=events)

    async def preview(self, request: OrderRequest) -> Preview:
        """Return what an order would ask for; nothing is written."""
        conditions = _meant(request)
        counted = f"SELECT j.feature, count(*) AS number FROM journal j WHERE {conditions} GROUP BY 1 ORDER BY 1"
        async with translated():
            rows = await self._pool.fetch(counted, *conditions.arguments)
        first = await self._entries(_meant(request, SHOWN))
        return Preview(
            entries=sum(row["number"] for row in rows),
            features=tuple((row["feature"], row["number"]) for row in rows),
            first=tuple(journal_line(entry) for entry in first),
        )

    async def waiting(
        self, wanted: ApplyRequest, limit: int = SHOWN, before: int | None = None
    ) -> tuple[JournalLine, ...]:
        """Return the plans, or suggestions, that an ApplyRequest means, newest first, below ``before``."""
        conditions = _waiting(wanted, limit)
        conditions.add("j.id < {}", before)
        return tuple(journal_line(entry) for entry in await self._entries(conditions))

    async def counts(self) -> Waiting:
        """Return how many plans and suggestions wait for a person."""
        async with translated():
            rows = await self._pool.fetch(
                """
                SELECT state, count(*) AS number FROM journal
                WHERE state IN ('planned', 'suggested') AND run NOT LIKE 'dry:%' GROUP BY state
                """
            )
        return Waiting(**{row["state"]: row["number"] for row in rows})

    async def entries(
        self, wanted: JournalFilter, limit: int = 50, before: int | None = None
    ) -> tuple[JournalLine, ...]:
        """Return the entries that fit, newest first, below ``before``."""
        conditions = Conditions(limit)
        conditions.add("j.account = {}", wanted.account)
        conditions.add("j.feature = {}", wanted.feature)
        if len(wanted.states) == 1:
            # Written out, since a parameter cannot use the index of one state.
            conditions.always(f"j.state = '{EntryState(wanted.states[0])}'")
        else:
            conditions.add("j.state = ANY({})", wanted.states)
        conditions.add("j.written_at >= {}", wanted.since)
        conditions.add("j.written_at <= {}", wanted.until)
        conditions.add("j.run = {}", wanted.run)
        conditions.add("j.event = {}", wanted.event)
        conditions.add("j.subjects @> {}", (wanted.asset,) if wanted.asset is not None else None)
        conditions.add("j.kind = {}", wanted.kind)
        conditions.add("j.id < {}", before)
        return tuple(journal_line(entry) for entry in await self._entries(conditions))

    async def decline(self, wanted: ApplyRequest) -> int:
        """Decline plans, or suggestions: they are never made nor asked about again. Return how many they were."""
        number = 0
        while declined := await self._decline(_waiting(wanted, DECLINED_AT_ONCE)):
            number += declined
        return number

    async def _decline(self, conditions: Conditions) -> int:
        statement = f"SELECT j.* FROM journal j WHERE {conditions} ORDER BY j.id DESC LIMIT $1 FOR UPDATE"
        async with translated(), self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(statement, *conditions.arguments)
            entries = [entry_of(row) for row in rows]
            await connection.execute(
                """
                UPDATE journal SET state = 'declined', note = 'you declined it', settled_at = clock_timestamp()
                WHERE id = ANY($1)
                """,
                [entry.id for entry in entries],
            )
            await remember_on(connection, _vetoes(entries))
        return len(entries)

    async def put_back(self, ids: Sequence[int] | None = None) -> tuple[int, ...]:
        """Take what was asked about (``lost``) for lost by Immich: revoke these vetoes, or all of them.

        Returns the entries that an ApplyRequest is to do again.
        """
        async with translated():
            rows = await self._pool.fetch(
                """
                UPDATE vetoes SET state = 'revoked', ended_at = clock_timestamp()
                WHERE state = 'lost' AND ($1::bigint[] IS NULL OR id = ANY($1)) RETURNING entry
                """,
                list(ids) if ids is not None else None,
            )
        return tuple(sorted({row["entry"] for row in rows if row["entry"] is not None}))

    async def open(self, run: RunId) -> int:
        """Return how many entries of an order are still to be looked at."""
        async with translated():
            number: int = await self._pool.fetchval(
                """
                SELECT count(*) FROM deliveries
                WHERE run = $1 AND run <> 'live' AND handler IN ('undo', 'apply')
                    AND state IN ('waiting', 'running', 'joined', 'held')
                """,
                run,
            )
        return number

    async def report(self, run: RunId) -> OrderReport | None:
        """Return what came of an order; None where there is none of this id."""
        async with translated():
            return await report(self._pool, run)

    async def examples(self, account: AccountId, category: str) -> tuple[Example, ...]:
        """Return the photos of which a person said whether a category is right for them.

        Right where a suggestion was accepted; wrong where one was declined, or the tag was taken off by hand.
        """
        async with translated():
            rows = await self._pool.fetch(_EXAMPLES, account, tag_of(name_of(category)))
        return tuple(Example(asset=AssetId(row["asset"]), wanted=row["wanted"]) for row in rows)

    async def _entries(self, conditions: Conditions, *, newest_first: bool = True) -> list[Entry]:
        """Return the first entries that fit; the first argument is how many."""
        order = "DESC" if newest_first else "ASC"
        statement = f"SELECT j.* FROM journal j WHERE {conditions} ORDER BY j.id {order} LIMIT $1"
        async with translated():
            return [entry_of(row) for row in await self._pool.fetch(statement, *conditions.arguments)]


def _meant(request: OrderRequest, *arguments: object) -> Conditions:
    """Return the conditions on entries ``j`` that an order is about."""
    match request:
        case UndoRequest():
            return _undoable(request, *arguments)
        case ApplyRequest():
            return _waiting(request, *arguments, named=("planned", "suggested", "done"))


def _undoable(request: UndoRequest, *arguments: object) -> Conditions:
    conditions = Conditions(*arguments)
    # Of an open one it is found out first what became of it.
    conditions.always("j.state IN ('done', 'open')")
    conditions.always(_OURS)
    conditions.add("j.id = ANY({})", request.entries)
    conditions.add("j.event = {}", request.event)
    conditions.add("j.run = {}", request.run)
    conditions.add("j.written_at >= {}", request.since)
    conditions.add("j.written_at <= {}", request.until)
    conditions.add("j.account = {}", request.account)
    conditions.add("j.feature = {}", request.feature)
    conditions.add(
        f"""
        (j.kind = 'TagAsset' AND j.change -> 'tags' ? {{0}}
            OR {_BY_CATEGORY} AND j.change -> 'categories' ? substr({{0}}, {len(TAG_PREFIX) + 1}))
        """,
        request.tag,
    )
    return conditions


def _waiting(
    request: ApplyRequest, *arguments: object, named: tuple[str, ...] = ("planned", "suggested")
) -> Conditions:
    """Return the conditions on what waits; entries that are ``named`` may stand in these states."""
    conditions = Conditions(*arguments)
    # What the rules take back may wait as well; once it is done it is not done again.
    conditions.always(f"({_OURS} OR j.state = 'planned')")
    if request.entries:
        conditions.add("j.state = ANY({})", named)
    else:
        conditions.always(f"j.state = '{'suggested' if request.suggestions else 'planned'}'")
        conditions.always(_FINAL)
        if request.run is None:
            conditions.always("j.run NOT LIKE 'dry:%'")
    conditions.add("j.id = ANY({})", request.entries)
    conditions.add("j.run = {}", request.run)
    conditions.add("j.account = {}", request.account)
    conditions.add("j.feature = {}", request.feature)
    return conditions


def _event(request: OrderRequest, run: RunId, entry: Entry) -> Event:
    account, feature, photos = entry.change.account, feature_of(entry.change), subjects_of(entry.change)
    match request:
        case UndoRequest(tag=tag):
            tags = (tag,) if tag is not None and isinstance(entry.change, TagAsset) else None
            return UndoAsked(account=account, entry=entry.id, feature=feature, photos=photos, run=run, tags=tags)
        case ApplyRequest():
            return ApplyAsked(account=account, entry=entry.id, feature=feature, photos=photos, run=run)


def _vetoes(entries: Sequence[Entry]) -> tuple[Veto, ...]:
    """Return what is not to be done again: each once, though several plans may speak of it."""
    found: dict[tuple[object, ...], Veto] = {}
    for entry in sorted(entries, key=lambda entry: entry.id):
        for veto in by_decline(entry.change, entry.before, entry.id):
            found[veto.account, veto.kind, veto.subjects, veto.value, veto.groups] = veto
    return tuple(found.values())
