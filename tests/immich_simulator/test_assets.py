import pytest

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import SLOW, Api, settled

MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("delays", [SLOW])
async def test_archiving_bumps_at_once_and_again_with_the_jobs(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    times = [(await api.asset(asset))["updatedAt"]]
    assert (await api.call("PUT", "/assets", {"ids": [asset], "visibility": "archive"})).status == 204
    times.append((await api.asset(asset))["updatedAt"])
    await settled(immich)
    times.append((await api.asset(asset))["updatedAt"])
    assert times == sorted(set(times))
    seen = await api.asset(asset)
    assert (seen["visibility"], seen["isArchived"]) == ("archive", True)


async def test_one_bad_id_changes_nothing(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    refused = await api.call("PUT", "/assets", {"ids": [asset, MISSING], "visibility": "archive"})
    assert (refused.status, refused.body) == (400, {"message": "Not found or no asset.update access"})
    assert (await api.asset(asset))["visibility"] == "timeline"
    assert [write.kind for write in immich.effective_writes] == ["upload"]


async def test_locking_is_one_way(api: Api) -> None:
    asset = await api.add(1)
    assert (await api.call("PUT", "/assets", {"ids": [asset], "visibility": "locked"})).status == 204
    gone = await api.call("GET", f"/assets/{asset}")
    assert (gone.status, gone.body["message"]) == (400, "Not found or no asset.read access")
    back = await api.call("PUT", "/assets", {"ids": [asset], "visibility": "timeline"})
    assert (back.status, back.body["message"]) == (400, "Not found or no asset.update access")
    assert await api.search() == []


async def test_the_same_favourite_again_bumps_but_is_no_effective_write(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    first = (await api.call("PUT", f"/assets/{asset}", {"isFavorite": True})).body
    second = (await api.call("PUT", f"/assets/{asset}", {"isFavorite": True})).body
    assert second["updatedAt"] > first["updatedAt"]
    assert [write.changes for write in immich.effective_writes[1:]] == [(f"{asset}:isFavorite=True",)]


@pytest.mark.parametrize("delays", [SLOW])
async def test_a_description_bumps_only_with_the_jobs_and_stays(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    before = (await api.asset(asset))["updatedAt"]
    await api.call("PUT", f"/assets/{asset}", {"description": "hello"})
    assert (await api.asset(asset))["updatedAt"] == before
    await settled(immich)
    seen = await api.asset(asset)
    assert (seen["exifInfo"]["description"], seen["updatedAt"] > before) == ("hello", True)


async def test_trash_restore_and_delete(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    assert (await api.call("DELETE", "/assets", {"ids": [asset]})).status == 204
    assert (await api.asset(asset))["isTrashed"] is True
    assert (await api.call("GET", f"/assets/{asset}/thumbnail")).status == 200
    tagged = await api.call("PUT", "/tags/assets", {"tagIds": [await api.tag("A")], "assetIds": [asset]})
    assert tagged.body == {"count": 1}
    assert (await api.call("POST", "/trash/restore/assets", {"ids": [asset]})).body == {"count": 1}
    assert (await api.asset(asset))["isTrashed"] is False
    await api.call("DELETE", "/assets", {"ids": [asset], "force": True})
    gone = await api.call("GET", f"/assets/{asset}")
    assert (gone.status, gone.body["message"]) == (400, "Not found or no asset.read access")


async def test_free_metadata_bumps_nothing(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    before = (await api.asset(asset))["updatedAt"]
    items = {"items": [{"key": "reactor", "value": {"v": 1}}]}
    put = await api.call("PUT", f"/assets/{asset}/metadata", items)
    read = await api.call("GET", f"/assets/{asset}/metadata")
    assert put.body == read.body
    assert [(item["key"], item["value"]) for item in read.body] == [("reactor", {"v": 1})]
    assert (await api.asset(asset))["updatedAt"] == before


async def test_patch_does_what_put_does(api: Api) -> None:
    asset = await api.add(1)
    assert (await api.call("PATCH", "/assets", {"ids": [asset], "visibility": "archive"})).status == 204
    assert (await api.asset(asset))["visibility"] == "archive"


async def test_nested_times_have_microseconds(api: Api) -> None:
    one, two = await api.add(1), await api.add(2)
    stack = (await api.call("POST", "/stacks", {"assetIds": [one, two]})).body
    nested, top = stack["assets"][0]["createdAt"], (await api.asset(one))["createdAt"]
    assert nested.endswith("+00:00")
    assert top.endswith("Z")
    assert nested[:23].rstrip("+0") == top[:23].rstrip("0")
