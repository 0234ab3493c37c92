"""When the veto stage concludes something, and when it waits: nothing of ours may be under way or too young."""

from collections.abc import AsyncIterator

import pytest

from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import ArchiveAssets, Feature, StackAssets, TagState
from reactor.core.entry_orders import Undo
from reactor.core.errors import Held
from reactor.core.events import AssetChanged, Event
from reactor.core.ids import AssetId
from reactor.core.interventions import CoverChosen, TagDeleted
from reactor.core.journal import EntryState
from reactor.core.vetoes import Veto
from reactor.stages.veto import veto

from ..household import ME
from ..sources.changes_rig import WHY, Poll, favour, show, tag, trash
from ..stages.house import CAUSE, House

NOTHING = TagState(tags=frozenset())


async def changed(house: House, asset: AssetId, fields: str) -> list[Veto]:
    """Let the stage hear of it; return what is remembered then."""
    return await heard(house, AssetChanged(account=ME, asset=asset, updated_at="2026", fields=tuple(fields.split())))


async def heard(house: House, event: Event) -> list[Veto]:
    await veto([event], house.services())
    return list(await PostgresVetoes(house.pool).standing())


async def later(house: House) -> None:
    await house.pool.execute("UPDATE journal SET settled_at = settled_at - interval '2 minutes'")


async def stacked(house: House, *members: AssetId) -> None:
    await house.we_do(StackAssets(account=ME, cover=members[0], members=members, reason=WHY))


async def dissolve(house: House, asset: AssetId) -> None:
    await house.user("DELETE", f"/stacks/{(await house.home.library.asset(asset)).stack}", None)


@pytest.fixture
async def pair(house: House) -> AsyncIterator[tuple[AssetId, AssetId]]:
    a, b = [await house.home.photo(seed) for seed in range(2)]
    await stacked(house, a, b)
    yield a, b


async def test_too_soon_after_our_change_it_waits_and_loses_nothing(
    house: House, pair: tuple[AssetId, AssetId]
) -> None:
    await dissolve(house, pair[0])
    with pytest.raises(Held) as held:
        await changed(house, pair[0], "unstacked")
    assert held.value.after is not None
    assert 50 < held.value.after <= 60
    await later(house)
    assert [one.kind for one in await changed(house, pair[0], "unstacked")] == ["stack"]


async def test_while_a_change_of_ours_is_under_way_it_waits(house: House) -> None:
    asset = await house.home.photo(1)
    await house.we_do(tag(asset, "Auto/X"))
    await later(house)
    await house.home.user_untags(asset, "Auto/X")
    entry = await house.journal.write(tag(asset, "Auto/Y"), CAUSE, NOTHING, EntryState.OPEN)
    with pytest.raises(Held):
        await changed(house, asset, "tags")
    await house.journal.settle(entry, EntryState.FAILED, NOTHING)
    assert [one.value for one in await changed(house, asset, "tags")] == ["Auto/X"]


async def test_what_is_so_again_is_no_veto(house: House, pair: tuple[AssetId, AssetId]) -> None:
    a, b = pair
    await house.we_do(tag(a, "Auto/X"))
    await house.we_do(ArchiveAssets(account=ME, assets=(a, b), reason=WHY))
    await later(house)
    assert await changed(house, a, "tags unarchived unstacked") == []
    await show(house, a, "timeline")
    assert [one.kind for one in await changed(house, a, "tags unstacked")] == []
    assert [one.kind for one in await changed(house, a, "unarchived")] == ["archive"]


async def test_deleted_and_trashed_companions_say_nothing(house: House, pair: tuple[AssetId, AssetId]) -> None:
    a, b = pair
    await later(house)
    await house.user("DELETE", "/assets", {"ids": [b], "force": True})
    assert await changed(house, a, "unstacked") == []
    c, d, e = [await house.home.photo(seed) for seed in (3, 4, 5)]
    await stacked(house, c, d, e)
    await later(house)
    await trash(house, e)
    assert await changed(house, c, "unstacked") == []
    assert await changed(house, e, "unstacked") == []


async def test_a_stack_that_the_user_enlarged_stands_together_still(
    house: House, pair: tuple[AssetId, AssetId]
) -> None:
    a, b = pair
    await later(house)
    more = await house.home.photo(7)
    await house.user("POST", "/stacks", {"assetIds": [more, a]})
    assert await changed(house, b, "unstacked") == []


async def test_a_cover_that_was_put_back_or_whose_stack_is_another_is_no_choice(
    house: House, pair: tuple[AssetId, AssetId]
) -> None:
    a, b = pair
    event = CoverChosen(account=ME, asset=b, before=a, entry=1)
    await later(house)
    assert await heard(house, event) == []  # it is not on top
    stack = (await house.home.library.asset(a)).stack
    await house.user("PUT", f"/stacks/{stack}", {"primaryAssetId": b})
    assert [one.subjects for one in await heard(house, event)] == [(b,)]
    assert len(await heard(house, event)) == 1
    assert len(await heard(house, CoverChosen(account=ME, asset=b, before=a, entry=99))) == 1


async def test_a_tag_that_exists_again_was_not_deleted(house: House) -> None:
    asset = await house.home.photo(1)
    await house.we_do(tag(asset, "Auto/X"))
    event = TagDeleted(account=ME, tag="Auto/X", entry=1)
    with pytest.raises(Held):
        await heard(house, event)
    await later(house)
    assert await heard(house, event) == []
    (found,) = [one["id"] for one in await house.user("GET", "/tags", None) if one["value"] == "Auto/X"]
    await house.user("DELETE", f"/tags/{found}", None)
    assert [one.value for one in await heard(house, event)] == ["Auto/X"]


async def test_what_we_take_back_ourselves_is_never_told_as_the_users(house: House) -> None:
    a, b, c = [await house.photo(seed, minutes=seed) for seed in range(3)]
    poll = Poll(house)
    await poll.turn()
    await house.we_do(tag(a, "Auto/X", "Auto/Y"))
    await house.we_do(ArchiveAssets(account=ME, assets=(b,), reason=WHY))
    await stacked(house, a, c)
    assert await poll.turn() == []
    orders: list[tuple[Feature, tuple[AssetId, ...], int]] = [
        ("tags", (a,), 1),
        ("archive", (b,), 2),
        ("stacks", tuple(sorted((a, c))), 3),
    ]
    for feature, subjects, entry in orders:
        order = Undo(account=ME, entry=entry, feature=feature, subjects=subjects)
        await house.performer().perform(order, CAUSE)
    await house.home.rest()
    assert await house.pool.fetchval("SELECT count(*) FROM journal WHERE state = 'undone'") == 3
    await house.pool.execute("UPDATE sightings SET seen_at = seen_at - interval '2 minutes'")
    assert await poll.turn() == []
    for asset in (a, b, c):
        await favour(house, asset)
    assert await poll.turn() == []
    # both at once: taken back by us, and changed by the user before the next look
    await house.we_do(tag(b, "Auto/Z"))
    await house.performer().perform(Undo(account=ME, entry=7, feature="tags", subjects=(b,)), CAUSE)
    await house.user_tags(b, "Holiday")
    assert await poll.turn() == [(b, "tags")]
