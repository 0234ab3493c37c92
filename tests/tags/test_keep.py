"""What is done to tags is looked at again, seconds later, until the user is heard."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from reactor.adapters.postgres.orders import PostgresOrders
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import Reason, TagAsset
from reactor.core.entry_orders import KeepTags, Undo
from reactor.core.errors import Held
from reactor.core.ids import LIVE, AssetId
from reactor.core.journal import Cause, EntryState
from reactor.core.orders import UndoRequest

from ..household import ME
from .rig import OURS, THEIRS, Desk, a_desk

CAUSE = Cause(handler="classify", event=1, run=LIVE)
WHY = Reason(rule="because")


def later(seconds: float = 3.0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def tagged(desk: Desk, asset: AssetId, *tags: str) -> int:
    """Let the reactor tag a photo; return the entry."""
    change = TagAsset(account=ME, asset=asset, tags=tags or (OURS,), reason=WHY)
    assert await desk.performer().perform(change, CAUSE) is EntryState.DONE
    entry: int = await desk.house.pool.fetchval("SELECT max(id) FROM journal")
    return entry


async def look(desk: Desk, asset: AssetId, entry: int, seconds: float = 3.0) -> EntryState | None:
    """Let so many seconds pass for the reactor's clock, and look."""
    performer = desk.performer(now=lambda: later(seconds))
    return await performer.perform(KeepTags(account=ME, asset=asset, entry=entry), CAUSE)


async def lost(desk: Desk, asset: AssetId, *tags: str) -> int:
    """Let the reactor tag a photo of which Immich loses the tag, since the user was a moment earlier."""
    desk.on_tagging = desk.user_tags
    entry = await tagged(desk, asset, *tags)
    desk.on_tagging = None
    await desk.house.home.rest()
    assert await desk.tags(asset) == {THEIRS}
    return entry


async def events_of(pool: asyncpg.Pool, kind: str = "TagsWritten") -> int:
    found: int = await pool.fetchval("SELECT count(*) FROM events WHERE kind = $1", kind)
    return found


async def newest(pool: asyncpg.Pool) -> asyncpg.Record:
    row = await pool.fetchrow("SELECT * FROM journal ORDER BY id DESC LIMIT 1")
    assert row is not None
    return row


async def test_what_is_lost_is_set_again_in_one_call_and_journalled(pool: asyncpg.Pool) -> None:
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        entry = await lost(desk, asset, "Auto/A", "Auto/B")
        before = len(desk.house.home.writes("tag.link"))
        assert await look(desk, asset, entry) is EntryState.DONE
        await desk.house.home.rest()
        assert await desk.tags(asset) == {"Auto/A", "Auto/B", THEIRS}
        assert len(desk.house.home.writes("tag.link")) == before + 1
        row = await newest(pool)
        assert (row["state"], row["handler"], row["event"], row["run"]) == ("done", "classify", 1, "live")
        assert await look(desk, asset, row["id"]) is None


async def test_a_look_that_finds_all_well_is_one_request_and_a_replay_is_none(pool: asyncpg.Pool) -> None:
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        entry = await tagged(desk, asset)
        await desk.house.home.rest()
        desk.house.home.immich.requests.clear()
        assert await look(desk, asset, entry) is None
        assert [request[:2] for request in desk.house.home.immich.requests] == [("GET", f"/api/assets/{asset}")]
        change = TagAsset(account=ME, asset=asset, tags=(OURS,), reason=WHY)
        assert await desk.performer().perform(change, CAUSE) is None
        assert await events_of(pool) == 1


async def test_too_early_is_waited_for_and_too_late_is_not_looked_at_all(pool: asyncpg.Pool) -> None:
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        entry = await lost(desk, asset)
        with pytest.raises(Held):
            await look(desk, asset, entry, 0.5)
        desk.house.home.immich.requests.clear()
        assert await look(desk, asset, entry, 61) is None
        assert list(desk.house.home.immich.requests) == []


async def test_what_immich_has_not_written_down_is_looked_at_again(pool: asyncpg.Pool) -> None:
    async with a_desk(pool, tag_race_s=1.0) as desk:
        (asset,) = await desk.photos(1)
        entry = await tagged(desk, asset)
        with pytest.raises(Held, match="not written") as held:
            await look(desk, asset, entry, 8)
        assert held.value.after == pytest.approx(8, abs=0.5)
        await desk.house.home.rest()
        assert await look(desk, asset, entry, 16) is None


async def test_who_takes_a_tag_off_at_once_is_heard_the_third_time(pool: asyncpg.Pool) -> None:
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        entry = await tagged(desk, asset)
        for expected in (EntryState.DONE, EntryState.DONE, EntryState.LEFT):
            await desk.house.home.rest()
            await desk.user_untags(asset, OURS)
            await desk.house.home.rest()
            assert await look(desk, asset, entry) is expected
            entry = (await newest(pool))["id"]
        assert await desk.tags(asset) == set()
        row = await newest(pool)
        assert row["note"] == f"{OURS} did not last, though set 3 times: Immich lost it, or you took it off"
        # A minute later it is the user's word, by the first entry, whose repetitions claim nothing.
        change = TagAsset(account=ME, asset=asset, tags=(OURS,), reason=WHY)
        assert await desk.performer(now=lambda: later(61)).perform(change, CAUSE) is EntryState.VETOED
        assert [veto.value for veto in await PostgresVetoes(pool).standing()] == [OURS]


async def test_what_was_undone_meanwhile_is_not_set_again(pool: asyncpg.Pool) -> None:
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        first = await tagged(desk, asset)
        undo = Undo(account=ME, entry=first, feature="tags", subjects=(asset,))
        await desk.house.home.rest()
        assert await desk.performer().perform(undo, CAUSE) is EntryState.DONE
        await desk.house.home.rest()
        assert await look(desk, asset, first) is None
        assert await look(desk, asset, (await newest(pool))["id"]) is None
        assert await desk.tags(asset) == set()


@pytest.mark.parametrize("of", ["the first", "the repetition", "all"])
async def test_an_undo_takes_back_what_was_set_again(pool: asyncpg.Pool, of: str) -> None:
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        first = await lost(desk, asset)
        assert await look(desk, asset, first) is EntryState.DONE
        again = (await newest(pool))["id"]
        await desk.house.home.rest()
        orders = PostgresOrders(pool)
        asked = await orders.preview(UndoRequest(event=CAUSE.event))
        assert asked.entries == 2
        for entry in {"the first": (first,), "the repetition": (again,), "all": (again, first)}[of]:
            undo = Undo(account=ME, entry=entry, feature="tags", subjects=(asset,))
            await desk.performer().perform(undo, CAUSE)
        await desk.house.home.rest()
        assert await desk.tags(asset) == {THEIRS}
        for entry in (first, again):
            assert await look(desk, asset, entry) is None
        known = await desk.house.journal.past(ME, "tags", (asset,))
        assert (dict(known.tags), [veto.value for veto in known.vetoes]) == ({}, [OURS])


async def test_what_comes_back_is_taken_off_again_once(pool: asyncpg.Pool) -> None:
    async with a_desk(pool, tag_race_s=0.4) as desk:
        (asset,) = await desk.photos(1)
        first = await tagged(desk, asset)
        await desk.house.home.rest()
        await desk.user_tags(asset)
        # A favourite moves the photo's time at once, so that it looks as if Immich had written it down.
        desk.soon(desk.user("PUT", "/assets", {"ids": [asset], "isFavorite": True}), 0.15)
        undo = Undo(account=ME, entry=first, feature="tags", subjects=(asset,))
        assert await desk.performer().perform(undo, CAUSE) is EntryState.DONE
        await desk.house.home.rest()
        assert await desk.tags(asset) == {OURS, THEIRS}
        assert await look(desk, asset, (await newest(pool))["id"]) is EntryState.DONE
        await desk.house.home.rest()
        assert await desk.tags(asset) == {THEIRS}
        row = await newest(pool)
        assert (row["kind"], row["undoes"]) == ("UntagAsset", first)
        # The user sets it by hand: that is left, and said.
        await desk.user_tags(asset, OURS)
        await desk.house.home.rest()
        assert await look(desk, asset, row["id"]) is EntryState.LEFT
        assert await desk.tags(asset) == {OURS, THEIRS}


async def test_observing_nothing_is_told_and_nothing_repaired(pool: asyncpg.Pool) -> None:
    async with a_desk(pool) as desk:
        planned, asset = await desk.photos(2)
        change = TagAsset(account=ME, asset=planned, tags=(OURS,), reason=WHY)
        assert await desk.performer("observe").perform(change, CAUSE) is EntryState.PLANNED
        assert await events_of(pool) == 0
        entry = await lost(desk, asset)
        order = KeepTags(account=ME, asset=asset, entry=entry)
        assert await desk.performer("observe", now=later).perform(order, CAUSE) is None
        assert await desk.tags(asset) == {THEIRS}


async def test_a_crash_after_the_call_loses_no_look(pool: asyncpg.Pool) -> None:
    """The look is told with the entry's settlement, whoever settles it: here the next who finds it open."""
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        entry = await lost(desk, asset)
        await pool.execute("UPDATE journal SET state = 'open', after = NULL, settled_at = NULL")
        await pool.execute("TRUNCATE events CASCADE")
        await desk.house.home.rest()
        assert await look(desk, asset, entry) is None  # it never arrived, as it seems: whoever wishes it makes it again
        assert await tagged(desk, asset) > entry
        assert await events_of(pool) == 1
        (waiting,) = await pool.fetch("SELECT handler, run, lane FROM deliveries")
        assert tuple(waiting) == ("keep", "live", f"tags:{asset}")


async def test_a_look_that_was_cut_off_in_its_call_is_gone_on_with(pool: asyncpg.Pool) -> None:
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        entry = await lost(desk, asset)
        assert await look(desk, asset, entry) is EntryState.DONE
        await pool.execute("UPDATE journal SET state = 'open', after = NULL, settled_at = NULL WHERE id > $1", entry)
        await desk.house.home.rest()
        assert await look(desk, asset, entry) is None
        assert await desk.tags(asset) == {OURS, THEIRS}
        assert (await newest(pool))["state"] == "done"


async def test_a_photo_in_the_trash_is_left_alone(pool: asyncpg.Pool) -> None:
    async with a_desk(pool) as desk:
        (asset,) = await desk.photos(1)
        entry = await lost(desk, asset)
        await desk.house.home.user_deletes(asset, force=False)
        await desk.performer(now=later).carry_out([KeepTags(account=ME, asset=asset, entry=entry)], CAUSE)
        await desk.house.home.rest()
        assert await desk.tags(asset) == {THEIRS}
