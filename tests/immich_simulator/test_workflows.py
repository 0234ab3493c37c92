import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import Api, settled, until
from tests.immich_simulator.photos import photo, xmp_packet
from tests.immich_simulator.shapes import CAPTURES, differences, needs_captures


@dataclass
class Receiver:
    """A webhook target that keeps what it hears; `gate` holds its answers back."""

    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 202
    open: int = 0
    most_open: int = 0

    async def hear(self, request: web.Request) -> web.Response:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.heard.append(await request.json())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        await self.gate.wait()
        self.open -= 1
        return web.Response(status=self.status)

    def triggers(self) -> list[str]:
        return sorted(body["trigger"] for body in self.heard)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    target = Receiver()
    target.gate.set()
    app = web.Application()
    app.router.add_route("*", "/hook", target.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    target.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield target
    target.gate.set()
    await runner.cleanup()


async def workflow(api: Api, url: str, trigger: str = "AssetCreate", **fields: Any) -> str:
    config = {"url": url, "headerName": "Authorization", "headerValue": "Bearer x", "method": "POST"}
    step = {"method": "immich-plugin-core#webhook", "config": config, "enabled": True}
    made = await api.call("POST", "/workflows", {"trigger": trigger, "name": "r", "steps": [step]} | fields)
    assert (made.status, made.body["steps"]) == (201, [])
    return str(made.body["id"])


async def test_create_answers_without_steps_and_get_with_them(api: Api) -> None:
    made = await workflow(api, "http://127.0.0.1:1/hook")
    read = (await api.call("GET", f"/workflows/{made}")).body
    assert read["steps"][0]["config"]["headerName"] == "Authorization"
    assert [one["id"] for one in (await api.call("GET", "/workflows")).body] == [made]


async def test_bad_triggers_and_methods_are_refused_but_no_config(api: Api) -> None:
    person = await api.call("POST", "/workflows", {"trigger": "PersonRecognized", "steps": []})
    assert (person.status, person.body["errors"][0]["path"]) == (400, ["trigger"])
    steps: list[dict[str, Any]] = [{"method": "immich-plugin-core#nope", "config": {}}]
    unknown = await api.call("POST", "/workflows", {"trigger": "AssetCreate", "steps": steps})
    assert (unknown.status, unknown.body["message"]) == (400, "Unknown method immich-plugin-core#nope")
    steps = [{"method": "immich-plugin-core#webhook", "config": {"nope": 1}}]
    assert (await api.call("POST", "/workflows", {"trigger": "AssetCreate", "steps": steps})).status == 201


async def test_an_upload_fires_both_triggers_with_the_recorded_body(
    api: Api, immich: SimulatedImmich, receiver: Receiver
) -> None:
    for trigger in ("AssetCreate", "AssetMetadataExtraction"):
        await workflow(api, receiver.url, trigger)
    burst = xmp_packet('<rdf:Description GCamera:BurstID="burst-7"/>')
    asset = (await api.upload(photo(1, make="Canon", xmp=burst))).body["id"]
    await settled(immich)
    bodies = {body["trigger"]: body["data"]["asset"] for body in receiver.heard}
    early, late = bodies["AssetCreate"], bodies["AssetMetadataExtraction"]
    assert receiver.triggers() == ["AssetCreate", "AssetMetadataExtraction"]
    assert early["id"] == late["id"] == asset
    assert (early["exifInfo"]["make"], early["exifInfo"]["autoStackId"]) == (None, None)
    assert (late["exifInfo"]["make"], late["exifInfo"]["autoStackId"]) == ("Canon", "burst-7")
    assert late["exifInfo"]["updatedAt"] > early["exifInfo"]["updatedAt"]
    assert (early["checksum"]["type"], len(early["checksum"]["data"])) == ("Buffer", 20)
    sent = receiver.headers[0]
    assert sent["authorization"] == "Bearer x"
    assert (sent["user-agent"], sent["content-type"]) == ("immich-server/3.1.0", "application/json")


async def test_a_form_field_can_give_the_burst_id(api: Api, immich: SimulatedImmich, receiver: Receiver) -> None:
    await workflow(api, receiver.url, "AssetMetadataExtraction")
    await api.upload(photo(1), autoStackId="burst-9")
    await settled(immich)
    assert [body["data"]["asset"]["exifInfo"]["autoStackId"] for body in receiver.heard] == ["burst-9"]


async def test_duplicates_hidden_parts_other_users_and_disabled_workflows_fire_nothing(
    api: Api, other: Api, immich: SimulatedImmich, receiver: Receiver
) -> None:
    made = await workflow(api, receiver.url)
    await other.add(1)
    await api.add(2, visibility="hidden")
    asset = await api.add(3)
    await api.add(3)
    await settled(immich)
    assert [body["data"]["asset"]["id"] for body in receiver.heard] == [asset]
    await api.call("PUT", f"/workflows/{made}", {"enabled": False})
    await api.add(4)
    await settled(immich)
    assert len(receiver.heard) == 1


async def test_refresh_fires_extraction_again_but_own_writes_do_not(
    api: Api, immich: SimulatedImmich, receiver: Receiver
) -> None:
    await workflow(api, receiver.url, "AssetMetadataExtraction")
    asset = await api.add(1)
    await settled(immich)
    await api.call("PUT", "/tags/assets", {"tagIds": [await api.tag("A")], "assetIds": [asset]})
    await api.call("PUT", "/assets", {"ids": [asset], "visibility": "archive"})
    await settled(immich)
    assert len(receiver.heard) == 1
    await api.call("POST", "/assets/jobs", {"assetIds": [asset], "name": "refresh-metadata"})
    await settled(immich)
    assert len(receiver.heard) == 2
    assert receiver.heard[1]["data"]["asset"]["exifInfo"]["tags"] == ["A"]


async def test_a_refused_or_unreachable_webhook_is_lost(api: Api, immich: SimulatedImmich, receiver: Receiver) -> None:
    receiver.status = 500
    await workflow(api, receiver.url)
    await workflow(api, "http://127.0.0.1:1/hook")
    asset = await api.add(1)
    await settled(immich)
    assert len(receiver.heard) == 1
    assert (await api.asset(asset))["thumbhash"] is not None


async def test_five_at_a_time_and_uploads_do_not_wait(api: Api, immich: SimulatedImmich, receiver: Receiver) -> None:
    await workflow(api, receiver.url)
    receiver.gate.clear()
    ids = [await api.add(n) for n in range(8)]
    await until(lambda: receiver.open == 5)
    assert len(set(ids)) == 8
    receiver.gate.set()
    await settled(immich)
    assert (receiver.most_open, len(receiver.heard)) == (5, 8)


async def test_triggers_need_no_permission(immich: SimulatedImmich, api: Api) -> None:
    listed = await api.call("GET", "/workflows/triggers")
    assert [one["trigger"] for one in listed.body] == ["AssetCreate", "AssetMetadataExtraction"]


def recorded(name: str) -> tuple[Any, int, Any]:
    """Return a recorded request's body, and the status and body of its answer."""
    capture = json.loads((CAPTURES / f"{name}.json").read_text())
    return capture["request"]["body"], capture["response"]["status"], capture["response"]["body"]


def same_but_times(one: Any, other: Any) -> bool:
    cut = {"id", "createdAt", "updatedAt"}
    return {k: v for k, v in one.items() if k not in cut} == {k: v for k, v in other.items() if k not in cut}


@needs_captures
async def test_recorded_requests_are_answered_to_the_letter(api: Api) -> None:
    made = []
    for name in ("404-workflow-create", "405-workflow-create-meta", "409-workflow-bad-config"):
        sent, status, said = recorded(name)
        answer = await api.call("POST", "/workflows", sent)
        assert (answer.status, same_but_times(said, answer.body)) == (status, True), name
        made.append(answer.body["id"])
    _, _, said = recorded("406-workflows")
    listed = (await api.call("GET", "/workflows")).body
    assert [one["id"] for one in listed] == made[::-1]
    assert all(same_but_times(*pair) for pair in zip(said, listed[1:], strict=True))
    for name in ("407-workflow-bad-trigger", "408-workflow-bad-method"):
        sent, status, said = recorded(name)
        answer = await api.call("POST", "/workflows", sent)
        assert (answer.status, answer.body) == (status, said), name
    sent, status, said = recorded("1700-workflow-disable")
    answer = await api.call("PUT", f"/workflows/{made[0]}", sent)
    assert (answer.status, answer.body["enabled"], len(answer.body["steps"])) == (status, False, 1)
    assert answer.body["updatedAt"] > answer.body["createdAt"]


async def test_steps_are_read_strictly_and_an_update_replaces_them(api: Api) -> None:
    made = await workflow(api, "http://127.0.0.1:1/hook")
    odd: list[Any] = ["x", {}, [7], [{"config": {}}], [{"method": "immich-plugin-core#webhook"}]]
    for steps in odd:
        refused = await api.call("PUT", f"/workflows/{made}", {"steps": steps})
        assert (refused.status, refused.body["message"]) == (400, "Validation failed")
    step = {"method": "immich-plugin-core#webhook", "config": None}
    changed = await api.call("PUT", f"/workflows/{made}", {"name": "new", "steps": [step], "trigger": "AssetCreate"})
    assert changed.body["steps"] == [step | {"enabled": True}]
    assert (changed.body["name"], changed.body["enabled"]) == ("new", True)


async def test_a_2x_server_has_no_workflows() -> None:
    async with SimulatedImmich(version=(2, 7, 5)) as old:
        key = old.add_user("Ann", "ann@example.org").api_key
        async with aiohttp.ClientSession(old.url, headers={"x-api-key": key}) as session:
            for method, path in (("GET", "/api/workflows"), ("POST", "/api/workflows")):
                async with session.request(method, path, json={}) as answer:
                    assert answer.status == 404
                    assert (await answer.json())["message"] == f"Cannot {method} {path}"


@needs_captures
async def test_the_request_has_the_recorded_headers_and_shape(
    api: Api, immich: SimulatedImmich, receiver: Receiver
) -> None:
    await workflow(api, receiver.url, "AssetMetadataExtraction")
    await api.upload(photo(1, make="RigCam", taken="2026:01:01 10:00:00"))
    await settled(immich)
    lines = [json.loads(line) for line in (CAPTURES / "webhook.jsonl").read_text().splitlines()]
    recorded = next(
        line for line in lines if line["path"] == "/meta" and line["body"]["data"]["asset"]["exifInfo"]["make"]
    )
    assert differences(recorded["body"], receiver.heard[0]) == []
    per_target = {"host", "content-length", "authorization", "connection"}
    wanted = {name.lower(): value for name, value in recorded["headers"] if name.lower() not in per_target}
    assert {name: receiver.headers[0].get(name) for name in wanted} == wanted
