"""Entries of the journal, as its rows tell them."""

from collections.abc import Mapping, Sequence

import asyncpg

from reactor.adapters.postgres.codec import load_change, load_state
from reactor.core.ids import AccountId, RunId
from reactor.core.journal import Cause, Entry, EntryState

# Of each subject the newest wish about stacks that stands, and the newest of those that only moved a cover.
_LATEST = """
SELECT asked.subject, max(j.id) AS latest, max(j.id) FILTER (WHERE j.kind = 'MoveCover') AS move
FROM unnest($2::text[]) AS asked(subject) CROSS JOIN LATERAL (
    SELECT * FROM (SELECT * FROM journal WHERE subjects @> ARRAY[asked.subject] OFFSET 0) j
    WHERE j.account = $1 AND j.feature = 'stacks' AND j.state = 'done' AND j.undoes IS NULL
) j
GROUP BY asked.subject
"""


async def latest_on(
    connection: asyncpg.Pool, account: AccountId, subjects: Sequence[str]
) -> tuple[Mapping[str, int], Mapping[str, Entry]]:
    """Return of each photo the number of the newest wish about stacks that stands, and the newest move of a cover."""
    rows = await connection.fetch(_LATEST, account, list(subjects))
    moved = {row["move"] for row in rows if row["move"] is not None}
    found = await connection.fetch("SELECT * FROM journal WHERE id = ANY($1)", list(moved)) if moved else ()
    entries = {row["id"]: entry_of(row) for row in found}
    moves = {row["subject"]: entries[row["move"]] for row in rows if row["move"] is not None}
    return {row["subject"]: row["latest"] for row in rows}, moves


def entry_of(row: asyncpg.Record) -> Entry:
    """Return the entry of a stored row."""
    return Entry(
        id=row["id"],
        change=load_change(row["kind"], row["change"]),
        cause=Cause(handler=row["handler"], event=row["event"], run=RunId(row["run"])),
        state=EntryState(row["state"]),
        before=load_state(row["before"]),
        after=load_state(row["after"]) if row["after"] is not None else None,
        note=row["note"],
        written_at=row["written_at"],
        settled_at=row["settled_at"],
    )
