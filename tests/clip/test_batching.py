"""Many callers of one model at a time."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from reactor.adapters.clip.batching import MicroBatcher
from reactor.adapters.clip.single_flight import SingleFlight
from reactor.core.errors import Permanent, Retryable, Unreachable

from .conftest import Open
from .models import make_model, picture

Items = Sequence[NDArray[np.float32]]
Batching = Callable[[Callable[[Items], NDArray[np.float32]], int], MicroBatcher]


def item(number: float) -> NDArray[np.float32]:
    return np.array([number], np.float32)


@pytest.fixture
async def batching() -> AsyncIterator[Batching]:
    with ThreadPoolExecutor(max_workers=1) as executor:
        yield lambda run, size: MicroBatcher(run, size=size, executor=executor)


async def test_batches_grow_with_the_load(batching: Batching) -> None:
    sizes: list[int] = []

    def double(items: Items) -> NDArray[np.float32]:
        sizes.append(len(items))
        return np.stack(items) * 2

    batcher = batching(double, 4)
    assert (await batcher.submit(item(5)))[0] == 10
    found = await asyncio.gather(*(batcher.submit(item(n)) for n in range(10)))
    assert [row[0] for row in found] == [2 * n for n in range(10)]
    assert sizes == [1, 4, 4, 2]


async def test_a_failed_batch_is_tried_one_by_one(batching: Batching) -> None:
    def picky(items: Items) -> NDArray[np.float32]:
        if len(items) > 1:
            raise Retryable("too much at once")
        if items[0][0] == 3:
            raise Permanent("not this one")
        return np.stack(items)

    batcher = batching(picky, 8)
    found = await asyncio.gather(*(batcher.submit(item(n)) for n in range(6)), return_exceptions=True)
    assert [str(answer) if isinstance(answer, BaseException) else answer[0] for answer in found] == [
        0, 1, 2, "not this one", 4, 5,
    ]  # fmt: skip


async def test_a_cancelled_caller_leaves_the_others_alone(batching: Batching) -> None:
    release, seen = threading.Event(), list[float]()

    def slow(items: Items) -> NDArray[np.float32]:
        assert release.wait(10)
        seen.extend(float(one[0]) for one in items)
        return np.stack(items)

    batcher = batching(slow, 2)
    callers = [asyncio.create_task(batcher.submit(item(n))) for n in range(6)]
    await asyncio.sleep(0)  # all have asked
    await asyncio.sleep(0)  # the first batch runs
    callers[1].cancel()
    callers[3].cancel()
    await asyncio.wait([callers[1], callers[3]])
    release.set()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert [isinstance(answer, asyncio.CancelledError) for answer in found] == [False, True, False, True, False, False]
    assert [answer[0] for answer in found if not isinstance(answer, BaseException)] == [0, 2, 4, 5]
    assert seen == [0, 1, 2, 4, 5]


async def test_closing_answers_everybody(batching: Batching) -> None:
    release = threading.Event()

    def slow(items: Items) -> NDArray[np.float32]:
        assert release.wait(10)
        return np.stack(items)

    batcher = batching(slow, 1)
    callers = [asyncio.create_task(batcher.submit(item(n))) for n in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await batcher.aclose()
    release.set()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(answer) for answer in found] == [Unreachable] * 3
    with pytest.raises(Unreachable, match="closed"):
        await batcher.submit(item(1))


async def test_the_event_loop_runs_while_the_model_does(tmp_path: Path, opened: Open) -> None:
    encoder = await opened(make_model(tmp_path / "Slow", work=8), provider="cpu", threads=1)
    task = asyncio.create_task(encoder.embed_bytes(picture(64, 64)))
    began, ticks = time.perf_counter(), 0
    while not task.done():
        await asyncio.sleep(0.002)
        ticks += 1
    assert (await task).vector.shape == (24,)
    assert time.perf_counter() - began > 0.03
    assert ticks >= 5


async def test_one_flight_for_twenty_callers() -> None:
    calls, gate = list[str](), asyncio.Event()
    flights: SingleFlight[str, int] = SingleFlight(limit=2)

    async def make() -> int:
        calls.append("call")
        await gate.wait()
        return 7

    callers = [asyncio.create_task(flights.get("key", make)) for _ in range(20)]
    await asyncio.sleep(0)
    callers[0].cancel()
    gate.set()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [7] * 19
    assert await flights.get("key", make) == 7
    assert calls == ["call"]


async def test_failures_are_not_kept_and_the_oldest_is_let_go() -> None:
    calls: list[str] = []
    flights: SingleFlight[str, str] = SingleFlight(limit=2)

    def maker(key: str, *, fails: bool = False) -> Callable[[], asyncio.Future[str]]:
        async def make() -> str:
            calls.append(key)
            if fails:
                raise Retryable("not now")
            return key.upper()

        return lambda: asyncio.ensure_future(make())

    with pytest.raises(Retryable):
        await flights.get("a", maker("a", fails=True))
    for key in ("a", "b", "a", "c", "a", "b"):
        assert await flights.get(key, maker(key)) == key.upper()
    assert calls == ["a", "a", "b", "c", "b"]


async def test_prompts_are_encoded_once(plain_model: Path, opened: Open) -> None:
    encoder = await opened(plain_model)
    first = await encoder.text(["a dog"] * 20)
    await encoder.aclose()
    np.testing.assert_array_equal(await encoder.text(["a dog"]), first[:1])
    with pytest.raises(Unreachable, match="closed"):
        await encoder.text(["a cat"])


async def test_closing_answers_whoever_waits_for_a_prompt(plain_model: Path, opened: Open) -> None:
    encoder = await opened(plain_model)
    callers = [asyncio.create_task(encoder.text([f"a dog {number}"])) for number in range(50)]
    await asyncio.sleep(0)
    await encoder.aclose()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert {type(answer) for answer in found} <= {Unreachable, np.ndarray}
    assert Unreachable in {type(answer) for answer in found}
