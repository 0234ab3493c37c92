import asyncio

import pytest

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import SLOW, Api, settled


async def values(api: Api, asset: str) -> list[str]:
    return sorted(tag["value"] for tag in (await api.asset(asset))["tags"])


async def link(api: Api, assets: list[str], *tags: str) -> int:
    body = {"tagIds": [await api.tag(tag) for tag in tags], "assetIds": assets}
    return int((await api.call("PUT", "/tags/assets", body)).body["count"])


async def test_upsert_makes_parents_and_answers_leaves(api: Api) -> None:
    made = (await api.call("PUT", "/tags", {"tags": ["Auto/Receipts/Food", "/lead", "a//b", "", "auto"]})).body
    assert [tag["value"] for tag in made] == ["Auto/Receipts/Food", "lead", "a/b", "auto"]
    listed = (await api.call("GET", "/tags")).body
    known = ["Auto", "Auto/Receipts", "Auto/Receipts/Food", "a", "a/b", "auto", "lead"]
    assert [tag["value"] for tag in listed] == known
    again = (await api.call("PUT", "/tags", {"tags": ["Auto/Receipts/Food"]})).body[0]
    assert again["id"] == made[0]["id"]
    assert again["updatedAt"] > made[0]["updatedAt"]


async def test_create_takes_a_slash_without_a_parent(api: Api) -> None:
    made = await api.call("POST", "/tags", {"name": "x/y"})
    assert (made.status, made.body["name"], made.body["value"]) == (201, "y", "x/y")
    assert "parentId" not in made.body
    twice = await api.call("POST", "/tags", {"name": "x/y"})
    assert (twice.status, twice.body["message"]) == (400, "A tag with that name already exists")


async def test_bulk_counts_new_links_and_skips_strangers(api: Api, other: Api, immich: SimulatedImmich) -> None:
    asset, foreign = await api.add(1), await other.add(2)
    tag = await api.tag("A")
    missing = "00000000-0000-4000-8000-000000000000"
    body = {"tagIds": [tag, missing], "assetIds": [asset, foreign, missing]}
    assert (await api.call("PUT", "/tags/assets", body)).body == {"count": 1}
    assert (await api.call("PUT", "/tags/assets", body)).body == {"count": 0}
    assert [write.changes for write in immich.effective_writes if write.kind == "tag.link"] == [(f"{asset}:A",)]


async def test_single_tag_calls_answer_for_each_id(api: Api, other: Api) -> None:
    one, two, foreign = await api.add(1), await api.add(2), await other.add(3)
    tag = await api.tag("A")
    await api.call("PUT", f"/tags/{tag}/assets", {"ids": [one]})
    added = await api.call("PUT", f"/tags/{tag}/assets", {"ids": [one, two, foreign]})
    assert [(item["success"], item.get("error")) for item in added.body] == [
        (False, "duplicate"),
        (True, None),
        (False, "no_permission"),
    ]
    removed = await api.call("DELETE", f"/tags/{tag}/assets", {"ids": [one, foreign]})
    assert [item.get("error") for item in removed.body] == [None, "not_found"]
    assert (await api.call("POST", f"/tags/{tag}/nosuch", {"ids": [one]})).status == 404


@pytest.mark.parametrize("delays", [SLOW])
async def test_two_tag_calls_within_the_race_lose_the_second(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    first, second = await api.tag("First"), await api.tag("Second")
    await api.call("PUT", "/tags/assets", {"tagIds": [first], "assetIds": [asset]})
    await api.call("PUT", "/tags/assets", {"tagIds": [second], "assetIds": [asset]})
    assert await values(api, asset) == ["First", "Second"]
    await settled(immich)
    assert await values(api, asset) == ["First"]


async def test_one_call_with_several_tags_loses_nothing(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    assert await link(api, [asset], "A", "B", "C") == 3
    await settled(immich)
    assert await values(api, asset) == ["A", "B", "C"]


async def test_calls_apart_lose_nothing(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    for tag in ("A", "B"):
        await link(api, [asset], tag)
        await settled(immich)
    assert await values(api, asset) == ["A", "B"]


async def test_tagging_beside_archiving_loses_nothing(api: Api, immich: SimulatedImmich) -> None:
    for shade, tag_first in ((1, True), (2, False)):
        asset, tag = await api.add(shade), await api.tag("A")
        calls = [
            ("PUT", "/tags/assets", {"tagIds": [tag], "assetIds": [asset]}),
            ("PUT", "/assets", {"ids": [asset], "visibility": "archive"}),
        ]
        for call in calls if tag_first else calls[::-1]:
            await api.call(*call)
        await settled(immich)
        assert await values(api, asset) == ["A"]
        assert (await api.asset(asset))["visibility"] == "archive"


async def test_a_deleted_tag_comes_back_from_the_xmp(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await link(api, [asset], "Auto/Food")
    await settled(immich)
    old = (await api.asset(asset))["tags"][0]["id"]
    before = (await api.asset(asset))["updatedAt"]
    assert (await api.call("DELETE", f"/tags/{old}")).status == 204
    assert await values(api, asset) == []
    assert (await api.asset(asset))["updatedAt"] == before
    await api.call("POST", "/assets/jobs", {"assetIds": [asset], "name": "refresh-metadata"})
    await settled(immich)
    back = (await api.asset(asset))["tags"]
    assert [tag["value"] for tag in back] == ["Auto/Food"]
    assert back[0]["id"] != old


async def test_untagging_first_removes_for_good(api: Api, immich: SimulatedImmich) -> None:
    asset, tag = await api.add(1), await api.tag("A")
    await link(api, [asset], "A")
    await settled(immich)
    await api.call("DELETE", f"/tags/{tag}/assets", {"ids": [asset]})
    await settled(immich)
    await api.call("DELETE", f"/tags/{tag}")
    await api.call("POST", "/assets/jobs", {"assetIds": [asset], "name": "refresh-metadata"})
    await settled(immich)
    assert await values(api, asset) == []


async def test_deleting_a_parent_deletes_below(api: Api) -> None:
    parent = (await api.call("PUT", "/tags", {"tags": ["Auto/A", "Auto/B"]})).body[0]["parentId"]
    await api.call("DELETE", f"/tags/{parent}")
    assert (await api.call("GET", "/tags")).body == []


@pytest.mark.parametrize("delays", [SLOW])
async def test_the_updated_at_moves_with_the_jobs_not_the_call(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    before = (await api.asset(asset))["updatedAt"]
    await link(api, [asset], "A")
    at_once = (await api.asset(asset))["updatedAt"]
    await settled(immich)
    assert at_once == before < (await api.asset(asset))["updatedAt"]


async def test_no_rename_only_a_colour(api: Api) -> None:
    tag = await api.tag("A")
    assert (await api.call("PUT", f"/tags/{tag}", {"color": "#ff0000"})).body["color"] == "#ff0000"
    refused = await api.call("PUT", f"/tags/{tag}", {"name": "Z"})
    assert (refused.status, refused.body["message"]) == (500, "Failed to update tag")


async def test_parallel_upserts_make_one_tag(api: Api) -> None:
    made = await asyncio.gather(*(api.tag("Auto/Same") for _ in range(10)))
    assert len(set(made)) == 1


async def test_foreign_tags_are_not_found(api: Api, other: Api) -> None:
    tag = await api.tag("A")
    refused = await other.call("GET", f"/tags/{tag}")
    assert (refused.status, refused.body["message"]) == (400, "Not found or no tag.read access")
