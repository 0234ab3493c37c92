"""A category below another: each has its own tag, and neither takes the other along."""

import asyncpg
import pytest

from reactor.adapters.postgres.orders import PostgresOrders
from reactor.core.changes import Reason, TagAsset
from reactor.core.entry_orders import Undo
from reactor.core.ids import LIVE
from reactor.core.journal import Cause, EntryState
from reactor.core.orders import UndoRequest
from reactor.core.tag_names import name_fault

from ..household import ME
from .rig import a_desk

CAUSE = Cause(handler="classify", event=1, run=LIVE)
OUTER, INNER = "Auto/Work", "Auto/Work/Bills"


@pytest.mark.parametrize(("gone", "stays"), [(OUTER, INNER), (INNER, OUTER)])
async def test_what_one_category_set_is_taken_off_without_the_other(pool: asyncpg.Pool, gone: str, stays: str) -> None:
    async with a_desk(pool) as desk:
        both, alone = await desk.photos(2)
        why = Reason(rule="because")
        for asset, tags in ((both, (OUTER, INNER)), (alone, (INNER,))):
            change = TagAsset(account=ME, asset=asset, tags=tags, reason=why)
            assert await desk.performer().perform(change, CAUSE) is EntryState.DONE
        await desk.house.home.rest()
        assert [await desk.tags(both), await desk.tags(alone)] == [{OUTER, INNER}, {INNER}]
        # The category is meant by its name, and no other that begins like it.
        request = UndoRequest(category=gone.removeprefix("Auto/"))
        asked = await PostgresOrders(pool).preview(request)
        assert asked.entries == (1 if gone == OUTER else 2)
        undo = Undo(account=ME, entry=1, feature="tags", subjects=(both,), tags=(gone,))
        assert await desk.performer().perform(undo, CAUSE) is EntryState.DONE
        await desk.house.home.rest()
        assert await desk.tags(both) == {stays}
        assert await desk.tags(alone) == {INNER}
        known = await desk.house.journal.past(ME, "tags", (both,))
        assert (set(known.tags), [veto.value for veto in known.vetoes]) == ({stays}, [gone])


@pytest.mark.parametrize("name", ["two words", 'a|b, c: "d"', "領収書/\U0001f4f7", "x" * 100, "Auto"])
async def test_odd_names_arrive_as_they_are(pool: asyncpg.Pool, name: str) -> None:
    assert name_fault(name) is None
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        change = TagAsset(account=ME, asset=asset, tags=(f"Auto/{name}",), reason=Reason(rule="because"))
        assert await desk.performer().perform(change, CAUSE) is EntryState.DONE
        await desk.house.home.rest()
        assert await desk.tags(asset) == {f"Auto/{name}"}
