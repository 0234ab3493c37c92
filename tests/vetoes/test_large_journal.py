"""What is asked for every photo costs the same in a large library: no table is read as a whole."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.sightings import PostgresSightings
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import Reason, StackAssets, StackState, TagAsset, TagState
from reactor.core.ids import LIVE, AssetId, FaceId, PersonId
from reactor.core.journal import Cause, EntryState
from reactor.core.vetoes import Veto

from ..household import ME
from ..index.rig import MODEL, a_vector, photo

ROWS = 20_000
CAUSE = Cause(handler="test", event=1, run=LIVE)
WHY = Reason(rule="because")
PHOTOS = tuple(AssetId(f"p{number}") for number in range(500, 512))

# Each photo stands in three stacks of its own neighbours, carries a tag, and is vetoed.
FILL = f"""
INSERT INTO journal (account, feature, kind, subjects, change, handler, event, run, state, before, after, settled_at)
SELECT 'me', 'stacks', 'StackAssets', ARRAY['p' || i, 'p' || (i + 1), 'p' || (i + 2)],
    jsonb_build_object('account', 'me', 'cover', 'p' || i, 'members', '[]'::jsonb, 'reason', '{{"rule": ""}}'::jsonb),
    'stack', i, 'live', CASE WHEN i % 5 = 0 THEN 'planned' ELSE 'done' END,
    '{{"kind": "StackState", "state": {{"stacks": []}}}}', '{{"kind": "StackState", "state": {{"stacks": []}}}}', now()
FROM generate_series(1, {ROWS}) i;
INSERT INTO journal (account, feature, kind, subjects, change, handler, event, run, state, before, after, settled_at)
SELECT 'me', 'tags', 'TagAsset', ARRAY['p' || i], jsonb_build_object('account', 'me', 'asset', 'p' || i,
    'tags', '["Auto/A"]'::jsonb, 'reason', '{{"rule": ""}}'::jsonb), 'classify', i, 'live', 'done',
    '{{"kind": "TagState", "state": {{"tags": []}}}}', '{{"kind": "TagState", "state": {{"tags": ["Auto/A"]}}}}', now()
FROM generate_series(1, {ROWS}) i;
INSERT INTO vetoes (account, kind, subjects, value, source, why, entry, noticed_at)
SELECT 'me', 'tag', ARRAY['p' || i], 'Auto/A', 'user', '', i % 9, now() - i * interval '1 minute'
FROM generate_series(1, {ROWS}) i;
INSERT INTO vetoes (account, kind, subjects, groups, source, why, entry, noticed_at)
SELECT 'me', 'stack', ARRAY['p' || i, 'q' || i], jsonb_build_array(ARRAY['p' || i], ARRAY['q' || i]), 'user', '', i,
    now() - i * interval '1 minute'
FROM generate_series(1, {ROWS}) i;
"""


async def ask_all(pool: asyncpg.Pool) -> None:
    """Ask everything that is asked for a new photo, for its stack, or for one that the user changed."""
    journal, vetoes, limits = PostgresJournal(pool), PostgresVetoes(pool), PostgresLimits(pool)
    labels, one = PostgresLabels(pool), PHOTOS[0]
    assert len((await PostgresPhotos(pool).around(ME, PHOTOS, timedelta(), MODEL, limit=100)).photos) == len(PHOTOS)
    await journal.past(ME, "stacks", PHOTOS)
    await journal.past(ME, "archive", PHOTOS)
    await journal.past(ME, "tags", PHOTOS[:1])
    await journal.past(ME, "faces", [FaceId("f")])
    await journal.past(ME, "favourites", PHOTOS[:1])
    await journal.past(ME, "albums", PHOTOS[:1])
    await labels.left(ME, one)
    await labels.accepted(ME, one)
    await journal.portraits(ME, PersonId("a"))
    await journal.busy(ME, PHOTOS)
    await journal.open_entries(ME, "stacks", PHOTOS)
    await journal.unanswered("stack", ME, PHOTOS, [1])
    tag = TagAsset(account=ME, asset=one, tags=("Auto/B",), reason=WHY)
    await journal.write(tag, CAUSE, TagState(tags=frozenset()), EntryState.PLANNED)
    stack = StackAssets(account=ME, cover=one, members=PHOTOS, reason=WHY)
    await journal.write(stack, CAUSE, StackState(stacks=()), EntryState.PLANNED)
    await vetoes.remember([Veto(account=ME, kind="tag", subjects=(one,), value="Auto/C")])
    await PostgresSightings(pool).known(ME, PHOTOS)
    await limits.tripped(ME, "tags")
    await limits.count_since(ME, "tags", datetime.now(UTC) + timedelta(minutes=1))


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_no_table_is_read_as_a_whole_for_one_photo(database: str, mode: str) -> None:
    settings = {"search_path": "reactor", "plan_cache_mode": mode}
    async with asyncpg.create_pool(database, min_size=1, max_size=1, server_settings=settings) as pool:
        await pool.execute(FILL)
        for name in PHOTOS:
            await PostgresPhotos(pool).save(photo(name, a_vector(0)), MODEL)
        await pool.execute("ANALYZE")
        before = await read(pool)
        await ask_all(pool)
        after = await read(pool)
    # Of 40,000 rows in each table a photo concerns a handful; what is read besides is read for its index.
    assert {name: after[name] - before[name] for name in after if after[name] - before[name] > 600} == {}


async def test_no_statement_is_compiled_which_takes_longer_than_to_read_some_photos(pool: asyncpg.Pool) -> None:
    assert await pool.fetchval("SHOW jit") == "off"


async def read(pool: asyncpg.Pool) -> dict[str, int]:
    """Return how many rows and index entries were read of the two tables so far."""
    await pool.execute("SELECT pg_stat_force_next_flush()")  # of the one connection of the pool
    rows = await pool.fetch(
        """
        SELECT relname || ' as a whole' AS name, seq_tup_read AS number FROM pg_stat_user_tables
        WHERE relname IN ('journal', 'vetoes')
        UNION ALL
        SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes WHERE relname IN ('journal', 'vetoes')
        """
    )
    return {row["name"]: row["number"] for row in rows}
