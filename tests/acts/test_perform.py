"""The one path of every change, against a simulated Immich and a real journal."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from reactor.acts.perform import Performer
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.core.changes import ArchiveAssets, Change, Reason, StackAssets, TagAsset
from reactor.core.errors import Blocked, Gone, Held, Permanent, Retryable
from reactor.core.ids import LIVE, AssetId
from reactor.core.journal import Cause, EntryState
from reactor.core.limits import LimitPolicy
from reactor.core.modes import Mode
from reactor.demo.immich import DropConnectionError, Write

from ..household import ME, Household, a_household, a_performer, hands_of

CAUSE = Cause(handler="test", event=1, run=LIVE)
WHY = Reason(rule="because", scores=(("Receipts", 0.91),))


class Desk:
    """A performer over a household, with a clock that can be put forward."""

    def __init__(self, home: Household, pool: asyncpg.Pool) -> None:
        self.home = home
        self.pool = pool
        self.journal = PostgresJournal(pool)
        self.ahead = timedelta(0)

    def performer(self, mode: Mode = "apply", limits: LimitPolicy | None = None) -> Performer:
        return a_performer(
            self.pool, hands_of(self.home), mode=mode, limits=limits, now=lambda: datetime.now(UTC) + self.ahead
        )

    async def entries(self) -> list[tuple[str, str]]:
        rows = await self.pool.fetch("SELECT kind, state FROM journal ORDER BY id")
        return [(row["kind"], row["state"]) for row in rows]


@pytest_asyncio.fixture
async def desk(pool: asyncpg.Pool) -> AsyncIterator[Desk]:
    async with a_household() as home:
        yield Desk(home, pool)


def tag(asset: AssetId, *tags: str) -> TagAsset:
    return TagAsset(account=ME, asset=asset, tags=tags, reason=WHY)


def stack(cover: AssetId, *rest: AssetId) -> StackAssets:
    return StackAssets(account=ME, cover=cover, members=(cover, *rest), reason=WHY)


async def test_a_tag_is_set_once_and_journalled_with_both_states(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    performer = desk.performer()
    assert await performer.perform(tag(photo, "Auto/Receipts", "Auto/Paper"), CAUSE) is EntryState.DONE
    assert await performer.perform(tag(photo, "Auto/Receipts"), CAUSE) is None
    assert (await desk.home.library.asset(photo)).tags >= {"Auto/Receipts", "Auto/Paper"}
    entry = (await desk.journal.newest(ME, "tags", [photo]))[photo]
    assert entry.change == tag(photo, "Auto/Receipts", "Auto/Paper")
    assert await desk.entries() == [("TagAsset", "done")]


async def test_observing_writes_a_plan_once_and_changes_nothing(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    for _ in range(2):
        assert await desk.performer("observe").perform(tag(photo, "Auto/X"), CAUSE) is EntryState.PLANNED
    assert await desk.entries() == [("TagAsset", "planned")]
    assert (await desk.home.library.asset(photo)).tags == set()


async def test_a_tag_that_the_user_took_away_stays_away(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    await desk.performer().perform(tag(photo, "Auto/X"), CAUSE)
    await desk.home.user_untags(photo, "Auto/X")
    desk.ahead = timedelta(minutes=5)
    assert await desk.performer().perform(tag(photo, "Auto/X"), CAUSE) is EntryState.VETOED
    assert (await desk.home.library.asset(photo)).tags == set()


async def test_a_tag_once_taken_away_never_comes_back_with_others(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    await desk.performer().perform(tag(photo, "Auto/X"), CAUSE)
    await desk.home.user_untags(photo, "Auto/X")
    desk.ahead = timedelta(minutes=5)
    for _ in range(2):
        await desk.performer().perform(tag(photo, "Auto/X", "Auto/Y"), CAUSE)
        assert (await desk.home.library.asset(photo)).tags == {"Auto/Y"}


async def test_a_stack_that_the_user_made_just_now_is_not_swallowed(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    await desk.home.writer.make_stack([three, two])
    with pytest.raises(Retryable, match="somebody else"):
        await desk.performer().perform(stack(one, two, three), CAUSE)
    asset = await desk.home.library.asset(two)
    assert asset.stack is not None
    now = await desk.home.library.stack(asset.stack)
    assert (now.primary, now.members) == (three, frozenset({two, three}))


async def test_a_photo_is_not_archived_away_from_a_stack_that_the_user_made_just_now(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    await desk.home.writer.make_stack([one, two])
    with pytest.raises(Retryable, match="other photos"):
        await desk.performer().perform(archived(one), CAUSE)
    assert (await desk.home.library.asset(one)).visibility == "timeline"


async def test_a_stack_grows_and_keeps_all_members(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    await desk.performer().perform(stack(one, two), CAUSE)
    await desk.performer().perform(stack(three, one, two), CAUSE)
    asset = await desk.home.library.asset(two)
    assert asset.stack is not None
    now = await desk.home.library.stack(asset.stack)
    assert (now.primary, now.members) == (three, frozenset({one, two, three}))
    assert await desk.performer().perform(stack(three, one, two), CAUSE) is None


async def test_a_new_cover_alone_makes_no_new_stack(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    await desk.performer().perform(stack(one, two), CAUSE)
    before = (await desk.home.library.asset(one)).stack
    assert await desk.performer().perform(stack(two, one), CAUSE) is EntryState.DONE
    assert (await desk.home.library.asset(one)).stack == before


async def test_a_stack_of_the_user_is_never_robbed(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    await desk.home.writer.make_stack([one, two])
    with pytest.raises(Retryable, match="decided anew"):
        await desk.performer().perform(stack(three, two), CAUSE)
    asset = await desk.home.library.asset(two)
    assert asset.stack is not None
    assert (await desk.home.library.stack(asset.stack)).members == {one, two}


async def test_a_lost_answer_is_looked_at_and_not_repeated(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    performer = desk.performer()
    changes: dict[str, Change] = {
        "tags": tag(one, "Auto/X"),
        "stacks": stack(one, two),
        "cover": stack(two, one),
        "archive": archived(one, two),
    }
    for kind, change in changes.items():
        desk.home.immich.before_answer = drop_the_answer()
        with pytest.raises(Retryable):
            await performer.perform(change, CAUSE)
        desk.home.immich.before_answer = None
        before = len(desk.home.immich.effective_writes)
        assert await performer.perform(change, CAUSE) is None, kind
        assert len(desk.home.immich.effective_writes) == before
    assert {state for _, state in await desk.entries()} == {"done"}


def archived(*assets: AssetId) -> ArchiveAssets:
    return ArchiveAssets(account=ME, assets=assets, reason=WHY)


def drop_the_answer() -> Callable[[Write], Awaitable[None]]:
    async def hook(write: Write) -> None:
        if write.path != "/api/tags":
            raise DropConnectionError

    return hook


async def test_a_call_that_never_arrived_is_made_again(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    await desk.home.immich.pause()
    with pytest.raises(Retryable):
        await desk.performer().perform(tag(photo, "Auto/X"), CAUSE)
    await desk.home.immich.resume()
    assert await desk.performer().perform(tag(photo, "Auto/X"), CAUSE) is EntryState.DONE


async def test_a_refusal_is_journalled_as_what_it_left(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    desk.home.immich.fail("PUT", "/api/tags/assets", status=422, message="no", times=1)
    with pytest.raises(Permanent):
        await desk.performer().perform(tag(photo, "Auto/X"), CAUSE)
    desk.home.immich.fail("PUT", "/api/tags/assets", status=403, message="Missing required permission: tag.asset")
    with pytest.raises(Blocked, match=r"tag\.asset"):
        await desk.performer().perform(tag(photo, "Auto/X"), CAUSE)
    assert await desk.entries() == [("TagAsset", "failed"), ("TagAsset", "superseded")]
    assert await desk.performer().perform(tag(photo, "Auto/X"), CAUSE) is EntryState.DONE


async def test_too_many_changes_are_held_back(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    performer = desk.performer(limits=LimitPolicy(floor=1, each=3))
    await performer.perform(tag(one, "Auto/X"), CAUSE)
    with pytest.raises(Held, match="stands still"):
        await performer.perform(tag(two, "Auto/X"), CAUSE)
    assert (await desk.home.library.asset(two)).tags == set()


async def test_a_photo_that_is_gone_is_said_to_be_gone(desk: Desk) -> None:
    with pytest.raises(Gone):
        await desk.performer().perform(tag(AssetId("8a2b7c1e-6c5d-4f3a-9b1e-0d2c3b4a5f60"), "Auto/X"), CAUSE)
    assert await desk.entries() == []
