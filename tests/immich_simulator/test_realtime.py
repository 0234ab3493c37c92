import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import socketio

from reactor.demo.immich import SimulatedImmich, User
from tests.immich_simulator.conftest import Api, settled, until
from tests.immich_simulator.photos import photo
from tests.immich_simulator.shapes import CAPTURES, differences, needs_captures


@dataclass
class Listener:
    """A socket.io client that keeps every event with its arguments."""

    client: Any
    heard: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def names(self) -> list[str]:
        return [name for name, _ in self.heard]

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [data for heard, data in self.heard if heard == name]


Listen = Callable[[str], Awaitable[Listener]]


@pytest.fixture
async def listen(immich: SimulatedImmich) -> AsyncIterator[Listen]:
    listeners: list[Listener] = []

    async def open_one(key: str) -> Listener:
        listener = Listener(client=socketio.AsyncClient(reconnection=False))
        listeners.append(listener)

        async def hear(event: str, *data: Any) -> None:
            listener.heard.append((event, data))

        async def gone(reason: str) -> None:
            listener.heard.append(("disconnect", (reason,)))

        listener.client.on("*", hear)
        listener.client.on("disconnect", gone)
        headers = {"x-api-key": key}
        await listener.client.connect(
            immich.url, headers=headers, socketio_path="/api/socket.io", transports=["websocket"]
        )
        return listener

    yield open_one
    for listener in listeners:
        await listener.client.disconnect()


@pytest.fixture
async def ear(listen: Listen, ann: User) -> Listener:
    listener = await listen(ann.api_key)
    await until(lambda: "on_server_version" in listener.names())
    return listener


async def test_the_version_proves_the_login(ear: Listener) -> None:
    assert ear.of("on_server_version") == [({"major": 3, "minor": 1, "patch": 0, "prerelease": None},)]


@pytest.mark.parametrize("permissions", [None, ("asset.read", "tag.asset")])
async def test_without_all_the_connect_succeeds_and_then_ends(
    immich: SimulatedImmich, listen: Listen, ann: User, permissions: tuple[str, ...] | None
) -> None:
    listener = await listen(immich.add_key(ann.id, permissions) if permissions else "wrong")
    await until(lambda: "disconnect" in listener.names())
    assert listener.heard == [("error", ("unauthorized",)), ("disconnect", ("server disconnect",))]


async def test_polling_is_refused(immich: SimulatedImmich) -> None:
    url = f"{immich.url}/api/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert (answer.status, await answer.json()) == (400, {"code": 0, "message": "Transport unknown"})


async def test_an_upload_is_told_once_its_media_is_there(api: Api, immich: SimulatedImmich, ear: Listener) -> None:
    asset = await api.add(1)
    await until(lambda: "AssetUploadReadyV2" in ear.names())
    assert (await api.call("GET", f"/assets/{asset}/thumbnail")).status == 200
    ((told,),) = ear.of("on_upload_success")
    ((ready,),) = ear.of("AssetUploadReadyV2")
    assert (told["id"], told["people"]) == (asset, [])
    assert not {"stack", "owner"} & told.keys()
    assert {"stackId", "deletedAt", "isEdited"} <= ready["asset"].keys()
    assert (ready["asset"]["id"], ready["exif"]["assetId"]) == (asset, asset)


async def test_corrupt_duplicate_and_foreign_uploads_tell_nothing(
    api: Api, other: Api, immich: SimulatedImmich, ear: Listener
) -> None:
    await api.upload(b"not a jpeg")
    await other.add(1)
    asset = await api.add(2)
    await api.add(2)
    await settled(immich)
    await until(lambda: "AssetUploadReadyV2" in ear.names())
    assert [data[0]["id"] for data in ear.of("on_upload_success")] == [asset]


async def test_tagging_and_archiving_echo_and_a_favourite_does_not(
    api: Api, immich: SimulatedImmich, ear: Listener
) -> None:
    asset = await api.add(1)
    await settled(immich)
    await api.call("PUT", f"/assets/{asset}", {"isFavorite": True})
    await api.call("PUT", "/tags/assets", {"tagIds": [await api.tag("A")], "assetIds": [asset]})
    await until(lambda: "on_asset_update" in ear.names())
    await settled(immich)
    await api.call("PUT", "/assets", {"ids": [asset], "visibility": "archive"})
    await until(lambda: len(ear.of("on_asset_update")) == 2)
    await settled(immich)
    updates = [data[0] for data in ear.of("on_asset_update")]
    assert [update["visibility"] for update in updates] == ["timeline", "archive"]
    assert [tag["value"] for tag in updates[0]["tags"]] == ["A"]
    assert updates[0]["tags"][0]["createdAt"].endswith("+00:00")


async def test_stack_events_have_no_payload(api: Api, ear: Listener) -> None:
    one, two = await api.add(1), await api.add(2)
    stack = (await api.call("POST", "/stacks", {"assetIds": [one, two]})).body["id"]
    await api.call("PUT", f"/stacks/{stack}", {"primaryAssetId": two})
    await api.call("DELETE", f"/stacks/{stack}")
    await until(lambda: len(ear.of("on_asset_stack_update")) == 3)
    assert ear.of("on_asset_stack_update") == [(), (), ()]


async def test_trash_restore_and_delete_are_told(api: Api, ear: Listener) -> None:
    asset = await api.add(1)
    await api.call("DELETE", "/assets", {"ids": [asset]})
    await api.call("POST", "/trash/restore/assets", {"ids": [asset]})
    await api.call("DELETE", "/assets", {"ids": [asset], "force": True})
    await until(lambda: "on_asset_delete" in ear.names())
    told = {name: ear.of(name) for name in ("on_asset_trash", "on_asset_restore", "on_asset_delete")}
    assert told == {"on_asset_trash": [([asset],)], "on_asset_restore": [([asset],)], "on_asset_delete": [(asset,)]}


async def test_only_a_thumbnail_of_a_person_is_told(api: Api, immich: SimulatedImmich, ear: Listener) -> None:
    one, two = await api.add(1), await api.add(2)
    await settled(immich)
    person = immich.recognise(one, box=(10, 10, 60, 60), image_size=(160, 120))
    await until(lambda: "on_person_thumbnail" in ear.names())
    immich.recognise(two, person_id=person, box=(10, 10, 60, 60), image_size=(160, 120))
    await api.call("PUT", f"/people/{person}", {"name": "Magenta"})
    await settled(immich)
    assert ear.of("on_person_thumbnail") == [(person,)]


async def test_a_pause_cuts_sockets_and_a_resume_takes_them_again(
    immich: SimulatedImmich, ear: Listener, listen: Listen, ann: User
) -> None:
    await immich.pause()
    await until(lambda: "disconnect" in ear.names())
    await immich.resume()
    again = await listen(ann.api_key)
    await until(lambda: "on_server_version" in again.names())


@needs_captures
async def test_events_have_the_recorded_shapes(api: Api, immich: SimulatedImmich, ear: Listener) -> None:
    asset = (await api.upload(photo(1, make="RigCam"))).body["id"]
    await settled(immich)
    await api.call("PUT", "/tags/assets", {"tagIds": [await api.tag("Auto/Sock")], "assetIds": [asset]})
    await until(lambda: "on_asset_update" in ear.names())
    lines = [json.loads(line) for line in (CAPTURES / "socket-events.jsonl").read_text().splitlines()]
    for event in ("on_server_version", "on_upload_success", "AssetUploadReadyV2", "on_asset_update"):
        recorded = next(line["data"] for line in lines if line["ev"] == event)
        assert differences(recorded, list(ear.of(event)[0])) == [], event
