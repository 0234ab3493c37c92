"""What a category asks for beside its tag and the archive: in deliveries of their own, and by today's settings."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.core.changes import AddToAlbum, FavouriteAsset, Reason, TagAsset
from reactor.core.entry_orders import CarryOut
from reactor.core.events import ArchiveWanted, AssetEmbedded, AssetUploaded
from reactor.core.ids import AssetId, RunId
from reactor.core.interventions import ApplyAsked, UndoAsked
from reactor.core.label_events import AlbumWanted, FavouriteWanted
from reactor.core.orders import UndoRequest
from reactor.routing import Outcome, merge
from reactor.stages import actions, archive, classify, embed, orders
from reactor.stages.actions import album, favour
from reactor.worker.worker import WorkerPolicy

from ..household import ME, eventually
from ..working import AT_ONCE, a_worker
from .house import EVERYTHING, House

WHY = Reason(rule="because")
BEST = replace(EVERYTHING, name="Best", favourite=True, album="Bills", action="tag_and_archive")
POST = replace(EVERYTHING, name="Post", album="Bills")


async def embedded(house: House, asset: str) -> AssetEmbedded:
    (event,) = (await house.embed(AssetUploaded(account=ME, asset=AssetId(asset)))).events
    assert isinstance(event, AssetEmbedded)
    return event


async def test_what_surely_matches_asks_for_everything_and_a_suggestion_for_nothing(house: House) -> None:
    event = await embedded(house, await house.home.photo(1))
    outcome = await classify.classify([event], house.services(categories=(BEST, POST)))
    assert [type(one) for one in outcome.events] == [ArchiveWanted, FavouriteWanted, AlbumWanted]
    doubtful = replace(BEST, similarity=1.1, review=2.5)
    outcome = await classify.classify([event], house.services(categories=(doubtful,)))
    assert (len(outcome.changes), outcome.events) == (1, ())


async def test_todays_settings_decide(house: House) -> None:
    asset = AssetId(await house.home.photo(1))
    await embedded(house, asset)
    facts = {"account": ME, "asset": asset, "model": "m", "checksum": "c"}
    favourite = FavouriteWanted(categories=("Best", "Gone", "Post"), **facts)  # type: ignore[arg-type] # its fields
    filled = AlbumWanted(album="Bills", categories=("Best", "Gone", "Post"), **facts)  # type: ignore[arg-type] # its fields
    services = house.services(categories=(BEST, POST))
    ((change,), (put,)) = ((await favour([favourite], services)).changes, (await album([filled], services)).changes)
    assert isinstance(change, FavouriteAsset)
    assert change.categories == ("Best",)
    assert isinstance(put, AddToAlbum)
    assert (put.album, put.categories) == ("Bills", ("Best", "Post"))
    elsewhere = house.services(categories=(replace(BEST, favourite=False, album="Other"), replace(POST, enabled=False)))
    assert await favour([favourite], elsewhere) == Outcome()
    assert await album([filled], elsewhere) == Outcome()


@pytest.mark.parametrize(
    ("feature", "lane"),
    [("favourites", "tags:a"), ("albums", "albums:me"), ("tags", "tags:a"), ("archive", "stacks:me")],
)
def test_orders_go_the_way_of_their_change(feature: str, lane: str) -> None:
    for kind in (UndoAsked, ApplyAsked):
        asked = kind(account=ME, entry=1, feature=feature, photos=("a",), run="r")  # type: ignore[arg-type] # words
        assert orders.lane(asked) == lane


async def test_a_key_that_may_fill_no_album_tags_all_the_same_and_what_waits_is_named(house: House) -> None:
    immich = house.home.immich
    me = (await house.user("GET", "/users/me", None))["id"]
    some = ("asset.read", "asset.view", "asset.update", "tag.create", "tag.read", "tag.asset", "user.read")
    key = immich.add_key(me, some)
    transport = ImmichTransport(immich.url, SecretStr(key), ME, session=house.home.library._transport._session)
    limited = replace(house, home=replace(house.home, library=ImmichLibrary(transport), writer=ImmichWriter(transport)))
    router = merge([embed.router, classify.router, archive.router, actions.router])
    photos = [await house.home.photo(seed) for seed in range(3)]
    policy = WorkerPolicy(quiet=AT_ONCE, deadline_s=30)
    log = type(house.log)(house.pool, router, house.wake)
    category = replace(BEST, action="tag")
    async with a_worker(
        house.pool, house.wake, router, limited.services(categories=(category,)), limited.performer(), policy
    ):
        for asset in photos:
            await log.append([AssetUploaded(account=ME, asset=asset)])

        async def well() -> bool:
            shown = [await house.home.library.asset(asset) for asset in photos]
            return all(one.tags == {"Auto/Best"} and one.favourite for one in shown)

        await eventually(well, "all are tagged, and favourites")

        async def named() -> bool:
            errors = await house.pool.fetch("SELECT state, error FROM deliveries WHERE handler = 'album'")
            return any(row["state"] == "waiting" and "album.read" in (row["error"] or "") for row in errors)

        await eventually(named, "the missing permission is named")
    assert await house.pool.fetchval("SELECT count(*) FROM deliveries WHERE state = 'dead'") == 0


async def test_two_photos_at_once_make_one_album(house: House) -> None:
    router = merge([embed.router, classify.router, actions.router])
    photos = [await house.home.photo(seed) for seed in range(8)]
    log = type(house.log)(house.pool, router, house.wake)
    policy = WorkerPolicy(quiet=AT_ONCE, deadline_s=30)
    services = house.services(categories=(POST,))
    async with a_worker(house.pool, house.wake, router, services, house.performer(), policy):
        await log.append([AssetUploaded(account=ME, asset=asset) for asset in photos])

        async def all_in() -> bool:
            return all([await house.home.library.albums_of(asset) for asset in photos])

        await eventually(all_in, "all are in the album", timedelta(seconds=30).total_seconds())
    (made,) = await house.home.library.albums()
    assert await house.home.library.photos_in(made.id) == set(photos)


async def test_an_accepted_suggestion_asks_for_what_its_category_does_besides(house: House) -> None:
    asset = await house.photo(1)
    doubtful = replace(BEST, similarity=1.1, review=2.5)
    services = house.services(categories=(doubtful,))
    outcome = await classify.classify([await embedded(house, asset)], services)
    (change,) = outcome.changes
    assert isinstance(change, TagAsset)
    await house.we_do(change)
    entry = await house.pool.fetchval("SELECT id FROM journal WHERE state = 'suggested'")
    asked = ApplyAsked(account=ME, entry=entry, feature="tags", photos=(asset,), run=RunId("apply:1"))
    accepted = await orders.apply([asked], services)
    assert [type(one) for one in accepted.events] == [ArchiveWanted, FavouriteWanted, AlbumWanted]
    (order,) = accepted.changes
    assert isinstance(order, CarryOut)
    assert (order.favouring, order.albums) == (frozenset({"Best"}), frozenset({("Best", "Bills")}))


async def test_an_undo_of_a_category_means_all_that_it_did(house: House) -> None:
    asset, other = await house.photo(1), await house.photo(2, minutes=5)
    for one, categories in ((asset, ("Best", "Post")), (other, ("Post",))):
        await house.we_do(FavouriteAsset(account=ME, asset=one, categories=categories, reason=WHY))
        await house.we_do(AddToAlbum(account=ME, asset=one, album="Bills", categories=categories, reason=WHY))
        await house.we_do(
            TagAsset(account=ME, asset=one, tags=tuple(f"Auto/{name}" for name in categories), reason=WHY)
        )
    found = PostgresOrders(house.pool)
    assert (await found.preview(UndoRequest(category="Best"))).features == (
        ("albums", 1),
        ("favourites", 1),
        ("tags", 1),
    )
    assert (await found.preview(UndoRequest(category="Post"))).entries == 6
    assert (await found.preview(UndoRequest(category="Post", feature="albums"))).entries == 2
