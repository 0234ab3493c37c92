import asyncio
from typing import Any

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import Answer, Api, settled


async def photos(api: Api, count: int) -> list[str]:
    times = [f"2024-05-01T10:00:0{n}Z" for n in range(count)]
    return [await api.add(n, fileCreatedAt=time, fileModifiedAt=time) for n, time in enumerate(times)]


async def stack(api: Api, *ids: str) -> Any:
    made = await api.call("POST", "/stacks", {"assetIds": list(ids)})
    assert made.status == 201
    return made.body


def members(body: Any) -> list[str]:
    return [asset["id"] for asset in body["assets"]]


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["message"]


async def test_the_first_id_is_primary_and_comes_first(api: Api) -> None:
    a, b, c = await photos(api, 3)
    made = await stack(api, c, a, b)
    assert made["primaryAssetId"] == c
    assert members(made) == [c, a, b]
    assert (await api.asset(a))["stack"] == {"id": made["id"], "primaryAssetId": c, "assetCount": 3}
    assert "tags" not in made["assets"][0]
    assert "tags" in (await api.call("GET", f"/stacks/{made['id']}")).body["assets"][0]


async def test_extending_issues_a_new_id_and_takes_all_members_along(api: Api) -> None:
    a, b, c = await photos(api, 3)
    old = await stack(api, a, b)
    new = await stack(api, a, c)
    assert new["id"] != old["id"]
    assert members(new) == [a, b, c]
    assert refusal(await api.call("GET", f"/stacks/{old['id']}")) == (400, "Not found or no stack.read access")
    gone = await api.call("PUT", f"/stacks/{old['id']}", {"primaryAssetId": a})
    assert refusal(gone) == (400, "Not found or no stack.update access")


async def test_a_new_first_id_becomes_the_cover(api: Api) -> None:
    a, b, c = await photos(api, 3)
    await stack(api, a, b)
    assert (await stack(api, c, a))["primaryAssetId"] == c


async def test_posting_a_child_steals_it_alone(api: Api) -> None:
    a, b, c = await photos(api, 3)
    old = await stack(api, a, b)
    new = await stack(api, c, b)
    assert members(new) == [c, b]
    assert members((await api.call("GET", f"/stacks/{old['id']}")).body) == [a]


async def test_two_primaries_merge_their_stacks(api: Api) -> None:
    a, b, c, d = await photos(api, 4)
    await stack(api, a, b)
    await stack(api, c, d)
    assert members(await stack(api, c, a)) == [c, a, b, d]
    assert len((await api.call("GET", "/stacks")).body) == 1


async def test_parallel_posts_on_the_same_assets_break_the_loser(api: Api) -> None:
    a, b = await photos(api, 2)
    both = await asyncio.gather(*(api.call("POST", "/stacks", {"assetIds": [a, b]}) for _ in range(2)))
    assert sorted(answer.status for answer in both) == [201, 500]
    loser = next(answer for answer in both if answer.status == 500)
    assert loser.body == {"message": "Failed to create stack"}
    assert len((await api.call("GET", "/stacks")).body) == 1


async def test_one_id_is_too_few_but_the_same_twice_is_a_stack_of_one(api: Api) -> None:
    (a,) = await photos(api, 1)
    assert (await api.call("POST", "/stacks", {"assetIds": [a]})).body["errors"][0]["path"] == ["assetIds"]
    assert members(await stack(api, a, a)) == [a]


async def test_a_foreign_or_missing_id_makes_nothing(api: Api, other: Api) -> None:
    (a,), foreign = await photos(api, 1), await other.add(9)
    for stranger in (foreign, "00000000-0000-4000-8000-000000000000"):
        refused = await api.call("POST", "/stacks", {"assetIds": [a, stranger]})
        assert refusal(refused) == (400, "Not found or no asset.update access")
    assert (await api.call("GET", "/stacks")).body == []


async def test_found_by_primary_only(api: Api) -> None:
    a, b = await photos(api, 2)
    made = await stack(api, a, b)
    assert [one["id"] for one in (await api.call("GET", f"/stacks?primaryAssetId={a}")).body] == [made["id"]]
    assert (await api.call("GET", f"/stacks?primaryAssetId={b}")).body == []


async def test_changing_the_primary_bumps_nothing(api: Api, immich: SimulatedImmich) -> None:
    a, b, c = await photos(api, 3)
    await settled(immich)
    made = await stack(api, a, b)
    before = [(await api.asset(one))["updatedAt"] for one in (a, b)]
    changed = await api.call("PUT", f"/stacks/{made['id']}", {"primaryAssetId": b})
    assert members(changed.body) == [b, a]
    assert [(await api.asset(one))["updatedAt"] for one in (a, b)] == before
    refused = await api.call("PUT", f"/stacks/{made['id']}", {"primaryAssetId": c})
    assert refusal(refused) == (400, "Primary asset must be in the stack")


async def test_stacking_and_unstacking_bump_the_members(api: Api, immich: SimulatedImmich) -> None:
    a, b = await photos(api, 2)
    await settled(immich)
    times = [(await api.asset(a))["updatedAt"]]
    made = await stack(api, a, b)
    times.append((await api.asset(a))["updatedAt"])
    assert (await api.call("DELETE", f"/stacks/{made['id']}")).status == 204
    times.append((await api.asset(a))["updatedAt"])
    assert times == sorted(set(times))
    assert (await api.asset(b))["stack"] is None


async def test_the_primary_cannot_be_removed_and_a_stack_of_one_stays(api: Api) -> None:
    a, b, c = await photos(api, 3)
    path = f"/stacks/{(await stack(api, a, b))['id']}"
    primary = await api.call("DELETE", f"{path}/assets/{a}")
    assert refusal(primary) == (400, "Cannot remove stack's primary asset")
    assert refusal(await api.call("DELETE", f"{path}/assets/{c}")) == (400, "Asset not in stack")
    assert (await api.call("DELETE", f"{path}/assets/{b}")).status == 204
    assert members((await api.call("GET", path)).body) == [a]
    assert (await api.asset(a))["stack"]["assetCount"] == 1


async def test_bulk_delete_is_all_or_nothing(api: Api) -> None:
    a, b = await photos(api, 2)
    made = (await stack(api, a, b))["id"]
    missing = "00000000-0000-4000-8000-000000000000"
    refused = await api.call("DELETE", "/stacks", {"ids": [made, missing]})
    assert refusal(refused) == (400, "Not found or no stack.delete access")
    assert (await api.asset(a))["stack"]["id"] == made
    assert (await api.call("DELETE", "/stacks", {"ids": [made]})).status == 204


async def test_a_trashed_primary_leaves_the_list_and_a_deleted_one_is_replaced(api: Api) -> None:
    a, b, c = await photos(api, 3)
    path = f"/stacks/{(await stack(api, a, b, c))['id']}"
    await api.call("DELETE", "/assets", {"ids": [a]})
    trashed = (await api.call("GET", path)).body
    assert (trashed["primaryAssetId"], members(trashed)) == (a, [b, c])
    await api.call("POST", "/trash/restore/assets", {"ids": [a]})
    assert members((await api.call("GET", path)).body) == [a, b, c]
    await api.call("DELETE", "/assets", {"ids": [a], "force": True})
    promoted = (await api.call("GET", path)).body
    assert (promoted["primaryAssetId"], members(promoted)) == (b, [b, c])


async def test_the_asset_counts_trashed_but_not_archived_members(api: Api) -> None:
    a, b, c = await photos(api, 3)
    made = await stack(api, a, b, c)
    await api.call("PUT", "/assets", {"ids": [b], "visibility": "archive"})
    await api.call("DELETE", "/assets", {"ids": [c]})
    assert (await api.asset(a))["stack"]["assetCount"] == 2
    assert members((await api.call("GET", f"/stacks/{made['id']}")).body) == [a, b]
