"""Taking back: each kind of change, what the user changed since, crashes in between, and what is not done again."""

import pytest

from reactor.core.changes import ArchiveAssets, Change, StackAssets, TagAsset, feature_of, subjects_of
from reactor.core.entry_orders import Undo
from reactor.core.errors import Retryable
from reactor.core.ids import AssetId, RunId
from reactor.core.journal import Cause, EntryState
from reactor.demo.immich import DropConnectionError, Write

from ..household import ME, Household
from .test_perform import CAUSE, WHY, Desk, archived, desk, stack, tag

__all__ = ["desk"]
ASKED = Cause(handler="undo", event=2, run=RunId("undo:1"))


async def done(desk: Desk, change: Change) -> Undo:
    """Carry a change out and return the order that takes it back."""
    assert await desk.performer().perform(change, CAUSE) is EntryState.DONE
    await desk.home.rest()
    entry: int = await desk.pool.fetchval("SELECT max(id) FROM journal")
    return order(change, entry)


def order(change: Change, entry: int) -> Undo:
    return Undo(account=ME, entry=entry, feature=feature_of(change), subjects=subjects_of(change))


async def undo(desk: Desk, wanted: Undo) -> EntryState | None:
    ended = await desk.performer("observe").perform(wanted, ASKED)
    await desk.home.rest()
    return ended


async def state_of(desk: Desk, entry: int) -> str:
    found: str = await desk.pool.fetchval("SELECT state FROM journal WHERE id = $1", entry)
    return found


async def stacks(home: Household, *assets: AssetId) -> set[tuple[AssetId, frozenset[AssetId]]]:
    found = set()
    for asset in assets:
        stack_id = (await home.library.asset(asset)).stack
        if stack_id is not None:
            now = await home.library.stack(stack_id)
            found.add((now.primary, now.members))
    return found


async def test_tags_that_we_set_are_taken_off_and_the_users_stay(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    await desk.home.writer.add_tags(photo, ["Holiday", "Auto/Paper"])
    await desk.home.rest()
    wanted = await done(desk, tag(photo, "Auto/Receipts", "Auto/Paper", "Auto/Bills"))
    assert await undo(desk, wanted) is EntryState.DONE
    assert (await desk.home.library.asset(photo)).tags == {"Holiday", "Auto/Paper"}
    assert await state_of(desk, wanted.entry) == "undone"
    assert await undo(desk, wanted) is None
    assert await desk.performer().perform(tag(photo, "Auto/Receipts"), CAUSE) is EntryState.VETOED


async def test_one_tag_of_several_is_taken_off_by_category(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    wanted = await done(desk, tag(photo, "Auto/A", "Auto/B"))
    part = Undo(account=ME, entry=wanted.entry, feature="tags", subjects=(photo,), tags=("Auto/A",))
    assert await undo(desk, part) is EntryState.DONE
    assert (await desk.home.library.asset(photo)).tags == {"Auto/B"}
    assert await state_of(desk, wanted.entry) == "done"
    assert await undo(desk, wanted) is EntryState.DONE
    assert (await desk.home.library.asset(photo)).tags == set()
    assert await state_of(desk, wanted.entry) == "undone"


async def test_an_entry_that_was_taken_back_tag_by_tag_is_undone(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    wanted = await done(desk, tag(photo, "Auto/A", "Auto/B"))
    for name, state in (("Auto/A", "done"), ("Auto/B", "undone")):
        part = Undo(account=ME, entry=wanted.entry, feature="tags", subjects=(photo,), tags=(name,))
        assert await undo(desk, part) is EntryState.DONE
        assert await state_of(desk, wanted.entry) == state


async def test_a_tag_that_the_user_took_off_already_is_no_failure(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    wanted = await done(desk, tag(photo, "Auto/X"))
    await desk.home.user_untags(photo, "Auto/X")
    assert await undo(desk, wanted) is EntryState.UNDONE
    assert await desk.performer().perform(tag(photo, "Auto/X"), CAUSE) is EntryState.VETOED


async def test_what_was_archived_is_shown_again(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    await desk.home.writer.set_visibility([one], "archive")
    wanted = await done(desk, archived(one, two))
    assert await undo(desk, wanted) is EntryState.DONE
    assert (await desk.home.library.asset(one)).visibility == "archive"  # by the user, before us
    assert (await desk.home.library.asset(two)).visibility == "timeline"
    assert await desk.performer().perform(archived(two), CAUSE) is EntryState.VETOED


async def test_a_stack_is_taken_apart_and_stays_so(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    wanted = await done(desk, stack(one, two, three))
    assert await undo(desk, wanted) is EntryState.DONE
    assert await stacks(desk.home, one, two, three) == set()
    assert await desk.performer().perform(stack(one, two), CAUSE) is EntryState.VETOED


async def test_two_stacks_that_were_joined_are_two_again(desk: Desk) -> None:
    one, two, three, four, five = await desk.home.photos(5)
    first = await done(desk, stack(one, two))
    second = await done(desk, stack(three, four))
    joined = await done(desk, stack(five, one, two, three, four))
    assert await undo(desk, first) is EntryState.LEFT
    note: str = await desk.pool.fetchval("SELECT note FROM journal WHERE state = 'left'")
    assert f"({joined.entry})" in note
    assert await undo(desk, joined) is EntryState.DONE
    assert await stacks(desk.home, one, two, three, four, five) == {
        (one, frozenset({one, two})),
        (three, frozenset({three, four})),
    }
    assert await undo(desk, second) is EntryState.DONE
    assert await undo(desk, first) is EntryState.DONE
    assert await stacks(desk.home, one, two, three, four) == set()


async def test_a_cover_of_ours_goes_back(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    await done(desk, stack(one, two))
    wanted = await done(desk, stack(two, one))
    assert await undo(desk, wanted) is EntryState.DONE
    assert await stacks(desk.home, one) == {(one, frozenset({one, two}))}


async def test_a_stack_that_the_user_changed_is_left_and_said_so(desk: Desk) -> None:
    one, two, three, four = await desk.home.photos(4)
    wanted = await done(desk, stack(one, two, three))
    await desk.home.writer.make_stack([one, four])  # takes the whole stack along
    assert await undo(desk, wanted) is EntryState.LEFT
    assert await stacks(desk.home, one) == {(one, frozenset({one, two, three, four}))}
    assert "you changed it" in await desk.pool.fetchval("SELECT note FROM journal WHERE state = 'left'")
    assert await state_of(desk, wanted.entry) == "done"


async def test_deleted_and_trashed_members_hinder_nothing(desk: Desk) -> None:
    one, two, three, four = await desk.home.photos(4)
    first = await done(desk, stack(one, two))
    wanted = await done(desk, stack(one, two, three, four))
    await desk.home.user_deletes(three, force=True)
    await desk.home.user_deletes(four, force=False)
    assert await undo(desk, wanted) is EntryState.DONE
    assert await stacks(desk.home, one, two) == {(one, frozenset({one, two}))}
    assert await undo(desk, first) is EntryState.DONE
    assert await stacks(desk.home, one, two) == set()
    gone = await done(desk, tag(one, "Auto/X"))
    await desk.home.user_deletes(one, force=True)
    assert await undo(desk, gone) is EntryState.UNDONE


@pytest.mark.parametrize("effective", [1, 2, 3])
async def test_a_restoration_that_broke_off_is_gone_on_from(desk: Desk, effective: int) -> None:
    """Of the calls of an undo each in turn takes effect and its answer is lost."""
    one, two, three, four, five = await desk.home.photos(5)
    await done(desk, stack(one, two))
    await done(desk, stack(three, four))
    wanted = await done(desk, stack(five, one, two, three, four))
    seen = 0

    async def cut(_: Write) -> None:
        nonlocal seen
        seen += 1
        if seen == effective:
            raise DropConnectionError

    desk.home.immich.before_answer = cut
    with pytest.raises(Retryable):
        await undo(desk, wanted)
    desk.home.immich.before_answer = None
    assert await undo(desk, wanted) is None  # found through, by going on from what stood
    assert await stacks(desk.home, one, two, three, four, five) == {
        (one, frozenset({one, two})),
        (three, frozenset({three, four})),
    }
    assert await state_of(desk, wanted.entry) == "undone"
    assert not await desk.pool.fetchval("SELECT count(*) FROM journal WHERE state = 'open'")


async def test_an_undo_whose_answer_was_lost_is_not_taken_for_the_users(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    for change in (tag(one, "Auto/X"), archived(one, two)):
        wanted = await done(desk, change)

        async def cut(_: Write) -> None:
            raise DropConnectionError

        desk.home.immich.before_answer = cut
        with pytest.raises(Retryable):
            await undo(desk, wanted)
        desk.home.immich.before_answer = None
        await desk.home.rest()
        assert await undo(desk, wanted) is None
        assert await state_of(desk, wanted.entry) == "undone"
    sources = await desk.pool.fetch("SELECT source FROM vetoes")
    assert {row["source"] for row in sources} == {"undo"}


async def test_the_change_itself_may_have_been_unanswered(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    change = TagAsset(account=ME, asset=photo, tags=("Auto/X",), reason=WHY)

    async def cut(write: Write) -> None:
        if write.path != "/api/tags":
            raise DropConnectionError

    desk.home.immich.before_answer = cut
    with pytest.raises(Retryable):
        await desk.performer().perform(change, CAUSE)
    desk.home.immich.before_answer = None
    await desk.home.rest()
    entry: int = await desk.pool.fetchval("SELECT id FROM journal WHERE state = 'open'")
    assert await undo(desk, order(change, entry)) is EntryState.DONE
    assert (await desk.home.library.asset(photo)).tags == set()


async def test_undo_says_which_change_it_was(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    for change in (tag(one, "Auto/X"), stack(one, two), ArchiveAssets(account=ME, assets=(one, two), reason=WHY)):
        wanted = await done(desk, change)
        assert await undo(desk, wanted) is EntryState.DONE
        row = await desk.pool.fetchrow("SELECT undoes, run, handler FROM journal WHERE undoes = $1", wanted.entry)
        assert row is not None
        assert (row["undoes"], row["run"], row["handler"]) == (wanted.entry, "undo:1", "undo")


def test_orders_carry_the_subjects_of_their_entry() -> None:
    change = StackAssets(account=ME, cover=AssetId("b"), members=(AssetId("b"), AssetId("a")), reason=WHY)
    assert order(change, 3).subjects == ("a", "b")
