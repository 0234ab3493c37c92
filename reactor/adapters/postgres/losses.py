"""What vanished all at once, as questions, and how many vetoes stand."""

import asyncpg

from reactor.adapters.postgres.pool import translated
from reactor.core.ids import AccountId
from reactor.core.review import Lost, lost_of

GROUPS = 100
"""How many questions are read at most: tags that lost photos, of all accounts."""

_GROUPS = """
SELECT account, kind, value, count(*) AS number, min(noticed_at) AS since, min(subjects[1]) AS subject
FROM vetoes WHERE state = 'lost' GROUP BY account, kind, value ORDER BY min(id) LIMIT $1
"""


class PostgresLosses:
    """Read the vetoes in the large; whoever wants them one by one asks PostgresVetoes."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def lost(self) -> tuple[Lost, ...]:
        """Return what vanished together and was not answered yet, the oldest first."""
        async with translated():
            rows = await self._pool.fetch(_GROUPS, GROUPS)
        return tuple(
            lost_of(
                AccountId(row["account"]),
                row["kind"],
                row["value"],
                number=row["number"],
                subject=row["subject"] or "",
                since=row["since"],
            )
            for row in rows
        )

    async def standing(self) -> int:
        """Return how many vetoes stand, those that are asked about left out."""
        async with translated():
            found: int = await self._pool.fetchval("SELECT count(*) FROM vetoes WHERE state = 'active'")
        return found
