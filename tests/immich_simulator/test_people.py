import io
from typing import Any

from PIL import Image

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import Api, settled
from tests.immich_simulator.photos import photo


async def person(api: Api, **fields: Any) -> str:
    return str((await api.call("POST", "/people", fields)).body["id"])


async def face(api: Api, asset: str, person_id: str, *, x: int = 20, y: int = 20, size: int = 50) -> int:
    box = {"imageWidth": 160, "imageHeight": 120, "x": x, "y": y, "width": size, "height": size}
    return (await api.call("POST", "/faces", {"personId": person_id, "assetId": asset} | box)).status


async def listed(api: Api, query: str = "") -> list[str]:
    return [one["id"] for one in (await api.call("GET", f"/people{query}")).body["people"]]


async def test_people_without_faces_are_not_listed_but_exist(api: Api) -> None:
    alice = await person(api, name="Alice")
    assert (await api.call("GET", "/people")).body == {"people": [], "hasNextPage": False, "total": 0, "hidden": 0}
    assert (await api.call("GET", f"/people/{alice}")).body["name"] == "Alice"
    thumbnail = await api.call("GET", f"/people/{alice}/thumbnail")
    assert (thumbnail.status, thumbnail.body) == (404, {"message": "Not Found"})


async def test_the_first_face_makes_the_thumbnail(api: Api, immich: SimulatedImmich) -> None:
    asset, alice = await api.add(1), await person(api, name="Alice")
    await settled(immich)
    before = (await api.asset(asset))["updatedAt"]
    assert await face(api, asset, alice) == 201
    await settled(immich)
    thumbnail = await api.call("GET", f"/people/{alice}/thumbnail")
    with Image.open(io.BytesIO(thumbnail.body)) as image:
        assert (image.format, image.size) == ("JPEG", (250, 250))
    assert thumbnail.headers["Cache-Control"] == "private, no-cache, no-transform"
    assert (await api.asset(asset))["updatedAt"] == before
    assert [one["name"] for one in (await api.asset(asset))["people"]] == ["Alice"]


async def test_a_box_outside_the_picture_is_taken_but_makes_no_thumbnail(api: Api, immich: SimulatedImmich) -> None:
    asset, alice = await api.add(1), await person(api, name="Alice")
    await settled(immich)
    assert await face(api, asset, alice, x=-50, y=5000, size=10) == 201
    await settled(immich)
    assert (await api.call("GET", f"/people/{alice}/thumbnail")).status == 404


async def test_unnamed_people_need_three_faces_and_total_counts_them_anyway(api: Api, immich: SimulatedImmich) -> None:
    assets = [await api.add(n) for n in range(3)]
    nobody = immich.recognise(assets[0], box=(1, 1, 50, 50), image_size=(160, 120))
    immich.recognise(assets[1], box=(1, 1, 50, 50), image_size=(160, 120), person_id=nobody)
    two = (await api.call("GET", "/people")).body
    assert (two["people"], two["total"]) == ([], 1)
    immich.recognise(assets[2], box=(1, 1, 50, 50), image_size=(160, 120), person_id=nobody)
    assert await listed(api) == [nobody]
    assert (await api.call("GET", f"/faces?id={assets[0]}")).body[0]["sourceType"] == "machine-learning"


async def test_archiving_the_only_photo_empties_the_list(api: Api) -> None:
    asset, alice = await api.add(1), await person(api, name="Alice")
    await face(api, asset, alice)
    assert await listed(api) == [alice]
    assert (await api.call("GET", f"/people/{alice}/statistics")).body == {"assets": 1}
    await api.call("PUT", "/assets", {"ids": [asset], "visibility": "archive"})
    assert await listed(api) == []
    assert (await api.call("GET", f"/people/{alice}/statistics")).body == {"assets": 0}
    assert (await api.call("GET", f"/people/{alice}")).status == 200


async def test_order_paging_and_hidden_people(api: Api) -> None:
    asset = await api.add(1)
    names = {"plain": {}, "favourite": {"isFavorite": True}, "hidden": {"isHidden": True}}
    ids = {name: await person(api, name=name, **fields) for name, fields in names.items()}
    for one in ids.values():
        await face(api, asset, one)
    assert await listed(api) == [ids["favourite"], ids["plain"]]
    assert await listed(api, "?withHidden=true") == [ids["favourite"], ids["plain"], ids["hidden"]]
    first = (await api.call("GET", "/people?size=1&page=1")).body
    assert (first["people"][0]["id"], first["hasNextPage"], first["total"]) == (ids["favourite"], True, 3)
    assert (await api.call("GET", "/people?size=1&page=2")).body["hasNextPage"] is False
    assert (await api.call("GET", "/people?size=1001")).status == 400


async def test_merging_moves_the_faces_and_ends_the_merged(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    alice, bob = await person(api, name="Alice"), await person(api, name="Bob")
    await settled(immich)
    await face(api, asset, bob)
    await settled(immich)
    before = (await api.call("GET", f"/people/{alice}")).body["updatedAt"]
    missing = "00000000-0000-4000-8000-000000000000"
    merged = await api.call("POST", f"/people/{alice}/merge", {"ids": [bob, missing]})
    assert [(one["success"], one.get("error")) for one in merged.body] == [(True, None), (False, "no_permission")]
    gone = await api.call("GET", f"/people/{bob}")
    assert (gone.status, gone.body["message"]) == (400, "Not found or no person.read access")
    assert (await api.call("GET", f"/people/{bob}/thumbnail")).status == 404
    assert (await api.call("GET", f"/faces?id={asset}")).body[0]["person"]["id"] == alice
    assert (await api.call("GET", f"/people/{alice}")).body["updatedAt"] == before
    itself = await api.call("POST", f"/people/{alice}/merge", {"ids": [alice]})
    assert (itself.status, itself.body["message"]) == (400, "Cannot merge a person into themselves")


async def test_reassigning_a_face_names_the_person_in_the_path(api: Api) -> None:
    asset = await api.add(1)
    alice, bob = await person(api, name="Alice"), await person(api, name="Bob")
    await face(api, asset, alice)
    face_id = (await api.call("GET", f"/faces?id={asset}")).body[0]["id"]
    assert (await api.call("PUT", f"/faces/{bob}", {"id": face_id})).body["name"] == "Bob"
    assert (await api.call("GET", f"/faces?id={asset}")).body[0]["person"]["name"] == "Bob"


async def test_reassigning_what_a_person_shows_on_a_photo(api: Api, other: Api) -> None:
    """cap:839"""
    assets = [await api.add(1), await api.add(2)]
    alice, bob = await person(api, name="Alice"), await person(api, name="Bob")
    for asset in assets:
        await face(api, asset, alice)
    data = {"data": [{"personId": alice, "assetId": assets[0]}]}
    assert (await other.call("PUT", f"/people/{bob}/reassign", data)).status == 400
    answer = await api.call("PUT", f"/people/{bob}/reassign", data)
    assert [(one["id"], one["name"]) for one in answer.body] == [(bob, "Bob")]
    owners = [(await api.call("GET", f"/faces?id={asset}")).body[0]["person"]["name"] for asset in assets]
    assert owners == ["Bob", "Alice"]
    assert (await api.call("PUT", f"/people/{bob}/reassign", data)).body == []
    assert (await api.call("GET", f"/people/{alice}/statistics")).body == {"assets": 1}


async def test_a_name_is_taken_away_and_an_empty_list_still_counts_the_unnamed(api: Api) -> None:
    asset, alice = await api.add(1), await person(api, name="Alice")
    await face(api, asset, alice)
    assert (await api.call("PUT", f"/people/{alice}", {"name": ""})).body["name"] == ""
    assert (await api.call("GET", "/people")).body == {"people": [], "hasNextPage": False, "total": 1, "hidden": 0}
    assert (await api.call("GET", f"/people/{alice}")).body["name"] == ""


async def test_trashing_the_only_photo_empties_the_list_and_restoring_fills_it(api: Api) -> None:
    asset, alice = await api.add(1), await person(api, name="Alice")
    await face(api, asset, alice)
    await api.call("DELETE", "/assets", {"ids": [asset]})
    assert await listed(api) == []
    assert (await api.call("GET", f"/people/{alice}")).status == 200
    await api.call("POST", "/trash/restore/assets", {"ids": [asset]})
    assert await listed(api) == [alice]


async def test_hiding_and_renaming_bump_the_person_and_tell_nobody(api: Api, immich: SimulatedImmich) -> None:
    asset, alice = await api.add(1), await person(api, name="Alice")
    await face(api, asset, alice)
    await settled(immich)
    photo_before, before = (await api.asset(asset))["updatedAt"], (await api.call("GET", f"/people/{alice}")).body
    hidden = (await api.call("PUT", f"/people/{alice}", {"isHidden": True})).body
    renamed = (await api.call("PUT", f"/people/{alice}", {"name": "Alicia"})).body
    assert (hidden["isHidden"], hidden["name"], renamed["name"]) == (True, "Alice", "Alicia")
    assert before["updatedAt"] < hidden["updatedAt"] <= renamed["updatedAt"]
    assert (await api.asset(asset))["updatedAt"] == photo_before
    assert ((await listed(api)), (await listed(api, "?withHidden=true"))) == ([], [alice])


async def test_deleting_a_person_leaves_the_face(api: Api) -> None:
    asset, alice = await api.add(1), await person(api, name="Alice")
    await face(api, asset, alice)
    assert (await api.call("DELETE", f"/people/{alice}")).status == 204
    assert [one["person"] for one in (await api.call("GET", f"/faces?id={asset}")).body] == [None]
    again = await api.call("DELETE", f"/people/{alice}")
    assert (again.status, again.body["message"]) == (400, "Not found or no person.delete access")


async def test_a_feature_face_must_show_the_person(api: Api, immich: SimulatedImmich) -> None:
    one, two, alice = await api.add(1), await api.add(2), await person(api, name="Alice")
    await settled(immich)
    await face(api, one, alice)
    wrong = await api.call("PUT", f"/people/{alice}", {"featureFaceAssetId": two})
    assert (wrong.status, wrong.body["message"]) == (400, "Invalid assetId for feature face or asset is offline")
    assert (await api.call("PUT", f"/people/{alice}", {"featureFaceAssetId": one})).status == 200


async def test_names_are_searched_by_likeness(api: Api) -> None:
    edith = await person(api, name="Edith")
    await person(api, name="Robert")
    assert [one["id"] for one in (await api.call("GET", "/search/person?name=ith")).body] == [edith]


async def test_person_ids_find_photos_with_all_of_them(api: Api) -> None:
    both = str((await api.upload(photo(1))).body["id"])
    only, alice, bob = await api.add(2), await person(api, name="Alice"), await person(api, name="Bob")
    for asset, who in ((both, alice), (both, bob), (only, alice)):
        await face(api, asset, who)
    assert set(await api.search(personIds=[alice])) == {both, only}
    assert await api.search(personIds=[alice, bob]) == [both]
    found = (await api.call("POST", "/search/metadata", {"id": both, "withPeople": True})).body["assets"]["items"]
    assert {one["name"] for one in found[0]["people"]} == {"Alice", "Bob"}
