import asyncio
import json
from typing import Any

import pytest

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import SLOW, Api, settled
from tests.immich_simulator.photos import photo
from tests.immich_simulator.shapes import CAPTURES, needs_captures

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
    await asyncio.sleep(0.002)  # times are told in milliseconds
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


@pytest.mark.parametrize("delays", [SLOW])
async def test_a_date_is_shown_at_once_and_moves_the_photo_with_the_jobs(api: Api, immich: SimulatedImmich) -> None:
    asset = str((await api.upload(photo(1, taken="2024:05:01 10:00:00"))).body["id"])
    await settled(immich)
    before = await api.asset(asset)
    put = await api.call("PUT", f"/assets/{asset}", {"dateTimeOriginal": "2020-01-02T03:04:05.000+02:00"})
    assert put.body["exifInfo"]["dateTimeOriginal"] == "2020-01-02T01:04:05+00:00"
    assert (put.body["fileCreatedAt"], put.body["updatedAt"]) == (before["fileCreatedAt"], before["updatedAt"])
    await settled(immich)
    seen = await api.asset(asset)
    assert (seen["fileCreatedAt"], seen["localDateTime"]) == ("2020-01-02T01:04:05.000Z", "2020-01-02T03:04:05.000Z")
    assert seen["exifInfo"]["dateTimeOriginal"] == "2020-01-02T01:04:05+00:00"
    assert seen["updatedAt"] > before["updatedAt"]
    assert (await api.call("PUT", f"/assets/{asset}", {"dateTimeOriginal": "yesterday"})).status == 400


async def test_many_are_dated_in_one_call(api: Api, immich: SimulatedImmich) -> None:
    assets = [await api.add(n) for n in range(2)]
    await settled(immich)
    body = {"ids": assets, "dateTimeOriginal": "2020-01-02T03:04:05.000Z"}
    assert (await api.call("PUT", "/assets", body)).status == 204
    await settled(immich)
    assert {(await api.asset(asset))["fileCreatedAt"] for asset in assets} == {"2020-01-02T03:04:05.000Z"}


class Bumping:
    """Does each recorded action to a photo of its own."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.assets: dict[str, str] = {}

    async def prepare(self, number: int, name: str) -> dict[str, Any]:
        """Upload the action's photo and bring it into the state in which the action finds it."""
        asset = self.assets[name] = await self.api.add(number)
        told: dict[str, Any] = {"id": asset}
        if name.startswith("DELETE /tags"):
            told["tag"] = await self.api.tag(f"T{number}")
            await self.api.call("PUT", "/tags/assets", {"tagIds": [told["tag"]], "assetIds": [asset]})
        if "person" in name or name == "POST /faces":
            told["person"] = (await self.api.call("POST", "/people", {"name": "Alice"})).body["id"]
        if "person" in name:
            await self.face(told)
        if "/stacks" in name:
            told["other"] = await self.api.add(100 + number)
        if name in ("PUT /stacks primary", "DELETE /stacks/{id}"):
            stack = await self.api.call("POST", "/stacks", {"assetIds": [asset, told["other"]]})
            told["stack"] = stack.body["id"]
        if name == "PUT /assets/{id} same value":
            await self.api.call("PUT", f"/assets/{asset}", {"isFavorite": True})
        if name == "restore":
            await self.api.call("DELETE", "/assets", {"ids": [asset]})
        return told

    async def face(self, told: dict[str, Any]) -> Any:
        box = {"imageWidth": 160, "imageHeight": 120, "x": 20, "y": 20, "width": 50, "height": 50}
        return await self.api.call("POST", "/faces", {"personId": told["person"], "assetId": told["id"], **box})

    async def act(self, name: str, told: dict[str, Any]) -> None:
        asset, tag, person = told["id"], told.get("tag", ""), told.get("person", "")
        ids = {"ids": [asset]}
        calls: dict[str, tuple[str, str, Any]] = {
            "DELETE /tags/{id}/assets": ("DELETE", f"/tags/{tag}/assets", ids),
            "DELETE /tags/{id} (tag on asset)": ("DELETE", f"/tags/{tag}", None),
            "PUT /assets/{id} isFavorite": ("PUT", f"/assets/{asset}", {"isFavorite": True}),
            "PUT /assets/{id} same value": ("PUT", f"/assets/{asset}", {"isFavorite": True}),
            "PUT /assets visibility": ("PUT", "/assets", ids | {"visibility": "archive"}),
            "PUT /assets description": ("PUT", "/assets", ids | {"description": "hello"}),
            "rename person on asset": ("PUT", f"/people/{person}", {"name": "Bob"}),
            "delete person": ("DELETE", f"/people/{person}", None),
            "POST /stacks": ("POST", "/stacks", {"assetIds": [asset, told.get("other")]}),
            "PUT /stacks primary": ("PUT", f"/stacks/{told.get('stack')}", {"primaryAssetId": told.get("other")}),
            "DELETE /stacks/{id}": ("DELETE", f"/stacks/{told.get('stack')}", None),
            "PUT /assets/{id}/metadata": ("PUT", f"/assets/{asset}/metadata", {"items": [{"key": "k", "value": {}}]}),
            "GET asset": ("GET", f"/assets/{asset}", None),
            "trash": ("DELETE", "/assets", ids),
            "restore": ("POST", "/trash/restore/assets", ids),
        }
        for job in ("refresh-metadata", "regenerate-thumbnail"):
            calls[f"POST /assets/jobs {job}"] = ("POST", "/assets/jobs", {"assetIds": [asset], "name": job})
        if name == "PUT /tags/assets":
            body = {"tagIds": [await self.api.tag("New")], "assetIds": [asset]}
            calls[name] = ("PUT", "/tags/assets", body)
        answer = await self.face(told) if name == "POST /faces" else await self.api.call(*calls[name])
        assert answer.status < 300, name

    async def updated_at(self, name: str) -> str:
        return str((await self.api.asset(self.assets[name]))["updatedAt"])


@needs_captures
@pytest.mark.parametrize("delays", [SLOW])
async def test_updated_at_moves_as_it_was_measured(api: Api, immich: SimulatedImmich) -> None:
    recorded = json.loads((CAPTURES / "_updatedAt-bumps.json").read_text())
    del recorded["add to album"]  # there are no albums here
    measured = {name: (bumps["sync"], bumps["after_jobs"]) for name, bumps in recorded.items()}
    bumping = Bumping(api)
    told = {name: await bumping.prepare(number, name) for number, name in enumerate(measured)}
    await settled(immich)
    at_once: dict[str, str] = {}
    found: dict[str, bool] = {}
    for name in measured:
        before = await bumping.updated_at(name)
        await bumping.act(name, told[name])
        at_once[name] = await bumping.updated_at(name)
        found[name] = at_once[name] > before
    await settled(immich)
    assert {name: (found[name], await bumping.updated_at(name) > at_once[name]) for name in measured} == measured


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


async def test_a_turned_photo_stays_turned_when_its_metadata_is_read_again(api: Api, immich: SimulatedImmich) -> None:
    """A rating is written to the file in the background, after which the metadata is read again."""
    asset = await api.add(1)
    await settled(immich)

    async def size() -> tuple[int, int]:
        shown = await api.asset(asset)
        return shown["width"], shown["height"]

    upright = await size()
    turn = {"edits": [{"action": "rotate", "parameters": {"angle": 90}}]}
    await api.call("PUT", f"/assets/{asset}/edits", turn)
    for _ in range(2):
        assert await size() == upright[::-1] != upright
        await api.call("POST", "/assets/jobs", {"assetIds": [asset], "name": "refresh-metadata"})
        await settled(immich)
    await api.call("DELETE", f"/assets/{asset}/edits")
    assert await size() == upright
