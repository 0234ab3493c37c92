"""Undo where something came after: a newer change of ours stays, and a stack that shrank to one photo ends."""

from dataclasses import replace

import pytest

from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import Change
from reactor.core.errors import Stale
from reactor.core.journal import EntryState
from reactor.core.vetoes import Veto, VetoKind

from ..household import ME
from .test_perform import CAUSE, WHY, Desk, archived, desk, stack, tag
from .test_undo import done, stacks, state_of, undo

__all__ = ["desk"]


async def forgiven(desk: Desk, kind: VetoKind, photo: str, value: str, entry: int) -> None:
    """Let a veto against what the entry did be revoked again."""
    vetoes = PostgresVetoes(desk.pool)
    await vetoes.remember([Veto(account=ME, kind=kind, subjects=(photo,), value=value, entry=entry)])
    await vetoes.revoke([veto.id for veto in await vetoes.standing()])


async def done_again(desk: Desk, change: Change) -> int:
    assert await desk.performer().perform(replace(change, reason=WHY), CAUSE) is EntryState.DONE
    await desk.home.rest()
    entry: int = await desk.pool.fetchval("SELECT max(id) FROM journal")
    return entry


async def test_undo_of_an_entry_leaves_the_tag_that_a_later_one_set_again(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    first = await done(desk, tag(photo, "Auto/A", "Auto/B"))
    await desk.home.user_untags(photo, "Auto/A")
    await forgiven(desk, "tag", photo, "Auto/A", first.entry)
    later = await done_again(desk, tag(photo, "Auto/A"))
    assert await undo(desk, replace(first, tags=("Auto/A",))) is EntryState.LEFT
    note = await desk.pool.fetchval("SELECT note FROM journal WHERE state = 'left'")
    assert note == f"a later change of ours stands on it ({later}); take that back first"
    # What of it is still its own is taken back, and then nothing of it is left.
    assert await undo(desk, first) is EntryState.DONE
    assert (await desk.home.library.asset(photo)).tags == {"Auto/A"}
    assert [await state_of(desk, entry) for entry in (first.entry, later)] == ["undone", "done"]


async def test_undo_of_an_entry_leaves_the_photo_that_a_later_one_archived_again(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    first = await done(desk, archived(photo))
    await desk.home.writer.set_visibility([photo], "timeline")
    await forgiven(desk, "archive", photo, "", first.entry)
    later = await done_again(desk, archived(photo))
    assert await undo(desk, first) is EntryState.LEFT
    assert (await desk.home.library.asset(photo)).visibility == "archive"
    assert await state_of(desk, later) == "done"


async def test_an_entry_that_found_the_photo_in_the_archive_is_no_later_change_of_it(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    first = await done(desk, archived(one))
    await desk.home.writer.make_stack([one, two])
    both = await done(desk, archived(one, two))
    assert await undo(desk, first) is EntryState.DONE
    seen = [(await desk.home.library.asset(photo)).visibility for photo in (one, two)]
    assert (seen, await state_of(desk, both.entry)) == (["timeline", "archive"], "done")


async def test_a_stack_of_which_one_photo_is_left_is_taken_apart(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    wanted = await done(desk, stack(one, two))
    await desk.home.user_deletes(two, force=True)
    assert await stacks(desk.home, one) == {(one, frozenset({one}))}
    assert await undo(desk, wanted) is EntryState.DONE
    assert await stacks(desk.home, one) == set()
    assert await state_of(desk, wanted.entry) == "undone"


async def test_a_photo_that_joined_later_is_counted_though_it_lies_in_the_trash(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    first = await done(desk, stack(one, two))
    later = await done(desk, stack(three, one, two))
    (theirs,) = {(await desk.home.library.asset(photo)).stack for photo in (one, two, three)}
    assert theirs is not None
    await desk.home.writer.set_cover(theirs, one)
    await desk.home.user_deletes(three, force=False)
    assert (await desk.home.library.stack(theirs)).members == {one, two}
    assert await undo(desk, later) is EntryState.LEFT
    assert await undo(desk, first) is EntryState.LEFT
    assert {(await desk.home.library.asset(photo)).stack for photo in (one, two, three)} == {theirs}


async def test_a_photo_that_joined_later_and_stands_elsewhere_now_hinders_nothing(desk: Desk) -> None:
    one, two, three, four = await desk.home.photos(4)
    first = await done(desk, stack(one, two))
    await done(desk, stack(one, two, three))
    await desk.home.writer.make_stack([three, four])  # a member that is no cover leaves the others
    assert await undo(desk, first) is EntryState.DONE
    assert await stacks(desk.home, one, two) == set()
    assert await stacks(desk.home, three, four) == {(three, frozenset({three, four}))}


async def test_a_stack_that_the_user_enlarged_is_theirs_though_the_photo_lies_in_the_trash(desk: Desk) -> None:
    one, two, three, four = await desk.home.photos(4)
    wanted = await done(desk, stack(one, two))
    await desk.home.writer.make_stack([one, three])  # takes the whole stack along
    await desk.home.user_deletes(three, force=False)
    theirs = (await desk.home.library.asset(three)).stack
    assert theirs is not None
    assert (await desk.home.library.stack(theirs)).members == {one, two}
    with pytest.raises(Stale, match="by somebody else"):
        await desk.performer().perform(stack(one, two, four), CAUSE)
    assert await undo(desk, wanted) is EntryState.LEFT
    assert await desk.pool.fetchval("SELECT note FROM journal WHERE state = 'left'") == (
        "the stack is not as we left it: you changed it"
    )
    assert (await desk.home.library.asset(two)).stack == theirs


async def test_a_former_cover_in_the_trash_is_the_cover_again(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    first = await done(desk, stack(one, two))
    wanted = await done(desk, stack(three, one, two))
    await desk.home.user_deletes(one, force=False)
    assert await undo(desk, wanted) is EntryState.DONE
    asset = await desk.home.library.asset(one)
    assert (asset.stack, asset.stack_primary) == ((await desk.home.library.asset(two)).stack, one)
    assert (await desk.home.library.asset(three)).stack is None
    assert await undo(desk, first) is EntryState.DONE
    assert (await desk.home.library.asset(one)).stack is None


@pytest.mark.parametrize("locked", range(3))
async def test_a_stack_of_which_the_user_locked_a_photo_is_taken_apart(desk: Desk, locked: int) -> None:
    photos = await desk.home.photos(3)
    wanted = await done(desk, stack(*photos))
    await desk.home.user_locks(photos[locked])
    assert await undo(desk, wanted) is EntryState.DONE
    rest = [photo for number, photo in enumerate(photos) if number != locked]
    assert [(await desk.home.library.asset(photo)).stack for photo in rest] == [None, None]
