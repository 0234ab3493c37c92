"""What the journal says of photos is asked once, ahead where it can be, and counts for those that are recalled."""

from collections.abc import Sequence

from reactor.core.changes import Feature, Reason, StackAssets
from reactor.core.ids import AccountId
from reactor.core.past import Past
from reactor.core.vetoes import not_together
from reactor.stages.stack_reading import Reading

from .world import ME, World, ids, photo


class Asked(World):
    """Notes what the journal is asked."""

    def __init__(self, names: str) -> None:
        super().__init__(*(photo(name) for name in names.split()))
        self.asked: list[str] = []

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past:
        self.asked.append(" ".join(subjects))
        return await super().past(account, feature, subjects)


async def test_what_was_foreseen_counts_once_it_is_recalled_and_is_not_asked_again() -> None:
    world = Asked("a b c d")
    world.remember(StackAssets(account=ME, cover=ids("a")[0], members=ids("a b"), reason=Reason(rule="")))
    world.vetoes = [not_together(ME, ids("b d"), (), "user", "", None)]
    reading = Reading(ME, world, world)
    await reading.foresee(ids("a b"))
    assert reading.past == Past()
    assert await reading.recall(ids("a"))
    assert (set(reading.past.newest), reading.past.vetoes) == ({"a"}, ())
    assert await reading.recall(ids("a b c"))
    assert (set(reading.past.newest), len(reading.past.vetoes)) == ({"a", "b"}, 1)
    assert not await reading.recall(ids("c b"))
    assert world.asked == ["a b", "c"]


async def test_of_the_untouched_nothing_is_asked_at_all() -> None:
    world = Asked("a b")
    reading = Reading(ME, world, world)
    await reading.foresee(ids("a"), ids("a"))
    assert not await reading.recall(ids("a"))
    assert world.asked == []
    await reading.foresee(ids("a b"), ids("a"))
    assert world.asked == ["b"]


async def test_who_was_untouched_long_ago_is_asked_about_when_it_is_recalled() -> None:
    world = Asked("a b")
    reading = Reading(ME, world, world)
    await reading.foresee(ids("a"), ids("a b"))
    await reading.recall(ids("a b"))
    assert world.asked == ["b"]


async def test_what_was_never_foreseen_is_asked_when_it_is_recalled() -> None:
    world = Asked("a b")
    reading = Reading(ME, world, world)
    assert not await reading.recall(ids("b a"))
    await reading.foresee(ids("a"))
    assert world.asked == ["a b"]
