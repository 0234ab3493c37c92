"""What groups mean for stacks that stand: which photos are in question, and which stacks later photos prove wrong."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from reactor.core.bursts import Family
from reactor.core.changes import Reason, RestoreStacks
from reactor.core.growing import Group, gap_s
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto, StackNow
from reactor.core.past import Past, left_together
from reactor.core.stacking import Standing, free, has_a_choice, is_ours

WRONG_RULE = "later photos show that these do not all belong together"


def touched(families: Sequence[Family], asked: Collection[AssetId], past: Past) -> tuple[Family, ...]:
    """Return the families that the asked photos may have changed.

    Those in whose chains they stand, and those of whoever we left in a stack with a member of one.
    """
    bears_on: dict[AssetId, list[Family]] = {}
    for family in families:
        for group in family:
            for asset in (*group.members, *group.elsewhere):
                bears_on.setdefault(asset, []).append(family)
    found: dict[Family, None] = {}
    waiting = list(asked)
    while waiting:
        for family in bears_on.get(waiting.pop(), ()):
            if family not in found:
                found[family] = None
                waiting += sorted(companions(family, past))
    return tuple(family for family in families if family in found)


def crowded(families: Iterable[Family], most: int) -> tuple[Family, ...]:
    """Return the families with a group that has room for nobody: who seems to stand there may have been pushed out."""
    return tuple(family for family in families if any(len(group.members) >= most for group in family))


def companions(family: Family, past: Past) -> frozenset[AssetId]:
    """Return all photos with which we left a member of the family in a stack, members among them."""
    members = [member for group in family for member in group.members]
    return frozenset[AssetId]().union(*(_left(member, past) for member in members))


def parted(families: Iterable[Family], past: Past) -> frozenset[AssetId]:
    """Return the photos whom we left in a stack with one that does not belong with them any more."""
    groups = [frozenset(group.members) for family in families for group in family]
    return frozenset(member for group in groups for member in group if not _left(member, past) <= group)


def turned(
    families: Iterable[Family], photos: Mapping[AssetId, EmbeddedPhoto], past: Past, most_s: float
) -> frozenset[AssetId]:
    """Return the photos that stand in a row now and did not in the stack where we left them, or the other way round.

    In a row a photo is no copy of another, but others may be copies of it. In one there was who stood within ``most_s``
    seconds of a photo of the same camera.
    """

    def was_in_a_row(member: AssetId, left: frozenset[AssetId]) -> bool:
        one = photos[member]
        others = (photos[name] for name in left if name != member and name in photos)
        return any(other.camera == one.camera and gap_s(one, other) <= most_s for other in others)

    return frozenset(
        member
        for family in families
        for group in family
        for member in group.members
        if (left := _left(member, past)) and (member in group.row) is not was_in_a_row(member, left)
    )


def refilled(families: Iterable[Family], changed: frozenset[AssetId], past: Past, most: int) -> frozenset[AssetId]:
    """Return all members of the groups in which somebody changed, and of which one was in a stack of ``most`` photos.

    Who was left out of that for want of room may find some now.
    """
    groups = [group.members for family in families for group in family]
    return frozenset(
        member
        for members in groups
        if not changed.isdisjoint(members) and any(len(_left(one, past)) >= most for one in members)
        for member in members
    )


def in_question(families: Iterable[Family], asked: Collection[AssetId], past: Past) -> frozenset[AssetId]:
    """Return the photos of which it must be known how they stand: of every group that is new, or other than we left."""
    found: set[AssetId] = set()
    for family in families:
        for group in family:
            members = frozenset(group.members)
            left = [_left(member, past) for member in group.members]
            alone = len(members) == 1
            if not alone and not members.isdisjoint(asked):
                found |= members
            elif any(stack != members for stack in left if stack or not alone):
                found |= members.union(*left)
    return frozenset(found)


def proved_wrong(
    account: AccountId,
    groups: Sequence[Group],
    standings: Mapping[AssetId, Standing],
    past: Past,
    by_evidence: Callable[[frozenset[AssetId]], bool],
) -> tuple[RestoreStacks, ...]:
    """Return what dissolves the stacks of ours whose members belong to several groups, or to none.

    Only where all of them are ours to move, and the user has said nothing of the stack; ``groups`` holds those of one.
    And only where it is ``by_evidence``, as is asked of the members: another model, another measure of it or other
    settings remake no stack.
    """
    group_of = {member: group for group in groups for member in group.members}
    stacks = {standing.stack.id: standing.stack for standing in standings.values() if standing.stack is not None}
    return tuple(
        RestoreStacks(
            account=account,
            cover=stack.primary,
            members=tuple(sorted(stack.members)),
            stacks=(),
            undoes=max(past.newest[member].id for member in stack.members),
            by="rule",
            reason=Reason(rule=WRONG_RULE),
        )
        for stack in stacks.values()
        if len({group_of.get(member) for member in stack.members}) > 1
        and stack.members <= group_of.keys()
        and _is_ours_to_move(stack, standings, past)
        and by_evidence(stack.members)
    )


def _is_ours_to_move(stack: StackNow, standings: Mapping[AssetId, Standing], past: Past) -> bool:
    return (
        is_ours(stack, past.newest)
        and all(member in standings and free(standings[member], past) for member in stack.members)
        and not has_a_choice(stack, past)
    )


def _left(member: AssetId, past: Past) -> frozenset[AssetId]:
    return left_together(past.newest.get(member), member) or frozenset()
