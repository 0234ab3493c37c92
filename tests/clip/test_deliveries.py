"""What a model that fails means for deliveries: none is lost, none costs a try, and the others go on."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import asyncpg
import numpy as np
from numpy.typing import NDArray

from reactor.adapters.clip.embedder import ClipEmbedder, EmbedderOptions, open_embedder
from reactor.adapters.clip.reopening import Patience
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.wake import Wake
from reactor.core.events import AssetUploaded, Event
from reactor.core.ids import AssetId
from reactor.core.settlement import RetryPolicy
from reactor.ports import Services
from reactor.routing import Outcome, Router
from reactor.worker.worker import WorkerPolicy

from ..household import ME, eventually
from ..working import AT_ONCE, NoActs, a_worker
from .models import make_model, picture

PHOTOS = 8
OPTIONS = EmbedderOptions(provider="cpu", patience=Patience(first_s=0.1, longest_s=0.3))


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the two reactions and the worker ask."""

    embedder: ClipEmbedder

    def now(self) -> datetime:
        return datetime.now(UTC)


def reactions(vectors: dict[str, NDArray[np.float32]]) -> Router:
    """Return one reaction that needs the model, and one that does not."""
    router = Router()

    @router.on(AssetUploaded, name="embed", concurrency=4)
    async def embed(events: Sequence[Event], services: Services) -> Outcome:
        (event,) = events
        seen = await services.embedder.image(picture(64, 64, seed=int(event.subject)))
        assert event.subject not in vectors, "embedded twice"
        vectors[event.subject] = seen.vector
        return Outcome()

    @router.on(AssetUploaded, name="other", concurrency=1)
    async def other(events: Sequence[Event], services: Services) -> Outcome:
        return Outcome()

    return router


async def states(pool: asyncpg.Pool, handler: str) -> list[tuple[str, int]]:
    rows = await pool.fetch("SELECT state, attempts FROM deliveries WHERE handler = $1", handler)
    return sorted((row["state"], row["attempts"]) for row in rows)


async def test_deliveries_wait_for_a_damaged_model(pool: asyncpg.Pool, tmp_path: Path) -> None:
    folder = make_model(tmp_path / "ViT")
    file = folder / "visual" / "model.onnx"
    good = file.read_bytes()
    file.write_bytes(good[: len(good) // 2])
    vectors: dict[str, NDArray[np.float32]] = {}
    router = reactions(vectors)

    async def others_done() -> bool:
        return await states(pool, "other") == [("done", 1)] * PHOTOS

    async def all_failed() -> bool:
        failed = "SELECT count(*) FROM deliveries WHERE handler = 'embed' AND error LIKE '%cannot be loaded%'"
        return bool(await pool.fetchval(failed) == PHOTOS)

    async def all_done() -> bool:
        return await states(pool, "embed") == [("done", 1)] * PHOTOS

    async with AsyncExitStack() as exits:
        embedder = await exits.enter_async_context(open_embedder(folder, OPTIONS, patient=True))
        await exits.enter_async_context(_working(pool, router, embedder))
        await eventually(others_done, "what needs no model is done")
        await eventually(all_failed, "what needs it has been tried")
        assert {state for state, _ in await states(pool, "embed")} <= {"waiting", "running"}
        assert vectors == {}
        file.write_bytes(good)
        await eventually(all_done, "every photo is embedded, and no try was counted that failed")
    assert len(vectors) == PHOTOS


@asynccontextmanager
async def _working(pool: asyncpg.Pool, router: Router, embedder: ClipEmbedder) -> AsyncIterator[None]:
    """Run a worker over as many photos."""
    services = cast(Services, Desk(embedder=embedder))
    policy = WorkerPolicy(quiet=AT_ONCE, deadline_s=20.0, retry=RetryPolicy(attempts=2))
    async with aclosing(Wake(pool)) as wake:
        await PostgresEventLog(pool, router, wake).append(
            [AssetUploaded(account=ME, asset=AssetId(str(number))) for number in range(PHOTOS)]
        )
        async with a_worker(pool, wake, router, services, NoActs(), policy):
            yield
