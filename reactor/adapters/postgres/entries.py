"""Entries of the journal, as its rows tell them."""

from collections.abc import Sequence

import asyncpg

from reactor.adapters.postgres.codec import load_change, load_state
from reactor.adapters.postgres.vetoes import CLAIMS, STANDS, kinds_of, spoken_of, vetoes_of
from reactor.core.ids import AccountId, RunId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.past import Past

# Asked for every new photo, of which mostly nothing is known: so all of it at once, in one way to the server. Of each
# photo its newest entry that claims it and of which no veto speaks, the newest wish that stands, the newest of those
# that only moved a cover (and whether the newest of all, those taken back among them, came after the claim), and the
# vetoes about it; of the two entries that are wanted whole each is a row.
_PAST = f"""
SELECT asked.subject, claimed.newest, found.latest, found.move, told.vetoes, e.*,
    found.moved > coalesce(claimed.newest, 0) AS covered
FROM unnest($2::text[]) AS asked(subject)
CROSS JOIN LATERAL (
    SELECT max(j.id) AS newest FROM (SELECT * FROM journal WHERE subjects @> ARRAY[asked.subject] OFFSET 0) j
    WHERE j.account = $1 AND j.feature = 'stacks' AND j.state = 'done' AND {CLAIMS}
        AND NOT {spoken_of("'stack'", "asked.subject")}
) claimed
CROSS JOIN LATERAL (
    SELECT max(j.id) FILTER (WHERE j.state = 'done') AS latest,
        max(j.id) FILTER (WHERE j.state = 'done' AND j.kind = 'MoveCover') AS move,
        max(j.id) FILTER (WHERE j.kind = 'MoveCover') AS moved
    FROM (SELECT * FROM journal WHERE subjects @> ARRAY[asked.subject] OFFSET 0) j
    WHERE j.account = $1 AND j.feature = 'stacks' AND j.state IN ('done', 'undone') AND j.undoes IS NULL
) found
CROSS JOIN LATERAL (
    SELECT jsonb_agg(v) AS vetoes FROM (SELECT * FROM vetoes WHERE subjects @> ARRAY[asked.subject] OFFSET 0) v
    WHERE v.account = $1 AND v.kind = ANY($3) AND {STANDS}
) told
LEFT JOIN journal e ON e.id IN (claimed.newest, found.move)
WHERE claimed.newest IS NOT NULL OR found.latest IS NOT NULL OR found.moved IS NOT NULL OR told.vetoes IS NOT NULL
"""

_KINDS = ", ".join(f"'{kind}'" for kind in kinds_of("stacks"))
# Counted, since of what need only exist the planner hopes to find one soon, and reads the whole table for it.
UNTOUCHED = f"""
(SELECT count(*) FROM (SELECT * FROM journal WHERE subjects @> ARRAY[p.asset] OFFSET 0) j
    WHERE j.account = p.account AND j.feature = 'stacks')
+ (SELECT count(*) FROM (SELECT * FROM vetoes WHERE subjects @> ARRAY[p.asset] OFFSET 0) v
    WHERE v.account = p.account AND v.kind IN ({_KINDS})) = 0
"""
"""The condition that no entry about stacks and no such veto names the photo ``p``: the past tells nothing of it."""


async def past_of_stacks(connection: asyncpg.Pool, account: AccountId, subjects: Sequence[str]) -> Past:
    """Return what is known of photos and their stacks."""
    rows = await connection.fetch(_PAST, account, list(subjects), kinds_of("stacks"))
    entries = {row["id"]: entry_of(row) for row in rows if row["id"] is not None}
    vetoes = {veto.id: veto for row in rows if row["vetoes"] is not None for veto in vetoes_of(row["vetoes"])}

    def each(column: str) -> dict[str, int]:
        return {row["subject"]: row[column] for row in rows if row[column] is not None}

    return Past(
        newest={subject: entries[number] for subject, number in each("newest").items()},
        moves={subject: entries[number] for subject, number in each("move").items()},
        covered=frozenset(row["subject"] for row in rows if row["covered"]),
        latest=each("latest"),
        vetoes=tuple(vetoes.values()),
    )


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
