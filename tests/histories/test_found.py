"""Histories that once broke, as short as they became."""

from collections.abc import Mapping

import pytest

from .found_labels import BOTH, LABELS
from .ground import Ground, quick_batches
from .story import Step, a_history

FOUND: Mapping[str, tuple[Step, ...]] = {
    **LABELS,
    # Only what was still there was vetoed by the undo, and what nobody had noticed yet was done again.
    "a tag was taken off before the rest was undone": (("burst", 3, "early", [1], BOTH), ("untag", 0)),
    "a photo was brought back before the rest was undone": (
        ("burst", 2, "early", [1, 1], ("Away",)),
        ("unarchive", 0, False),
    ),
    # All that had been read was brought back, though less of it was ours.
    "one of two was archived again by hand": (
        ("burst", 2, "early", [1, 1], ("Away",)),
        ("unarchive", 0, False),
        ("archive", 0),
    ),
    # What had restored the stack in between passed for a later change that stays.
    "stacks in three layers": (
        ("burst", 1, "early", [1, 1, 1], ()),
        ("burst", 1, "late", [1, 3, 1], ()),
        ("burst", 1, "bridge", [3], ()),
        ("burst", 1, "bridge", [1], ()),
    ),
    # The undo of the archive took the undo of the tags, in its own lane, for one that was cut off.
    "tags and the archive of the same photos are undone at once": (
        ("burst", 3, "early", [1, 2, 2], BOTH),
        ("burst", 3, "late", [1, 3, 1], BOTH),
    ),
    # We let the stack grow under the cover that the user had chosen, and took all of it apart later.
    **{
        f"a stack under a chosen cover ({number}) grows and is proved wrong": (
            ("upload", 1, "early", 1, ("Best", "Receipts")),
            ("burst", 1, "early", [3, 2], ("Best", "Receipts")),
            ("upload", 1, "late", 1, ("Best", "Receipts")),
            ("burst", 1, "late", [2], ("Best", "Receipts")),
            ("switch", "observe"),
            ("burst", 1, "early", [3], ("Best", "Receipts")),
            ("cover", 1, number),
            ("switch", "apply"),
            ("apply_all",),
            ("burst", 1, "bridge", [1], ("Best", "Receipts")),
            ("burst", 1, "wedge", [3], ("Best", "Receipts")),
            ("burst", 1, "late", [3], ("Best", "Receipts")),
        )
        for number in range(3)
    },
    # It stands as we had left it before we added to it, under the cover that we moved there since.
    "what we added last is taken out from under a cover that we moved": (
        ("burst", 1, "early", [1, 3], ("Best", "Receipts")),
        ("upload", 1, "late", 1, ("Best", "Receipts")),
        ("burst", 1, "late", [2, 1], ("Best", "Receipts")),
        ("upload", 1, "late", 1, ("Away",)),
        ("upload", 1, "early", 1, ("Best", "Away")),
        ("cover_away", 5, "hidden"),
        ("switch", "observe"),
        ("poll",),
        ("switch", "apply"),
        ("apply_all",),
        ("burst", 1, "early", [3], ("Best", "Receipts")),
        ("take_out", 1, 11),
    ),
    # What we had moved was put back, so what counts is as what it was left before that.
    **{
        f"the cover of {whose} is moved, put back, and chosen by hand": (
            *made,
            ("cover_away", 0, "archive"),
            ("poll",),
            ("undo_all",),
            ("cover", 0, 0),
        )
        for whose, made in {
            "a stack of ours": (("burst", 1, "early", [1, 1], ()), ("cover", 0, 0)),
            "the user's own stack": (("upload", 1, "early", 1, ()), ("upload", 2, "late", 1, ()), ("stack", 0, 1)),
        }.items()
    },
    # It stands as we had left a stack before, but that one we took apart again.
    "of a stack that was parted and made larger again its newest photo is taken out": (
        ("upload", 1, "early", 1, ("Best", "Receipts")),
        ("burst", 1, "early", [2], ("Best", "Receipts")),
        ("upload", 1, "late", 1, ("Best", "Receipts")),
        ("burst", 1, "late", [2, 3], ("Best", "Receipts")),
        ("burst", 1, "bridge", [1], ("Best", "Receipts")),
        ("burst", 1, "wedge", [2], ("Best", "Receipts")),
        ("burst", 1, "bridge", [1], ("Best", "Receipts")),
        ("take_out", 6, 7),
        ("cover_away", 2, "hidden"),
    ),
    # It was not a stack of the photo that had led to it, so nobody looked what had become of the call.
    "a stack is parted for a newcomer, and the first of its parts is cut off": (
        ("upload", 2, "early", 1, ()),
        ("burst", 2, "early", [1], ()),
        ("upload", 2, "late", 1, ()),
        ("burst", 2, "late", [2], ()),
        ("crash_at", 4, True),
        ("burst", 2, "early", [2], ()),
        ("burst", 2, "bridge", [1], ()),
        ("burst", 2, "wedge", [1], ()),
    ),
    # Each stood in a stack of its own, so neither seemed to have been taken out of one.
    "a photo is stolen from a stack, then taken out of the other": (
        ("upload", 2, "early", 1, ("Away",)),
        ("burst", 2, "early", [1], ("Away",)),
        ("upload", 2, "late", 1, ("Away",)),
        ("burst", 2, "late", [3], ("Away",)),
        ("burst", 2, "bridge", [1], ("Away",)),
        ("burst", 2, "wedge", [3], ("Away",)),
        ("stack", 7, 5),
        ("burst", 2, "bridge", [1], ("Away",)),
        ("take_out", 3, 1),
    ),
    # It was still ours, though the cover that the user had chosen was moved and came back.
    "a stack of ours grows once the cover that the user chose is back": (
        ("burst", 1, "early", [1, 2], ("Best",)),
        ("switch", "observe"),
        ("burst", 1, "early", [1], ("Best",)),
        ("cover", 0, 0),
        ("switch", "apply"),
        ("cover_away", 0, "trash"),
        ("poll",),
        ("cover_back", 0),
        ("poll",),
    ),
    # Immich chose another cover than we would have.
    **{
        f"photo {number} of a stack is deleted": (("burst", 0, "early", [1, 3, 1], ()), ("delete", number))
        for number in range(3)
    },
    # It was taken out before, and nobody had looked.
    **{
        f"a photo is taken out of a stack, then photo {number} is deleted": (
            ("upload", 0, "early", 1, ()),
            ("burst", 0, "early", [3, 2], ()),
            ("take_out", 0, 0),
            ("delete", number),
        )
        for number in range(3)
    },
    # A person took the stack apart and made it again: it is theirs.
    **{
        f"the same stack is made again by hand, as {order}": (
            ("burst", 0, "early", [1, 3], ()),
            ("unstack", 0),
            ("stack", *order),
        )
        for order in ((0, 1), (1, 0))
    },
    # What joined a stack and went to the trash is shown no more; without it the stack looked as an older entry left it.
    "the cover of ours is replaced, and goes to the trash": (
        ("burst", 1, "early", [2, 1], ()),
        ("burst", 1, "early", [3], ()),
        ("cover", 0, 1),
        ("trash", 1),
    ),
    # Nor does Immich show what the user put in by hand; a primary in the trash made the decision fail again and again.
    **{
        f"a photo that the user added to a stack as {order} goes to the trash": (
            ("burst", 1, "early", [2, 1], ()),
            ("upload", 3, "early", 1, ()),
            ("stack", *order),
            ("trash", 1),
        )
        for order in ((1, 2), (2, 1))
    },
    # The reference forgot what the user had made of the stack before we added to it.
    **{
        f"covers are chosen before and after a stack grows, and photo {photo} is deleted": (
            ("burst", 0, "early", [3, 2, 1], ()),
            ("cover", 0, first),
            ("burst", 0, "early", [2], ()),
            ("cover", 0, second),
            ("delete", photo),
        )
        for first, second, photo in ((0, 0, 0), (0, 1, 4), (1, 1, 2))
    },
    "an undo brings a photo back under a cover that the user put away": (
        ("upload", 2, "early", 1, ("Away",)),
        ("burst", 2, "early", [3], ("Away",)),
        ("upload", 2, "late", 1, ("Away",)),
        ("burst", 2, "late", [1, 3], ("Away",)),
        ("delete", 1),
        ("unarchive", 6, False),
        ("cover_away", 4, "archive"),
        ("poll",),
        ("cover_away", 0, "archive"),
        ("poll",),
        ("undo_one_twice", 1),
        ("poll",),
    ),
    # Whom we had put on top of a hidden photo, though the user's own cover, seemed to stand alone.
    "the user's own cover comes back on top of a hidden photo, beside another stack": (
        ("switch", "observe"),
        ("burst", 1, "early", [1, 1], ()),
        ("own_stack", 1, 1),
        ("switch", "apply"),
        ("cover_away", 0, "archive"),
        ("poll",),
        ("cover_away", 0, "hidden"),
        ("poll",),
        ("burst", 1, "early", [2, 1], ()),
        ("cover_back", 1),
        ("poll",),
    ),
}


TWO_COVERS: tuple[Step, ...] = (
    ("burst", 1, "early", [1, 2], ()),
    ("burst", 1, "late", [1, 3], ()),
    ("cover", 0, 0),
    ("cover", 1, 0),
    ("burst", 1, "bridge", [1], ()),
)


@pytest.mark.parametrize("steps", FOUND.values(), ids=FOUND)
async def test_a_history_that_once_broke_holds(ground: Ground, steps: tuple[Step, ...]) -> None:
    await played(ground, steps)


async def test_two_stacks_with_covers_of_the_user_are_not_joined(ground: Ground) -> None:
    await played(ground, TWO_COVERS)


async def played(ground: Ground, steps: tuple[Step, ...]) -> None:
    with quick_batches():
        async with a_history(ground) as history:
            await history.play(*steps)
            await history.finish()
