"""Photos were embedded, came back, or were dated anew: join them to the stacks where they belong."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from reactor.core.bursts import Group, partition
from reactor.core.changes import Feature, StackAssets
from reactor.core.errors import Gone, Retryable
from reactor.core.events import AssetChanged, AssetEmbedded, Event, MetadataExtracted
from reactor.core.ids import AccountId, AssetId, StackId
from reactor.core.journal import Entry
from reactor.core.library import Asset, EmbeddedPhoto, StackNow
from reactor.core.past import Past
from reactor.core.stack_policy import StackPolicy
from reactor.core.stacking import Standing, free, in_doubt, left_edges, restack
from reactor.core.vetoes import Veto, apart
from reactor.ports import Services
from reactor.routing import Outcome, Router

K = TypeVar("K")
V = TypeVar("V")

router = Router()

READS_AT_ONCE = 4
SEVERAL_HUNDRED = 300
"""Of more photos the partition takes long enough to hold everything else up, so it is made in a thread."""
MOVES = frozenset({"restored", "unarchived", "date"})
"""Changes by the user after which a photo may belong elsewhere; what leaves the timeline leaves its stack as it is."""
NEIGHBOURS = 5000
"""At most so many photos are looked at together; the vectors of more would not be worth their memory."""
LOOKS_BACK = 5
"""How often a neighbourhood that begins within a chain is looked at from further back, a span each time."""


class StackReader(Protocol):
    """Read photos and stacks of one account of Immich."""

    async def asset(self, asset: AssetId) -> Asset: ...

    async def stack(self, stack: StackId) -> StackNow: ...


class Neighbours(Protocol):
    """Find what is stored of photos, by id and by time; as ports.Photos."""

    async def embedded(
        self, account: AccountId, assets: Sequence[AssetId], model: str
    ) -> tuple[EmbeddedPhoto, ...]: ...

    async def around(
        self, account: AccountId, times: Sequence[datetime], margin: timedelta, model: str, *, limit: int
    ) -> tuple[EmbeddedPhoto, ...]: ...


class DoneBefore(Protocol):
    """Tell what was done before and what was vetoed; as ports.JournalReader."""

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past: ...


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What deciding about stacks needs: where to read, and the rule with the model's measure."""

    account: AccountId
    library: StackReader
    photos: Neighbours
    journal: DoneBefore
    model: str
    policy: StackPolicy
    random_pair_cosine: float | None


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
    await _at_most(READS_AT_ONCE, dated, lambda event: _retake(event, services))
    desk = Desk(
        account=account,
        library=services.library(account),
        photos=services.photos,
        journal=services.journal,
        model=services.embedder.model,
        policy=services.stack_policy,
        random_pair_cosine=await services.random_pair_cosine(),
    )
    assets = tuple(dict.fromkeys(AssetId(event.subject) for event in events))
    return Outcome(changes=await wishes(assets, desk))


async def _retake(event: AssetChanged, services: Services) -> None:
    """Store the photo's date of now, whoever hears of the change first."""
    try:
        asset = await services.library(event.account).asset(event.asset)
    except Gone:
        return
    await services.photos.retake(event.account, event.asset, asset.taken_at)


async def wishes(batch: Sequence[AssetId], desk: Desk) -> tuple[StackAssets, ...]:
    """Return what makes the stacks of these photos right, then what is only suggested.

    Photos that are not embedded (yet) are passed over.
    """
    fresh = await desk.photos.embedded(desk.account, batch, desk.model)
    if not fresh:
        return ()
    photos = await _neighbourhood(fresh, desk)
    asked = frozenset(photo.asset for photo in fresh)
    reading = _Reading(desk)
    groups = await _settled_groups(photos, asked, reading, desk.policy)
    doubtful: tuple[Group, ...] = ()
    if desk.policy.review_share:
        doubtful = in_doubt(groups, await _settled_groups(photos, asked, reading, desk.policy.loose()))
    found = [
        restack(desk.account, group, photos, reading.standings, reading.past, certain=certain)
        for part, certain in ((groups, None), (doubtful, groups))
        for group in part
    ]
    return tuple(change for change in found if change is not None)


async def _neighbourhood(fresh: Sequence[EmbeddedPhoto], desk: Desk) -> dict[AssetId, EmbeddedPhoto]:
    margin, gap = timedelta(seconds=desk.policy.maximum_span_s), timedelta(seconds=desk.policy.gap_s)
    times = {photo.taken_at for photo in fresh}
    photos: dict[AssetId, EmbeddedPhoto] = {}
    for _ in range(LOOKS_BACK):
        around = await desk.photos.around(desk.account, sorted(times), margin, desk.model, limit=NEIGHBOURS)
        photos = {photo.asset: photo for photo in (*around, *fresh)}
        edges = left_edges(times, around, margin, gap)
        if not edges or len(around) >= NEIGHBOURS:
            break
        times |= edges
    return photos


async def _settled_groups(
    photos: Mapping[AssetId, EmbeddedPhoto], asked: frozenset[AssetId], reading: "_Reading", policy: StackPolicy
) -> tuple[Group, ...]:
    """Partition without the photos that are not ours to move, and keep apart what the user took apart.

    Each round reads only who came in anew, and what the user said of them counts from the next one on.
    """
    floor = reading.desk.random_pair_cosine
    while True:
        open_photos = [photo for asset, photo in photos.items() if asset not in reading.out]
        groups = tuple(
            group
            for group in await _partition(open_photos, policy, floor, apart(reading.past.vetoes))
            if len(group.members) > 1 and asked.intersection(group.members)
        )
        unread = [member for group in groups for member in group.members if member not in reading.standings]
        if not unread:
            return groups
        await reading.read(unread)


async def _partition(
    photos: Sequence[EmbeddedPhoto], policy: StackPolicy, floor: float | None, pairs: frozenset[frozenset[AssetId]]
) -> tuple[Group, ...]:
    if len(photos) <= SEVERAL_HUNDRED:
        return partition(photos, policy, floor, pairs)
    return await asyncio.to_thread(partition, photos, policy, floor, pairs)


class _Reading:
    """What Immich and the journal say of the photos in question, read once."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.standings: dict[AssetId, Standing] = {}
        self.out: set[AssetId] = set()
        self._done: dict[str, Entry] = {}
        self._vetoes: dict[int, Veto] = {}
        self._stacks: dict[StackId, StackNow] = {}

    @property
    def past(self) -> Past:
        """Return what the journal and the vetoes say of all that was read."""
        return Past(newest=self._done, vetoes=tuple(self._vetoes.values()))

    async def read(self, members: Sequence[AssetId]) -> None:
        assets = [asset for asset in await _at_most(READS_AT_ONCE, members, self._asset) if asset is not None]
        unknown = {asset.stack for asset in assets if asset.stack is not None} - self._stacks.keys()
        self._stacks |= {found.id: found for found in await _at_most(READS_AT_ONCE, sorted(unknown), self._stack)}
        stacked = (self._stacks[asset.stack].members for asset in assets if asset.stack is not None)
        subjects = sorted({asset.id for asset in assets}.union(*stacked))
        past = await self.desk.journal.past(self.desk.account, "stacks", subjects)
        self._done |= past.newest
        self._vetoes |= {veto.id: veto for veto in past.vetoes}
        for asset in assets:
            stack = self._stacks[asset.stack] if asset.stack is not None else None
            self.standings[asset.id] = Standing(asset=asset, stack=stack, entry=self._done.get(asset.id))
        self.out |= {member for member in members if not self._free(member)}

    def _free(self, member: AssetId) -> bool:
        standing = self.standings.get(member)
        return standing is not None and free(standing, self._done)

    async def _asset(self, asset: AssetId) -> Asset | None:
        try:
            return await self.desk.library.asset(asset)
        except Gone:
            return None

    async def _stack(self, stack: StackId) -> StackNow:
        try:
            return await self.desk.library.stack(stack)
        except Gone as error:
            # Every growth gives a stack a new id (facts/immich-api.md section 6).
            raise Retryable("a stack changed while it was read", after=1.0) from error


async def _at_most(limit: int, keys: Sequence[K], read: Callable[[K], Awaitable[V]]) -> list[V]:
    """Read all, at most ``limit`` at a time, and raise the first error once nothing is under way any more."""
    found: list[V] = []
    for start in range(0, len(keys), limit):
        answers = await asyncio.gather(*(read(key) for key in keys[start : start + limit]), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            found.append(answer)
    return found
