"""Forget what is old and needed by nothing: in small parts, so that nobody waits for it."""

from datetime import timedelta

import asyncpg

from reactor.adapters.postgres.pool import translated

BATCH = 5000

# Never AssetUploaded, which happens once for ever, nor ArchiveWanted, which decisions about whole stacks ask for.
FORGOTTEN = (
    "MetadataExtracted",
    "AssetChanged",
    "AssetEmbedded",
    "FacesAwaited",
    # What is doubted is looked at in the journal, each time anew.
    "LabelsDoubted",
    "ArchiveDoubted",
    "FavouriteWanted",
    "AlbumWanted",
    "PersonNamed",
    "PersonRenamed",
    "PersonMerged",
    "PersonHidden",
    "PersonGone",
    "PersonGainedFaces",
    # What was noticed stands among the vetoes, what was asked for in the journal.
    "CoverChosen",
    "TagDeleted",
    "AlbumLeft",
    "AlbumDeleted",
    "PortraitDeleted",
    "TagsWritten",
    "Unarchived",
    "TagEmptied",
    "UndoAsked",
    "ApplyAsked",
)

# A run that is still open is known by all of its deliveries.
_DELIVERIES = """
DELETE FROM deliveries WHERE id IN (
    SELECT id FROM deliveries d
    WHERE state IN ('done', 'cancelled') AND settled_at < clock_timestamp() - $1::interval
        AND NOT EXISTS (SELECT FROM runs r WHERE r.id = d.run AND r.state IN ('running', 'paused'))
    LIMIT $2)
"""

_EVENTS = """
DELETE FROM events WHERE seq IN (
    SELECT seq FROM events e
    WHERE kind = ANY($3) AND heard_at < clock_timestamp() - $1::interval
        AND NOT EXISTS (SELECT FROM deliveries d WHERE d.event = e.seq)
        AND NOT EXISTS (SELECT FROM journal j WHERE j.event = e.seq)
    LIMIT $2)
"""


class PostgresPruning:
    """Forget settled deliveries, and events that nothing refers to. The journal is kept whole."""

    def __init__(self, pool: asyncpg.Pool, *, batch: int = BATCH) -> None:
        self._pool = pool
        self._batch = batch

    async def deliveries(self, older_than: timedelta) -> int:
        """Forget one batch of settled deliveries; return how many they were."""
        return await self._delete(_DELIVERIES, older_than, self._batch)

    async def events(self, older_than: timedelta) -> int:
        """Forget one batch of events; return how many they were. Each is asked for again where it is heard again."""
        return await self._delete(_EVENTS, older_than, self._batch, list(FORGOTTEN))

    async def _delete(self, statement: str, *arguments: object) -> int:
        async with translated():
            return int((await self._pool.execute(statement, *arguments)).rpartition(" ")[2])
