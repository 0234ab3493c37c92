"""Albums: who may put photos in, what each id is answered, and what moves."""

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import Api, settled

SOME_ID = "00000000-0000-4000-8000-000000000000"


async def an_album(api: Api, *assets: str, name: str = "Bills") -> str:
    return str((await api.call("POST", "/albums", {"albumName": name, "assetIds": assets})).body["id"])


async def of(api: Api, asset: str) -> list[str]:
    return [album["albumName"] for album in (await api.call("GET", f"/albums?assetId={asset}")).body]


async def test_photos_are_put_in_and_taken_out_and_each_id_is_answered(api: Api, immich: SimulatedImmich) -> None:
    one, two = await api.add(1), await api.add(2)
    album = await an_album(api, one)
    put = await api.call("PUT", f"/albums/{album}/assets", {"ids": [one, two, SOME_ID]})
    assert [(one["success"], one.get("error")) for one in put.body] == [
        (False, "duplicate"),
        (True, None),
        (False, "no_permission"),
    ]
    assert (await of(api, one), await of(api, two), await of(api, SOME_ID)) == (["Bills"], ["Bills"], [])
    out = await api.call("DELETE", f"/albums/{album}/assets", {"ids": [one, SOME_ID]})
    assert [(one["success"], one.get("error")) for one in out.body] == [(True, None), (False, "not_found")]
    assert (await api.call("GET", f"/albums/{album}")).body["assetCount"] == 1
    kinds = [(write.kind, write.changes[-1]) for write in immich.effective_writes if write.kind.startswith("album")]
    assert kinds == [
        ("album.create", f"{one}:Bills"),
        ("album.add", f"{two}:Bills"),
        ("album.remove", f"{one}:Bills"),
    ]


async def test_neither_moves_a_photo(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    before = (await api.asset(asset))["updatedAt"]
    album = await an_album(api)
    for method in ("PUT", "DELETE"):
        await api.call(method, f"/albums/{album}/assets", {"ids": [asset]})
        assert immich.idle
    assert (await api.asset(asset))["updatedAt"] == before


async def test_only_its_owner_and_editors_fill_an_album_and_only_who_sees_it_reads_it(api: Api, other: Api) -> None:
    ann = (await api.call("GET", "/users/me")).body["id"]
    asset = await api.add(1)
    for role, status in (("editor", 200), ("viewer", 400)):
        body = {"albumName": role, "albumUsers": [{"userId": ann, "role": role}]}
        shared = (await other.call("POST", "/albums", body)).body["id"]
        put = await api.call("PUT", f"/albums/{shared}/assets", {"ids": [asset]})
        assert put.status == status
        assert (await api.call("GET", f"/albums/{shared}")).status == 200
    refused = await api.call("GET", f"/albums/{await an_album(other)}")
    assert (refused.status, refused.body) == (400, {"message": "Not found or no album.read access"})


async def test_who_is_deleted_leaves_its_albums_and_who_is_in_the_trash_stays(api: Api) -> None:
    one, two = await api.add(1), await api.add(2)
    album = await an_album(api, one, two)
    await api.call("DELETE", "/assets", {"ids": [one]})
    await api.call("DELETE", "/assets", {"ids": [two], "force": True})
    assert await of(api, one) == ["Bills"]
    assert await of(api, two) == []
    assert (await api.call("GET", f"/albums/{album}")).body["assetCount"] == 1
    assert await api.search(albumIds=[album], withDeleted=True) == [one]
    assert await api.search(albumIds=[album]) == []


async def test_an_album_is_renamed_and_deleted_by_its_owner(api: Api, other: Api) -> None:
    asset = await api.add(1)
    album = await an_album(api, asset)
    assert (await other.call("DELETE", f"/albums/{album}")).status == 400
    assert (await api.call("PATCH", f"/albums/{album}", {"albumName": "Paper"})).body["albumName"] == "Paper"
    assert (await api.call("DELETE", f"/albums/{album}")).status == 204
    assert await of(api, asset) == []
    assert (await api.asset(asset))["id"] == asset
