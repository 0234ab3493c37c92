"""What the demo reached: counted in the reactor's own log and journal, and in Immich as its user sees it."""

from dataclasses import dataclass

import asyncpg

from reactor.demo.phone import Phone


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The numbers of the summary; ``waiting`` counts deliveries that are not settled yet."""

    heard: int
    assets: int
    events: int
    done: int
    failed: int
    waiting: int
    tags: int
    archived: int
    stacks: int
    stacked_assets: int
    portraits: int


async def tally(pool: asyncpg.Pool, phone: Phone) -> Tally:
    """Count what stands now."""
    row = await pool.fetchrow(
        """
        SELECT
            (SELECT count(*) FROM events WHERE kind = 'AssetUploaded') AS heard,
            (SELECT count(*) FROM photos) AS assets,
            (SELECT count(*) FROM events) AS events,
            (SELECT count(*) FROM deliveries WHERE state = 'done') AS done,
            (SELECT count(*) FROM deliveries WHERE state = 'dead') AS failed,
            (SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'running', 'joined')) AS waiting,
            (SELECT coalesce(sum(jsonb_array_length(change -> 'tags')), 0) FROM journal
                WHERE kind = 'TagAsset' AND state = 'done') AS tags,
            (SELECT count(*) FROM journal WHERE kind = 'AddPortrait' AND state = 'done') AS portraits
        """
    )
    assert row is not None
    sizes = await phone.stacks()
    return Tally(**row, archived=await phone.archived(), stacks=len(sizes), stacked_assets=sum(sizes))
