"""What the page is told, out of a real PostgreSQL."""

from datetime import UTC, datetime

import asyncpg
import pytest

from reactor.adapters.postgres.activity import _OPEN, PostgresActivity
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.wake import Wake
from reactor.core.activity import PhotoCard, Summary, Tone
from reactor.core.changes import (
    AddPortrait,
    ArchiveAssets,
    Change,
    PortraitState,
    Reason,
    StackAssets,
    StackState,
    TagAsset,
    TagState,
)
from reactor.core.events import AssetEmbedded, AssetUploaded, Event, PersonNamed
from reactor.core.ids import LIVE, AccountId, AssetId, FaceId, PersonId, RunId
from reactor.core.journal import Cause, EntryState
from reactor.routing import Outcome, Router

from .conftest import browsing
from .fakes import ME, SECRET, World, body

REASON = Reason(rule="like “a receipt”", scores=(("Receipts", 0.31),))
YOU = AccountId("you")
A, B, C, D = (AssetId(f"{number:08x}-0000-4000-8000-000000000000") for number in range(4))


async def nothing(*_: object) -> Outcome:
    return Outcome()


class Library:
    """A log and a journal over one database, written by hand."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        router = Router()
        router.on(AssetUploaded, name="embed")(nothing)
        router.on(AssetEmbedded, name="classify")(nothing)
        self.pool = pool
        self.log = PostgresEventLog(pool, router, Wake(pool))
        self.journal = PostgresJournal(pool)
        self.activity = PostgresActivity(pool, rest=0.0)

    async def hear(self, *events: Event) -> None:
        for event in events:
            await self.log.append([event])

    async def embed(self, asset: AssetId) -> None:
        await self.pool.execute(
            "INSERT INTO photos (account, asset, taken_at, camera, phash, sharpness, width, height, checksum) "
            "VALUES ($1, $2, $3, 'Pixel', 1, 1, 1, 1, 'c')",
            ME,
            asset,
            datetime(2026, 6, 1, tzinfo=UTC),
        )
        await self.settle(asset, "embed", "done")
        await self.hear(AssetEmbedded(account=ME, asset=asset, model="m", checksum="c"))

    async def settle(self, asset: AssetId, handler: str, state: str, error: str | None = None) -> None:
        await self.pool.execute(
            "UPDATE deliveries d SET state = $3, error = $4, attempts = 1, settled_at = clock_timestamp() "
            "FROM events e WHERE e.seq = d.event AND e.subject = $1 AND d.handler = $2",
            asset,
            handler,
            state,
            error,
        )

    async def change(self, change: Change, state: EntryState = EntryState.DONE) -> None:
        before = PortraitState(files=frozenset()) if isinstance(change, AddPortrait) else TagState(tags=frozenset())
        await self.journal.write(change, Cause(handler="x", event=1, run=LIVE), before, state)

    async def cards(self) -> dict[AssetId, PhotoCard]:
        return {card.asset: card for card in await self.activity.newest(60)}


@pytest.fixture
def library(pool: asyncpg.Pool) -> Library:
    return Library(pool)


def uploaded(asset: AssetId, account: AccountId = ME) -> AssetUploaded:
    return AssetUploaded(account=account, asset=asset)


async def test_nothing_heard_is_nothing_shown(library: Library) -> None:
    assert await library.activity.summary() == Summary()
    assert await library.activity.newest(60) == ()


async def test_a_photo_is_followed_to_its_end(library: Library) -> None:
    await library.hear(uploaded(A), PersonNamed(account=ME, person=PersonId("p"), name="Ida"))
    (card,) = await library.activity.newest(60)
    assert [(note.text, note.tone) for note in card.notes] == [("heard", Tone.DONE), ("to do: embed", Tone.BUSY)]
    assert card.taken_at is None

    await library.embed(A)
    await library.settle(A, "classify", "waiting", "Immich answered 502")
    await library.change(TagAsset(account=ME, asset=A, tags=("Auto/Receipts",), reason=REASON))
    await library.change(StackAssets(account=ME, cover=A, members=(A, B), reason=REASON))
    await library.change(ArchiveAssets(account=ME, assets=(A, B), reason=REASON))
    await library.change(
        AddPortrait(
            account=ME,
            person=PersonId("p"),
            name="Ida",
            asset=A,
            face=FaceId("f"),
            box=(0.0, 0.0, 1.0, 1.0),
            frame=(1, 1),
            reason=REASON,
        )
    )
    card = (await library.cards())[A]
    assert card.camera == "Pixel"
    assert {note.text for note in card.notes} == {
        "heard",
        "embedded",
        "classify will try again (1 so far): Immich answered 502",
        "Receipts",
        "stacked with 1 other, as its cover",
        "archived with 1 other",
        "portrait of Ida",
    }
    assert [note.score for note in card.notes if note.text == "Receipts"] == [0.31]


async def test_the_counts_are_of_one_account_or_of_all(library: Library) -> None:
    await library.hear(uploaded(A), uploaded(B), uploaded(C, YOU))
    await library.embed(A)
    await library.settle(B, "embed", "dead", "broken")
    await library.change(TagAsset(account=ME, asset=A, tags=("Auto/X", "Auto/Y"), reason=REASON))
    await library.change(TagAsset(account=ME, asset=B, tags=("Auto/X",), reason=REASON), EntryState.PLANNED)
    await library.change(ArchiveAssets(account=ME, assets=(A, B), reason=REASON))
    for members in ((A, B), (A, B, C)):
        await library.change(StackAssets(account=ME, cover=A, members=members, reason=REASON))
    mine = Summary(heard=2, embedded=1, tagged=1, archived=2, stacks=1, planned=1, waiting=1, failed=1)
    assert await library.activity.summary(ME) == mine
    assert await library.activity.summary(YOU) == Summary(heard=1, waiting=1)
    everyone = await library.activity.summary()
    assert (everyone.heard, everyone.waiting, everyone.failed) == (3, 2, 1)


async def test_a_stack_counts_once_however_often_it_changed(library: Library) -> None:
    async def stack(*members: AssetId, account: AccountId = ME, state: EntryState = EntryState.DONE) -> None:
        change = StackAssets(account=account, cover=members[0], members=members, reason=REASON)
        await library.change(change, state)

    async def stacks() -> int:
        return (await library.activity.summary()).stacks

    await stack(A, B)
    await stack(B, A)  # another cover
    assert await stacks() == 1
    await stack(A, B, C, D)  # it grew
    assert await stacks() == 1
    await stack(A, B)  # C and D were taken out, and stand alone
    assert await stacks() == 1
    await stack(C, D)
    assert await stacks() == 2
    await stack(A, B, account=YOU)  # the same ids in another account
    assert await stacks() == 3
    await stack(A, B, C, state=EntryState.PLANNED)
    await stack(A, C, state=EntryState.SUPERSEDED)
    assert await stacks() == 3


async def test_what_waits_for_nothing_more_is_counted_apart(library: Library) -> None:
    await library.hear(uploaded(A), uploaded(B), uploaded(C))
    await library.settle(A, "embed", "shelved", "no preview")
    await library.settle(B, "embed", "running")
    summary = await library.activity.summary()
    assert (summary.waiting, summary.shelved, summary.failed) == (2, 1, 0)


async def test_what_a_paused_run_holds_is_counted(library: Library) -> None:
    await library.pool.execute("INSERT INTO runs (id, kind, request) VALUES ('scan:1', 'scan', '{}')")
    await library.log.append([uploaded(A)], RunId("scan:1"))
    await library.pool.execute("UPDATE runs SET state = 'paused'")
    await library.pool.execute("UPDATE deliveries SET state = 'held'")
    everyone, nobody = await library.activity.summary(), await library.activity.summary(YOU)
    assert (everyone.waiting, everyone.held, nobody.held) == (0, 1, 0)


async def test_what_a_dry_run_planned_is_not_counted_as_planned(library: Library) -> None:
    change = TagAsset(account=ME, asset=A, tags=("Auto/X",), reason=REASON)
    cause = Cause(handler="x", event=1, run=RunId("dry:1"))
    await library.journal.write(change, cause, TagState(tags=frozenset()), EntryState.PLANNED)
    assert (await library.activity.summary()).planned == 0


async def test_a_plan_that_was_carried_out_later_is_none_any_more(library: Library) -> None:
    cause = Cause(handler="x", event=1, run=LIVE)
    none = StackState(stacks=())
    small, large = (StackAssets(account=ME, cover=A, members=members, reason=REASON) for members in ((A, B), (A, B, C)))
    tags = TagAsset(account=ME, asset=D, tags=("Auto/X",), reason=REASON)
    await library.journal.write(small, cause, none, EntryState.PLANNED)
    await library.journal.write(tags, cause, TagState(tags=frozenset()), EntryState.PLANNED)
    assert (await library.activity.summary()).planned == 2
    made = await library.journal.write(large, cause, none, EntryState.OPEN)
    assert (await library.activity.summary()).planned == 2
    await library.journal.settle(made, EntryState.DONE, none)
    assert (await library.activity.summary()).planned == 1
    await library.journal.write(large, cause, none, EntryState.PLANNED)
    assert (await library.activity.summary()).planned == 2


async def test_what_moves_all_the_time_is_counted_by_indexes_alone(library: Library) -> None:
    async with library.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await connection.fetch("EXPLAIN " + _OPEN.format(of="")))
    assert "Seq Scan on deliveries" not in plan
    for index in ("to_claim", "in_hand", "dead", "shelved", "of_a_run"):
        assert f"deliveries_{index}" in plan, plan


async def test_totals_rest_and_what_is_open_does_not(library: Library) -> None:
    activity = PostgresActivity(library.pool, rest=1e9)
    assert await activity.summary() == Summary()
    await library.hear(uploaded(A))
    resting = await activity.summary()
    assert (resting.heard, resting.waiting) == (0, 1)
    assert (await library.activity.summary()).heard == 1


async def test_the_newest_heard_come_first_and_a_replayed_photo_is_shown_too(library: Library) -> None:
    assets = [AssetId(f"{number:08x}-1111-4000-8000-000000000000") for number in range(8)]
    await library.hear(*(uploaded(asset) for asset in assets))
    await library.change(TagAsset(account=ME, asset=assets[0], tags=("Auto/X",), reason=REASON))
    shown = [card.asset for card in await library.activity.newest(3)]
    assert shown == [assets[7], assets[6], assets[0]]


async def test_one_id_in_two_accounts_is_two_photos(library: Library) -> None:
    await library.hear(uploaded(A), uploaded(A, YOU))
    await library.change(TagAsset(account=ME, asset=A, tags=("Auto/X",), reason=REASON))
    texts = {card.account: [note.text for note in card.notes] for card in await library.activity.newest(60)}
    assert "X" in texts[ME]
    assert "X" not in texts[YOU]


async def test_every_change_moves_the_version(library: Library) -> None:
    seen = [await library.activity.version()]
    await library.hear(uploaded(A))
    seen.append(await library.activity.version())
    await library.settle(A, "embed", "waiting", "again")
    seen.append(await library.activity.version())
    await library.change(TagAsset(account=ME, asset=A, tags=("Auto/X",), reason=REASON), EntryState.OPEN)
    seen.append(await library.activity.version())
    assert len(set(seen)) == len(seen)


async def test_an_acknowledged_webhook_is_in_the_database(library: Library) -> None:
    async with browsing(World(log=library.log)) as client:
        for _ in range(2):
            async with client.post("/webhook/me", json=body(), headers=SECRET) as answer:
                assert answer.status == 202
    rows = await library.pool.fetch("SELECT handler, state FROM deliveries JOIN events ON seq = event")
    assert [tuple(row) for row in rows] == [("embed", "waiting")]
