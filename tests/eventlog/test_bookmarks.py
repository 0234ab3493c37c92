"""What outlives a restart, and is not overwritten by somebody who did not see it."""

import asyncpg
import pytest

from reactor.adapters.postgres.bookmarks import PostgresBookmarks

BEFORE = {"people": {"1": {"name": "Eva", "faces": [["a", "b"]], "photos": None}}, "untold": []}
AFTER = {"people": {}, "untold": [{"kind": "PersonGone"}]}


@pytest.mark.parametrize(
    ("stands", "seen", "done"),
    [
        (None, None, True),
        (BEFORE, BEFORE, True),
        (BEFORE, None, False),
        (None, BEFORE, False),
        (BEFORE, AFTER, False),
        (AFTER, AFTER, True),
    ],
)
async def test_a_value_is_replaced_where_it_is_as_it_was_seen(
    pool: asyncpg.Pool, stands: object, seen: object, done: bool
) -> None:
    bookmarks = PostgresBookmarks(pool)
    if stands is not None:
        await bookmarks.put("it", stands)
    assert await bookmarks.get("it") == stands
    assert await bookmarks.replace("it", seen, {"new": 1}) is done
    assert await bookmarks.get("it") == ({"new": 1} if done else stands)
    assert await bookmarks.get("another") is None
