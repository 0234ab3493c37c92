"""What Immich and the journal say of photos whose stacks are in question."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from reactor.core.changes import Feature
from reactor.core.errors import Blocked, Gone, Permanent, Retryable
from reactor.core.ids import AccountId, AssetId, StackId
from reactor.core.journal import Entry
from reactor.core.library import Asset, Face, StackNow
from reactor.core.past import Past
from reactor.core.stacking import Standing, free
from reactor.core.vetoes import Veto

K = TypeVar("K")
V = TypeVar("V")

READS_AT_ONCE = 4
MOST_FACES = 30
"""In so many photos of a stack, the sharpest, faces are looked for at most; each costs a call to Immich."""


class StackReader(Protocol):
    """Read photos and stacks of one account of Immich."""

    async def asset(self, asset: AssetId) -> Asset: ...

    async def stack(self, stack: StackId) -> StackNow: ...

    async def faces(self, asset: AssetId) -> tuple[Face, ...]: ...


class DoneBefore(Protocol):
    """Tell what was done before and what was vetoed; as ports.JournalReader."""

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past: ...


class Reading:
    """How photos stand and what was done about them, each read once."""

    def __init__(self, account: AccountId, library: StackReader, journal: DoneBefore, *, extend: bool = False) -> None:
        """Take ``extend`` for whether photos in stacks of the user's are ours to keep company."""
        self._extend = extend
        self.standings: dict[AssetId, Standing] = {}
        self.out: set[AssetId] = set()
        """Photos that are not ours to move."""
        self.gone: set[AssetId] = set()
        """Photos that do not exist any more, or lie in the locked folder."""
        self._account = account
        self._library = library
        self._journal = journal
        self._recalled: set[AssetId] = set()
        self._foreseen: set[AssetId] = set()
        self._ahead = Past()
        self._done: dict[str, Entry] = {}
        self._moves: dict[str, Entry] = {}
        self._covered: set[str] = set()
        self._vetoes: dict[int, Veto] = {}
        self._past: Past | None = None
        self._stacks: dict[StackId, StackNow] = {}

    @property
    def past(self) -> Past:
        """Return what the journal and the vetoes say of all that was recalled."""
        if self._past is None:
            vetoes = tuple(self._vetoes.values())
            self._past = Past(newest=self._done, moves=self._moves, covered=frozenset(self._covered), vetoes=vetoes)
        return self._past

    async def foresee(self, members: Collection[AssetId], untouched: Collection[AssetId] = ()) -> None:
        """Ask the journal about photos that may be recalled; what it says counts once they are.

        Of the ``untouched`` among them it was found to say nothing a moment ago.
        """
        self._foreseen |= set(members).intersection(untouched)
        unknown = sorted(set(members) - self._foreseen)
        if not unknown:
            return
        self._foreseen.update(unknown)
        past = await self._journal.past(self._account, "stacks", unknown)
        self._ahead = Past(
            newest={**self._ahead.newest, **past.newest},
            moves={**self._ahead.moves, **past.moves},
            covered=self._ahead.covered | past.covered,
            vetoes=self._ahead.vetoes + past.vetoes,
        )

    async def recall(self, members: Collection[AssetId]) -> bool:
        """Ask the journal about photos; return whether it had anything new to say."""
        unknown = set(members) - self._recalled
        if not unknown:
            return False
        self._recalled |= unknown
        await self.foresee(unknown)
        before = (len(self._done), len(self._vetoes))
        self._past = None
        self._done |= {member: self._ahead.newest[member] for member in unknown & self._ahead.newest.keys()}
        self._moves |= {member: self._ahead.moves[member] for member in unknown & self._ahead.moves.keys()}
        self._covered |= unknown & self._ahead.covered
        self._vetoes |= {veto.id: veto for veto in self._ahead.vetoes if not unknown.isdisjoint(veto.subjects)}
        return (len(self._done), len(self._vetoes)) != before

    async def read(self, members: Collection[AssetId]) -> bool:
        """Ask Immich about photos and their stacks; return whether anything is to be seen otherwise now."""
        unknown = sorted(set(members) - self.standings.keys() - self.out)
        if not unknown:
            return False
        assets = [asset for asset in await at_most(READS_AT_ONCE, unknown, self._asset) if asset is not None]
        stacks = {asset.stack for asset in assets if asset.stack is not None} - self._stacks.keys()
        self._stacks |= {found.id: found for found in await at_most(READS_AT_ONCE, sorted(stacks), self._stack)}
        stacked = (self._stacks[asset.stack].members for asset in assets if asset.stack is not None)
        news = await self.recall({asset.id for asset in assets}.union(*stacked))
        for asset in assets:
            stack = self._stacks[asset.stack] if asset.stack is not None else None
            self.standings[asset.id] = Standing(asset=asset, stack=stack, entry=self._done.get(asset.id))
        past = self.past
        left_out = {member for member in unknown if not self._is_free(member, past)}
        self.out |= left_out
        return news or bool(left_out)

    async def faces(self, asked: Iterable[Sequence[AssetId]]) -> dict[AssetId, tuple[Face, ...]]:
        """Read the faces on the photos among which they decide, group by group, at most MOST_FACES of each."""
        wanted = tuple(dict.fromkeys(asset for group in asked for asset in group[:MOST_FACES]))
        return dict(zip(wanted, await at_most(READS_AT_ONCE, wanted, self._faces), strict=True))

    def _is_free(self, member: AssetId, past: Past) -> bool:
        standing = self.standings.get(member)
        return standing is not None and free(standing, past, extend=self._extend)

    async def _asset(self, asset: AssetId) -> Asset | None:
        try:
            return await self._library.asset(asset)
        except Gone:
            self.gone.add(asset)
            return None

    async def _faces(self, asset: AssetId) -> tuple[Face, ...]:
        try:
            return await self._library.faces(asset)
        except (Permanent, Blocked):
            return ()  # a key that may not ask for faces stacks all the same

    async def _stack(self, stack: StackId) -> StackNow:
        try:
            return await self._library.stack(stack)
        except Gone as error:
            # Every growth gives a stack a new id (facts/immich-api.md section 6).
            raise Retryable("a stack changed while it was read", after=1.0) from error


async def at_most(limit: int, keys: Sequence[K], read: Callable[[K], Awaitable[V]]) -> list[V]:
    """Read all, at most ``limit`` at a time, and raise the first error once nothing is under way any more."""
    found: list[V] = []
    for start in range(0, len(keys), limit):
        answers = await asyncio.gather(*(read(key) for key in keys[start : start + limit]), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            found.append(answer)
    return found
