"""What a stack decision costs, round by round: a machine that others use as well is not as fast in each of them."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import numpy as np

from reactor.adapters.hnsw.index import VectorIndex
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.bench.index_at_scale import bare
from reactor.bench.running import ACCOUNT
from reactor.core.errors import Gone
from reactor.core.ids import AssetId, StackId
from reactor.core.library import Asset, EmbeddedPhoto, Face, StackNow
from reactor.stages.stack import Desk, wishes

DECIDED, WARM_UP, ROUNDS = 400, 50, 20
COMPARED = 200
PAUSE_S = 6.0
"""Between rounds, so that they spread over some minutes: who shares the machine comes and goes by the minute."""


class StillImmich:
    """An Immich in which every photo is there and nothing is stacked; it answers at once."""

    def __init__(self) -> None:
        self._taken: dict[AssetId, datetime] = {}

    def show(self, photos: Sequence[EmbeddedPhoto]) -> None:
        """Let these photos be there."""
        self._taken |= {photo.asset: photo.taken_at for photo in photos}

    async def asset(self, asset: AssetId) -> Asset:
        if asset not in self._taken:
            raise Gone(f"there is no photo {asset}")
        at = self._taken[asset]
        return Asset(
            id=asset,
            owner=ACCOUNT,
            kind="IMAGE",
            visibility="timeline",
            trashed=False,
            taken_at=at,
            created_at=at,
            updated_at=at,
        )

    async def faces(self, asset: AssetId) -> tuple[Face, ...]:
        return ()

    async def stack(self, stack: StackId) -> StackNow:
        raise Gone(f"there is no stack {stack}")


@dataclass(frozen=True, kw_only=True)
class Round:
    """Milliseconds of some decisions, and of an empty statement with a bare search just before and after them."""

    p50_ms: float
    p95_ms: float
    max_ms: float
    bare_p50_ms: float
    bare_p95_ms: float
    stacks: int


async def decided(
    pool: asyncpg.Pool, index: VectorIndex, desk: Desk, new: Sequence[EmbeddedPhoto]
) -> tuple[list[Round], list[float]]:
    """Decide new photos one by one, as each is embedded; return the rounds, and the milliseconds of all decisions."""
    rounds, every = list[Round](), list[float]()
    asked = await PostgresPhotos(pool).sample(ACCOUNT, desk.model, limit=COMPARED)
    await _spent(pool, desk, new[:WARM_UP])
    for begin in range(WARM_UP, len(new), DECIDED):
        if rounds:
            await asyncio.sleep(PAUSE_S)
        before = await bare(pool, index, desk.model, asked)
        spent, stacks = await _spent(pool, desk, new[begin : begin + DECIDED])
        after = await bare(pool, index, desk.model, asked)
        p50, p95, longest = np.quantile(spent, [0.5, 0.95, 1.0]).round(4).tolist()
        bare_p50, bare_p95 = np.quantile([*before, *after], [0.5, 0.95]).round(4).tolist()
        rounds.append(
            Round(p50_ms=p50, p95_ms=p95, max_ms=longest, bare_p50_ms=bare_p50, bare_p95_ms=bare_p95, stacks=stacks)
        )
        every += spent
    return rounds, every


def least_disturbed(rounds: Sequence[Round]) -> Round:
    """Return the round in which the machine had most time for us, told by what ran beside the decisions."""
    return min(rounds, key=lambda one: one.bare_p95_ms)


async def _spent(pool: asyncpg.Pool, desk: Desk, new: Sequence[EmbeddedPhoto]) -> tuple[list[float], int]:
    """Return the milliseconds of each decision, and how many stacks were wished for."""
    spent, stacks = list[float](), 0
    photos = PostgresPhotos(pool)
    for photo in new:
        await photos.save(photo, desk.model)
        began = time.perf_counter()
        found = await wishes((photo.asset,), desk)
        spent.append(1000 * (time.perf_counter() - began))
        stacks += len(found)
    return spent, stacks
