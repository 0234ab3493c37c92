"""The slow sweep: what it tells, how fast it asks, and where it goes on after a restart."""

import asyncio
import time
from datetime import timedelta

import pytest

from reactor.core.changes import ArchiveAssets, StackAssets, StackState, TagAsset
from reactor.core.claims import HANDFUL, PortraitClaim, gone_together
from reactor.core.errors import Unreachable
from reactor.core.events import AssetChanged, Event
from reactor.core.ids import AccountId, AssetId, FaceId
from reactor.core.interventions import CoverChosen, TagDeleted
from reactor.core.journal import EntryState
from reactor.core.library import Asset
from reactor.core.vetoes import MANY
from reactor.sources.sweep import ROUND

from ..household import ME
from ..stages.house import CAUSE, House
from ..vetoes.rig import a_sweep
from .changes_rig import WHY, tag, trash
from .fakes import MemoryLog

NAME = "sweep of me"


async def stacked(house: House, *members: AssetId) -> StackAssets:
    change = StackAssets(account=ME, cover=members[0], members=members, reason=WHY)
    await house.we_do(change)
    return change


async def later(house: House) -> None:
    await house.pool.execute("UPDATE journal SET settled_at = settled_at - interval '2 minutes'")


async def swept(house: House) -> list[Event]:
    """Go round once, from the beginning; return what was told, news or not."""
    log = MemoryLog()
    await house.pool.execute("DELETE FROM bookmarks WHERE name = $1", NAME)
    await a_sweep(house, log=log).once()
    return list(log.events.values())


async def cover(house: House, asset: AssetId) -> None:
    stack = (await house.home.library.asset(asset)).stack
    await house.user("PUT", f"/stacks/{stack}", {"primaryAssetId": asset})


async def test_a_new_cover_is_told_while_the_members_are_ours(house: House) -> None:
    a, b, c = [await house.home.photo(seed) for seed in range(3)]
    await stacked(house, a, b)
    await cover(house, b)
    assert await swept(house) == []  # too soon
    await later(house)
    chosen = CoverChosen(account=ME, asset=b, before=a, entry=1)
    assert await swept(house) == [chosen]
    # one more photo: the stack is the user's now, and so is its cover
    await house.user("POST", "/stacks", {"assetIds": [b, c]})
    assert await swept(house) == []


async def test_what_the_poll_may_have_missed_is_told_too(house: House) -> None:
    a, b, c, d, e = [await house.home.photo(seed) for seed in range(5)]
    await stacked(house, a, b)
    await stacked(house, c, d)
    await later(house)
    await house.user("DELETE", f"/stacks/{(await house.home.library.asset(a)).stack}", None)
    await cover(house, d)
    await house.user("POST", "/stacks", {"assetIds": [e, c]})
    told = [event for event in await swept(house) if isinstance(event, AssetChanged)]
    assert [(event.asset, event.fields) for event in told] == [(a, ("unstacked",)), (c, ("unstacked",))]
    shown = await house.user("GET", f"/assets/{a}", None)
    assert told[0].updated_at == shown["updatedAt"]


async def test_a_cover_in_the_trash_and_a_deleted_one_are_nobodys_choice(house: House) -> None:
    a, b, c, d, e = [await house.home.photo(seed) for seed in range(5)]
    await stacked(house, a, b)
    await stacked(house, c, d, e)
    await later(house)
    await trash(house, a)
    await house.user("DELETE", "/assets", {"ids": [c], "force": True})
    assert await swept(house) == []


async def test_a_tag_of_ours_that_does_not_exist_any_more_is_told(house: House) -> None:
    a, b = [await house.home.photo(seed) for seed in range(2)]
    await house.user_tags(a, "Theirs")
    await house.we_do(tag(a, "Auto/X", "Theirs"))
    await house.we_do(tag(b, "Auto/X"))
    for value in ("Auto/X", "Theirs"):
        (found,) = [one["id"] for one in await house.user("GET", "/tags", None) if one["value"] == value]
        await house.user("DELETE", f"/tags/{found}", None)
    assert await swept(house) == []  # too soon
    await later(house)
    assert await swept(house) == [TagDeleted(account=ME, tag="Auto/X", entry=2)]
    await house.pool.execute("UPDATE journal SET state = 'open', settled_at = NULL WHERE id = 2")
    assert await swept(house) == []  # it may just be coming back


async def test_it_asks_slowly_and_an_account_without_claims_costs_nothing(house: House) -> None:
    assert await a_sweep(house).once() == 0
    assert [path for method, path, _ in house.home.immich.requests if path.startswith("/api/tags")] == []
    photos = [await house.home.photo(seed) for seed in range(4)]
    await stacked(house, *photos[:2])
    await stacked(house, *photos[2:])
    await later(house)
    await house.pool.execute("DELETE FROM bookmarks WHERE name = $1", NAME)
    asked = len(house.home.immich.requests)
    began = time.monotonic()
    await a_sweep(house, gap=timedelta(seconds=0.1)).once()
    assert time.monotonic() - began >= 0.1 * (len(house.home.immich.requests) - asked) == 0.2


async def test_a_key_that_may_not_list_tags_keeps_nobody_from_noticing_covers(house: House) -> None:
    a, b = [await house.home.photo(seed) for seed in range(2)]
    await house.we_do(tag(a, "Auto/X"))
    await stacked(house, a, b)
    await later(house)
    await cover(house, b)
    house.home.immich.fail("GET", "/api/tags", status=403, message="Missing required permission: tag.read", times=1)
    log = MemoryLog()
    sweep = a_sweep(house, log=log, every=timedelta(0))
    assert await sweep.once() == 1
    assert [type(event) for event in log.events.values()] == [CoverChosen]
    assert "tags are not looked at: the API key lacks the permission tag.read" in sweep.status()
    await sweep.once()
    assert "tag.read" not in sweep.status()


async def test_a_round_goes_on_where_it_was_left(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactor.sources.sweep.PAGE", 2)
    photos = [await house.home.photo(seed) for seed in range(8)]
    for start in range(0, 8, 2):
        await stacked(house, *photos[start : start + 2])
    await later(house)
    library = house.home.library
    looked: list[AssetId] = []

    class Fails:
        async def asset(self, asset: AssetId) -> Asset:
            looked.append(asset)
            if len(looked) == 4:
                raise Unreachable("Immich is away")
            return await library.asset(asset)

        stack, tags = library.stack, library.tags

    fails = a_sweep(house, library=Fails())
    with pytest.raises(Unreachable):
        await fails.once()
    assert "is under way: 2 looked at, 0 changed; Immich is away" in fails.status()
    stored = ROUND.validate_python(await house.bookmarks.get(NAME))
    assert (stored.looked, stored.through) == (2, False)
    again = a_sweep(house, library=Fails())
    await again.once()
    assert looked == [photos[0], photos[2], photos[4], photos[6], photos[4], photos[6]]
    # the round is through: the next one waits
    await again.once()
    assert len(looked) == 6
    assert "is through: 4 looked at, 0 changed" in again.status()


async def test_it_runs_round_after_round(house: House) -> None:
    sweep = a_sweep(house, every=timedelta(seconds=0.01))
    task = asyncio.create_task(sweep.run())
    try:
        async with asyncio.timeout(10):
            while await house.bookmarks.get(NAME) is None:
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert "is through" in sweep.status()


async def test_only_done_entries_of_photos_that_no_later_one_touched_are_looked_at(house: House) -> None:
    a, b, c = [await house.home.photo(seed) for seed in range(3)]
    await stacked(house, a, b)
    await stacked(house, a, b, c)
    await house.we_do(ArchiveAssets(account=ME, assets=(a, b, c), reason=WHY))
    await house.we_do(TagAsset(account=ME, asset=a, tags=("Auto/X",), reason=WHY))
    await later(house)
    sweep = a_sweep(house)
    await sweep.once()
    assert "1 looked at" in sweep.status()
    one_more = StackAssets(account=ME, cover=c, members=(c, a), reason=WHY)
    await house.journal.write(one_more, CAUSE, StackState(stacks=()), EntryState.OPEN)
    await house.pool.execute("DELETE FROM bookmarks WHERE name = $1", NAME)
    sweep = a_sweep(house)
    await sweep.once()
    assert "0 looked at" in sweep.status()


def claim(number: int) -> PortraitClaim:
    return PortraitClaim(account=AccountId("me"), entry=number, face=FaceId(f"f{number}"), name="A", file=f"{number}")


@pytest.mark.parametrize(
    ("gone", "there", "asked"),
    [
        (0, 0, False),
        (1, 0, False),  # the only face
        (HANDFUL, 0, False),
        (HANDFUL + 1, 0, True),
        (8, 16, False),  # a folder
        (MANY - 1, 1, False),
        (MANY, 80, True),
    ],
)
def test_so_many_portraits_are_not_deleted_by_hand(gone: int, there: int, asked: bool) -> None:
    claims = [claim(number) for number in range(gone)]
    assert gone_together(claims, [str(number) for number in range(there)]) is asked
