"""A stack whose cover leaves the timeline stays seen: over the real worker, a real database and a simulated Immich."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import pytest

from reactor.acts.covers import MoveHand
from reactor.acts.keeping import follows
from reactor.core.changes import ArchiveAssets, MoveCover, StackAssets, UnarchiveAssets
from reactor.core.entry_orders import Undo
from reactor.core.ids import AssetId, RunId
from reactor.core.interventions import CoverChosen
from reactor.core.journal import Cause, EntryState
from reactor.core.limits import LimitPolicy
from reactor.core.reasons import By

from ..household import ME, a_performer, hands_of
from ..sources.changes_rig import WHY, restore, show, trash
from ..sources.fakes import MemoryLog
from ..stages.house import House
from ..vetoes.rig import PLAIN, Home, a_home, a_sweep

ASKED = Cause(handler="undo", event=2, run=RunId("undo:1"))


async def archive(house: House, asset: AssetId) -> None:
    await show(house, asset, "archive")


async def hide(house: House, asset: AssetId) -> None:
    await show(house, asset, "hidden")


async def bring_back(house: House, asset: AssetId) -> None:
    await show(house, asset, "timeline")


Act: TypeAlias = Callable[[House, AssetId], Awaitable[None]]
AWAY: Mapping[str, Act] = {"trashed": trash, "archived": archive, "hidden": hide}
SEEDS = (0, 1, 8)
"""Of pictures that are no copies of each other."""


@pytest.fixture
async def home(house: House) -> AsyncIterator[Home]:
    async with a_home(house, PLAIN) as opened:
        yield opened


async def photos(home: Home, number: int) -> list[AssetId]:
    """Upload photos that belong to no stack: hours lie between them."""
    found = [await home.upload(seed, seconds=seed * 9000.0) for seed in SEEDS[:number]]
    await home.notice()
    assert [await home.stack_of(one) for one in found] == [[]] * number
    return found


async def ours(home: Home, *members: AssetId) -> None:
    await home.house.we_do(StackAssets(account=ME, cover=members[0], members=members, reason=WHY))
    await home.later()
    await home.notice()


async def theirs(home: Home, *members: AssetId) -> None:
    await home.house.user("POST", "/stacks", {"assetIds": list(members)})
    await home.notice()


async def cover_of(home: Home, asset: AssetId) -> AssetId | None:
    return (await home.house.home.library.asset(asset)).stack_primary


async def entries(home: Home) -> list[tuple[str, str]]:
    rows = await home.house.pool.fetch("SELECT kind, state FROM journal WHERE feature = 'stacks' ORDER BY id")
    return [tuple(row) for row in rows]


async def undo(home: Home, entry: int, *members: AssetId) -> Any:
    order = Undo(account=ME, entry=entry, feature="stacks", subjects=members)
    ended = await home.house.performer().perform(order, ASKED)
    await home.house.home.rest()
    return ended


async def last(home: Home) -> int:
    found: int = await home.house.pool.fetchval("SELECT max(id) FROM journal WHERE kind = 'MoveCover'")
    return found


@pytest.mark.parametrize("how", AWAY)
@pytest.mark.parametrize("make", [ours, theirs])
async def test_the_cover_is_moved_when_it_leaves_the_timeline(home: Home, how: str, make: Any) -> None:
    a, b, c = await photos(home, 3)
    await make(home, a, b, c)
    await AWAY[how](home.house, a)
    assert how in await home.notice()
    assert await cover_of(home, b) in (b, c)
    assert (await entries(home))[-1] == ("MoveCover", "done")


@pytest.mark.parametrize("how", AWAY)
async def test_an_undo_puts_the_old_cover_on_top_wherever_it_is_and_it_stays(home: Home, how: str) -> None:
    a, b, c = await photos(home, 3)
    await theirs(home, a, b, c)
    await AWAY[how](home.house, a)
    await home.notice()
    assert await undo(home, await last(home), a, b, c) is EntryState.DONE
    assert await cover_of(home, b) == a
    assert {(await home.house.home.library.asset(one)).stack for one in (a, b, c)} != {None}
    (veto,) = await home.listed()
    assert (veto.kind, veto.subjects, veto.value) == ("cover", (a,), "away")
    # what is seen again, and put away again, stays as the user wants it
    await (restore if how == "trashed" else bring_back)(home.house, a)
    await home.notice()
    await AWAY[how](home.house, a)
    await home.notice()
    assert await cover_of(home, b) == a
    assert (await entries(home))[-1] == ("MoveCover", "vetoed")


async def test_the_cover_of_a_stack_of_the_users_comes_back_with_its_photo(home: Home) -> None:
    a, b, c = await photos(home, 3)
    await theirs(home, a, b, c)
    await trash(home.house, a)
    await home.notice()
    between = await cover_of(home, c)
    assert between != a
    assert between is not None
    await archive(home.house, between)
    await home.notice()
    (third,) = {b, c} - {between}
    assert await cover_of(home, b) == third
    await restore(home.house, a)
    await home.notice()
    assert await cover_of(home, b) == a


async def test_a_cover_that_the_user_chose_comes_back_though_nobody_had_noticed_the_choice(home: Home) -> None:
    a, b, c = await photos(home, 3)
    await ours(home, a, b, c)
    await home.choose_cover(c)
    await trash(home.house, c)
    await home.notice()
    assert await cover_of(home, a) in (a, b)
    await restore(home.house, c)
    await home.notice()
    assert await cover_of(home, a) == c


async def test_our_own_move_is_not_the_users_choice(home: Home) -> None:
    a, b, c = await photos(home, 3)
    await ours(home, a, b, c)
    await archive(home.house, a)
    await home.notice()
    await home.later()
    assert await home.notice() == []
    log = MemoryLog()
    await a_sweep(home.house, log=log).once()
    assert log.events == {}
    (other,) = {b, c} - {await cover_of(home, b)}
    await home.choose_cover(other)
    await home.house.pool.execute("DELETE FROM bookmarks WHERE name LIKE 'sweep%'")
    await a_sweep(home.house, log=log).once()
    assert [type(event) for event in log.events.values()] == [CoverChosen]


async def test_a_stack_that_is_put_away_whole_is_left_alone(home: Home) -> None:
    a, b = await photos(home, 2)
    await ours(home, a, b)
    await home.house.user("PUT", "/assets", {"ids": [a, b], "visibility": "archive"})
    assert await home.notice() == ["archived", "archived"]
    assert (await entries(home))[-1] == ("StackAssets", "done")
    # one of them alone is brought back, under a cover that stays in the archive
    await bring_back(home.house, b)
    assert await home.notice() == ["unarchived"]
    assert await cover_of(home, a) == b


async def test_a_locked_cover_is_found_by_the_sweep(home: Home) -> None:
    a, b, c = await photos(home, 3)
    await ours(home, a, b, c)
    await home.house.home.user_locks(a)
    assert await home.notice() == []  # no key sees it
    assert await home.sweep() == 1
    assert await cover_of(home, b) in (b, c)
    assert await home.sweep() == 0


async def test_the_undo_of_the_stack_sees_through_a_moved_cover(home: Home) -> None:
    a, b, c = await photos(home, 3)
    await ours(home, a, b, c)
    entry = await home.house.pool.fetchval("SELECT max(id) FROM journal WHERE kind = 'StackAssets'")
    await archive(home.house, a)
    await home.notice()
    assert await undo(home, entry, a, b, c) is EntryState.DONE
    assert [await home.stack_of(one) for one in (a, b, c)] == [[], [], []]
    assert await undo(home, await last(home), a, b, c) is EntryState.UNDONE


async def test_a_cover_that_the_user_chose_since_is_not_put_back(home: Home) -> None:
    a, b, c = await photos(home, 3)
    await theirs(home, a, b, c)
    await archive(home.house, a)
    await home.notice()
    (other,) = {b, c} - {await cover_of(home, b)}
    await home.choose_cover(other)
    assert await undo(home, await last(home), a, b, c) is EntryState.LEFT
    assert await cover_of(home, b) == other
    note = await home.house.pool.fetchval("SELECT note FROM journal WHERE state = 'left'")
    assert "you changed it" in note


async def test_it_is_planned_only_while_observing_and_held_by_the_limits(home: Home) -> None:
    a, b = await photos(home, 2)
    await theirs(home, a, b)
    move = MoveCover(account=ME, cover=b, members=(a, b), away=a, ours=False, chosen=a, reason=WHY)
    await home.house.user("PUT", "/assets", {"ids": [a], "visibility": "archive"})
    hands, pool = hands_of(home.house.home), home.house.pool
    observing = a_performer(pool, hands, mode="observe")
    cause = Cause(handler="cover", event=1, run=RunId("live"))
    assert await observing.perform(move, cause) is EntryState.PLANNED
    limited = a_performer(pool, hands, limits=LimitPolicy(each=0, floor=0))
    with pytest.raises(Exception, match="stands still"):
        await limited.perform(move, cause)
    assert await cover_of(home, b) == a


async def test_a_cover_that_is_shown_again_before_the_call_is_decided_anew(home: Home) -> None:
    a, b = await photos(home, 2)
    await theirs(home, a, b)
    move = MoveCover(account=ME, cover=b, members=(a, b), away=a, ours=False, chosen=a, reason=WHY)
    library, writer = home.house.home.library, home.house.home.writer
    hand = MoveHand(lambda _: library, lambda _: writer)
    with pytest.raises(Exception, match="in the timeline again"):
        await hand.read(move)
    await trash(home.house, a)
    before = await hand.read(move)
    await trash(home.house, b)
    with pytest.raises(Exception, match="does not take it for a cover"):
        await hand.call(move, before)


@pytest.mark.parametrize("by", ["rule", "person"])
async def test_a_photo_that_we_bring_back_is_seen_unless_a_person_wants_what_stood_before(home: Home, by: By) -> None:
    a, b, c = await photos(home, 3)
    await ours(home, a, b, c)
    await home.house.we_do(ArchiveAssets(account=ME, assets=(a, b, c), categories=("Away",), reason=WHY))
    await home.later()
    for change in (bring_back, archive):
        await change(home.house, a)
        await home.notice()
    assert await cover_of(home, b) == a
    entry = await home.house.pool.fetchval("SELECT max(id) FROM journal WHERE kind = 'ArchiveAssets'")
    back = UnarchiveAssets(account=ME, assets=(b,), undoes=entry, whole=False, by=by, reason=WHY)
    await home.house.we_do(back)
    await home.house.log.append(follows(entry + 1, back))
    await home.rest()
    assert await cover_of(home, b) == (b if by == "rule" else a)
