"""What the poll for changes tells, against a simulated Immich and a real database: the user's, never ours."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from reactor.core.changes import ArchiveAssets, StackAssets, TagState
from reactor.core.ids import AssetId
from reactor.core.journal import EntryState

from ..household import ME
from ..stages.house import CAUSE, House
from .changes_rig import WHY, Poll, favour, moved_at, restore, show, tag, trash

Act = Callable[[House, AssetId], Awaitable[object]]


async def settled_long_ago(house: House) -> None:
    """Let what we wrote lie minutes back, so that Immich loses nothing of it any more."""
    await house.pool.execute("UPDATE journal SET settled_at = settled_at - interval '2 minutes'")
    await house.pool.execute("UPDATE sightings SET seen_at = seen_at - interval '2 minutes'")


def put(**fields: object) -> Act:
    return lambda house, asset: house.user("PUT", "/assets", {"ids": [asset], **fields})


def tagged(name: str) -> Act:
    return lambda house, asset: house.user_tags(asset, name)


def untagged(name: str) -> Act:
    return lambda house, asset: house.home.user_untags(asset, name)


async def nothing(house: House, asset: AssetId) -> None:
    await house.home.rest()


@pytest.mark.parametrize(
    ("before", "action", "fields"),
    [
        (nothing, trash, "trashed"),
        (trash, restore, "restored"),
        (nothing, put(visibility="archive"), "archived"),
        (put(visibility="archive"), put(visibility="timeline"), "unarchived"),
        (put(visibility="timeline"), put(visibility="hidden"), "hidden"),
        (put(visibility="hidden"), put(visibility="timeline"), "shown"),
        (nothing, tagged("Holiday"), "tags"),
        (tagged("Holiday"), untagged("Holiday"), "tags"),
        (nothing, put(dateTimeOriginal="2020-01-02T03:04:05.000Z"), "date"),
        (nothing, put(isFavorite=True), ""),
        (nothing, put(description="hello"), ""),
    ],
    ids=[
        "trash",
        "restore",
        "archive",
        "unarchive",
        "hide",
        "show",
        "tag",
        "untag",
        "date",
        "favourite",
        "description",
    ],
)
async def test_what_the_user_does_is_told_once_in_words(
    house: House, changes: Poll, before: Act, action: Act, fields: str
) -> None:
    asset = await house.photo(1)
    await before(house, asset)
    await changes.turn()
    await action(house, asset)
    assert await changes.turn() == ([(asset, fields)] if fields else [])
    assert await changes.turn() == []


async def test_an_event_carries_the_time_that_immich_gave_the_change(house: House, changes: Poll) -> None:
    asset = await house.photo(1)
    await trash(house, asset)
    await changes.turn()
    row = await house.pool.fetchrow("SELECT version, source FROM events WHERE kind = 'AssetChanged'")
    shown = await house.user("GET", f"/assets/{asset}", None)
    assert row is not None
    assert (row["version"], row["source"]) == (shown["updatedAt"], "poll")


async def test_how_a_photo_was_when_it_was_embedded_is_no_change(house: House, changes: Poll) -> None:
    tagged_before, archived_before = [await house.home.photo(seed) for seed in range(2)]
    await house.user_tags(tagged_before, "Holiday")
    await show(house, archived_before, "archive")
    for asset in (tagged_before, archived_before):
        await house.embed(await house.heard(asset))
        await house.end(asset, "done")
        await favour(house, asset)
    assert await changes.turn() == []
    assert changes.reads() > 0


async def test_what_we_do_is_never_told(house: House, changes: Poll) -> None:
    one, two, three = [await house.photo(seed) for seed in range(3)]
    await house.we_do(tag(one, "Auto/X", "Auto/Y"))
    await house.we_do(StackAssets(account=ME, cover=one, members=(one, two), reason=WHY))
    await house.we_do(ArchiveAssets(account=ME, assets=(three,), reason=WHY))
    before = changes.reads()
    assert await changes.turn() == []
    assert changes.reads() == before + 3  # all three moved and were looked at
    await house.we_do(tag(one, "Auto/Z"))
    assert await changes.turn() == []


async def test_the_user_is_told_beside_and_after_us(house: House, changes: Poll) -> None:
    one, two, three = [await house.photo(seed) for seed in range(3)]
    await house.user_tags(one, "Holiday")
    await house.we_do(tag(one, "Auto/X"))
    await house.we_do(ArchiveAssets(account=ME, assets=(two,), reason=WHY))
    await show(house, two, "timeline")
    await house.we_do(ArchiveAssets(account=ME, assets=(three,), reason=WHY))
    await trash(house, three)
    assert sorted(await changes.turn()) == sorted([(one, "tags"), (two, "unarchived"), (three, "trashed")])
    await settled_long_ago(house)
    await house.home.user_untags(one, "Auto/X")
    await show(house, two, "archive")
    assert sorted(await changes.turn()) == sorted([(one, "tags"), (two, "archived")])
    assert await changes.turn() == []


async def test_a_tag_that_vanishes_right_after_we_set_it_is_looked_at_again(house: House, changes: Poll) -> None:
    asset = await house.photo(1)
    await house.we_do(tag(asset, "Auto/X"))
    await changes.turn()
    await house.home.user_untags(asset, "Auto/X")
    moved = await moved_at(house, asset)
    assert await changes.turn() == []
    assert await changes.cursor() <= moved
    await settled_long_ago(house)
    assert await changes.turn() == [(asset, "tags")]


async def test_while_a_change_of_ours_is_unanswered_nothing_is_decided_for_an_hour_at_most(
    house: House, changes: Poll
) -> None:
    asset, other = await house.photo(1), await house.photo(2)
    entry = await house.journal.write(tag(asset, "Auto/X"), CAUSE, TagState(tags=frozenset()), EntryState.OPEN)
    for changed in (asset, other):
        await trash(house, changed)
    moved = await moved_at(house, asset)
    changes.library.by = timedelta(minutes=30)
    assert await changes.turn() == [(other, "trashed")]
    assert await changes.cursor() == moved
    changes.library.by = timedelta(minutes=90)
    assert await changes.turn() == []
    assert await changes.cursor() > moved + timedelta(minutes=80)
    await house.journal.settle(entry, EntryState.DONE, TagState(tags=frozenset({"Auto/X"})))
    changes.library.by = timedelta(0)
    await house.home.writer.add_tags(asset, ["Auto/X"])  # the call whose answer was lost had arrived
    await house.home.rest()
    assert await changes.turn() == [(asset, "trashed")]


async def test_while_we_and_the_user_are_both_at_it_only_the_user_is_told(house: House, changes: Poll) -> None:
    assets = [await house.photo(seed) for seed in range(12)]
    performer = house.performer()

    async def we_work() -> None:
        for asset in assets:
            await performer.carry_out([tag(asset, "Auto/X", "Auto/Y")], CAUSE)
        for one, two in (assets[0:2], assets[2:4]):
            await performer.perform(StackAssets(account=ME, cover=one, members=(one, two), reason=WHY), CAUSE)
        for asset in assets[4:8]:
            await performer.perform(ArchiveAssets(account=ME, assets=(asset,), reason=WHY), CAUSE)

    async def the_user_cleans_up() -> None:
        for asset in assets[8:]:
            await trash(house, asset)

    work = asyncio.gather(we_work(), the_user_cleans_up())
    while not work.done():
        await changes.turn()
    await work
    await house.home.rest()
    await changes.turn()
    assert sorted(await changes.all_told()) == sorted((asset, "trashed") for asset in assets[8:])
    moved = {asset: await moved_at(house, asset) for asset in assets}
    assert await house.sightings.moved(ME, moved) == ()
