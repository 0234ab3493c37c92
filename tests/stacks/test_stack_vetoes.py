"""What the user said of stacks is an input of every decision: pairs that stand apart, covers that stay."""

from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.changes import Reason, StackAssets, StackState
from reactor.core.events import AssetEmbedded
from reactor.core.ids import AssetId
from reactor.core.vetoes import Standing, Veto, apart, by_decline, not_together
from reactor.stages.stack import stack

from .world import ME, MODEL, World, ids, photo, stack_of

BURST = (photo("a"), photo("b", 1, sharpness=5.0), photo("c", 2))


async def wished(world: World, names: str) -> list[str]:
    events = [AssetEmbedded(account=ME, asset=AssetId(name), model=MODEL, checksum="1") for name in ids(names)]
    outcome = await stack(events, world.services())
    return [" ".join(change.members) for change in outcome.changes if isinstance(change, StackAssets)]


def parted(number: int, *groups: str, state: str = "active") -> Veto:
    members = ids(" ".join(groups))
    stood = [(group.split()[0], frozenset(ids(group))) for group in groups if " " in group]
    veto = not_together(ME, members, stood, "user", "", 1)
    return Veto(**(vars(veto) | {"id": number, "state": state}))


def cover(number: int, name: str, *, entry: int = 1, state: Standing = "active") -> Veto:
    return Veto(account=ME, kind="cover", subjects=(name,), entry=entry, id=number, state=state)


def made(world: World, names: str) -> None:
    members = ids(names)
    world.carry_out(StackAssets(account=ME, cover=members[0], members=members, reason=Reason(rule="made before")))


async def test_photos_that_stand_apart_join_others_but_not_each_other() -> None:
    world = World(*BURST)
    world.vetoes = [parted(1, "a", "b")]
    assert await wished(world, "a b c") == ["a c"] or await wished(world, "a b c") == ["b c"]
    world.vetoes = [parted(1, "a", "b", "c")]
    assert await wished(world, "a b c") == []
    world.vetoes = [parted(1, "a c", "b")]
    assert await wished(world, "c") == ["a c"]
    world.vetoes = []
    assert await wished(world, "a b c") == ["b a c"]


async def test_a_stack_grows_only_by_those_whom_nobody_keeps_out() -> None:
    world = World(*BURST, photo("d", 3))
    made(world, "b a c")
    world.vetoes = [parted(1, "d", "a")]
    assert await wished(world, "d") == []


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=6),
    st.lists(st.floats(0, 20), min_size=6, max_size=6),
)
async def test_no_wish_ever_holds_a_pair_that_stands_apart(pairs: list[tuple[int, int]], times: list[float]) -> None:
    names = "abcdef"
    world = World(*(photo(name, at) for name, at in zip(names, times, strict=True)))
    world.vetoes = [
        parted(number, names[one], names[other]) for number, (one, other) in enumerate(pairs) if one != other
    ]
    for members in await wished(world, " ".join(names)):
        assert not any(pair <= set(ids(members)) for pair in apart(world.vetoes))


async def test_a_cover_that_was_chosen_stays_when_the_stack_grows_and_grows_again() -> None:
    world = World(*BURST, photo("d", 3, sharpness=9.0))
    made(world, "c a b")  # our newest entry has the user's cover already
    world.vetoes = [cover(1, "c")]
    assert await wished(world, "d") == ["c a b d"]
    world.vetoes = [cover(1, "c", state="revoked")]
    assert await wished(world, "d") == ["d a b c"]
    made(world, "c a b d")
    assert await wished(world, "a") == ["d a b c"]
    world.vetoes = [cover(1, "c")]
    assert await wished(world, "a b c d") == []  # it stands as it should


async def test_the_latest_choice_counts_and_what_lies_on_top_before_it() -> None:
    world = World(*BURST, photo("d", 3, sharpness=9.0))
    made(world, "b a c")
    world.vetoes = [cover(1, "c"), cover(2, "a")]
    assert await wished(world, "d") == ["b a c d"]  # chosen since, and put back by the user
    world.vetoes = [cover(1, "c", entry=0), cover(2, "a", entry=0)]
    assert await wished(world, "d") == ["a b c d"]  # our newest entry is younger than both
    world.vetoes = [cover(1, "b", entry=0), cover(2, "a", entry=0)]
    assert await wished(world, "d") == ["b a c d"]


async def test_a_choice_that_was_revoked_is_made_anew() -> None:
    world = World(*BURST)
    made(world, "b a c")
    world.stand(stack_of("c a b", "stack of b 3"))
    assert await wished(world, "a") == []
    world.vetoes = [cover(1, "c", state="revoked")]
    assert await wished(world, "a") == ["b a c"]
    world.vetoes = [cover(1, "c", state="revoked"), cover(2, "c")]
    assert await wished(world, "a") == []
    world.vetoes = [cover(1, "c", entry=0, state="revoked")]  # said of an earlier stack
    assert await wished(world, "a") == []


def test_who_declines_a_larger_stack_keeps_the_certain_one_within_it() -> None:
    a, b, c = ids("a b c")
    suggested = StackAssets(
        account=ME,
        cover=a,
        members=(a, b, c),
        certain=((a, b),),
        reason=Reason(rule="", sure=False),
    )
    # Nothing was made yet: it was declined while observing.
    assert apart(by_decline(suggested, StackState(stacks=()), 1)) == {frozenset({a, c}), frozenset({b, c})}


def test_who_declines_a_larger_stack_keeps_the_one_that_stands() -> None:
    a, b, x, y = ids("a b x y")
    suggested = StackAssets(
        account=ME, cover=a, members=(a, b, x, y), certain=((a, b, y),), reason=Reason(rule="", sure=False)
    )
    standing = StackState(stacks=((a, frozenset({a, b, x})),))
    assert apart(by_decline(suggested, standing, 1)) == {frozenset({y, other}) for other in (a, b, x)}
    smaller = StackState(stacks=((a, frozenset({a, b})),))
    assert apart(by_decline(suggested, smaller, 1)) == {frozenset({x, other}) for other in (a, b, y)}
