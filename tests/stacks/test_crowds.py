"""More photos than can be looked at together: copies by the hundred, and crowded days in one batch."""

import random

import pytest

from reactor.core.changes import StackAssets
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto, Lookalikes, LookalikesWanted
from reactor.evaluate.library import MemoryLibrary
from reactor.stages.stack import decide

from .test_partition import FAR
from .test_remade import desk_of
from .world import photo

A_DAY = 86_400.0


class Counting(MemoryLibrary):
    """Counts for how many photos copies are looked for."""

    searched = 0

    async def lookalikes(self, wanted: LookalikesWanted) -> Lookalikes:
        self.searched += len(wanted.photos)
        return await super().lookalikes(wanted)


def blank_pages(count: int) -> list[EmbeddedPhoto]:
    """Return as many photos that nothing but their time and a hair's breadth of the look tells apart."""
    chance = random.Random(3)
    pages = [photo(f"p{number:03}", A_DAY * number, chance.uniform(0, 2), camera="") for number in range(count)]
    chance.shuffle(pages)
    return pages


async def test_blank_pages_by_the_hundred_are_not_stacked_to_and_fro() -> None:
    library = MemoryLibrary()
    desk = desk_of(library)
    changes = []
    for page in blank_pages(110):
        library.add(page)
        for change in (await decide([page.asset], desk)).changes:
            library.carry_out(change)
            changes.append(change)
    assert all(isinstance(change, StackAssets) for change in changes)
    assert len(changes) < 110
    assert max(map(len, library.stacks())) == desk.policy.maximum_size


async def test_a_blank_page_costs_no_more_the_more_there_are() -> None:
    library = Counting()
    for page in blank_pages(600):
        library.add(page)
    await decide([AssetId("p300")], desk_of(library))
    assert library.searched <= 150


@pytest.mark.parametrize("frames", [0, 3, 6, 9])
async def test_the_copies_of_a_new_photo_are_found_however_many_its_burst_has(frames: int) -> None:
    library = MemoryLibrary()
    for number in range(frames + 1):
        library.add(photo(f"f{number}", number, 0.5 * number))
        for copy in range(16):
            saved = A_DAY * (1 + 16 * number + copy)
            library.add(photo(f"c{number}-{copy:02}", saved, 0.5 * number + 0.001 * copy, camera=""))
    changes = (await decide([AssetId("f0")], desk_of(library))).changes
    joined = {member for change in changes if isinstance(change, StackAssets) for member in change.members}
    assert {f"f{number}" for number in range(frames + 1)} <= joined
    assert {f"c0-{copy:02}" for copy in range(16)} <= joined


@pytest.mark.parametrize("at_once", [1, 20])
async def test_crowded_days_in_one_batch_leave_each_other_room(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactor.stages.stack_scene.NEIGHBOURS", 50)
    library = MemoryLibrary()
    late = []
    for day in range(20):
        for number in range(8):
            motif = number % 2
            library.add(photo(f"d{day:02}-{number}", A_DAY * day + 60 * number, 90 * motif, FAR * motif))
        late.append(photo(f"n{day:02}", A_DAY * day + 182, 90, FAR))
    for begin in range(0, len(late), at_once):
        batch = late[begin : begin + at_once]
        for one in batch:
            library.add(one)
        for change in (await decide([one.asset for one in batch], desk_of(library))).changes:
            library.carry_out(change)
    assert library.stacks() == {frozenset({f"d{day:02}-3", f"n{day:02}"}) for day in range(20)}
