"""What undo asks of Immich: unlinking tags, showing photos again, taking stacks apart (facts sections 4 to 6)."""

import pytest

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import Answer, Api, Delays, settled
from tests.immich_simulator.test_stacks import members, photos, refusal, stack

RACY = Delays(tag_race=0.25)
MISSING = "00000000-0000-4000-8000-000000000000"


async def values(api: Api, asset: str) -> list[str]:
    return sorted(tag["value"] for tag in (await api.asset(asset))["tags"])


async def unlink(api: Api, tag: str, *assets: str) -> Answer:
    return await api.call("DELETE", f"/tags/{tag}/assets", {"ids": list(assets)})


async def tagged(api: Api, immich: SimulatedImmich, *names: str) -> tuple[str, list[str]]:
    asset = await api.add(1)
    tags = [await api.tag(name) for name in names]
    await api.call("PUT", "/tags/assets", {"tagIds": tags, "assetIds": [asset]})
    await settled(immich)
    return asset, tags


async def test_each_id_of_an_unlink_has_its_outcome(api: Api, immich: SimulatedImmich) -> None:
    asset, (tag,) = await tagged(api, immich, "A")
    answer = await unlink(api, tag, asset, MISSING)
    assert (answer.status, answer.body) == (
        200,
        [{"id": asset, "success": True}, {"id": MISSING, "success": False, "error": "not_found"}],
    )
    assert (await unlink(api, tag, asset)).body[0]["error"] == "not_found"
    assert refusal(await unlink(api, MISSING, asset)) == (400, "Not found or no tag.asset access")


@pytest.mark.parametrize("delays", [RACY])
async def test_the_second_of_two_quick_unlinks_is_lost(api: Api, immich: SimulatedImmich) -> None:
    asset, (a, b, _) = await tagged(api, immich, "A", "B", "C")
    await unlink(api, a, asset)
    await unlink(api, b, asset)
    assert await values(api, asset) == ["C"]
    await settled(immich)
    assert await values(api, asset) == ["B", "C"]
    await unlink(api, b, asset)
    await settled(immich)
    assert await values(api, asset) == ["C"]


@pytest.mark.parametrize("delays", [RACY])
async def test_an_unlink_right_after_a_link_is_lost(api: Api, immich: SimulatedImmich) -> None:
    asset, tag = await api.add(1), await api.tag("A")
    await settled(immich)
    await api.call("PUT", "/tags/assets", {"tagIds": [tag], "assetIds": [asset]})
    await unlink(api, tag, asset)
    await settled(immich)
    assert await values(api, asset) == ["A"]


@pytest.mark.parametrize("delays", [RACY])
async def test_an_unlink_moves_updated_at_with_the_jobs(api: Api, immich: SimulatedImmich) -> None:
    asset, (tag,) = await tagged(api, immich, "A")
    before = (await api.asset(asset))["updatedAt"]
    await unlink(api, tag, asset)
    assert (await api.asset(asset))["updatedAt"] == before
    await settled(immich)
    assert (await api.asset(asset))["updatedAt"] > before


async def test_visibility_of_trashed_and_archived_photos(api: Api, immich: SimulatedImmich) -> None:
    trashed, archived = await photos(api, 2)
    await api.call("DELETE", "/assets", {"ids": [trashed]})
    await api.call("PUT", "/assets", {"ids": [archived], "visibility": "archive"})
    await settled(immich)
    written, before = len(immich.effective_writes), (await api.asset(archived))["updatedAt"]

    again = {"ids": [trashed, archived], "visibility": "archive"}
    assert (await api.call("PUT", "/assets", again)).status == 204
    assert [write.changes for write in immich.effective_writes[written:]] == [(f"{trashed}:visibility=archive",)]
    assert (await api.asset(archived))["updatedAt"] > before
    found = await api.asset(trashed)
    assert (found["isTrashed"], found["visibility"]) == (True, "archive")

    assert (await api.call("PUT", "/assets", again | {"visibility": "timeline"})).status == 204
    await api.call("POST", "/trash/restore/assets", {"ids": [trashed]})
    assert [(await api.asset(one))["visibility"] for one in (trashed, archived)] == ["timeline"] * 2
    refused = await api.call("PUT", "/assets", {"ids": [archived, MISSING], "visibility": "archive"})
    assert refusal(refused) == (400, "Not found or no asset.update access")


async def test_trashed_members_leave_the_list_and_stay_in_the_stack(api: Api) -> None:
    a, b, c = await photos(api, 3)
    path = f"/stacks/{(await stack(api, a, b, c))['id']}"
    await api.call("DELETE", "/assets", {"ids": [b]})
    assert members((await api.call("GET", path)).body) == [a, c]
    assert (await api.asset(b))["stack"]["primaryAssetId"] == a
    assert (await api.call("DELETE", path)).status == 204
    await api.call("POST", "/trash/restore/assets", {"ids": [b]})
    assert [(await api.asset(one))["stack"] for one in (a, b, c)] == [None] * 3
    assert refusal(await api.call("DELETE", path)) == (400, "Not found or no stack.delete access")
    assert refusal(await api.call("DELETE", f"{path}/assets/{b}")) == (400, "Not found or no stack.update access")


async def test_a_stack_of_one_is_dissolved_too(api: Api) -> None:
    a, b = await photos(api, 2)
    path = f"/stacks/{(await stack(api, a, b))['id']}"
    assert (await api.call("DELETE", f"{path}/assets/{b}")).status == 204
    assert members((await api.call("GET", path)).body) == [a]
    assert (await api.call("DELETE", path)).status == 204
    assert (await api.asset(a))["stack"] is None


async def test_a_force_deleted_member_and_cover(api: Api) -> None:
    """As captured (713 to 725): the next cover is who stood first as the stack was posted, not the oldest."""
    a, b, c, d = await photos(api, 4)
    path = f"/stacks/{(await stack(api, c, a, b, d))['id']}"
    await api.call("PUT", path, {"primaryAssetId": b})
    await api.call("DELETE", "/assets", {"ids": [d], "force": True})
    assert members((await api.call("GET", path)).body) == [b, a, c]
    await api.call("DELETE", "/assets", {"ids": [b]})
    trashed = (await api.call("GET", path)).body
    assert (trashed["primaryAssetId"], members(trashed)) == (b, [a, c])
    await api.call("DELETE", "/assets", {"ids": [b], "force": True})
    promoted = (await api.call("GET", path)).body
    assert (promoted["primaryAssetId"], members(promoted)) == (c, [c, a])
