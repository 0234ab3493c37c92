"""Which stored photos lie near others in time."""

from datetime import UTC, datetime, timedelta

import asyncpg

from reactor.core.ids import AccountId, AssetId

from ..household import ME
from ..index.rig import MODEL, OTHER, Shelf

DAY = datetime(2026, 1, 1, tzinfo=UTC)


async def near(shelf: Shelf, *names: str, minutes: float, limit: int = 100, account: AccountId = ME) -> list[str]:
    margin = timedelta(minutes=minutes)
    assets = [AssetId(name) for name in names]
    return [photo.asset for photo in await shelf.photos.around(account, assets, margin, MODEL, limit=limit)]


async def test_each_photo_is_found_once_in_order_of_time_with_both_ends_of_its_span(pool: asyncpg.Pool) -> None:
    shelf = Shelf(pool)
    # The number in a name is the minute.
    await shelf.put(["p9", "p0", "p2", "p4", "p5", "p20", "p21", "p24"])
    await shelf.put(["p3"], account=OTHER)
    assert await near(shelf, "p4", "p2", "p21", minutes=2) == ["p0", "p2", "p4", "p5", "p20", "p21"]
    assert await near(shelf, "p2", minutes=1.99) == ["p2"]
    assert await near(shelf, "p4", "p2", "p21", minutes=2, limit=3) == ["p0", "p2", "p4"]


async def test_who_is_gone_or_was_not_seen_by_the_model_is_near_nothing(pool: asyncpg.Pool) -> None:
    shelf = Shelf(pool)
    await shelf.put(["p1", "p2"])
    await shelf.put(["p3"], model="another")
    assert await near(shelf, "p3", "p404", minutes=60) == []
    assert await near(shelf, minutes=60) == []
    assert await near(shelf, "p1", minutes=60) == ["p1", "p2"]
    # Who was not seen takes nobody's place.
    await shelf.put(["p0"], model="another")
    assert await near(shelf, "p2", minutes=60, limit=2) == ["p1", "p2"]
    assert await near(shelf, "p1", minutes=60, account=OTHER) == []
