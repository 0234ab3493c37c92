"""The index of vectors, and the role of the one process that keeps it and decides about stacks."""

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from reactor.adapters.hnsw.index import VectorIndex
from reactor.adapters.postgres.role import PostgresRole
from reactor.adapters.postgres.vectors import PostgresVectors
from reactor.config import Settings
from reactor.core.errors import Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Lookalikes, LookalikesWanted
from reactor.wiring.immich import Accounts
from reactor.wiring.models import Model
from reactor.wiring.stores import Stores

ROLE = "stack"


class NoIndex:
    """The index of a process that keeps none: whatever needs one waits for a reactor."""

    async def lookalikes(self, wanted: LookalikesWanted) -> Lookalikes:
        raise Unreachable("this command keeps no index of vectors; a running reactor goes on with it")

    async def forget(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        return None


@dataclass(frozen=True, kw_only=True)
class KeptIndex:
    """The index with its role."""

    index: VectorIndex
    role: PostgresRole

    def holds(self, role: str) -> bool:
        """Say whether this process has the role now."""
        return role == ROLE and self.role.term is not None

    def loops(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what takes the role, and what keeps the index."""
        return self.role.run(), self.index.run()


@asynccontextmanager
async def open_index(
    settings: Settings, stores: Stores, accounts: Accounts, embedder: Model
) -> AsyncIterator[KeptIndex]:
    """Yield the index, which is kept while its loops run, and save it at the end."""
    role = PostgresRole(stores.pool, ROLE)
    index = VectorIndex(
        settings.data_dir.expanduser().resolve() / "index",
        PostgresVectors(stores.pool),
        accounts=tuple(status.account for status in accounts.status()),
        model=lambda: embedder.model,
        term=lambda: role.term,
    )
    try:
        yield KeptIndex(index=index, role=role)
    finally:
        await index.aclose()
