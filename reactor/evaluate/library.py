"""A library in memory in which the stack stage decides as it does in a real one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from reactor.core.changes import Feature, RestoreStacks, StackAssets, StackState
from reactor.core.errors import Gone
from reactor.core.ids import LIVE, AccountId, AssetId, StackId
from reactor.core.images import hamming
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.library import Asset, EmbeddedPhoto, Face, Lookalikes, LookalikesWanted, StackNow, Surroundings
from reactor.core.past import Past
from reactor.core.vectors import cosine

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class MemoryLibrary:
    """Photos of one account, their stacks and the journal of them; fits the borders of the stack stage."""

    def __init__(self) -> None:
        self._photos: dict[AssetId, EmbeddedPhoto] = {}
        self._stack_of: dict[AssetId, StackNow] = {}
        self._entries: dict[AssetId, Entry] = {}
        self._written = 0

    def add(self, photo: EmbeddedPhoto) -> None:
        """Let the photo be uploaded and embedded."""
        self._photos[photo.asset] = photo

    def stacks(self) -> frozenset[frozenset[AssetId]]:
        """Return the members of each stack."""
        return frozenset(stack.members for stack in self._stack_of.values())

    def carry_out(self, change: StackAssets | RestoreStacks) -> None:
        """Make the stack and write it down as done, or dissolve it and strike out who made it."""
        members = frozenset(change.members)
        if isinstance(change, RestoreStacks):
            for member in members:
                del self._stack_of[member], self._entries[member]
            return
        self._written += 1
        number = self._written
        stack = StackNow(id=StackId(f"{change.cover}:{len(members)}"), primary=change.cover, members=members)
        entry = Entry(
            id=number,
            change=change,
            cause=Cause(handler="stack", event=number, run=LIVE),
            state=EntryState.DONE,
            before=StackState(stacks=()),
            after=StackState(stacks=((change.cover, members),)),
            note="",
            written_at=LONG_AGO,
            settled_at=LONG_AGO,
        )
        for member in members:
            self._stack_of[member] = stack
            self._entries[member] = entry

    async def asset(self, asset: AssetId) -> Asset:
        photo, stack = self._photos[asset], self._stack_of.get(asset)
        return Asset(
            id=asset,
            owner=photo.account,
            kind=photo.kind,
            visibility="timeline",
            trashed=False,
            taken_at=photo.taken_at,
            created_at=photo.taken_at,
            updated_at=photo.taken_at,
            stack=stack.id if stack else None,
        )

    async def stack(self, stack: StackId) -> StackNow:
        for found in self._stack_of.values():
            if found.id == stack:
                return found
        raise Gone(f"there is no stack {stack}")

    async def faces(self, asset: AssetId) -> tuple[Face, ...]:
        return ()

    async def embedded(self, account: AccountId, assets: Sequence[AssetId], model: str) -> tuple[EmbeddedPhoto, ...]:
        return tuple(self._photos[asset] for asset in assets if asset in self._photos)

    async def around(
        self, account: AccountId, assets: Sequence[AssetId], margin: timedelta, model: str, *, limit: int
    ) -> Surroundings:
        times = [self._photos[asset].taken_at for asset in assets if asset in self._photos]
        near = (photo for photo in self._photos.values() if any(abs(photo.taken_at - time) <= margin for time in times))
        found = tuple(sorted(near, key=lambda photo: (photo.taken_at, photo.asset))[:limit])
        return Surroundings(photos=found, untouched=frozenset(photo.asset for photo in found) - self._entries.keys())

    async def lookalikes(self, wanted: LookalikesWanted) -> Lookalikes:
        return lookalikes(wanted, self._photos)

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past:
        newest = {subject: self._entries[AssetId(subject)] for subject in subjects if subject in self._entries}
        return Past(newest=newest)


def lookalikes(wanted: LookalikesWanted, stored: Mapping[AssetId, EmbeddedPhoto]) -> Lookalikes:
    """Return what an index and the table tell of photos, by looking at all that are ``stored``."""
    near = {photo.asset: _nearest(photo, stored.values(), wanted) for photo in wanted.photos}
    fresh = dict.fromkeys(name for some in near.values() for name, _ in some if name not in wanted.known)
    return Lookalikes(near=near, read=tuple(stored[name] for name in fresh))


def _nearest(
    photo: EmbeddedPhoto, others: Iterable[EmbeddedPhoto], wanted: LookalikesWanted
) -> tuple[tuple[AssetId, float], ...]:
    alike = (one for one in others if one.asset != photo.asset and hamming(one.phash, photo.phash) <= wanted.bits)
    found = [(other.asset, cosine(photo.vector, other.vector)) for other in alike]
    likely = (one for one in found if one[1] >= wanted.least)
    return tuple(sorted(likely, key=lambda one: (-one[1], one[0]))[: wanted.limit])
