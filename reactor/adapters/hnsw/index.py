"""The indexes of all accounts, in the one process that holds the role."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from reactor.adapters.hnsw.files import IndexFiles
from reactor.adapters.hnsw.kept import SOON_S, AccountIndex, SavePolicy, Vectors
from reactor.core.errors import Permanent, Retryable, Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Lookalikes, LookalikesWanted

TURN_S = 0.5
LET_GO_S = 60.0
"""A role that is lost by a restart of the database comes back within seconds; after this the memory is given back."""
WANT_S = 30.0
"""Where memory is wanting it hardly comes back at once, and each try reads what the whole table has."""
THREADS = 3
"""One that adds or builds, one that is asked, one that saves."""

log = structlog.get_logger(__name__)


class VectorIndex:
    """Find photos by what the model saw in them; see ports.Similar.

    ``term`` numbers the times that this process took the role, None while it has not got it. ``model`` names the
    vectors that are found now; it raises Unreachable while none is loaded.
    """

    def __init__(
        self,
        folder: Path,
        vectors: Vectors,
        *,
        accounts: Sequence[AccountId],
        model: Callable[[], str],
        term: Callable[[], int | None],
        policy: SavePolicy | None = None,
    ) -> None:
        self._folder = folder
        self._vectors = vectors
        self._accounts = accounts
        self._model = model
        self._term = term
        self._policy = policy or SavePolicy()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="index")
        self._indexes: dict[AccountId, AccountIndex] = {}
        self._held_at = time.monotonic()
        self._said = ""

    async def lookalikes(self, wanted: LookalikesWanted) -> Lookalikes:
        """Take the photos in, and return who looks like them.

        Raises Unreachable while the index is not ready, or where another process keeps it.
        """
        return await self._ready(wanted.account, wanted.model).lookalikes(wanted)

    def _ready(self, account: AccountId, model: str) -> AccountIndex:
        term, index = self._term(), self._indexes.get(account)
        if term is None:
            raise Unreachable("another process keeps the index of vectors", after=SOON_S)
        if index is None or (index.model, index.term) != (model, term):
            words = index.words if index is not None else "the index of vectors is being opened"
            raise Unreachable(words, after=SOON_S)
        return index

    async def forget(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        """Leave photos out that are gone."""
        if account in self._indexes:
            await self._indexes[account].forget(assets)

    async def answers(self) -> str:
        """Say in words how it stands."""
        if self._term() is None:
            return "ok: another process keeps it"
        if not self._indexes:
            return "ok: being opened"
        return "ok: " + "; ".join(f"{account}: {index.words}" for account, index in self._indexes.items())

    async def save(self) -> None:
        """Save what changed, due or not."""
        for index in self._indexes.values():
            await index.save()

    async def run(self) -> None:
        """Open, catch up and save what is due, until cancelled."""
        while True:
            pause = TURN_S
            try:
                await self._turn()
                self._said = ""
            except (Retryable, Permanent, OSError, RuntimeError, MemoryError) as error:
                if repr(error) != self._said:
                    self._said = repr(error)
                    log.warning("the index of vectors waits", error=str(error) or repr(error))
                if isinstance(error, RuntimeError | MemoryError):  # hnswlib's words for a want of memory
                    pause = WANT_S
            await asyncio.sleep(pause)

    async def _turn(self) -> None:
        term = self._term()
        if term is None:
            if self._indexes and time.monotonic() - self._held_at > LET_GO_S:
                await self._let_go()
            return
        self._held_at = time.monotonic()
        try:
            model = self._model()
        except Unreachable:
            return
        for account in self._accounts:
            await self._tend(account, model, term)

    async def _tend(self, account: AccountId, model: str, term: int) -> None:
        index = self._indexes.get(account)
        if index is not None and index.model != model:
            await self._indexes.pop(account).aclose()
            index = None
        if index is None:
            files = IndexFiles(self._folder, account, model)
            index = AccountIndex(account, self._vectors, files, self._threads, self._policy)
            self._indexes[account] = index
        if index.term != term:
            await index.catch_up(term)
            await index.drop_old()
        if index.is_due:
            await index.save()
            await index.drop_old()

    async def _let_go(self) -> None:
        while self._indexes:
            _, index = self._indexes.popitem()
            await index.aclose()

    async def aclose(self) -> None:
        """Save what is worth it, and end the threads; whoever runs it has ended before."""
        await self._let_go()
        await asyncio.to_thread(self._threads.shutdown)
