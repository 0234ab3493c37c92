import io

import pytest
from PIL import Image

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import SLOW, Api, settled
from tests.immich_simulator.photos import photo, xmp_packet


@pytest.mark.parametrize("delays", [SLOW])
async def test_media_is_404_until_the_previews_exist(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    early = await api.call("GET", f"/assets/{asset}/thumbnail?size=preview")
    assert (early.status, early.body) == (404, {"message": "Asset media not found"})
    assert (await api.asset(asset))["thumbhash"] is None
    await settled(immich)
    ready = await api.call("GET", f"/assets/{asset}/thumbnail?size=preview")
    assert (ready.status, ready.headers["Content-Type"]) == (200, "image/jpeg")
    assert (await api.asset(asset))["thumbhash"] is not None


async def test_preview_sizes_are_short_sides_and_never_enlarged(api: Api, immich: SimulatedImmich) -> None:
    large = (await api.upload(photo(1, size=(3000, 2000)), "large.jpg")).body["id"]
    small = (await api.upload(photo(2, size=(1600, 1200)), "small.jpg")).body["id"]
    await settled(immich)
    sizes = []
    for asset, size in ((large, "preview"), (large, "thumbnail"), (small, "preview")):
        sent = await api.call("GET", f"/assets/{asset}/thumbnail?size={size}")
        with Image.open(io.BytesIO(sent.body)) as image:
            sizes.append((image.format, image.size))
    assert sizes == [("JPEG", (2160, 1440)), ("WEBP", (375, 250)), ("JPEG", (1600, 1200))]


async def test_etag_answers_304(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    first = await api.call("GET", f"/assets/{asset}/thumbnail")
    again = await api.call("GET", f"/assets/{asset}/thumbnail", headers={"If-None-Match": first.headers["Etag"]})
    assert (again.status, again.body) == (304, b"")


async def test_fullsize_and_original_redirect(api: Api, immich: SimulatedImmich) -> None:
    jpeg, video = await api.add(1), (await api.upload(b"no real video", "v.mp4")).body["id"]
    await settled(immich)
    full = await api.call("GET", f"/assets/{jpeg}/thumbnail?size=fullsize")
    assert (full.status, full.headers["Location"]) == (302, "original?")
    shown = await api.call("GET", f"/assets/{video}/thumbnail?size=original")
    assert (shown.status, shown.headers["Location"]) == (302, f"/api/assets/{video}/thumbnail?size=preview")
    bogus = await api.call("GET", f"/assets/{jpeg}/thumbnail?size=bogus")
    assert (bogus.status, bogus.body["errors"][0]["path"]) == (400, ["size"])


async def test_the_original_comes_back_byte_for_byte(api: Api) -> None:
    data = photo(7)
    asset = (await api.upload(data)).body["id"]
    sent = await api.call("GET", f"/assets/{asset}/original")
    assert (sent.status, sent.body, sent.headers["Content-Type"]) == (200, data, "image/jpeg")


async def test_a_duplicate_is_200_even_when_trashed(api: Api) -> None:
    first = await api.upload(photo(1))
    again = await api.upload(photo(1), "other.jpg")
    assert (first.status, first.body["status"]) == (201, "created")
    assert (again.status, again.body) == (200, {"status": "duplicate", "id": first.body["id"]})
    await api.call("DELETE", "/assets", {"ids": [first.body["id"]]})
    assert (await api.upload(photo(1))).body == {"status": "duplicate", "id": first.body["id"]}


async def test_a_corrupt_file_is_taken_and_never_gets_media(api: Api, immich: SimulatedImmich) -> None:
    sent = await api.upload(b"not a jpeg", "x.jpg")
    await settled(immich)
    media = await api.call("GET", f"/assets/{sent.body['id']}/thumbnail")
    seen = await api.asset(sent.body["id"])
    assert (sent.status, media.status, seen["width"], seen["thumbhash"]) == (201, 404, None, None)
    assert seen["exifInfo"]["dateTimeOriginal"] == "2024-05-01T10:00:00+00:00"


async def test_only_the_extension_is_checked(api: Api) -> None:
    refused = await api.upload(photo(1), "x.txt")
    assert (refused.status, refused.body) == (400, {"message": "Unsupported file type x.txt"})


@pytest.mark.parametrize("delays", [SLOW])
async def test_the_capture_time_replaces_the_upload_time_when_metadata_is_read(
    api: Api, immich: SimulatedImmich
) -> None:
    taken = photo(1, taken="2022:03:31 11:31:56", subsec="18", offset="+02:00", make="Canon")
    asset = (await api.upload(taken)).body["id"]
    before = await api.asset(asset)
    await settled(immich)
    after = await api.asset(asset)
    assert before["fileCreatedAt"] == "2024-05-01T10:00:00.000Z"
    assert (before["exifInfo"]["make"], before["width"]) == (None, None)
    assert after["fileCreatedAt"] == "2022-03-31T09:31:56.180Z"
    assert after["localDateTime"] == "2022-03-31T11:31:56.180Z"
    assert after["exifInfo"]["dateTimeOriginal"] == "2022-03-31T09:31:56.18+00:00"
    assert (after["exifInfo"]["timeZone"], after["exifInfo"]["make"]) == ("UTC+2", "Canon")
    assert after["updatedAt"] > before["updatedAt"]


async def test_sizes_are_oriented_but_exif_sizes_as_stored(api: Api, immich: SimulatedImmich) -> None:
    asset = (await api.upload(photo(1, size=(160, 120), orientation=6))).body["id"]
    await settled(immich)
    seen = await api.asset(asset)
    assert (seen["width"], seen["height"]) == (120, 160)
    assert (seen["exifInfo"]["exifImageWidth"], seen["exifInfo"]["exifImageHeight"]) == (160, 120)
    assert seen["exifInfo"]["orientation"] == "6"


async def test_a_video_has_a_duration_and_a_still(api: Api, immich: SimulatedImmich) -> None:
    video = (await api.upload(b"no real video", "v.MOV")).body["id"]
    await settled(immich)
    seen = await api.asset(video)
    assert (seen["type"], seen["duration"], seen["originalMimeType"]) == ("VIDEO", 3000, "video/quicktime")
    assert (await api.call("GET", f"/assets/{video}/thumbnail?size=preview")).status == 200


async def test_keywords_in_the_file_become_tags(api: Api, immich: SimulatedImmich) -> None:
    words = "<digiKam:TagsList><rdf:Seq><rdf:li>People/Marie</rdf:li></rdf:Seq></digiKam:TagsList>"
    asset = (await api.upload(photo(1, xmp=xmp_packet(words)))).body["id"]
    await settled(immich)
    assert [tag["value"] for tag in (await api.asset(asset))["tags"]] == ["People/Marie"]


async def test_missing_dates_are_a_validation_error(api: Api) -> None:
    refused = await api.upload(photo(1), fileCreatedAt="yesterday")
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, ["fileCreatedAt"])
