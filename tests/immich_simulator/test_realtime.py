import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio

from reactor.demo.immich import SimulatedImmich, User
from reactor.demo.immich.realtime import tell_edit, tell_upload
from reactor.demo.immich.state import State
from reactor.demo.immich.uploads import NewFile, add_asset
from reactor.demo.immich.world import Timing, World
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


async def test_a_locked_or_hidden_upload_tells_nothing(api: Api, immich: SimulatedImmich, ear: Listener) -> None:
    await api.add(1, visibility="locked")
    await api.add(2, visibility="hidden")
    await settled(immich)
    shown = await api.add(3, visibility="archive")
    await until(lambda: "AssetUploadReadyV2" in ear.names())
    assert [data[0]["id"] for data in ear.of("on_upload_success")] == [shown]


async def test_locking_and_tagging_in_the_trash_are_updates(api: Api, immich: SimulatedImmich, ear: Listener) -> None:
    locked, trashed, described = await api.add(1), await api.add(2), await api.add(3)
    await settled(immich)
    await api.call("PUT", "/assets", {"ids": [locked], "visibility": "locked"})
    await api.call("DELETE", "/assets", {"ids": [trashed]})
    await api.call("PUT", "/tags/assets", {"tagIds": [await api.tag("A")], "assetIds": [trashed]})
    await api.call("PUT", f"/assets/{described}", {"description": "hello"})
    await until(lambda: len(ear.of("on_asset_update")) == 3)
    told = {data[0]["id"]: data[0] for data in ear.of("on_asset_update")}
    assert told[locked]["visibility"] == "locked"
    assert told[trashed]["isTrashed"] is True
    assert told[described]["exifInfo"]["description"] == "hello"


@needs_captures
async def test_events_have_the_recorded_shapes(api: Api, immich: SimulatedImmich, ear: Listener) -> None:
    asset = (await api.upload(photo(1, make="RigCam"))).body["id"]
    other = await api.add(2)
    await settled(immich)
    await api.call("PUT", "/tags/assets", {"tagIds": [await api.tag("Auto/Sock")], "assetIds": [asset]})
    await api.call("POST", "/stacks", {"assetIds": [asset, other]})
    immich.recognise(asset, box=(10, 10, 60, 60), image_size=(160, 120))
    await until(lambda: {"on_asset_update", "on_person_thumbnail"} <= set(ear.names()))
    await api.call("DELETE", "/assets", {"ids": [other]})
    await api.call("POST", "/trash/restore/assets", {"ids": [other]})
    await api.call("DELETE", "/assets", {"ids": [other], "force": True})
    await until(lambda: "on_asset_delete" in ear.names())
    recorded = recorded_events()
    # What the socket tells, but for albums, which nobody here has, and edits (below).
    assert recorded.keys() - set(ear.names()) == {"on_album_update", "AssetEditReadyV2"}
    for event in recorded.keys() & set(ear.names()):
        assert differences(recorded[event], list(ear.of(event)[0])) == [], event
        assert len(recorded[event]) == len(ear.of(event)[0]), event


def recorded_events() -> dict[str, Any]:
    """Return the arguments of the first recorded event of each name."""
    lines = [json.loads(line) for line in (CAPTURES / "socket-events.jsonl").read_text().splitlines()]
    return {line["ev"]: line["data"] for line in reversed(lines) if not line["ev"].startswith("__")}


@dataclass
class Told:
    """What a world without a server tells its users."""

    heard: list[tuple[str, str, Any]] = field(default_factory=list)

    async def __call__(self, user_id: str, event: str, *data: object) -> None:
        self.heard.append((user_id, event, list(data)))


@asynccontextmanager
async def a_world(version: tuple[int, int, int], folder: Path) -> AsyncIterator[tuple[World, Told, str]]:
    """Yield tables with one photo in them, what they tell, and the photo's id."""
    rng, told = random.Random(0), Told()
    timing = Timing(thumbnail_delay=(0, 0), metadata_delay=(0, 0), tag_race=0)
    async with aiohttp.ClientSession() as session:
        state = State(rng=rng)
        world = World(state=state, timing=timing, rng=rng, folder=folder, version=version, emit=told, session=session)
        now = state.now()
        file = NewFile(owner_id=state.new_id(), name="a.jpg", data=b"a", created_at=now, modified_at=now)
        asset = add_asset(world, file, at=now)
        asset.width, asset.height, asset.thumbhash = 900, 1200, "YKYBFQKYRpKJT1VXNWnZykmAvQTT"
        yield world, told, asset.id


@needs_captures
async def test_an_edit_and_its_end_have_the_recorded_shape(tmp_path: Path) -> None:
    lines = json.loads((CAPTURES / "_socket-by-action.json").read_text())
    recorded = {line["action"]: line["events"] for line in lines}
    async with a_world((3, 1, 0), tmp_path) as (world, told, asset):
        turn = {"id": world.state.new_id(), "action": "rotate", "parameters": {"angle": 90}}
        await tell_edit(world, asset, [turn])
        await tell_edit(world, asset, [])
        await tell_edit(world, world.state.new_id(), [turn])
        owner = world.state.assets[asset].owner_id
    assert [(user, event) for user, event, _ in told.heard] == [(owner, "AssetEditReadyV2")] * 2
    for action, (_, event, data) in zip(("edit rotate", "remove edits"), told.heard, strict=True):
        (was,) = recorded[action]
        assert (was["ev"], differences(was["data"], data)) == (event, [])
        assert data[0]["asset"]["isEdited"] == was["data"][0]["asset"]["isEdited"]
    assert told.heard[0][2][0]["edit"][0] == turn | {"assetId": asset, "sequence": 0}


async def test_older_servers_tell_less(tmp_path: Path) -> None:
    """The 2.x names and fields are from its source (server/src/services/job.service.ts)."""
    async with a_world((2, 7, 5), tmp_path) as (world, told, asset):
        await tell_upload(world, asset)
        await tell_edit(world, asset, [])
    events = {event: data for _, event, data in told.heard}
    assert list(events) == ["on_upload_success", "AssetUploadReadyV1", "AssetEditReadyV1"]
    assert not {"createdAt", "isEdited"} & events["AssetUploadReadyV1"][0]["asset"].keys()
    assert events["AssetEditReadyV1"] == [{"assetId": asset}]
