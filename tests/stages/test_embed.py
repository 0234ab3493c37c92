"""What embedding does with a photo that is new, asked for again, changed, or not to be looked at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.postgres.labels import PostgresLabels
from reactor.core.errors import Gone, NotReady
from reactor.core.events import CHANGED_FIELDS, AssetChanged, AssetEmbedded, AssetUploaded
from reactor.core.ids import AssetId
from reactor.core.library import Asset, EmbeddedPhoto
from reactor.routing import Outcome
from reactor.stages.embed import METADATA_PATIENCE, embed, router

from ..household import ME, a_picture
from ..immich_client.phone import upload
from .house import House


def uploaded(asset: AssetId) -> AssetUploaded:
    return AssetUploaded(account=ME, asset=asset)


def changed(asset: AssetId, *fields: str) -> AssetChanged:
    return AssetChanged(account=ME, asset=asset, updated_at="2026-06-01T09:00:00.000Z", fields=fields)


async def stored(house: House, asset: AssetId) -> EmbeddedPhoto | None:
    found = await house.photos.embedded(ME, (asset,), house.looker.model)
    return found[0] if found else None


def asked(house: House, end: str = "") -> int:
    """Return how many requests about photos, or about this part of them, were made so far."""
    return sum("/api/assets/" in path and path.endswith(end) for _, path, _ in house.home.immich.requests)


async def test_a_new_photo_is_kept_with_its_facts_and_how_it_was(house: House) -> None:
    asset = await house.home.photo(1)
    await house.user_tags(asset, "Holiday")
    shown = await house.home.library.asset(asset)
    (event,) = (await house.embed(uploaded(asset))).events
    photo = await stored(house, asset)
    assert photo is not None
    assert event == AssetEmbedded(account=ME, asset=asset, model=house.looker.model, checksum=photo.checksum)
    assert (photo.taken_at, photo.kind, photo.external) == (shown.taken_at, "IMAGE", False)
    seen = (await house.sightings.known(ME, (asset,)))[asset].sighting
    assert seen is not None
    assert (seen.updated_at, seen.visibility, seen.trashed) == (shown.updated_at, "timeline", False)
    assert seen.tags == frozenset({"Holiday"})


async def test_a_photo_of_an_external_library_is_known_as_one(house: House) -> None:
    me = (await house.user("GET", "/users/me", None))["id"]
    (asset,) = await house.home.immich.import_library(me, [("1.jpg", a_picture(1))])
    await house.home.rest()
    await house.embed(uploaded(AssetId(asset)))
    photo = await stored(house, AssetId(asset))
    assert photo is not None
    assert photo.external


async def test_asked_again_it_fetches_no_picture_and_tells_the_same(house: House) -> None:
    asset = await house.home.photo(1)
    first = await house.embed(uploaded(asset))
    photo, looked, requests = await stored(house, asset), house.looker.looked, asked(house)
    assert await house.embed(uploaded(asset)) == first
    assert (house.looker.looked, asked(house)) == (looked, requests + 1)
    assert await stored(house, asset) == photo


async def test_what_an_earlier_release_stored_without_a_small_picture_is_looked_at_again(house: House) -> None:
    asset = await house.home.photo(1)
    await house.embed(uploaded(asset))
    await house.pool.execute("UPDATE photos SET thumb = NULL, clipped = NULL, local_day = NULL")
    await house.embed(uploaded(asset))
    photo = await stored(house, asset)
    assert photo is not None
    assert photo.thumb
    assert (photo.clipped, photo.day) == (0.0, photo.taken_at.date())
    assert house.looker.looked == 2


async def test_asked_again_it_brings_the_facts_up_to_date_and_keeps_the_vector(house: House) -> None:
    asset = await house.home.photo(1)
    first = await house.embed(uploaded(asset))
    before = await stored(house, asset)
    await house.user("PUT", f"/assets/{asset}", {"dateTimeOriginal": "2020-01-02T03:04:05.000Z"})
    assert await house.embed(uploaded(asset)) == first
    after = await stored(house, asset)
    assert before is not None
    then = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert after == replace(before, taken_at=then, day=then.date())
    assert np.allclose(after.vector, before.vector, atol=1e-3)
    assert house.looker.looked == 1


async def test_another_model_looks_for_itself(house: House) -> None:
    asset = await house.home.photo(1)
    await house.embed(uploaded(asset))
    house.looker.model = "another"
    (event,) = (await house.embed(uploaded(asset))).events
    assert isinstance(event, AssetEmbedded)
    assert (event.model, house.looker.looked) == ("another", 2)


@pytest.mark.parametrize("field", CHANGED_FIELDS)
async def test_a_change_embeds_only_what_came_back_and_was_never_embedded(house: House, field: str) -> None:
    new, old = await house.home.photo(1), await house.home.photo(2)
    await house.embed(uploaded(old))
    before = asked(house)
    assert await house.embed(changed(old, field)) == Outcome()
    assert asked(house) == before + (field == "date")
    told = await house.embed(changed(new, field))
    comes_back = field in ("restored", "unarchived", "touched", "date")
    assert (len(told.events), await stored(house, new) is not None) == (comes_back, comes_back)
    assert house.looker.looked == 1 + comes_back
    if not comes_back:
        assert asked(house) == before


async def test_a_new_date_is_stored_without_another_look(house: House) -> None:
    asset = await house.home.photo(1)
    await house.embed(uploaded(asset))
    await house.user("PUT", f"/assets/{asset}", {"dateTimeOriginal": "2020-01-02T03:04:05.000Z"})
    assert await house.embed(changed(asset, "date")) == Outcome()
    assert await house.taken_at(asset) == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert house.looker.looked == 1


async def test_what_is_not_ours_to_see_is_left_alone(house: House) -> None:
    url, key = house.home.immich.url, house.home.key
    film = await upload(url, key, b"moving", "live.mov", visibility="hidden")
    await upload(url, key, a_picture(1), "live.jpg", livePhotoVideoId=film)
    trashed = await house.home.photo(2)
    await house.user("DELETE", "/assets", {"ids": [trashed]})
    ben = house.home.immich.add_user("Ben", "ben@example.com")
    house.home.immich.share_timeline(ben.id, (await house.user("GET", "/users/me", None))["id"])
    partners = await upload(url, ben.api_key, a_picture(3))
    await house.home.rest()
    before = asked(house, "/thumbnail")
    for asset in (film, trashed, partners):
        for event in (uploaded(asset), changed(asset, "touched"), changed(asset, "restored")):
            assert await house.embed(event) == Outcome()
            assert await stored(house, asset) is None
    assert (asked(house, "/thumbnail"), house.looker.looked) == (before, 0)


async def test_a_locked_photo_is_gone_for_us(house: House) -> None:
    asset = await house.home.photo(1)
    await house.user("PUT", "/assets", {"ids": [asset], "visibility": "locked"})
    for event in (uploaded(asset), changed(asset, "touched")):
        with pytest.raises(Gone):
            await house.embed(event)


async def test_it_says_what_never_came(house: House) -> None:
    asset = await upload(house.home.immich.url, house.home.key, b"no picture at all", "broken.jpg")
    await house.home.rest()
    with pytest.raises(NotReady, match=r"^no preview: "):
        await house.embed(uploaded(asset))


class Unread(ImmichLibrary):
    """Read an Immich that has not read the metadata, and whose clock, which stamps its photos, is another than ours."""

    ahead = timedelta(0)
    age = timedelta(seconds=5)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def asset(self, asset: AssetId) -> Asset:
        found = await super().asset(asset)
        return replace(found, exif_ready=False, created_at=self.clock() - self.age)


@pytest.mark.parametrize("hours", [-5, 0, 5])
async def test_the_wait_for_metadata_is_counted_by_immichs_own_clock(house: House, hours: int) -> None:
    asset = await house.home.photo(1)
    library = Unread(house.home.library._transport)
    library.ahead = timedelta(hours=hours)
    services = replace(house.services(), library=lambda _: library)
    with pytest.raises(NotReady, match=r"^no metadata: "):
        await embed([uploaded(asset)], services)
    # Long enough; and a clock that was set back since the upload lets nothing wait for hours.
    for age in (METADATA_PATIENCE + timedelta(seconds=1), timedelta(hours=-3)):
        library.age = age
        assert len((await embed([uploaded(asset)], services)).events) == 1
        await house.pool.execute("DELETE FROM vectors")


def test_one_photo_is_looked_at_by_one_delivery_at_a_time() -> None:
    lanes = {plan.lane for event in (uploaded(AssetId("a")), changed(AssetId("a"))) for plan in router.plans(event)}
    assert lanes == {"photo:a"}


async def test_a_photo_that_was_dropped_and_comes_back_is_embedded_again_and_told_of(house: House) -> None:
    asset = await house.photo(1)
    (first,) = (await house.embed(uploaded(asset))).events
    assert await house.log.append([first]) == (first,)
    labels = PostgresLabels(house.pool)
    assert await labels.count(house.looker.model) == 1
    await house.photos.set_burst(ME, asset, "burst")
    await house.photos.drop(ME, (asset,))
    assert await stored(house, asset) is None
    assert await labels.count(house.looker.model) == 0
    # Long after, when nothing tells any more that it was ever looked at.
    await house.pool.execute("DELETE FROM deliveries")
    assert (await house.sightings.known(ME, (asset,)))[asset].left
    (again,) = (await house.embed(changed(asset, "touched"))).events
    back = await stored(house, asset)
    assert back is not None
    assert back.burst_id == "burst"
    assert isinstance(again, AssetEmbedded)
    assert await house.log.append([again]) == (again,)
