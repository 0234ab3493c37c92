"""A call that was never answered, and a plan that lay for long: the user changed the world meanwhile."""

from datetime import timedelta

import pytest

from reactor.core.changes import Change, feature_of, subjects_of
from reactor.core.entry_orders import CarryOut
from reactor.core.errors import Retryable
from reactor.core.ids import AssetId
from reactor.core.journal import EntryState
from reactor.demo.immich import DropConnectionError, Write

from ..household import ME, Household
from .test_perform import CAUSE, Desk, archived, desk, stack, tag
from .test_undo import ASKED, done, order, stacks, state_of, undo

__all__ = ["desk"]


async def unanswered(desk: Desk, change: Change) -> int:
    """Make a change whose answer is lost, and return the number of its entry."""

    async def cut(_: Write) -> None:
        raise DropConnectionError

    desk.home.immich.before_answer = cut
    with pytest.raises(Retryable):
        await desk.performer().perform(change, CAUSE)
    desk.home.immich.before_answer = None
    await desk.home.rest()
    entry: int = await desk.pool.fetchval("SELECT id FROM journal WHERE state = 'open'")
    return entry


async def seen(home: Household, *photos: AssetId) -> list[str]:
    return [(await home.library.asset(photo)).visibility for photo in photos]


async def none_is_open(desk: Desk) -> bool:
    return not await desk.pool.fetchval("SELECT count(*) FROM journal WHERE state = 'open'")


@pytest.mark.parametrize("force", [True, False])
async def test_the_rest_of_an_archived_stack_is_brought_back_though_a_member_is_gone(desk: Desk, force: bool) -> None:
    one, two = await desk.home.photos(2)
    await done(desk, stack(one, two))
    entry = await unanswered(desk, archived(one, two))
    await desk.home.user_deletes(two, force=force)
    await undo(desk, order(archived(one, two), entry))
    assert await seen(desk.home, one) == ["timeline"]
    assert await state_of(desk, entry) == "undone"
    assert await none_is_open(desk)


async def test_an_archived_stack_is_brought_back_though_it_grew_before_it_was_looked_at(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    await done(desk, stack(one, two))
    entry = await unanswered(desk, archived(one, two))
    await desk.home.writer.make_stack([one, three])  # takes the whole stack along
    await undo(desk, order(archived(one, two), entry))
    assert await seen(desk.home, one, two, three) == ["timeline"] * 3
    assert await none_is_open(desk)


@pytest.mark.parametrize("gone", [0, 2])
@pytest.mark.parametrize("force", [True, False])
async def test_a_stack_is_taken_apart_though_a_member_is_gone(desk: Desk, gone: int, force: bool) -> None:
    photos = await desk.home.photos(3)
    entry = await unanswered(desk, stack(photos[0], *photos[1:]))
    await desk.home.user_deletes(photos[gone], force=force)
    await undo(desk, order(stack(photos[0], *photos[1:]), entry))
    left = [photo for photo in photos if photo != photos[gone]]
    assert await stacks(desk.home, *left) == set()
    assert await state_of(desk, entry) == "undone"
    assert await none_is_open(desk)


@pytest.mark.parametrize("how", ["trash", "archive", "gone"])
async def test_a_planned_stack_takes_no_photo_that_left_the_timeline(desk: Desk, how: str) -> None:
    one, two = await desk.home.photos(2)
    change = stack(two, one)
    await desk.performer("observe").perform(change, CAUSE)
    entry: int = await desk.pool.fetchval("SELECT max(id) FROM journal")
    if how == "archive":
        await desk.home.writer.set_visibility([two], "archive")
    else:
        await desk.home.user_deletes(two, force=how == "gone")
    wanted = CarryOut(account=ME, entry=entry, feature=feature_of(change), subjects=subjects_of(change))
    assert await desk.performer("observe").perform(wanted, ASKED) is EntryState.SUPERSEDED
    assert await state_of(desk, entry) == "superseded"
    assert (await desk.home.library.asset(one)).stack is None
    assert not desk.home.writes("stack.create")


async def test_a_tag_stays_away_though_the_clock_was_set_back(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    await desk.performer().perform(tag(photo, "Auto/X"), CAUSE)
    await desk.home.user_untags(photo, "Auto/X")
    desk.ahead = -timedelta(hours=1)
    assert await desk.performer().perform(tag(photo, "Auto/X"), CAUSE) is EntryState.VETOED
    assert (await desk.home.library.asset(photo)).tags == set()


async def test_an_unanswered_change_is_looked_at_though_the_clock_was_set_back(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    entry = await unanswered(desk, archived(photo))
    desk.ahead = -timedelta(hours=1)
    assert await desk.performer().perform(archived(photo), CAUSE) is None
    assert await state_of(desk, entry) == "done"
