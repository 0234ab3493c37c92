"""CPU time goes to the name whose work it was."""

import asyncio
import time

import pytest

from reactor.bench.stages import DOWNLOAD, watched
from reactor.bench.stopwatch import Stopwatch
from reactor.stages import embed

WORK_S = 0.03


def work(seconds: float = WORK_S) -> float:
    """Use the processor for so long, whatever else runs on the machine."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    return seconds


@pytest.fixture
def watch() -> Stopwatch:
    found = Stopwatch()
    found.running = True
    return found


def test_what_is_nested_counts_for_the_inner_name_alone(watch: Stopwatch) -> None:
    inner = watch.wrap("inner", work)

    def outer() -> None:
        work()
        inner(2 * WORK_S)

    began = time.thread_time()
    watch.wrap("outer", outer)()
    whole = time.thread_time() - began
    assert watch.cpu_s["inner"] >= 2 * WORK_S
    assert watch.cpu_s["outer"] >= WORK_S
    assert watch.cpu_s["inner"] + watch.cpu_s["outer"] <= whole


async def test_a_coroutine_is_charged_for_its_own_steps_only(watch: Stopwatch) -> None:
    busy = asyncio.Event()

    async def waits() -> str:
        work()
        await busy.wait()
        work()
        return "done"

    async def others() -> None:
        await asyncio.sleep(0)
        work(5 * WORK_S)
        busy.set()

    answer, _ = await asyncio.gather(watch.wrap("waits", waits)(), others())
    assert answer == "done"
    assert 2 * WORK_S <= watch.cpu_s["waits"] < 5 * WORK_S


async def test_threads_have_their_own_time(watch: Stopwatch) -> None:
    async def hands_over() -> None:
        await asyncio.to_thread(watch.wrap("thread", work), 3 * WORK_S)

    await watch.wrap("loop", hands_over)()
    assert watch.cpu_s["thread"] >= 3 * WORK_S > watch.cpu_s["loop"]


async def test_errors_and_cancellation_pass_through(watch: Stopwatch) -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise KeyError("it")

    async def recovers() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "tidied up"
        return "never"

    with pytest.raises(KeyError):
        await watch.wrap("fails", fails)()
    task = asyncio.create_task(watch.wrap("recovers", recovers)())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "tidied up"
    assert set(watch.cpu_s) == {"fails", "recovers"}


async def test_at_rest_it_charges_nothing() -> None:
    watch = Stopwatch()

    async def some() -> int:
        return 1

    assert watch.wrap("function", work)() == WORK_S
    assert await watch.wrap("coroutine", some)() == 1
    assert watch.cpu_s == {}


def test_the_product_is_as_before_once_nothing_is_watched() -> None:
    from reactor.adapters.immich.reading import ImmichLibrary  # noqa: PLC0415 - after the watch has put all back

    preview, handle = ImmichLibrary.preview, embed.router.reactions["embed"].handle
    with watched(Stopwatch()):
        assert ImmichLibrary.preview is not preview, DOWNLOAD
        assert embed.router.reactions["embed"].handle is not handle
    assert ImmichLibrary.preview is preview
    assert embed.router.reactions["embed"].handle is handle
