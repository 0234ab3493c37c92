"""What came of an order: how many entries were taken back, or carried out, and why others were not."""

import asyncpg

from reactor.adapters.postgres.entries import entry_of
from reactor.core.changes import feature_of
from reactor.core.ids import RunId
from reactor.core.orders import OrderKind, OrderReport, OutcomeLine
from reactor.core.plans import what_of

LINES = 100

# By t.id + 0 below, since by t.id itself the planner would look for the newest through the whole journal.
# The newest word about the entry: of an undo the entry that takes it back, of what is done again its successor.
_LATER = {
    "undo": "t.undoes = j.id AND t.kind <> 'RemoveTag'",
    "apply": "t.subjects @> j.subjects AND t.account = j.account AND t.kind = j.kind AND t.id + 0 > j.id",
}
_ENDED = {
    "undo": """
        WHEN j.state = 'undone' AND t.state IS NULL THEN 'nothing'
        WHEN j.state = 'undone' THEN 'done'
        WHEN t.state = 'left' THEN 'left'
        WHEN t.state = 'done' THEN 'done'
    """,
    "apply": """
        WHEN j.state = 'carried out' AND j.note = 'it stood so already' THEN 'nothing'
        WHEN j.state = 'carried out' THEN 'done'
        WHEN j.state IN ('superseded', 'vetoed', 'declined') THEN 'left'
        WHEN j.state = 'done' AND t.state = 'done' THEN 'done'
        WHEN j.state = 'done' AND t.state = 'vetoed' THEN 'left'
    """,
}

_LOOKED_AT = """
WITH asked AS (
    SELECT (e.payload ->> 'entry')::bigint AS entry, d.state, d.error
    FROM deliveries d JOIN events e ON e.seq = d.event
    WHERE d.run = $1 AND d.run <> 'live' AND d.handler = '{kind}' AND d.state <> 'cancelled'
), ended AS (
    SELECT j.id, CASE
        WHEN a.state IN ('waiting', 'running', 'joined', 'held') THEN 'open'
        WHEN a.state IN ('dead', 'shelved') THEN 'failed'
        {ended}
        ELSE 'nothing' END AS ended,
        CASE WHEN a.state IN ('dead', 'shelved') THEN coalesce(a.error, '')
            WHEN j.state IN ('done', 'undone') THEN coalesce(t.note, '') ELSE j.note END AS why
    FROM asked a JOIN journal j ON j.id = a.entry
    LEFT JOIN LATERAL (SELECT t.state, t.note FROM journal t WHERE {later} ORDER BY t.id + 0 DESC LIMIT 1) t ON true
)
"""


async def report(pool: asyncpg.Pool, run: RunId) -> OrderReport | None:
    """Return what came of an order; None where there is none of this id.

    It is counted of the run's deliveries: once these are forgotten, nothing is told.
    """
    kind: OrderKind | None = await pool.fetchval(
        "SELECT kind FROM runs WHERE id = $1 AND kind IN ('undo', 'apply')", run
    )
    if kind is None:
        return None
    looked_at = _LOOKED_AT.format(kind=kind, ended=_ENDED[kind], later=_LATER[kind])
    counted = await pool.fetch(f"{looked_at} SELECT ended, count(*) AS number FROM ended GROUP BY ended", run)
    rows = await pool.fetch(
        f"""
        {looked_at}
        SELECT ended, why, j.* FROM ended JOIN journal j USING (id)
        WHERE ended IN ('left', 'failed') ORDER BY id DESC LIMIT {LINES}
        """,
        run,
    )
    return OrderReport(
        run=run, kind=kind, **{row["ended"]: row["number"] for row in counted}, lines=tuple(map(_line, rows))
    )


def _line(row: asyncpg.Record) -> OutcomeLine:
    entry = entry_of(row)
    return OutcomeLine(
        entry=entry.id,
        account=entry.change.account,
        feature=feature_of(entry.change),
        what=what_of(entry.change),
        ended=row["ended"],
        why=row["why"],
    )
