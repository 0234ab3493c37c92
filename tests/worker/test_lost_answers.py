"""A call that was made and whose answer was lost in an outage, which costs no try."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg

from reactor.acts.hands import Hand, StackHand
from reactor.adapters.immich.writing import ImmichWriter
from reactor.core.changes import Change, StackAssets
from reactor.core.errors import Unreachable
from reactor.core.events import AssetEmbedded
from reactor.core.ids import AssetId
from reactor.core.settlement import RetryPolicy
from reactor.stages import stack
from reactor.worker.worker import WorkerPolicy

from ..household import ME, Household, a_performer, eventually
from ..stages.house import House, a_house
from ..working import AT_ONCE, a_worker

QUICK = RetryPolicy(soon_s=0.02, soon_longest_s=0.05)


class LosesAnswers:
    """A writer that makes every change and loses the first answer."""

    def __init__(self, home: Household) -> None:
        self._writer: ImmichWriter = home.writer
        self.lost = 0

    async def make_stack(self, assets: Sequence[AssetId]) -> None:
        await self._writer.make_stack(assets)
        if not self.lost:
            self.lost += 1
            raise Unreachable("the connection broke before the answer")


def stacking(house: House, writer: Any) -> AbstractAsyncContextManager[object]:
    hands: dict[type[Change], Hand[Any]] = {StackAssets: StackHand(lambda _: house.home.library, lambda _: writer)}
    acts = a_performer(house.pool, hands)
    policy = WorkerPolicy(quiet=AT_ONCE, deadline_s=20.0, retry=QUICK)
    return a_worker(house.pool, house.wake, stack.router, house.services(), acts, policy)


async def entries(house: House) -> list[str]:
    return [row["state"] for row in await house.pool.fetch("SELECT state FROM journal ORDER BY id")]


async def test_a_stack_whose_answer_was_lost_is_ours_and_grows(pool: asyncpg.Pool) -> None:
    async with a_house(pool) as house:
        model = house.looker.model
        burst = [await house.photo(frame, minutes=frame / 60) for frame in range(3)]
        for asset in burst:
            await house.photos.set_burst(ME, asset, "b")
        writer = LosesAnswers(house.home)

        async def told(assets: Sequence[AssetId], *stand: str) -> None:
            events = [AssetEmbedded(account=ME, asset=asset, model=model, checksum="1") for asset in assets]
            await house.log.append(events)

            async def settled() -> bool:
                left = "SELECT count(*) FROM deliveries WHERE handler = 'stack' AND state <> 'done'"
                return not await pool.fetchval(left) and tuple(await entries(house)) == stand

            await eventually(settled, f"the journal stands as {stand}", 10)

        await pool.execute("DELETE FROM photos WHERE asset = $1", burst[2])
        async with stacking(house, writer):
            await told(burst[:2], "done")
            assert writer.lost == 1
            await house.embed(await house.heard(burst[2]))
            await told(burst[2:], "done", "done")
        assert house.home.writes("stack.create") == ["stack.create"] * 2
        stack_now = (await house.home.library.asset(burst[0])).stack
        assert stack_now is not None
        assert (await house.home.library.stack(stack_now)).members == set(burst)
