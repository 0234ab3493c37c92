"""When too much happens: what stops, what it says, and how it goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from reactor.acts.gate import Gate
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.core.changes import ArchiveAssets, PortraitState, RemovePortrait, TagAsset
from reactor.core.entry_orders import Undo
from reactor.core.errors import Held
from reactor.core.ids import LIVE, AssetId, FaceId, PersonId, RunId
from reactor.core.journal import Cause, EntryState
from reactor.core.limits import LimitPolicy

from ..household import ME
from .test_perform import CAUSE, WHY, Desk, desk, stack, tag

__all__ = ["desk"]
SCAN = Cause(handler="test", event=1, run=RunId("scan:1"))


async def embedded(desk: Desk, photos: list[AssetId]) -> None:
    await desk.pool.executemany(
        """
        INSERT INTO photos (account, asset, taken_at, phash, sharpness, width, height, checksum)
        VALUES ($1, $2, now(), 0, 0, 1, 1, '')
        """,
        [(ME, photo) for photo in photos],
    )


async def confirm(desk: Desk) -> None:
    limits = PostgresLimits(desk.pool)
    assert await limits.confirm([trip.id for trip in await limits.open_trips()]) == (ME,)


async def test_too_many_changes_stop_the_feature_until_somebody_confirms(desk: Desk) -> None:
    photos = await desk.home.photos(4)
    policy = LimitPolicy(floor=1, each=0)
    await desk.performer(limits=policy).perform(tag(photos[0], "Auto/X"), CAUSE)
    for photo in photos[1:3]:
        with pytest.raises(Held, match="stands still: 1 change of tags within an hour for 0 photos heard"):
            await desk.performer(limits=policy).perform(tag(photo, "Auto/X"), CAUSE)
    # An hour later it stands still as before; other features go on.
    with pytest.raises(Held):
        await desk.performer(limits=LimitPolicy()).perform(tag(photos[1], "Auto/X"), CAUSE)
    assert await desk.performer(limits=policy).perform(stack(photos[0], photos[1]), CAUSE) is EntryState.DONE
    assert len(await PostgresLimits(desk.pool).open_trips()) == 1
    await confirm(desk)
    assert await desk.performer(limits=policy).perform(tag(photos[1], "Auto/X"), CAUSE) is EntryState.DONE
    with pytest.raises(Held):
        await desk.performer(limits=policy).perform(tag(photos[2], "Auto/X"), CAUSE)
    assert (await desk.home.library.asset(photos[2])).tags == set()


async def test_a_stack_that_is_too_large_is_asked_about_once(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    policy = LimitPolicy(stack_size=2)
    with pytest.raises(Held, match=r"a stack of 3 photos \(at most 2\)"):
        await desk.performer(limits=policy).perform(stack(one, two, three), CAUSE)
    await confirm(desk)
    assert await desk.performer(limits=policy).perform(stack(one, two, three), CAUSE) is EntryState.DONE


@pytest.mark.parametrize("feature", ["tags", "archive"])
async def test_a_category_takes_no_more_than_its_share(desk: Desk, feature: str) -> None:
    photos = await desk.home.photos(6)
    await embedded(desk, photos)
    policy = LimitPolicy(tag_share=0.34, archive_share=0.34, share_floor=1)

    async def claim(photo: AssetId, category: str = "Receipts") -> EntryState | None:
        if feature == "tags":
            change: TagAsset | ArchiveAssets = tag(photo, f"Auto/{category}")
        else:
            change = ArchiveAssets(account=ME, assets=(photo,), categories=(category,), reason=WHY)
        return await desk.performer(limits=policy).perform(change, CAUSE)

    for photo in photos[:2]:
        assert await claim(photo) is EntryState.DONE
    with pytest.raises(Held, match=r"Receipts has \w+ 2 of 6 photos"):
        await claim(photos[2])
    await confirm(desk)
    for photo in photos[2:4]:
        assert await claim(photo) is EntryState.DONE
    with pytest.raises(Held, match="4 of 6"):
        await claim(photos[4])


async def test_what_was_taken_back_counts_no_more_for_the_share_of_its_category(desk: Desk) -> None:
    photos = await desk.home.photos(3)
    for photo in photos:
        await desk.performer().perform(tag(photo, "Auto/A", "Auto/B"), CAUSE)
    order = Undo(account=ME, entry=1, feature="tags", subjects=(photos[0],), tags=("Auto/A",))
    assert await desk.performer().perform(order, CAUSE) is EntryState.DONE
    limits = PostgresLimits(desk.pool)
    claimed = [(await limits.share(ME, "tags", category)).claimed for category in ("A", "B")]
    assert claimed == [2, 3]


async def test_what_waits_for_another_feature_is_no_allowance(desk: Desk) -> None:
    await desk.pool.execute(
        """
        WITH event AS (INSERT INTO events (account, kind, subject, version, payload, source)
            VALUES ($1, 'PersonNamed', 'anna', '', '{}', 'poll') RETURNING seq)
        INSERT INTO deliveries (event, handler, run, lane, account, created_at)
        SELECT seq, 'faces', 'live', 'frigate', $1, clock_timestamp() - interval '7 days' FROM event
        """,
        ME,
    )
    await desk.pool.execute(
        """
        INSERT INTO events (account, kind, subject, version, payload, source, heard_at)
        VALUES ($1, 'AssetUploaded', 'a', '', '{}', 'webhook', clock_timestamp() - interval '3 days')
        """,
        ME,
    )
    limits, an_hour_ago = PostgresLimits(desk.pool), datetime.now(UTC) - timedelta(hours=1)
    assert await limits.count_since(ME, "tags", an_hour_ago) == (0, 0)
    assert await limits.count_since(ME, "faces", an_hour_ago) == (0, 1)


async def test_a_run_asks_for_a_budget_instead_of_tripping(desk: Desk) -> None:
    photos = await desk.home.photos(3)
    await desk.pool.execute("INSERT INTO runs (id, kind, request) VALUES ('scan:1', 'scan', '{}')")
    policy = LimitPolicy(floor=1, each=0, run_budget=2)
    for photo in photos[:2]:
        assert await desk.performer(limits=policy).perform(tag(photo, "Auto/X"), SCAN) is EntryState.DONE
    with pytest.raises(Held, match="made 2 changes"):
        await desk.performer(limits=policy).perform(tag(photos[2], "Auto/X"), SCAN)
    row = await desk.pool.fetchrow("SELECT state, note FROM runs")
    assert row is not None
    assert row["state"] == "paused"
    assert "budget" in row["note"]
    assert await PostgresLimits(desk.pool).open_trips() == ()
    # What the scan did says nothing about what is heard live.
    assert await desk.performer(limits=policy).perform(tag(photos[2], "Auto/Y"), CAUSE) is EntryState.DONE
    await desk.pool.execute("UPDATE runs SET state = 'running', budget = 3")
    assert await desk.performer(limits=policy).perform(tag(photos[2], "Auto/X"), SCAN) is EntryState.DONE


async def test_deletions_in_frigate_that_nobody_asked_for_stop_at_the_limit(desk: Desk) -> None:
    gate = Gate(PostgresLimits(desk.pool), LimitPolicy(deletions=2), now=lambda: datetime.now(UTC))
    removal = RemovePortrait(
        account=ME, person=PersonId("p"), name="Anna", face=FaceId("f"), file="a.webp", undoes=1, reason=WHY
    )
    journal = PostgresJournal(desk.pool)
    before, asked = PortraitState(files=frozenset({"a.webp"})), Cause(handler="undo", event=1, run=RunId("undo:1"))
    for cause, number in ((asked, 5), (CAUSE, 2)):
        for _ in range(number):
            await gate.expect_room(removal, LIVE)
            entry = await journal.write(removal, cause, before, EntryState.OPEN)
            await journal.settle(entry, EntryState.DONE, PortraitState(files=frozenset()))
    with pytest.raises(Held, match="2 pictures deleted in Frigate within an hour"):
        await gate.expect_room(removal, LIVE)
    (trip,) = await PostgresLimits(desk.pool).open_trips()
    assert (trip.feature, trip.rule) == ("faces", "deletions")
    await confirm(desk)
    await gate.expect_room(removal, LIVE)
