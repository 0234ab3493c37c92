"""What a group of photos and the stacks of now ask for: pure decisions over what was read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reactor.core.changes import Reason, StackAssets, StackState
from reactor.core.covers import choose_cover
from reactor.core.growing import Group
from reactor.core.ids import AccountId, AssetId, StackId
from reactor.core.journal import Entry
from reactor.core.library import Asset, EmbeddedPhoto, StackNow, trashed_in
from reactor.core.past import Past, left_together
from reactor.core.vetoes import chosen_covers, released_covers


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one photo stands now: what Immich shows, the stack that it is in, and our newest done entry about it."""

    asset: Asset
    stack: StackNow | None = None
    entry: Entry | None = None


def free(standing: Standing, done: Mapping[str, Entry]) -> bool:
    """Say whether the photo may be stacked by us; ``done`` holds the newest entry of every member of its stack.

    Left out: what is not shown in the timeline, the still of a motion photo's pair, a photo in a stack that is the
    user's, and a photo that we stacked and the user took out again.
    """
    asset = standing.asset
    if not asset.is_photo or asset.trashed or asset.visibility != "timeline" or asset.motion_part_of is not None:
        return False
    if standing.stack is None:
        return left_together(standing.entry, asset.id) is None
    return is_ours(standing.stack, done) and not trashed_in(asset, standing.stack)


def is_ours(stack: StackNow, done: Mapping[str, Entry]) -> bool:
    """Say whether the stack's members equal what our newest entry about every one of them left.

    A primary that is not among them lies in the trash, and we left none there.
    """
    return stack.primary in stack.members and all(_left_so(done.get(member), stack.members) for member in stack.members)


def restack(
    account: AccountId,
    group: Group,
    photos: Mapping[AssetId, EmbeddedPhoto],
    standings: Mapping[AssetId, Standing],
    past: Past,
    *,
    certain: Sequence[Group] | None = None,
    dissolved: Collection[StackId] = (),
) -> StackAssets | None:
    """Return the wish that makes one stack of the group, or None where nothing is to be done.

    None as well where photos of two owners meet, where a stack has members outside the group, unless it is one of the
    ``dissolved``, which stand no more by then, and where stacks would be joined whose covers a person chose.
    With ``certain``, the groups of the sure rule, it is only suggested.
    """
    wished = frozenset(group.members)
    stacks = {member: standings[member].stack for member in group.members}
    present = {name: stack for name, stack in stacks.items() if stack is not None and stack.id not in dissolved}
    owners = {standings[member].asset.owner for member in group.members}
    if len(wished) < 2 or len(owners) > 1 or any(not stack.members <= wished for stack in present.values()):
        return None
    if len({stack.primary for stack in present.values() if _is_the_users(stack, past)}) > 1:
        return None  # a person chose each of these covers
    cover, why = choose_cover([photos[member] for member in group.members], _users_cover(group, present, past))
    if any(stack.members == wished and stack.primary == cover for stack in present.values()):
        return None
    return StackAssets(
        account=account,
        cover=cover,
        members=(cover, *(member for member in group.members if member != cover)),
        certain=tuple(part.members for part in certain or () if wished.issuperset(part.members)),
        reason=Reason(
            rule=f"{group.reason.rule}; cover: {why.rule}",
            scores=group.reason.scores + why.scores,
            sure=certain is None,
        ),
    )


def in_doubt(sure: Sequence[Group], loose: Sequence[Group]) -> tuple[Group, ...]:
    """Return the groups of the loose rule that the sure one does not make, and that take none of its stacks apart."""
    made = [frozenset(group.members) for group in sure]
    return tuple(
        group
        for group in loose
        if (wished := frozenset(group.members)) not in made
        and all(stack <= wished or stack.isdisjoint(wished) for stack in made)
    )


def has_a_choice(stack: StackNow, past: Past) -> bool:
    """Say whether a person chose the cover that lies on the stack, or a photo of it as a cover before."""
    return _is_the_users(stack, past) or not stack.members.isdisjoint(chosen_covers(past.vetoes))


def _users_cover(group: Group, present: Mapping[AssetId, StackNow], past: Past) -> AssetId | None:
    """Return the cover that the user gave to a stack of ours; the earliest where there are several.

    One that we did not leave on top is the user's, unless that choice was revoked. Once the user has chosen after our
    newest entry, whatever lies on top is the user's. What was chosen earlier stays when the stack grows.
    """
    chosen = chosen_covers(past.vetoes)
    for member in group.members:
        stack = present.get(member)
        if stack is not None and _is_the_users(stack, past):
            return stack.primary
    for member in group.members:
        stack = present.get(member)
        if stack is not None and stack.primary in chosen:
            return stack.primary
    return next((cover for cover in chosen if cover in group.members), None)


def _is_the_users(stack: StackNow, past: Past) -> bool:
    entry = past.newest.get(stack.primary)
    since = entry.id if entry is not None else 0
    if stack.primary not in _covers_left(entry):
        return stack.primary not in released_covers(past.vetoes, since)
    return any(
        veto.kind == "cover"
        and veto.state != "revoked"
        and (veto.entry or 0) >= since
        and not stack.members.isdisjoint(veto.subjects)
        for veto in past.vetoes
    )


def _covers_left(entry: Entry | None) -> frozenset[AssetId]:
    if entry is None or not isinstance(entry.after, StackState):
        return frozenset()
    return frozenset(primary for primary, _ in entry.after.stacks)


def _left_so(entry: Entry | None, members: frozenset[AssetId]) -> bool:
    after = entry.after if entry is not None else None
    return isinstance(after, StackState) and any(left == members for _, left in after.stacks)
