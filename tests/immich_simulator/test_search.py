from datetime import datetime, timedelta
from typing import Any

import pytest

from reactor.demo.immich import SimulatedImmich, User
from tests.immich_simulator.conftest import Api, settled
from tests.immich_simulator.photos import photo


async def taken(api: Api, count: int) -> list[str]:
    """Upload pictures whose capture times run against their upload order; return ids, newest capture first."""
    return [
        str((await api.upload(photo(n, taken=f"2024:05:01 10:00:{30 - n:02d}"), f"{n}.jpg")).body["id"])
        for n in range(count)
    ]


async def test_order_is_by_capture_time_and_pages_are_offsets(api: Api, immich: SimulatedImmich) -> None:
    ids = await taken(api, 5)
    await settled(immich)
    assert await api.search() == ids
    assert await api.search(order="asc") == ids[::-1]
    first = (await api.call("POST", "/search/metadata", {"size": 2, "page": 1})).body["assets"]
    last = (await api.call("POST", "/search/metadata", {"size": 2, "page": 3})).body["assets"]
    assert (first["total"], first["count"], first["nextPage"]) == (2, 2, "2")
    assert (last["total"], last["nextPage"], [item["id"] for item in last["items"]]) == (1, None, ids[4:])
    beyond = (await api.call("POST", "/search/metadata", {"size": 2, "page": 9})).body["assets"]
    assert (beyond["items"], beyond["nextPage"]) == ([], None)


@pytest.mark.parametrize(
    "filters",
    [
        {"size": 1001},
        {"size": 0},
        {"page": 0},
        {"page": "2"},
        {"createdAfter": "2026-01-01"},
        {"createdAfter": "2026-01-01T00:00:00"},
        {"createdAfter": 1763000000000},
        {"updatedAfter": None},
        {"visibility": "all"},
        {"order": "up"},
        {"tagIds": ["not-a-uuid"]},
        {"id": "00000000-0000-1000-8000-000000000000"},
    ],
)
async def test_bad_filters_are_400(api: Api, filters: dict[str, Any]) -> None:
    refused = await api.call("POST", "/search/metadata", filters)
    assert (refused.status, refused.body["message"]) == (400, "Validation failed")
    assert refused.body["errors"][0]["path"][0] in filters


async def test_created_after_is_inclusive_and_created_before_drops_the_same_item(api: Api) -> None:
    asset = await api.add(1)
    created = (await api.asset(asset))["createdAt"]
    assert await api.search(createdAfter=created) == [asset]
    assert await api.search(createdBefore=created) == []
    later = datetime.fromisoformat(created) + timedelta(milliseconds=1)
    assert await api.search(createdBefore=later.isoformat()) == [asset]
    assert await api.search(createdAfter=later.isoformat()) == []


async def test_what_changed_is_found_by_its_new_time_and_by_no_other(api: Api, immich: SimulatedImmich) -> None:
    calm, changed, trashed = [await api.add(n) for n in range(3)]
    await settled(immich)
    since = max([(await api.asset(one))["updatedAt"] for one in (calm, changed, trashed)])
    after = (datetime.fromisoformat(since) + timedelta(milliseconds=1)).isoformat()
    assert await api.search(updatedAfter=after, withDeleted=True) == []
    await api.call("PUT", "/assets", {"ids": [changed], "visibility": "archive"})
    await api.call("DELETE", "/assets", {"ids": [trashed]})
    assert await api.search(updatedAfter=after, withDeleted=True, visibility="timeline") == [trashed]
    assert await api.search(updatedAfter=after, withDeleted=True, visibility="archive") == [changed]
    assert await api.search(updatedAfter=after) == [changed]
    assert await api.search(updatedBefore=after) == [calm]
    await api.call("POST", "/trash/restore/assets", {"ids": [trashed]})
    assert await api.search(updatedAfter=after, visibility="timeline") == [trashed]


async def test_unknown_fields_are_ignored(api: Api) -> None:
    asset = await api.add(1)
    assert await api.search(cretedAfter="2999-01-01T00:00:00Z") == [asset]


async def test_default_visibility_includes_hidden_and_archive(api: Api) -> None:
    plain, hidden = await api.add(1), await api.add(2, visibility="hidden")
    archived = await api.add(3, visibility="archive")
    assert set(await api.search()) == {plain, hidden, archived}
    assert await api.search(visibility="timeline") == [plain]
    assert await api.search(visibility="archive") == [archived]
    locked = await api.call("POST", "/search/metadata", {"visibility": "locked"})
    assert (locked.status, locked.body["message"]) == (401, "Elevated permission is required")


async def test_items_lack_stack_tags_and_owner_and_carry_the_rest_on_request(api: Api, immich: SimulatedImmich) -> None:
    await api.add(1)
    await settled(immich)
    plain = (await api.call("POST", "/search/metadata", {})).body["assets"]["items"][0]
    rich = (
        await api.call("POST", "/search/metadata", {"withExif": True, "withPeople": True, "withStacked": True})
    ).body
    assert not {"stack", "tags", "owner", "exifInfo"} & plain.keys()
    assert plain["people"] == []
    assert {"stack", "tags", "owner", "exifInfo"} & rich["assets"]["items"][0].keys() == {"exifInfo"}


async def test_trashed_only_with_deleted(api: Api) -> None:
    asset = await api.add(1)
    await api.call("DELETE", "/assets", {"ids": [asset]})
    assert await api.search(id=asset) == []
    assert await api.search(id=asset, withDeleted=True) == [asset]


async def test_with_stacked_false_drops_primaries_too(api: Api) -> None:
    one, two, three = [await api.add(n) for n in range(3)]
    await api.call("POST", "/stacks", {"assetIds": [one, two]})
    assert await api.search(withStacked=False) == [three]
    assert set(await api.search(withStacked=True)) == {one, two, three}


async def test_tag_ids_match_below_and_null_means_untagged(api: Api) -> None:
    one, two = await api.add(1), await api.add(2)
    leaf = await api.call("PUT", "/tags", {"tags": ["Auto/Food"]})
    await api.call("PUT", "/tags/assets", {"tagIds": [leaf.body[0]["id"]], "assetIds": [one]})
    assert await api.search(tagIds=[leaf.body[0]["parentId"]]) == [one]
    assert await api.search(tagIds=[leaf.body[0]["id"], await api.tag("Else")]) == []
    assert await api.search(tagIds=None) == [two]


async def test_names_match_as_accent_free_parts(api: Api) -> None:
    asset = await api.add(1, "Café-12.jpg")
    await api.add(2, "other.jpg")
    assert await api.search(originalFileName="cafe") == [asset]


async def test_checksums_as_hex_and_base64(api: Api) -> None:
    asset = await api.add(1)
    checksum = (await api.asset(asset))["checksum"]
    assert await api.search(checksum=checksum) == [asset]
    assert await api.search(checksum="00" * 20) == []


async def test_a_library_scan_gives_one_created_at(api: Api, immich: SimulatedImmich, ann: User) -> None:
    ids = await immich.import_library(ann.id, [(f"{n}.jpg", photo(n)) for n in range(4)])
    items = (await api.call("POST", "/search/metadata", {})).body["assets"]["items"]
    assert {item["id"] for item in items} == set(ids)
    assert len({item["createdAt"] for item in items}) == 1
    assert len({item["libraryId"] for item in items}) == 1


async def test_partner_photos_are_found_readable_and_untouchable(
    api: Api, other: Api, immich: SimulatedImmich, ann: User
) -> None:
    theirs = await other.add(1)
    await settled(immich)
    ben = (await other.asset(theirs))["ownerId"]
    assert (await api.call("GET", f"/assets/{theirs}")).status == 400
    immich.share_timeline(ben, ann.id)
    assert await api.search() == await api.search(visibility="timeline") == [theirs]
    assert await api.search(visibility="archive") == []
    assert (await api.call("GET", f"/assets/{theirs}/thumbnail")).status == 200
    tagged = await api.call("PUT", "/tags/assets", {"tagIds": [await api.tag("A")], "assetIds": [theirs]})
    assert tagged.body == {"count": 0}
    assert (await api.call("PUT", "/assets", {"ids": [theirs], "visibility": "archive"})).status == 400
