"""Which stored photos lie near others in time."""

from datetime import timedelta

import asyncpg

from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import Reason, StackAssets, StackState, TagAsset, TagState
from reactor.core.ids import LIVE, AccountId, AssetId
from reactor.core.journal import Cause, EntryState
from reactor.core.library import FEW
from reactor.core.past import Past
from reactor.core.vetoes import not_together, tags_off

from ..household import ME
from ..index.rig import MODEL, OTHER, Shelf

HOUR = timedelta(hours=1)
CAUSE = Cause(handler="stack", event=1, run=LIVE)
WHY = Reason(rule="because")


async def near(shelf: Shelf, *names: str, minutes: float, limit: int = 100, account: AccountId = ME) -> list[str]:
    margin = timedelta(minutes=minutes)
    assets = [AssetId(name) for name in names]
    found = await shelf.photos.around(account, assets, margin, MODEL, limit=limit)
    return [photo.asset for photo in found.photos]


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


async def test_it_is_told_with_them_of_whom_nothing_was_done_or_decided_about_stacks(pool: asyncpg.Pool) -> None:
    shelf, journal, vetoes = Shelf(pool), PostgresJournal(pool), PostgresVetoes(pool)
    names = [AssetId(f"p{minute}") for minute in range(7)]
    await shelf.put(names)
    planned, parted, tagged, elsewhere, unheard = names[:2], names[2:4], names[4], names[5], names[6]
    stack = StackAssets(account=ME, cover=planned[0], members=tuple(planned), reason=WHY)
    await journal.write(stack, CAUSE, StackState(stacks=()), EntryState.PLANNED)
    await vetoes.remember([not_together(ME, parted, (), "user", "", None)])
    await vetoes.remember(tags_off(ME, unheard, ["Auto/X"], "user", "", None))
    tag = TagAsset(account=ME, asset=tagged, tags=("Auto/X",), reason=WHY)
    await journal.write(tag, CAUSE, TagState(tags=frozenset()), EntryState.PLANNED)
    of_another = StackAssets(account=OTHER, cover=elsewhere, members=(elsewhere, unheard), reason=WHY)
    await journal.write(of_another, CAUSE, StackState(stacks=()), EntryState.PLANNED)
    await vetoes.remember([not_together(OTHER, [elsewhere, unheard], (), "user", "", None)])
    found = await shelf.photos.around(ME, [unheard], HOUR, MODEL, limit=100)
    assert [photo.asset for photo in found.photos] == names
    assert found.untouched == {tagged, elsewhere, unheard}
    assert await journal.past(ME, "stacks", sorted(found.untouched)) == Past()


async def test_of_many_it_is_told_of_the_first_alone(pool: asyncpg.Pool) -> None:
    shelf = Shelf(pool)
    names = [f"p{minute}" for minute in range(FEW + 3)]
    await shelf.put(names)
    found = await shelf.photos.around(ME, [AssetId("p0")], HOUR, MODEL, limit=100)
    assert [photo.asset for photo in found.photos] == names
    assert found.untouched == set(names[:FEW])
