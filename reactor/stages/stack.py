"""Photos were embedded, came back, or were dated anew: join them to the stacks where they belong."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reactor.core.bursts import Family, stretches
from reactor.core.changes import RestoreStacks, StackAssets
from reactor.core.errors import Gone
from reactor.core.events import AssetChanged, AssetEmbedded, Event, MetadataExtracted
from reactor.core.growing import Group
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.core.past import Past
from reactor.core.regrouping import in_question, parted, proved_wrong, refilled, turned
from reactor.core.stack_policy import StackPolicy
from reactor.core.stacking import in_doubt, restacking
from reactor.ports import Services
from reactor.routing import Outcome, Router
from reactor.stages.stack_reading import READS_AT_ONCE, DoneBefore, Reading, StackReader, at_most
from reactor.stages.stack_scene import Alike, Scene, Stored, all_companions

Wishes: TypeAlias = tuple[RestoreStacks | StackAssets, ...]

router = Router()

MOVES = frozenset({"restored", "unarchived", "shown", "date"})
"""Changes by the user after which a photo may belong elsewhere; what leaves the timeline leaves its stack as it is."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What deciding about stacks needs: where to read, and the rule with the model's measure."""

    account: AccountId
    library: StackReader
    photos: Stored
    similar: Alike
    journal: DoneBefore
    model: str
    policy: StackPolicy
    random_pair_cosine: float | None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is wished for, and which photos Immich was found not to have any more."""

    changes: Wishes = ()
    gone: tuple[AssetId, ...] = ()


def lane(event: Event) -> str:
    """Return the lane of the account's stacks, which archiving shares: one writer at a time."""
    return f"stacks:{event.account}"


@router.on(AssetEmbedded, MetadataExtracted, AssetChanged, name="stack", lane=lane, batch=True, role="stack")
async def stack(events: Sequence[Event], services: Services) -> Outcome:
    """Decide about the photos of one account together; raises Retryable where a stack changes while it is read."""
    events = [event for event in events if not isinstance(event, AssetChanged) or MOVES.intersection(event.fields)]
    if not events:
        return Outcome()
    account = events[0].account
    for event in events:
        if isinstance(event, MetadataExtracted) and event.burst_id is not None:
            await services.photos.set_burst(account, event.asset, event.burst_id)
    dated = [event for event in events if isinstance(event, AssetChanged) and "date" in event.fields]
    await at_most(READS_AT_ONCE, dated, lambda event: _retake(event, services))
    desk = Desk(
        account=account,
        library=services.library(account),
        photos=services.photos,
        similar=services.similar,
        journal=services.journal,
        model=services.embedder.model,
        policy=services.stack_policy,
        random_pair_cosine=await services.random_pair_cosine(),
    )
    assets = tuple(dict.fromkeys(AssetId(event.subject) for event in events))
    decision = await decide(assets, desk, frozenset(event.asset for event in dated))
    if decision.gone:
        await services.similar.forget(account, decision.gone)
        await services.photos.drop(account, decision.gone)
    return Outcome(changes=decision.changes)


async def _retake(event: AssetChanged, services: Services) -> None:
    """Store the photo's date of now, whoever hears of the change first."""
    try:
        asset = await services.library(event.account).asset(event.asset)
    except Gone:
        return
    await services.photos.retake(event.account, event.asset, asset.taken_at)


async def wishes(batch: Sequence[AssetId], desk: Desk) -> Wishes:
    """Return what makes the stacks of these photos right; as ``decide``."""
    return (await decide(batch, desk)).changes


async def decide(batch: Sequence[AssetId], desk: Desk, moved: Collection[AssetId] = ()) -> Decision:
    """Decide what makes the stacks of these photos right: what stands wrong, belongs together, or is suggested.

    Photos that are not embedded (yet) are passed over; those that ``moved`` have another date by now.
    """
    reading = Reading(desk.account, desk.library, desk.journal, extend=desk.policy.extend_user_stacks)
    seen = (desk.account, desk.photos, desk.similar, desk.model, desk.policy, desk.random_pair_cosine)
    scene = Scene(*seen, met=reading.foresee)
    fresh = await scene.begin(batch)
    if not fresh:
        return Decision()
    if scene.is_cut and len(parts := stretches(fresh, desk.policy)) > 1:
        del scene, reading
        return await _in_two(parts, desk, moved)
    return await _decided(fresh, scene, reading, desk, moved)


async def _in_two(parts: Sequence[Sequence[EmbeddedPhoto]], desk: Desk, moved: Collection[AssetId]) -> Decision:
    """Decide about stretches of time in two halves: a crowded one must not take all the room."""
    middle = len(parts) // 2
    found = [
        await decide([photo.asset for part in half for photo in part], desk, moved)
        for half in (parts[:middle], parts[middle:])
    ]
    return Decision(
        changes=tuple(dict.fromkeys(change for decision in found for change in decision.changes)),
        gone=tuple(sorted({asset for decision in found for asset in decision.gone})),
    )


async def _decided(
    fresh: Sequence[EmbeddedPhoto], scene: Scene, reading: Reading, desk: Desk, moved: Collection[AssetId]
) -> Decision:
    asked = frozenset(photo.asset for photo in fresh) | scene.disturbed
    groups = _flat(await _settled(scene, asked, reading, desk.policy))
    wrong = _wrong(groups, scene, reading, moved, desk)
    doubtful: tuple[Group, ...] = ()
    if desk.policy.review_share and not wrong:
        loose = _flat(await _settled(scene, asked, reading, desk.policy.loose()))
        doubtful = in_doubt(_stacks(groups), _stacks(loose))
    parts = [(_stacks(groups), None), (doubtful, _stacks(groups))]
    dissolved = [
        standing.stack.id for change in wrong if (standing := reading.standings[change.cover]).stack is not None
    ]
    known = [
        (group, certain) for some, certain in parts for group in some if reading.standings.keys() >= set(group.members)
    ]
    about = (scene.photos, reading.standings, reading.past)
    found = [
        restacking(group, *about, certain=certain, dissolved=dissolved, cover_rule=desk.policy.cover)
        for group, certain in known
    ]
    plans = [plan for plan in found if plan is not None]
    faces = await reading.faces(plan.covers.asked for plan in plans)
    wished = [plan.wish(desk.account, faces) for plan in plans]
    changes: Wishes = (*wrong, *(change for change in wished if change is not None))
    return Decision(changes=changes, gone=tuple(sorted(reading.gone)))


def _wrong(
    groups: Sequence[Group], scene: Scene, reading: Reading, moved: Collection[AssetId], desk: Desk
) -> tuple[RestoreStacks, ...]:
    """Return what dissolves stacks that other photos, or another date, prove wrong."""
    if not scene.is_whole:
        return ()

    def by_evidence(members: frozenset[AssetId]) -> bool:
        return not members.isdisjoint(moved) or scene.parts(members, desk.policy)

    return proved_wrong(desk.account, groups, reading.standings, reading.past, by_evidence)


async def _settled(
    scene: Scene, asked: frozenset[AssetId], reading: Reading, policy: StackPolicy
) -> tuple[Family, ...]:
    """Group without the photos that are not ours to move, and keep apart what the user took apart.

    Whoever we left in a stack with one of them is looked at too, and the copies of those who leave one, or a row. Where
    a copy of them seems to stand in a full group, all must be known whom we left there. Each round asks only about who
    came in anew, and what the answers say counts from the next one on.
    """
    while True:
        found, full = await scene.grouped(asked, reading.out, reading.past, policy)
        if await reading.recall([member for group in _flat((*found, *full)) for member in group.members]):
            continue
        if await scene.fetch(all_companions((*found, *full), reading.past)):
            continue
        if await scene.seek(_sought(found, scene, reading.past, policy)):
            continue
        if not await reading.read(in_question(found, asked, reading.past)):
            return found


def _sought(found: Sequence[Family], scene: Scene, past: Past, policy: StackPolicy) -> frozenset[AssetId]:
    """Return the photos whose copies may belong elsewhere, now that they stand otherwise than where we left them."""
    changed = parted(found, past)
    if policy.rule == "auto-stacker":
        return changed
    changed |= turned(found, scene.photos, past, policy.gap_s)
    return changed | refilled(found, changed, past, policy.maximum_size)


def _flat(found: Sequence[Family]) -> tuple[Group, ...]:
    return tuple(group for family in found for group in family)


def _stacks(groups: Sequence[Group]) -> tuple[Group, ...]:
    return tuple(group for group in groups if len(group.members) > 1)
