"""How often Immich is written to for one burst that arrives live: a few times, however long it is."""

import asyncio
from datetime import timedelta

import pytest

from reactor.core.events import AssetUploaded
from reactor.core.ids import AssetId
from reactor.routing import Quiet, merge
from reactor.stages import embed, stack
from reactor.worker.worker import WorkerPolicy

from ..household import ME, eventually
from ..orders.rig import QUICK
from ..runs.camera import take, wall
from ..stages.house import House
from ..working import a_worker

TIMES_FASTER = 6
"""Quiet time, patience and the phone's upload all pass so much faster than they would, so that nobody waits."""
POLICY = WorkerPolicy(
    quiet=Quiet(quiet=timedelta(seconds=5) / TIMES_FASTER, patience=timedelta(seconds=30) / TIMES_FASTER, size=200),
    deadline_s=30,
    retry=QUICK,
)
MOST = 3


async def uploaded(house: House, frames: int, every_s: float) -> list[AssetId]:
    """Upload the frames of one burst, a second apart by the camera, and let each be heard of at once.

    Each at its moment: how long an upload takes here must not make the burst longer.
    """
    clock, burst = asyncio.get_running_loop().time, list[AssetId]()
    began = clock()
    for number in range(frames):
        await asyncio.sleep(began + number * every_s / TIMES_FASTER - clock())
        asset = await take(house.home, 7, wall(2026, 6, 2, 12, 0, number), number=number, settle=False)
        await house.log.append([AssetUploaded(account=ME, asset=asset)])
        burst.append(asset)
    return burst


@pytest.mark.parametrize(("frames", "every_s"), [(2, 4.0), (3, 0.5), (10, 2.0), (30, 0.2), (30, 1.0), (30, 2.5)])
async def test_a_burst_costs_a_few_writes_however_long_it_is(house: House, frames: int, every_s: float) -> None:
    router = merge([embed.router, stack.router])
    async with a_worker(house.pool, house.wake, router, house.services(), house.performer(), POLICY):
        burst = await uploaded(house, frames, every_s)

        async def whole() -> bool:
            found = (await house.home.library.asset(burst[0])).stack
            return found is not None and (await house.home.library.stack(found)).members == frozenset(burst)

        await eventually(whole, "the burst is one stack")
        # And nothing follows by itself.
        await asyncio.sleep(2 * POLICY.quiet.quiet.total_seconds())
    await house.home.rest()
    written = [kind for kind in house.home.writes() if "stack" in kind]
    assert 1 <= len(written) <= MOST, house.home.writes()
