"""What the simulator tells of its requests, the tables that keys are held to, and the look before a request."""

import aiohttp
import pytest
from yarl import URL

from reactor.demo.immich import DropConnectionError, SimulatedImmich, User
from reactor.demo.watch import FORM
from tests.immich_simulator.conftest import Api, Connect, settled


async def test_two_keys_of_one_user_are_told_apart(
    api: Api, connect: Connect, immich: SimulatedImmich, ann: User
) -> None:
    sidecar = connect(immich.add_key(ann.id, name="sidecar"))
    asset = await api.add(1)
    await sidecar.call("PUT", "/assets", {"ids": [asset], "visibility": "archive"})
    assert (await sidecar.call("GET", "/api-keys/me")).body["name"] == "sidecar"
    assert (await connect("wrong").call("GET", "/tags")).status == 401
    assert [(one.method, one.key, one.body, one.status) for one in immich.received] == [
        ("POST", "owner", FORM, 201),
        ("PUT", "sidecar", {"ids": [asset], "visibility": "archive"}, 204),
        ("GET", "sidecar", None, 200),
        ("GET", "", None, 401),
    ]
    assert [(one.method, one.path, one.status) for one in immich.received] == list(immich.requests)
    assert [write.key for write in immich.effective_writes] == ["owner", "sidecar"]


async def test_a_body_that_is_no_json_is_kept_as_it_came(immich: SimulatedImmich, ann: User) -> None:
    async with aiohttp.ClientSession(immich.url, headers={"x-api-key": ann.api_key}) as session:
        async with session.put("/api/tags", data=b"{", headers={"Content-Type": "text/plain"}) as answer:
            assert answer.status == 400
        async with session.put("/api/tags", data=b'{"tags":["A"]}', headers={"Content-Type": "text/plain"}) as answer:
            assert answer.status == 200
    assert [one.body for one in immich.received] == [b"{", {"tags": ["A"]}]


async def test_a_key_is_held_to_its_table(api: Api, connect: Connect, immich: SimulatedImmich, ann: User) -> None:
    asset = await api.add(1)
    secret, asked = immich.add_key(ann.id), list[tuple[str, str, object]]()

    def allowed(method: str, path: str, body: object) -> bool:
        asked.append((method, path, body))
        return method == "GET"

    immich.hold_to(secret, allowed)
    held, free = connect(secret), connect(immich.add_key(ann.id))
    assert (await held.call("GET", f"/assets/{asset}")).status == 200
    for method, path, body in (("DELETE", "/assets", {"ids": [asset]}), ("POST", "/nosuch", None)):
        refused = await held.call(method, path, body)
        assert (refused.status, refused.body["message"][:23]) == (500, "This key is held to a t")
    assert [(one.method, one.path, one.key) for one in immich.violations] == [
        ("DELETE", "/api/assets", "reactor"),
        ("POST", "/api/nosuch", "reactor"),
    ]
    assert asked == [
        ("GET", f"/assets/{asset}", None),
        ("DELETE", "/assets", {"ids": [asset]}),
        ("POST", "/nosuch", None),
    ]
    assert not (await api.asset(asset))["isTrashed"]
    # Another key of the same name is not held.
    assert (await free.call("DELETE", "/assets", {"ids": [asset]})).status == 204


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("/api/assets/%2e%2e/tags", "/assets/%2e%2e/tags"),
        ("/api/tags%0a", "/tags%0a"),
        ("/api/tags/", "/tags/"),
        ("/api/tags?force=1", "/tags"),
        ("/other", "(outside /api/) /other"),
        ("/api", "(outside /api/) /api"),
    ],
)
async def test_the_table_sees_the_path_as_it_was_sent(immich: SimulatedImmich, ann: User, sent: str, seen: str) -> None:
    asked: list[str] = []

    def allowed(_: str, path: str, __: object) -> bool:
        asked.append(path)
        return False

    immich.hold_to(ann.api_key, allowed)
    async with (
        aiohttp.ClientSession(headers={"x-api-key": ann.api_key}) as session,
        session.get(URL(f"{immich.url}{sent}", encoded=True)) as answer,
    ):
        assert answer.status == 500
    assert asked == [seen]


async def test_a_key_in_the_query_is_held_too(immich: SimulatedImmich, ann: User) -> None:
    immich.hold_to(ann.api_key, lambda *_: False)
    async with aiohttp.ClientSession(immich.url) as session, session.get(f"/api/tags?apiKey={ann.api_key}") as answer:
        assert answer.status == 500
    assert [one.path for one in immich.violations] == ["/api/tags"]


async def test_a_test_may_look_before_a_request_is_handled(api: Api, immich: SimulatedImmich) -> None:
    asset = await api.add(1)
    await settled(immich)
    seen: list[tuple[str, str, object, str, int]] = []

    async def look(method: str, path: str, body: object, key: str) -> None:
        seen.append((method, path, body, key, len(immich.effective_writes)))

    immich.on_request = look
    assert immich.on_request is look
    body = {"ids": [asset], "visibility": "archive"}
    await api.call("PUT", "/assets", body)
    immich.fail("PUT", "/api/assets")
    await api.call("PUT", "/assets", body)
    assert seen == [("PUT", "/api/assets", body, "owner", 1), ("PUT", "/api/assets", body, "owner", 2)]


async def test_the_look_may_break_the_connection_off(api: Api, immich: SimulatedImmich) -> None:
    async def cut(*_: object) -> None:
        raise DropConnectionError

    immich.on_request = cut
    with pytest.raises(aiohttp.ClientError):
        await api.call("PUT", "/tags", {"tags": ["A"]})
    immich.on_request = None
    assert (await api.call("GET", "/tags")).body == []
