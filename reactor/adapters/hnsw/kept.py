"""The index of one account: opened from its file or built anew, caught up with the table, asked, and saved."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from reactor.adapters.hnsw.alike import Hashes, alike, named
from reactor.adapters.hnsw.files import IndexFiles
from reactor.adapters.hnsw.graph import Graph, UnusableFile
from reactor.core.errors import Permanent, Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto, Lookalikes, LookalikesWanted

SOON_S = 1.0
TOGETHER = 2048
"""So many vectors are read and added at a time: a second's work."""
PROGRESS_S = 5.0
LOOKS = 3
"""How often neighbours are looked for, where some of those that were found turn out to be gone."""

R = TypeVar("R")

log = structlog.get_logger(__name__)


class Vectors(Protocol):
    """What the index asks of the table, which is the truth; photos go by their numbers."""

    async def hashes(self, account: AccountId, model: str) -> tuple[NDArray[np.int64], NDArray[np.uint64]]: ...

    async def dimension(self, account: AccountId, model: str) -> int | None: ...

    async def read(
        self, account: AccountId, model: str, numbers: NDArray[np.int64], dimension: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]: ...

    async def numbered(self, account: AccountId, model: str, numbers: Sequence[int]) -> tuple[EmbeddedPhoto, ...]: ...

    async def numbers_of(self, account: AccountId, assets: Sequence[AssetId]) -> tuple[int, ...]: ...

    async def covered(self, account: AccountId, before: str, now: str) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class SavePolicy:
    """When the index is written: after ``many`` changes; where it is quiet for ``quiet_s``, after ``few`` of them.

    Fewer wait for ``longest_s``, and for the end of the reactor, which leaves out a share of ``negligible``: what a
    file lacks is caught up faster than a large one is written. After a failure the next try waits ``quiet_s``.
    """

    many: int = 10_000
    few: int = 500
    quiet_s: float = 60.0
    longest_s: float = 6 * 3600.0
    negligible: float = 0.002

    def is_due(self, changes: int, quiet_s: float, saved_s: float) -> bool:
        """Say whether to save now; seconds since the last change, and since the last save."""
        if not changes or saved_s < self.quiet_s:
            return False
        return changes >= self.many or (quiet_s >= self.quiet_s and (changes >= self.few or saved_s >= self.longest_s))


class AccountIndex:
    """Neighbours among the photos of one account by one model. hnswlib is called in threads alone."""

    def __init__(
        self, account: AccountId, vectors: Vectors, files: IndexFiles, threads: Executor, policy: SavePolicy
    ) -> None:
        self.account = account
        self.model = files.model
        self.term = 0
        self._vectors = vectors
        self._files = files
        self._threads = threads
        self._policy = policy
        self._graph: Graph | None = None
        self._hashes = Hashes(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64))
        self._taking = set[asyncio.Task[None]]()
        self._making, self._saving = asyncio.Lock(), asyncio.Lock()
        self._changes = 0
        self._changed_at = self._saved_at = time.monotonic()
        self._progress = (0, 0)

    @property
    def count(self) -> int:
        return self._graph.count if self._graph is not None else 0

    @property
    def words(self) -> str:
        """Say how large it is, or how far it is built."""
        done, total = self._progress
        if done < total:
            return f"the index is being built: {done:,} of {total:,} photos"
        size = self._graph.size / 1e6 if self._graph is not None else 0.0
        return f"{self.count:,} photos, {size:,.0f} MB"

    async def catch_up(self, term: int) -> None:
        """Open the file, unless it is open, and take in what the table has besides; drop what it has no more.

        Then the index is of this ``term`` of the role: whoever held the role meanwhile told this process nothing.
        """
        self.term = 0
        await self._all_taken()
        dimension = await self._vectors.dimension(self.account, self.model)
        if dimension is not None:
            began = time.monotonic()
            graph = await self._open(dimension)
            numbers, hashes = await self._vectors.hashes(self.account, self.model)
            self._hashes = await self._run(Hashes, numbers, hashes)
            missing, gone = await self._run(graph.differences, numbers)
            self._note(await self._run(graph.remove, gone))
            await self._fill(graph, missing, len(numbers))
            log.info(
                "the index of vectors is ready",
                account=self.account,
                photos=graph.count,
                added=len(missing),
                removed=len(gone),
                megabytes=round(graph.size / 1e6),
                seconds=round(time.monotonic() - began, 2),
            )
        self.term = term

    async def _open(self, dimension: int) -> Graph:
        graph = self._graph
        if graph is None:
            try:
                graph = await self._run(self._files.load, dimension)
            except UnusableFile as error:
                log.warning("the index file is not used; the index is built anew", account=self.account, why=str(error))
        if graph is not None and graph.stored > 2 * graph.count + TOGETHER:
            log.info("most photos of the index are gone; it is built anew", account=self.account)
            graph = None
        self._graph = graph if graph is not None else await self._run(Graph.empty, dimension)
        return self._graph

    async def _fill(self, graph: Graph, missing: NDArray[np.int64], total: int) -> None:
        said = time.monotonic()
        for begin in range(0, len(missing), TOGETHER):
            self._progress = (total - len(missing) + begin, total)
            if time.monotonic() - said >= PROGRESS_S:
                said = time.monotonic()
                done = f"{self._progress[0]} of {total}"
                log.info("building the index of vectors", account=self.account, photos=done)
            part = missing[begin : begin + TOGETHER]
            numbers, vectors = await self._vectors.read(self.account, self.model, part, graph.dimension)
            self._note(await self._run(graph.add, numbers.tolist(), vectors))
        self._progress = (total, total)

    async def lookalikes(self, wanted: LookalikesWanted) -> Lookalikes:
        """Return of each photo its nearest others, and take the photos in; raises Permanent and Unreachable.

        The table is asked for those alone whose cosine and hash are near enough, which are few or none.
        """
        photos = [photo for photo in wanted.photos if np.isfinite(photo.vector).all()]
        if not photos or wanted.limit <= 0:
            return Lookalikes(near={})
        vectors = np.stack([photo.vector for photo in photos])
        graph = await self._graph_of(vectors.shape[1])
        await self._all_taken()
        if not self.term:
            raise Unreachable(self.words, after=SOON_S)
        met = (*wanted.known.values(), *photos)
        self._hashes.learn(met)
        names = {photo.number: photo.asset for photo in met if photo.number}
        try:
            near, read = await self._found(graph, photos, vectors, wanted, names)
        finally:
            if graph.lacks([photo.number for photo in photos]):
                # Nobody waits for it but who asks next.
                taking = asyncio.create_task(self._take_in(graph, photos, vectors))
                self._taking.add(taking)
                taking.add_done_callback(self._taking.discard)
        return Lookalikes(near=near, read=read)

    async def _found(
        self,
        graph: Graph,
        photos: Sequence[EmbeddedPhoto],
        vectors: NDArray[np.float32],
        wanted: LookalikesWanted,
        names: Mapping[int, AssetId],
    ) -> tuple[dict[AssetId, tuple[tuple[AssetId, float], ...]], tuple[EmbeddedPhoto, ...]]:
        """Return of each photo its nearest others, and those of them that bear none of the ``names``."""
        read = dict[int, EmbeddedPhoto]()
        for _ in range(LOOKS):
            told = await self._run(alike, graph, photos, vectors, wanted, self._hashes)
            found = {number for row in told for number, _ in row}
            if unknown := sorted(found - names.keys() - read.keys()):
                fresh = await self._vectors.numbered(self.account, self.model, unknown)
                read |= {photo.number: photo for photo in fresh}
            known = {**names, **{number: photo.asset for number, photo in read.items()}}
            if not (gone := sorted(found - known.keys())):
                break
            self._note(await self._run(graph.remove, gone))
        rows = zip(photos, told, strict=True)
        near = {photo.asset: named(photo.asset, row, known)[: wanted.limit] for photo, row in rows}
        return near, tuple(read.values())

    async def _take_in(self, graph: Graph, photos: Sequence[EmbeddedPhoto], vectors: NDArray[np.float32]) -> None:
        try:
            self._note(await self._run(graph.take_in, [photo.number for photo in photos], vectors))
        except Exception as error:  # noqa: BLE001 - nobody waits for it: whatever it was, the table has all
            log.warning("photos are not in the index yet; it catches up", account=self.account, error=repr(error))
            self.term = 0

    async def _all_taken(self) -> None:
        """Wait until all that was asked about is in the graph, or failed to come in."""
        if self._taking:
            await asyncio.wait(self._taking)

    async def _graph_of(self, dimension: int) -> Graph:
        async with self._making:
            if self._graph is None:
                self._graph = await self._run(Graph.empty, dimension)
        if self._graph.dimension != dimension:
            raise Permanent(f"a vector has {dimension} numbers; those of the index have {self._graph.dimension}")
        return self._graph

    async def forget(self, assets: Sequence[AssetId]) -> None:
        """Let photos be found no more; those that the table has no more are left out when they are found."""
        if (graph := self._graph) is not None:
            numbers = await self._vectors.numbers_of(self.account, assets)
            await self._all_taken()
            self._note(await self._run(graph.remove, numbers))

    @property
    def is_due(self) -> bool:
        """Say whether it is time to save."""
        now = time.monotonic()
        return self._policy.is_due(self._changes, now - self._changed_at, now - self._saved_at)

    async def save(self) -> None:
        """Write what changed; on failure the table has it all, so that is only said."""
        async with self._saving:
            await self._save()

    async def _save(self) -> None:
        graph, changes = self._graph, self._changes
        if graph is None or not changes:
            return
        began = self._saved_at = time.monotonic()
        try:
            await self._run(self._files.save, graph)
        except OSError as error:
            log.warning("the index of vectors cannot be saved", account=self.account, error=str(error))
            return
        self._changes -= changes
        seconds = round(time.monotonic() - began, 2)
        log.info("the index of vectors was saved", account=self.account, photos=graph.count, seconds=seconds)

    async def aclose(self) -> None:
        """Save what a start would have to catch up, and let go of the memory."""
        await self._all_taken()
        if self._changes > self._policy.negligible * self.count:
            await self.save()
        self._graph = None

    async def drop_old(self) -> None:
        """Remove the files of other models, once the vectors of this one cover all photos that theirs do."""
        with contextlib.suppress(OSError):
            for old in await self._run(lambda: tuple(self._files.others())):
                if await self._vectors.covered(self.account, old.model, self.model):
                    await self._run(old.remove)
                    log.info("the index of a former model was removed", account=self.account)

    def _note(self, changes: int) -> None:
        if changes:
            self._changes += changes
            self._changed_at = time.monotonic()

    async def _run(self, work: Callable[..., R], *arguments: object) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *arguments))
