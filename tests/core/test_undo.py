"""The way back from a stack of ours: whatever stood before stands again, by calls that Immich takes."""

from hypothesis import given
from hypothesis import strategies as st

from reactor.core.changes import Reason, RestoreStacks
from reactor.core.ids import AccountId, AssetId
from reactor.core.undo import Dissolve, SetCover, SplitOff, Stacks, Step, TakeOut, way_back

PHOTOS = [AssetId(letter) for letter in "abcdefgh"]


@st.composite
def restorations(draw: st.DrawFn) -> RestoreStacks:
    members = draw(st.lists(st.sampled_from(PHOTOS), min_size=2, unique=True))
    rest = list(members)
    stacks = []
    while len(rest) > 1 and draw(st.booleans()):
        size = draw(st.integers(2, len(rest)))
        stacks.append((draw(st.sampled_from(rest[:size])), frozenset(rest[:size])))
        rest = rest[size:]
    return RestoreStacks(
        account=AccountId("me"),
        cover=draw(st.sampled_from(members)),
        members=tuple(members),
        stacks=tuple(stacks),
        undoes=1,
        reason=Reason(rule=""),
    )


def immich(now: Stacks, step: Step) -> Stacks:
    """Do what Immich does (facts/immich-api.md section 6), and refuse what it refuses."""
    stacks = dict(now)
    match step:
        case SetCover(cover=cover):
            (primary,) = [primary for primary, members in stacks.items() if cover in members]
            stacks[cover] = stacks.pop(primary)
        case SplitOff(members=members):
            assert len(members) > 1
            assert not set(members) & stacks.keys(), "a primary would bring its whole stack along"
            stacks = {primary: stacked - set(members) for primary, stacked in stacks.items()}
            stacks[members[0]] = frozenset(members)
        case TakeOut(member=member):
            assert member not in stacks, "Cannot remove stack's primary asset"
            stacks = {primary: stacked - {member} for primary, stacked in stacks.items()}
        case Dissolve():
            stacks = {}
    return frozenset(stacks.items())


@given(restorations(), st.sets(st.sampled_from(PHOTOS), max_size=3))
def test_the_steps_lead_from_what_we_left_to_what_stood_before(change: RestoreStacks, missing: set[AssetId]) -> None:
    way = way_back(change, missing)
    assert len(way.states) == len(way.steps) + 1
    for before, step, after in zip(way.states, way.steps, way.states[1:], strict=False):
        assert immich(before, step) == after
    there = frozenset(change.members) - missing
    wished = [(primary, left) for primary, stacked in change.stacks if len(left := stacked & there) > 1]
    assert {members for _, members in way.states[-1]} == {members for _, members in wished}
    if len(there) > 1:
        covers = {primary for primary, _ in way.states[-1]}
        assert covers >= {primary for primary, members in wished if primary in members}


@given(restorations())
def test_wherever_it_broke_off_the_rest_of_the_way_is_known(change: RestoreStacks) -> None:
    way = way_back(change)
    for number, state in enumerate(way.states):
        rest = way.from_here(state)
        assert rest is not None
        assert len(rest) <= len(way.steps) - number or way.states.count(state) > 1
    assert way.from_here(frozenset({(AssetId("z"), frozenset({AssetId("z"), AssetId("y")}))})) is None


@given(restorations())
def test_no_former_stack_ever_stands_apart_on_the_way(change: RestoreStacks) -> None:
    for state in way_back(change).states:
        for _, former in change.stacks:
            assert any(former <= members for _, members in state)
