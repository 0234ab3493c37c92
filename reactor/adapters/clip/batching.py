"""Many callers, one model: what waits while the model runs goes into its next run."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reactor.core.errors import Unreachable

Item = NDArray[np.float32]
Run = Callable[[Sequence[Item]], NDArray[np.float32]]

CLOSED = "the model was closed before its turn came"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Waiting:
    item: Item
    answer: "asyncio.Future[Item]"


class MicroBatcher:
    """Gather items into batches for a blocking function of [n] items to [n, D] rows.

    Nobody waits for a batch to fill: an idle model takes the first item at once, and batches grow with the load.
    """

    def __init__(self, run: Run, *, size: int, executor: Executor) -> None:
        self._run = run
        self._size = size
        self._executor = executor
        self._waiting: deque[_Waiting] = deque()
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    async def submit(self, item: Item) -> Item:
        """Return the row [D] of an item; raises what the function raised for it."""
        if self._closed:
            raise Unreachable(CLOSED)
        answer: asyncio.Future[Item] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item=item, answer=answer))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._drain())
        return await answer

    async def aclose(self) -> None:
        """Answer everybody who still waits with Unreachable."""
        self._closed = True
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])
        _turn_away(self._waiting)

    async def _drain(self) -> None:
        while batch := self._next():
            try:
                if not await self._answer(batch):
                    # One failed for all, perhaps for want of memory: each gets its own chance and its own error.
                    for one in batch:
                        await self._answer([one])
            finally:
                _turn_away(batch)

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < self._size:
            one = self._waiting.popleft()
            if not one.answer.done():
                batch.append(one)
        return batch

    async def _answer(self, batch: list[_Waiting]) -> bool:
        """Run a batch and hand out its rows; False if it failed and may be tried in parts."""
        items = [one.item for one in batch]
        outcome = asyncio.get_running_loop().run_in_executor(self._executor, self._run, items)
        # Where nobody waits any more, a failure is nobody's, and no noise when it is thrown away.
        outcome.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([outcome])
        error = outcome.exception()
        if error is not None and len(batch) > 1:
            return False
        for place, one in enumerate(batch):
            # A caller that was cancelled meanwhile has its answer already.
            if one.answer.done():
                continue
            if error is not None:
                one.answer.set_exception(error)
            else:
                one.answer.set_result(outcome.result()[place])
        return True


def _turn_away(waiting: Iterable[_Waiting]) -> None:
    for one in waiting:
        if not one.answer.done():
            one.answer.set_exception(Unreachable(CLOSED))
