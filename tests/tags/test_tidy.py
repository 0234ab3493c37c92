"""A tag that we made goes from Immich's list when nothing carries it; any other stays."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from reactor.adapters.postgres.claims import PostgresClaims
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import Reason, RemoveTag, TagAsset
from reactor.core.claims import MadeTag, leftover
from reactor.core.entry_orders import Undo
from reactor.core.ids import LIVE, AssetId, TagId
from reactor.core.interventions import TagEmptied
from reactor.core.journal import Cause, EntryState
from reactor.core.vetoes import Veto
from reactor.routing import merge
from reactor.sources.leftovers import Leftovers
from reactor.sources.sweep import Sweep
from reactor.stages import classify, keep, orders, tidy

from ..household import ME
from .rig import OURS, Desk, a_desk

CAUSE = Cause(handler="classify", event=1, run=LIVE)
WHY = Reason(rule="because")


@dataclass(kw_only=True)
class Tidying:
    """A desk with a sweep; ``categories`` are the tags of those there are."""

    desk: Desk
    sweep: Sweep
    categories: list[str]

    @property
    def pool(self) -> asyncpg.Pool:
        return self.desk.house.pool

    async def tagged(self, asset: AssetId, *tags: str) -> int:
        change = TagAsset(account=ME, asset=asset, tags=tags or (OURS,), reason=WHY)
        assert await self.desk.performer().perform(change, CAUSE) is EntryState.DONE
        await self.desk.house.home.rest()
        entry: int = await self.pool.fetchval("SELECT max(id) FROM journal")
        return entry

    async def undone(self, asset: AssetId, entry: int) -> None:
        undo = Undo(account=ME, entry=entry, feature="tags", subjects=(asset,))
        assert await self.desk.performer().perform(undo, CAUSE) is EntryState.DONE
        await self.desk.house.home.rest()

    async def round(self) -> set[str]:
        """Let minutes pass, go round once and do what follows; return the tags that Immich lists then."""
        await self.pool.execute("UPDATE journal SET settled_at = settled_at - interval '2 minutes'")
        await self.pool.execute("DELETE FROM bookmarks WHERE name LIKE 'sweep%'")
        await self.sweep.once()
        async with self.desk.working():
            await self.desk.rest()
        return await self.listed()

    async def listed(self) -> set[str]:
        return {tag["value"] for tag in await self.desk.user("GET", "/tags")}

    async def kinds(self) -> list[tuple[str, str]]:
        rows = await self.pool.fetch("SELECT kind, state FROM journal ORDER BY id")
        return [(row["kind"], row["state"]) for row in rows]


@pytest.fixture
async def tidying(pool: asyncpg.Pool) -> AsyncIterator[Tidying]:
    async with a_desk(pool, merge([classify.router, keep.router, orders.router, tidy.router])) as desk:
        categories: list[str] = []
        house = desk.house
        claims = PostgresClaims(pool)

        async def wanted() -> list[str]:
            return categories

        sweep = Sweep(
            ME,
            house.home.library,
            claims,
            house.log,
            house.bookmarks,
            every=timedelta(hours=6),
            now=lambda: datetime.now(UTC),
            gap=timedelta(0),
            leftovers=Leftovers(ME, house.home.library, claims, wanted),
        )
        # The stage knows categories of its own, none of which is the tag of a test.
        yield Tidying(desk=desk, sweep=sweep, categories=categories)


GONE = "Auto/Gone"
NESTED = "Work/Gone"


async def test_what_nothing_carries_goes_round_by_round_with_what_was_above_it(tidying: Tidying) -> None:
    asset, other = await tidying.desk.photos(2)
    entry = await tidying.tagged(asset, NESTED)
    assert await tidying.round() == {"Work", NESTED}
    await tidying.undone(asset, entry)
    assert await tidying.round() == {"Work"}
    assert await tidying.round() == set()
    assert await tidying.round() == set()
    taken = [("UntagAsset", "done"), ("RemoveTag", "done"), ("RemoveTag", "done")]
    assert await tidying.kinds() == [("TagAsset", "undone"), *taken]
    # Nobody takes that for the user's doing.
    assert await tidying.pool.fetchval("SELECT count(*) FROM events WHERE kind = 'TagDeleted'") == 0
    assert [veto.source for veto in await PostgresVetoes(tidying.pool).standing()] == ["undo"]
    # Made anew by another entry it is ours again.
    await tidying.undone(other, await tidying.tagged(other, NESTED))
    assert await tidying.round() == {"Work"}
    assert await tidying.round() == set()


async def test_what_a_category_sets_or_one_below_it_stays(tidying: Tidying) -> None:
    (asset,) = await tidying.desk.photos(1)
    await tidying.undone(asset, await tidying.tagged(asset, "Work", NESTED))
    tidying.categories.append(NESTED)
    assert await tidying.round() == {"Work", NESTED}
    tidying.categories[:] = ["Work/Other", "Worker"]
    assert await tidying.round() == {"Work"}
    tidying.categories[:] = ["Worker"]
    assert await tidying.round() == set()


async def test_the_stage_looks_at_the_categories_of_now(tidying: Tidying) -> None:
    emptied = TagEmptied(account=ME, tag=OURS, tag_id=TagId("1"), entry=1, at="now")
    services = tidying.desk.house.services()
    assert (await tidy.tidy([emptied], services)).changes == ()
    assert len((await tidy.tidy([TagEmptied(**{**vars(emptied), "tag": GONE})], services)).changes) == 1


async def test_the_users_own_tag_stays(tidying: Tidying) -> None:
    (asset,) = await tidying.desk.photos(1)
    await tidying.desk.tag_id(NESTED)
    await tidying.undone(asset, await tidying.tagged(asset, NESTED, "Work/Ours"))
    assert await tidying.round() == {"Work", NESTED}


async def test_one_that_the_user_deleted_and_made_again_stays(tidying: Tidying) -> None:
    (asset,) = await tidying.desk.photos(1)
    await tidying.undone(asset, await tidying.tagged(asset, "Gone"))
    await tidying.desk.user("DELETE", f"/tags/{await tidying.desk.tag_id('Gone')}")
    await tidying.desk.tag_id("Gone")
    assert await tidying.round() == {"Gone"}


async def test_the_list_is_looked_at_once_in_minutes_and_a_tag_that_comes_back_meanwhile_is_not_ours(
    tidying: Tidying,
) -> None:
    one, two, three = await tidying.desk.photos(3)
    home, performer = tidying.desk.house.home, tidying.desk.performer()
    home.immich.requests.clear()
    for asset in (one, two):
        await performer.perform(TagAsset(account=ME, asset=asset, tags=("Gone",), reason=WHY), CAUSE)
    assert [request[:2] for request in home.immich.requests].count(("GET", "/api/tags")) == 2
    await tidying.desk.user("DELETE", f"/tags/{await tidying.desk.tag_id('Gone')}")
    await performer.perform(TagAsset(account=ME, asset=three, tags=("Gone",), reason=WHY), CAUSE)
    made = "SELECT after -> 'state' -> 'made' <> '[]' FROM journal ORDER BY id"
    assert [row[0] for row in await tidying.pool.fetch(made)] == [True, False, False]


@pytest.mark.parametrize("where", ["timeline", "archive", "trash", "below"])
async def test_one_that_a_photo_of_the_users_carries_stays(tidying: Tidying, where: str) -> None:
    ours, theirs = await tidying.desk.photos(2)
    await tidying.undone(ours, await tidying.tagged(ours, "Gone"))
    await tidying.desk.user_tags(theirs, "Gone/Below" if where == "below" else "Gone")
    await tidying.desk.house.home.rest()
    if where == "archive":
        await tidying.desk.user("PUT", "/assets", {"ids": [theirs], "visibility": "archive"})
    if where == "trash":
        await tidying.desk.house.home.user_deletes(theirs, force=False)
    await tidying.desk.house.home.rest()
    assert "Gone" in await tidying.round()
    assert ("RemoveTag", "done") not in await tidying.kinds()


@pytest.mark.parametrize("how", ["deleted", "locked"])
async def test_one_that_an_entry_of_ours_may_have_left_out_of_sight_stays(tidying: Tidying, how: str) -> None:
    (asset,) = await tidying.desk.photos(1)
    await tidying.tagged(asset, "Gone")
    if how == "deleted":
        await tidying.desk.house.home.user_deletes(asset, force=True)
    else:
        await tidying.desk.house.home.user_locks(asset)
    assert await tidying.round() == {"Gone"}


@pytest.mark.parametrize(("standing", "stays"), [("active", False), ("lost", True), ("revoked", False)])
async def test_one_that_the_user_took_off_goes_and_one_that_may_be_lost_stays(
    tidying: Tidying, standing: str, stays: bool
) -> None:
    (asset,) = await tidying.desk.photos(1)
    entry = await tidying.tagged(asset, "Gone")
    await tidying.desk.user_untags(asset, "Gone")
    await tidying.desk.house.home.rest()
    await PostgresVetoes(tidying.pool).remember(
        [Veto(account=ME, kind="tag", subjects=(asset,), value="Gone", entry=entry)]
    )
    await tidying.pool.execute("UPDATE vetoes SET state = $1", standing)
    assert await tidying.round() == ({"Gone"} if stays else set())


async def test_without_the_permission_it_stays_and_that_is_said_once(tidying: Tidying) -> None:
    (asset,) = await tidying.desk.photos(1)
    await tidying.undone(asset, await tidying.tagged(asset, "Gone"))
    immich = tidying.desk.house.home.immich
    allowed = ("asset.read", "user.read", "tag.read", "tag.create", "tag.asset", "asset.update")
    immich.permit(tidying.desk.reactors_key, allowed)
    for _ in range(2):
        assert await tidying.round() == {"Gone"}
        assert "the key lacks tag.delete: Gone" in tidying.sweep.status()
    assert await tidying.pool.fetchval("SELECT count(*) FROM events WHERE kind = 'TagEmptied'") == 0
    immich.permit(tidying.desk.reactors_key, (*allowed, "tag.delete"))
    assert await tidying.round() == set()
    assert "tag.delete" not in tidying.sweep.status()


async def test_a_photo_that_was_tagged_since_it_was_looked_for_keeps_the_tag(tidying: Tidying) -> None:
    ours, theirs = await tidying.desk.photos(2)
    entry = await tidying.tagged(ours, "Gone")
    await tidying.undone(ours, entry)
    tag = TagId(await tidying.desk.tag_id("Gone"))
    await tidying.desk.user_tags(theirs, "Gone")
    await tidying.desk.house.home.rest()
    change = RemoveTag(account=ME, tag="Gone", tag_id=tag, undoes=entry, reason=WHY)
    await tidying.desk.performer().carry_out([change], CAUSE)
    assert await tidying.listed() == {"Gone"}
    assert await tidying.desk.tags(theirs) == {"Gone"}


async def test_a_deletion_whose_answer_was_lost_is_found_done(tidying: Tidying) -> None:
    (asset,) = await tidying.desk.photos(1)
    entry = await tidying.tagged(asset, "Gone")
    await tidying.undone(asset, entry)
    tag = TagId(await tidying.desk.tag_id("Gone"))
    change = RemoveTag(account=ME, tag="Gone", tag_id=tag, undoes=entry, reason=WHY)
    assert await tidying.desk.performer().perform(change, CAUSE) is EntryState.DONE
    opened = "UPDATE journal SET state = 'open', after = NULL, settled_at = NULL WHERE kind = 'RemoveTag'"
    await tidying.pool.execute(opened)
    assert await tidying.desk.performer().perform(change, CAUSE) is None
    assert (await tidying.kinds())[-1] == ("RemoveTag", "done")
    # What made the tag stands in the journal as it was, and an undo of everything has nothing to do.
    assert [kind for kind, state in await tidying.kinds() if state == "undone"] == ["TagAsset"]


def made(*tags: str) -> Sequence[MadeTag]:
    return [MadeTag(tag=tag, id=TagId(tag), entry=1) for tag in tags]


@pytest.mark.parametrize(
    ("ours", "listed", "wanted", "expected"),
    [
        (["A"], ["A"], [], ["A"]),
        (["A"], [], [], []),
        (["A"], ["A", "B"], ["A"], []),
        (["A"], ["A"], ["A/B"], []),
        (["A"], ["A"], ["AB", "a"], ["A"]),
        (["A"], ["A", "A/B"], [], []),
        (["A"], ["A", "AB/C"], [], ["A"]),
        (["A", "A/B"], ["A", "A/B"], [], ["A/B"]),
        (["A/B"], ["A", "A/B"], ["A"], ["A/B"]),
    ],
)
def test_which_tags_stand_for_nothing(
    ours: list[str], listed: list[str], wanted: list[str], expected: list[str]
) -> None:
    ids = {tag: TagId(tag) for tag in listed}
    assert [one.tag for one in leftover(made(*ours), ids, wanted)] == expected
    assert leftover(made(*ours), dict.fromkeys(listed, TagId("another")), wanted) == ()
