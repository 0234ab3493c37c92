"""Suggestions beside plans: accepted they are done in any mode, declined they are a veto."""

import asyncpg

from reactor.acts.perform import Performer
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import Reason, StackAssets, StackState
from reactor.core.entry_orders import CarryOut
from reactor.core.ids import AssetId
from reactor.core.journal import EntryState
from reactor.core.stacking import is_ours
from reactor.core.vetoes import apart, by_decline

from ..household import ME, a_performer, hands_of
from ..stages.house import CAUSE, House


def stack(*members: AssetId, sure: bool = True) -> StackAssets:
    return StackAssets(account=ME, cover=members[0], members=members, reason=Reason(rule="alike", sure=sure))


async def states(pool: asyncpg.Pool) -> list[str]:
    return [row["state"] for row in await pool.fetch("SELECT state FROM journal ORDER BY id")]


def observing(house: House) -> Performer:
    return a_performer(house.pool, hands_of(house.home), mode="observe")


async def test_a_suggestion_leaves_the_plan_beside_it_standing_and_the_next_one_takes_its_place(house: House) -> None:
    a, b, c, d = [await house.home.photo(seed) for seed in range(4)]
    await observing(house).carry_out([stack(a, b), stack(a, b, c, sure=False)], CAUSE)
    assert await states(house.pool) == ["planned", "suggested"]
    await observing(house).carry_out([stack(a, b), stack(a, b, c, sure=False)], CAUSE)
    assert await states(house.pool) == ["planned", "suggested"]
    await observing(house).carry_out([stack(a, b), stack(a, b, c, d, sure=False)], CAUSE)
    assert await states(house.pool) == ["planned", "superseded", "suggested"]


async def test_an_accepted_suggestion_is_done_whatever_the_mode(house: House) -> None:
    a, b, c = [await house.home.photo(seed) for seed in range(3)]
    await house.we_do(stack(a, b))
    await house.we_do(stack(a, b, c, sure=False))
    assert await states(house.pool) == ["done", "suggested"]
    order = CarryOut(account=ME, entry=2, feature="stacks", subjects=tuple(sorted((a, b, c))))
    await observing(house).perform(order, CAUSE)
    assert await states(house.pool) == ["done", "carried out", "done"]
    shown = await house.home.library.asset(c)
    assert shown.stack is not None
    assert (await house.home.library.stack(shown.stack)).members == {a, b, c}


async def test_a_declined_suggestion_keeps_out_what_it_would_have_brought_and_nothing_else(house: House) -> None:
    a, b, c = [await house.home.photo(seed) for seed in range(3)]
    await house.we_do(stack(a, b))
    await house.we_do(stack(a, b, c, sure=False))
    journal = PostgresJournal(house.pool)
    entry = await journal.entry(2)
    assert entry is not None
    assert isinstance(entry.before, StackState)
    vetoes = by_decline(entry.change, entry.before, entry.id)
    await journal.close(entry.id, EntryState.DECLINED, "declined", vetoes)
    past = await journal.past(ME, "stacks", (a, b, c))
    assert apart(past.vetoes) == {frozenset({a, c}), frozenset({b, c})}
    # the stack that it would have enlarged is ours still, and may grow by others
    shown = await house.home.library.asset(a)
    assert shown.stack is not None
    assert is_ours(await house.home.library.stack(shown.stack), past.newest)
    assert await house.performer().perform(stack(a, b, c), CAUSE) is EntryState.VETOED
    (veto,) = await PostgresVetoes(house.pool).standing()
    await PostgresVetoes(house.pool).revoke([veto.id])
    await house.performer().perform(stack(a, b, c), CAUSE)
    shown = await house.home.library.asset(c)
    assert shown.stack is not None
    assert (await house.home.library.stack(shown.stack)).members == {a, b, c}
