"""A library in memory in which the stack stage decides as it does in a real one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from reactor.core.changes import Feature, RestoreStacks, StackAssets, StackState
from reactor.core.errors import Gone
from reactor.core.ids import LIVE, AccountId, AssetId, StackId
from reactor.core.images import hamming
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.library import Asset, EmbeddedPhoto, Face, StackNow
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

    async def of_structure(
        self, account: AccountId, assets: Sequence[AssetId], model: str, hashes: Sequence[int], bits: int
    ) -> tuple[EmbeddedPhoto, ...]:
        return of_structure(await self.embedded(account, assets, model), hashes, bits)

    async def around(
        self, account: AccountId, times: Sequence[datetime], margin: timedelta, model: str, *, limit: int
    ) -> tuple[EmbeddedPhoto, ...]:
        near = (photo for photo in self._photos.values() if any(abs(photo.taken_at - time) <= margin for time in times))
        return tuple(sorted(near, key=lambda photo: (photo.taken_at, photo.asset))[:limit])

    async def nearest(
        self, account: AccountId, photos: Sequence[EmbeddedPhoto], model: str, *, limit: int, least: float = -1.0
    ) -> Mapping[AssetId, tuple[tuple[AssetId, float], ...]]:
        return {photo.asset: nearest(photo, self._photos.values(), limit, least) for photo in photos}

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past:
        newest = {subject: self._entries[AssetId(subject)] for subject in subjects if subject in self._entries}
        return Past(newest=newest)


def nearest(
    photo: EmbeddedPhoto, others: Iterable[EmbeddedPhoto], limit: int, least: float
) -> tuple[tuple[AssetId, float], ...]:
    """Return the photos likest to one, with their cosines, ``least`` at least, by looking at all of them."""
    found = [(other.asset, cosine(photo.vector, other.vector)) for other in others if other.asset != photo.asset]
    return tuple(sorted((one for one in found if one[1] >= least), key=lambda one: (-one[1], one[0]))[:limit])


def of_structure(photos: Iterable[EmbeddedPhoto], hashes: Sequence[int], bits: int) -> tuple[EmbeddedPhoto, ...]:
    """Return the photos whose hash differs in at most ``bits`` from one of the hashes."""
    return tuple(photo for photo in photos if any(hamming(photo.phash, phash) <= bits for phash in hashes))
