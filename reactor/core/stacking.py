"""What a group of photos and the stacks of now ask for: pure decisions over what was read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reactor.core.changes import Reason, StackAssets, StackState
from reactor.core.covers import FacesFound, Shortlist, candidates_of, shortlisted
from reactor.core.growing import Group
from reactor.core.ids import AccountId, AssetId, StackId
from reactor.core.journal import Entry
from reactor.core.library import Asset, EmbeddedPhoto, StackNow, trashed_in
from reactor.core.moving import held_for, is_alone, users_part
from reactor.core.past import Past, left_together
from reactor.core.stack_policy import CoverRule
from reactor.core.vetoes import chosen_covers, released_covers


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one photo stands now: what Immich shows, the stack that it is in, and our newest done entry about it."""

    asset: Asset
    stack: StackNow | None = None
    entry: Entry | None = None


def free(standing: Standing, past: Past, *, extend: bool = False) -> bool:
    """Say whether the photo may be stacked by us; ``past`` holds what was done with every member of its stack.

    Left out: what is not shown in the timeline, the still of a motion photo's pair, a photo in a stack that is the
    user's or was so before we extended it (where such may not be extended), one below which others may be hidden, and
    one that we stacked and the user took out again.
    """
    asset = standing.asset
    if not asset.is_photo or asset.trashed or asset.visibility != "timeline" or asset.motion_part_of is not None:
        return False
    if standing.stack is None:
        return left_together(standing.entry, asset.id) is None
    # Immich leaves a stack of one behind whose other photos were deleted (facts/immich-api.md section 6).
    if trashed_in(asset, standing.stack) or standing.stack.primary not in standing.stack.members:
        return False
    if standing.stack.members == {asset.id}:
        return is_alone(asset.id, standing.stack.members, past)
    done = past.newest
    if is_ours(standing.stack, done) and not users_part(standing.stack, done):
        return True
    return extend and _is_complete(standing.stack, done)


def is_ours(stack: StackNow, done: Mapping[str, Entry]) -> bool:
    """Say whether the stack's members equal what our newest entry about every one of them left.

    A primary that is not among them lies in the trash, and we left none there.
    """
    return stack.primary in stack.members and all(_left_so(done.get(member), stack.members) for member in stack.members)


def _is_complete(stack: StackNow, done: Mapping[str, Entry]) -> bool:
    """Say whether nobody is missing whom we left in the stack: Immich does not tell of one that is hidden."""
    left = [left_together(done.get(member), member) for member in stack.members]
    return all(members is None or members <= stack.members for members in left)


@dataclass(frozen=True, kw_only=True)
class Restacking:
    """A group that may become one stack, before any face on its photos is looked at."""

    group: Group
    stacks: tuple[StackNow, ...]
    """Those in which members stand."""
    users: frozenset[AssetId]
    """The part of them that the user made."""
    keep: AssetId | None
    covers: Shortlist
    certain: Sequence[Group] | None

    def wish(self, account: AccountId, faces: FacesFound) -> StackAssets | None:
        """Return what makes one stack of the group, or None where it stands; ``faces`` are on ``covers.asked``."""
        wished = frozenset(self.group.members)
        cover, why = self.covers.choose(faces)
        if any(stack.members == wished and stack.primary == cover for stack in self.stacks):
            return None
        certain = self.certain or ()
        return StackAssets(
            account=account,
            cover=cover,
            members=(cover, *(member for member in self.group.members if member != cover)),
            certain=tuple(part.members for part in certain if wished.issuperset(part.members)),
            users=tuple(sorted(self.users)),
            chosen=cover == self.keep,
            reason=Reason(
                rule=f"{self.group.reason.rule}; cover: {why.rule}",
                scores=self.group.reason.scores + why.scores,
                sure=self.certain is None,
            ),
        )


def restacking(
    group: Group,
    photos: Mapping[AssetId, EmbeddedPhoto],
    standings: Mapping[AssetId, Standing],
    past: Past,
    *,
    certain: Sequence[Group] | None = None,
    dissolved: Collection[StackId] = (),
    cover_rule: CoverRule = "best",
) -> Restacking | None:
    """Return what may become of the group, or None where it may not be one stack.

    That is where photos of two owners meet, where a stack has members outside the group, unless it is one of the
    ``dissolved``, which stand no more by then, and where stacks would be joined of which a person made more than one,
    or chose more than one cover.
    With ``certain``, the groups of the sure rule, it is only suggested.
    """
    present = _present(group, standings, dissolved)
    stacks = tuple(dict.fromkeys(present.values()))
    assets = {member: standings[member].asset for member in group.members}
    if len({asset.owner for asset in assets.values()}) > 1 or not _may_be_one(frozenset(assets), stacks, past):
        return None
    keep = _users_cover(group, present, past)
    candidates = candidates_of([photos[member] for member in group.members], assets)
    return Restacking(
        group=group,
        stacks=stacks,
        users=frozenset[AssetId]().union(*(_of_the_user(stack, past) for stack in stacks)),
        keep=keep,
        covers=shortlisted(candidates, keep, cover_rule, _standing_cover(group, present, past)),
        certain=certain,
    )


def _may_be_one(wished: frozenset[AssetId], present: Collection[StackNow], past: Past) -> bool:
    if len(wished) < 2 or any(not stack.members <= wished for stack in present):
        return False
    # A person chose each of these covers.
    return len({stack.primary for stack in present if is_the_users(stack, past)}) < 2


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
    if is_the_users(stack, past) or was_chosen(stack, past):
        return True
    return not stack.members.isdisjoint(chosen_covers(past.vetoes))


def was_chosen(stack: StackNow, past: Past) -> bool:
    """Say whether we let the stack grow under a cover that a person had chosen, and that need not go since."""
    entry = past.newest.get(stack.primary)
    if entry is None or not isinstance(entry.change, StackAssets):
        return False
    kept = entry.change.chosen and entry.change.cover == stack.primary
    return kept and stack.primary not in released_covers(past.vetoes, 0)


def _users_cover(group: Group, present: Mapping[AssetId, StackNow], past: Past) -> AssetId | None:
    """Return the cover that the user gave to a stack of ours; the earliest where there are several.

    One that we did not leave on top is the user's, unless that choice was revoked. Once the user has chosen after our
    newest entry, whatever lies on top is the user's. What was chosen earlier stays when the stack grows. In the place
    of one that we moved there counts the one that the user had chosen before.
    """
    chosen = chosen_covers(past.vetoes)
    stacks = [stack for member in group.members if (stack := present.get(member)) is not None]
    for stack in stacks:
        if is_the_users(stack, past):
            move = held_for(stack.primary, stack.members, past)
            return move.chosen if move is not None and move.chosen in group.members else stack.primary
    for stack in stacks:
        stays = stack.primary in chosen or was_chosen(stack, past)
        if stays and held_for(stack.primary, stack.members, past) is None:
            return stack.primary
    return next((cover for cover in chosen if cover in group.members), None)


def _present(
    group: Group, standings: Mapping[AssetId, Standing], dissolved: Collection[StackId]
) -> dict[AssetId, StackNow]:
    """Return the stacks in which members stand, and will stand when the dissolved ones are gone."""
    stacks = {member: standings[member].stack for member in group.members}
    return {
        name: stack
        for name, stack in stacks.items()
        if stack is not None and len(stack.members) > 1 and stack.id not in dissolved
    }


def _standing_cover(group: Group, present: Mapping[AssetId, StackNow], past: Past) -> AssetId | None:
    """Return the cover that we gave to a stack which holds the whole group already, unless a person meant it once."""
    wished = frozenset(group.members)
    released = released_covers(past.vetoes, 0)
    return next(
        (
            stack.primary
            for stack in present.values()
            if stack.members == wished
            and stack.primary not in released
            and stack.primary in _covers_left(past.newest.get(stack.primary))
        ),
        None,
    )


def _of_the_user(stack: StackNow, past: Past) -> frozenset[AssetId]:
    """Return what of a stack the user made: all of one that is not ours."""
    return users_part(stack, past.newest) if is_ours(stack, past.newest) else stack.members


def is_the_users(stack: StackNow, past: Past) -> bool:
    """Say whether a person chose the cover of the stack, or made the stack; one that we moved counts for theirs."""
    if _of_the_user(stack, past):
        return True
    if (move := held_for(stack.primary, stack.members, past)) is not None:
        return move.chosen is not None
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
