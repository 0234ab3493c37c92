"""A run whose budget of changes is used up asks, and goes on when a person says so."""

from datetime import timedelta

import asyncpg
import pytest

from reactor.acts.gate import Gate
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.runs import PostgresRuns
from reactor.core.changes import Reason, TagAsset
from reactor.core.errors import Held
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.limits import LimitPolicy
from reactor.core.orders import ApplyRequest
from reactor.core.run_view import run_view
from reactor.core.runs import ReplayRequest, Run, RunState, ScanRequest

from ..runs.bench import Bench, uploaded
from .rig import ago

CHANGE = TagAsset(account=AccountId("me"), asset=AssetId("p"), tags=("Auto/A",), reason=Reason(rule="because"))
POLICY = LimitPolicy(run_budget=3)


class Spending:
    """A run, and what it does to its budget."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.bench = Bench(pool)
        self.runs = PostgresRuns(pool, self.bench.router, usual=POLICY.run_budget)
        self.gate = Gate(PostgresLimits(pool), POLICY, now=lambda: ago(seconds=0))

    async def spend(self, run: RunId) -> int:
        """Make changes until the run may make no more; return how many it has made."""
        for _ in range(100):
            try:
                await self.gate.expect_room(CHANGE, run)
            except Held:
                break
            await self.pool.execute(
                """
                INSERT INTO journal (account, feature, kind, subjects, change, handler, event, run, state, before)
                VALUES ('me', 'tags', 'TagAsset', '{p}', '{}', 'test', 1, $1, 'done', '{}')
                """,
                run,
            )
        made: int = await self.pool.fetchval("SELECT count(*) FROM journal WHERE run = $1", run)
        return made

    async def now(self, run: Run) -> Run:
        found = await self.runs.get(run.id)
        assert found is not None
        return found


@pytest.fixture
def spending(pool: asyncpg.Pool) -> Spending:
    return Spending(pool)


async def test_a_run_asks_at_its_budget_and_goes_on_with_as_many_more(spending: Spending) -> None:
    run = await spending.runs.start(ScanRequest())
    assert await spending.spend(run.id) == 3
    view = run_view(await spending.now(run))
    assert (view.state, view.asks) == (RunState.PAUSED, True)
    assert "as many as it may" in view.note
    resumed = await spending.runs.resume(run.id)
    assert resumed is not None
    assert (resumed.state, resumed.asks, resumed.note) == (RunState.RUNNING, False, "")
    assert await spending.spend(run.id) == 6
    await spending.runs.resume(run.id, 10)
    assert await spending.spend(run.id) == 16


@pytest.mark.parametrize("request_", [ScanRequest(budget=5), ReplayRequest(everything=True, budget=5)])
async def test_a_run_may_begin_with_a_budget_of_its_own(
    spending: Spending, request_: ScanRequest | ReplayRequest
) -> None:
    run = await spending.runs.start(request_)
    assert await spending.spend(run.id) == 5
    # As many again as it was last given, and not as many as is usual.
    for budget, made in ((None, 10), (7, 17), (None, 24)):
        await spending.runs.resume(run.id, budget)
        assert await spending.spend(run.id) == made


async def test_a_run_that_a_person_paused_asks_for_nothing(spending: Spending) -> None:
    run = await spending.runs.start(ScanRequest())
    paused = await spending.runs.pause(run.id)
    assert paused is not None
    assert (paused.state, paused.asks) == (RunState.PAUSED, False)
    await spending.runs.resume(run.id)
    # Its budget is what it was.
    assert await spending.spend(run.id) == 3


async def test_what_waits_for_the_budget_goes_on_at_once(spending: Spending) -> None:
    run = await spending.runs.start(ScanRequest())
    await spending.bench.log.append([uploaded("p")], run.id)
    assert await spending.spend(run.id) == 3
    await spending.pool.execute("UPDATE deliveries SET run_at = run_at + $1::interval", timedelta(minutes=10))
    await spending.runs.resume(run.id)
    due = await spending.bench.queue.next_due("embed")
    assert due is not None
    assert due <= 0


async def test_what_is_tried_again_of_an_ended_run_asks_nobody(spending: Spending) -> None:
    """Nobody could say yes to it: a run that has ended cannot go on."""
    run = await spending.runs.start(ScanRequest())
    assert await spending.spend(run.id) == 3
    await spending.pool.execute("UPDATE runs SET state = 'done', finished_at = clock_timestamp()")
    await spending.gate.expect_room(CHANGE, run.id)


async def test_what_follows_from_what_was_accepted_asks_nobody_again(spending: Spending) -> None:
    run = await spending.runs.start(ApplyRequest(suggestions=True, everything=True))
    await spending.pool.executemany(
        """
        INSERT INTO journal (account, feature, kind, subjects, change, handler, event, run, state, before)
        VALUES ('me', 'tags', 'TagAsset', '{p}', '{}', 'test', 1, $1, 'done', '{}')
        """,
        [(run.id,)] * 4,
    )
    await spending.gate.expect_room(CHANGE, run.id)
    assert (await spending.now(run)).state is RunState.RUNNING


async def test_only_a_paused_run_is_resumed(spending: Spending) -> None:
    assert await spending.runs.resume(RunId("scan:none")) is None
    run = await spending.runs.start(ScanRequest())
    running = await spending.runs.resume(run.id, 7)
    assert running is not None
    assert running.state is RunState.RUNNING
    assert await spending.spend(run.id) == 3
