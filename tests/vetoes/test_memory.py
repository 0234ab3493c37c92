"""What is remembered: once, listed, revocable; and what vanishes in numbers is asked about instead of concluded."""

import asyncio
from collections.abc import Callable, Sequence

import asyncpg
import pytest

from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import Reason, StackAssets, StackState, State, TagAsset, TagState
from reactor.core.cover_changes import MoveCover, ReturnCover
from reactor.core.ids import LIVE, AccountId, AssetId
from reactor.core.journal import Cause, EntryState
from reactor.core.past import Past
from reactor.core.vetoes import MANY, Veto, cover_chosen, not_together, tags_off

ME, YOU = AccountId("me"), AccountId("you")
CAUSE = Cause(handler="h", event=1, run=LIVE)
WHY = Reason(rule="because")


@pytest.fixture
def vetoes(pool: asyncpg.Pool) -> PostgresVetoes:
    return PostgresVetoes(pool)


@pytest.fixture
def journal(pool: asyncpg.Pool) -> PostgresJournal:
    return PostgresJournal(pool)


def untagged(number: int, account: AccountId = ME) -> Veto:
    (veto,) = tags_off(account, AssetId(f"photo {number}"), ["Auto/X"], "user", "", number + 1)
    return veto


def parted(number: int) -> Veto:
    return not_together(ME, [f"{number}a", f"{number}b"], (), "user", "", number + 1)


async def states(vetoes: PostgresVetoes) -> list[str]:
    return [one.state for one in await vetoes.standing(limit=1000)]


async def done(
    journal: PostgresJournal,
    change: TagAsset | StackAssets | MoveCover | ReturnCover,
    after: State,
    *,
    undone: int | None = None,
) -> int:
    before: State = TagState(tags=frozenset()) if isinstance(change, TagAsset) else StackState(stacks=())
    entry = await journal.write(change, CAUSE, before, EntryState.OPEN)
    await journal.settle(entry, EntryState.DONE, after, undone=undone)
    return entry


@pytest.mark.parametrize("kind", [untagged, parted])
async def test_many_that_vanish_together_are_asked_about(vetoes: PostgresVetoes, kind: Callable[[int], Veto]) -> None:
    for number in range(MANY - 1):
        await vetoes.remember([kind(number)])
    assert await states(vetoes) == ["active"] * (MANY - 1)
    await vetoes.remember([kind(MANY)])
    assert await states(vetoes) == ["lost"] * MANY
    await vetoes.remember([kind(MANY + 1)])  # a latecomer of the same loss
    assert await states(vetoes) == ["lost"] * (MANY + 1)


async def test_what_was_answered_is_not_asked_again(vetoes: PostgresVetoes) -> None:
    await vetoes.remember([untagged(number) for number in range(MANY)])
    ids = [one.id for one in await vetoes.standing(state="lost", limit=100)]
    assert await vetoes.mine(ids[:10]) == 10
    assert await vetoes.revoke(ids[10:]) == 10
    assert await states(vetoes) == ["active"] * 10
    await vetoes.remember([untagged(number) for number in range(100, 100 + MANY - 1)])
    assert await states(vetoes) == ["active"] * (10 + MANY - 1)


async def test_who_has_a_lost_thing_undone_has_answered(vetoes: PostgresVetoes) -> None:
    await vetoes.remember([untagged(number) for number in range(MANY)])
    await vetoes.remember(tags_off(ME, AssetId("photo 3"), ["Auto/X"], "undo", "", 50))
    (veto,) = await vetoes.standing(state="active")
    assert (veto.subjects, veto.entry) == (("photo 3",), 50)


async def test_others_and_long_ago_do_not_count(vetoes: PostgresVetoes, pool: asyncpg.Pool) -> None:
    await vetoes.remember([untagged(number, YOU) for number in range(MANY - 1)])
    await vetoes.remember([parted(number) for number in range(MANY - 1)])
    await vetoes.remember([untagged(number) for number in range(MANY - 1)])
    await pool.execute("UPDATE vetoes SET noticed_at = noticed_at - interval '11 minutes'")
    await vetoes.remember([untagged(MANY), untagged(MANY, YOU), parted(MANY)])
    assert set(await states(vetoes)) == {"active"}
    # what a person asked for is no question
    undone = [veto for number in range(MANY) for veto in tags_off(ME, AssetId(f"{number}"), ["Auto/Y"], "undo", "", 1)]
    await vetoes.remember(undone)
    assert set(await states(vetoes)) == {"active"}


async def test_two_who_notice_the_same_write_it_once_and_are_counted_together(vetoes: PostgresVetoes) -> None:
    parts: Sequence[Sequence[Veto]] = [
        [untagged(number) for number in range(start, start + 5)] for start in (0, 5, 10, 15, 0, 5, 10, 15)
    ]
    await asyncio.gather(*(vetoes.remember(part) for part in parts))
    assert await states(vetoes) == ["lost"] * MANY
    await vetoes.remember([untagged(1), untagged(1)])
    assert len(await vetoes.standing(limit=100)) == MANY


async def test_a_tag_that_left_hundreds_of_photos_at_once_is_asked_about(
    vetoes: PostgresVetoes, journal: PostgresJournal, pool: asyncpg.Pool
) -> None:
    for number in range(MANY):
        change = TagAsset(account=ME, asset=AssetId(f"{number}"), tags=("Auto/X",), reason=WHY)
        await done(journal, change, TagState(tags=frozenset({"Auto/X"})))
    assert await vetoes.tag_deleted(ME, "Auto/X") == 0  # set just now: made anew by that
    await pool.execute("UPDATE journal SET settled_at = settled_at - interval '2 minutes'")
    assert await vetoes.tag_deleted(ME, "Auto/Y") == 0
    assert await vetoes.tag_deleted(ME, "Auto/X") == MANY
    assert await states(vetoes) == ["lost"] * MANY
    assert await vetoes.tag_deleted(ME, "Auto/X") == 0
    # nothing is done again meanwhile, nor counts it as left by us
    past = await journal.past(ME, "tags", ["3"])
    assert [one.state for one in past.vetoes] == ["lost"]
    assert past.tags == {}


async def test_a_veto_speaks_of_the_photos_that_stand_alone_by_it(
    vetoes: PostgresVetoes, journal: PostgresJournal
) -> None:
    members = tuple(AssetId(name) for name in "abc")
    change = StackAssets(account=ME, cover=members[0], members=members, reason=WHY)
    entry = await done(journal, change, StackState(stacks=((members[0], frozenset(members)),)))
    await vetoes.remember([not_together(ME, members, [("a", frozenset(members[:2]))], "user", "", entry)])
    past = await journal.past(ME, "stacks", members)
    assert set(past.newest) == {"a", "b"}
    (veto,) = past.vetoes
    await vetoes.revoke([veto.id])
    past = await journal.past(ME, "stacks", members)
    assert (set(past.newest), past.vetoes) == ({"a", "b"}, ())


async def test_a_revoked_choice_of_a_cover_is_known_as_such(vetoes: PostgresVetoes, journal: PostgresJournal) -> None:
    await vetoes.remember([cover_chosen(ME, AssetId("a"), 1)])
    (veto,) = await vetoes.standing()
    await vetoes.revoke([veto.id])
    assert await vetoes.standing() == ()
    (known,) = (await journal.past(ME, "stacks", ["a"])).vetoes
    assert known.state == "revoked"
    await vetoes.remember([cover_chosen(ME, AssetId("a"), 2)])
    assert [one.state for one in await vetoes.standing()] == ["active"]


async def test_the_past_of_stacks_is_told_at_once_as_it_is_piece_by_piece(
    vetoes: PostgresVetoes, journal: PostgresJournal
) -> None:
    members = tuple(AssetId(name) for name in "abc")
    change = StackAssets(account=ME, cover=members[0], members=members, reason=WHY)
    entry = await done(journal, change, StackState(stacks=((members[0], frozenset(members)),)))
    move = MoveCover(account=ME, cover=members[1], members=members, away=members[0], ours=True, reason=WHY)
    moved = await done(journal, move, StackState(stacks=((members[1], frozenset(members)),)))
    await vetoes.remember([cover_chosen(ME, members[2], entry), not_together(ME, ["a", "z"], (), "user", "", None)])
    await vetoes.remember([cover_chosen(YOU, members[2], entry)])
    past = await journal.past(ME, "stacks", [*members, "z", "nobody"])
    assert past.newest == await journal.newest(ME, "stacks", members)
    assert past.moves == dict.fromkeys(members, await journal.entry(moved))
    assert past.latest == dict.fromkeys(members, moved)
    assert past.covered == {*members}
    assert sorted(past.vetoes, key=lambda veto: -veto.id) == list(await vetoes.standing(account=ME))
    assert await journal.past(ME, "stacks", ["nobody"]) == Past()
    assert await journal.past(YOU, "stacks", ["a"]) == Past()


async def test_a_cover_that_was_moved_is_known_though_it_was_taken_back_until_we_do_anything_else(
    journal: PostgresJournal,
) -> None:
    a, b = (AssetId(name) for name in "ab")
    move = MoveCover(account=ME, cover=b, members=(a, b), away=a, ours=False, reason=WHY)
    moved = await done(journal, move, StackState(stacks=((b, frozenset({a, b})),)))
    back = ReturnCover(account=ME, cover=b, back=a, members=(a, b), undoes=moved, reason=WHY)
    await done(journal, back, StackState(stacks=((a, frozenset({a, b})),)), undone=moved)
    past = await journal.past(ME, "stacks", [a, b])
    assert not past.moves
    assert past.covered == {a, b}
    change = StackAssets(account=ME, cover=a, members=(a, b), reason=WHY)
    await done(journal, change, StackState(stacks=((a, frozenset({a, b})),)))
    assert (await journal.past(ME, "stacks", [a, b])).covered == set()
