"""Which run a command steers where none is named, and which runs are shown first."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from reactor.adapters.postgres.runs import PostgresRuns
from reactor.cli.running import Control, command_of, steer
from reactor.core.errors import StartError
from reactor.core.ids import RunId
from reactor.core.orders import ApplyRequest, UndoRequest
from reactor.core.runs import Run, RunKind, RunState, ScanRequest

from ..runs.bench import Bench

ALL = UndoRequest(everything=True)


@pytest.fixture
def runs(pool: asyncpg.Pool) -> PostgresRuns:
    return Bench(pool).runs


@pytest.fixture
def steered(runs: PostgresRuns) -> Callable[..., Awaitable[int]]:
    async def steered(control: Control, run: RunId | None = None, kind: RunKind = "undo") -> int:
        return await steer(runs, kind, control, run, as_json=True)

    return steered


async def state(runs: PostgresRuns, run: Run) -> RunState:
    found = await runs.get(run.id)
    assert found is not None
    return found.state


async def test_what_waits_for_a_person_is_listed_before_what_is_open_and_that_before_what_has_ended(
    runs: PostgresRuns,
) -> None:
    scan = await runs.start(ScanRequest())
    await runs.pause(scan.id)
    waiting = await runs.start(ALL)
    ended = [await runs.start(ALL) for _ in range(5)]
    for run in ended:
        await runs.cancel(run.id)
    assert [run.id for run in await runs.list(3)] == [scan.id, waiting.id, ended[-1].id]
    assert [run.id for run in await runs.list(2, "undo")] == [waiting.id, ended[-1].id]


async def test_the_order_that_stands_as_the_control_needs_it_is_meant(
    runs: PostgresRuns, steered: Callable[..., Awaitable[int]]
) -> None:
    paused, running = await runs.start(ALL), await runs.start(ALL)
    await runs.pause(paused.id)
    assert await steered("pause") == 0
    assert await state(runs, running) is RunState.PAUSED
    await runs.resume(running.id)
    assert await steered("resume") == 0
    assert await state(runs, paused) is RunState.RUNNING
    await runs.cancel(running.id)
    assert await steered("resume") == 0, "the only one goes on already"
    assert await steered("cancel") == 0
    with pytest.raises(StartError, match="no undo is running or paused"):
        await steered("cancel")


async def test_where_several_could_be_meant_one_must_be_named(
    runs: PostgresRuns, steered: Callable[..., Awaitable[int]]
) -> None:
    request = ApplyRequest(everything=True)
    first, second = await runs.start(request), await runs.start(request)
    with pytest.raises(StartError) as refused:
        await steered("cancel", kind="apply")
    like = f"`reactor plan --run {second.id} apply --cancel`"
    assert str(refused.value) == f"several could be meant: {second.id}, {first.id}; name one, as in {like}"
    with pytest.raises(StartError, match=f"{first.id} is steered by `{command_of(first)} --cancel`"):
        await steered("cancel", first.id)
    assert await steered("cancel", first.id, "apply") == 0
    assert [await state(runs, run) for run in (first, second)] == [RunState.CANCELLED, RunState.RUNNING]
