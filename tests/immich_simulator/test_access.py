import asyncio

import aiohttp
import pytest

from reactor.demo.immich import DropConnectionError, SimulatedImmich, User, Write
from tests.immich_simulator.conftest import Api, Connect, until
from tests.immich_simulator.photos import photo

SOME_ID = "00000000-0000-4000-8000-000000000000"


async def test_keys_by_header_and_query_but_not_as_bearer(immich: SimulatedImmich, ann: User) -> None:
    async with aiohttp.ClientSession(immich.url) as session:
        seen = []
        for query, headers in (
            ("", {}),
            ("", {"x-api-key": "wrong"}),
            ("", {"Authorization": f"Bearer {ann.api_key}"}),
            (f"?apiKey={ann.api_key}", {}),
            ("", {"x-api-key": ann.api_key}),
        ):
            async with session.get(f"/api/users/me{query}", headers=headers) as answer:
                seen.append((answer.status, (await answer.json()).get("message")))
    refused = ["Authentication required", "Invalid API key", "Invalid user token"]
    assert seen == [*((401, message) for message in refused), (200, None), (200, None)]


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", f"/assets/{SOME_ID}", "asset.read"),
        ("GET", f"/assets/{SOME_ID}/thumbnail", "asset.view"),
        ("GET", f"/assets/{SOME_ID}/original", "asset.download"),
        ("POST", "/search/metadata", "asset.read"),
        ("PUT", "/assets", "asset.update"),
        ("DELETE", "/assets", "asset.delete"),
        ("POST", "/assets/jobs", "job.create"),
        ("PUT", "/tags", "tag.create"),
        ("GET", "/tags", "tag.read"),
        ("PUT", "/tags/assets", "tag.asset"),
        ("DELETE", f"/tags/{SOME_ID}", "tag.delete"),
        ("GET", "/stacks", "stack.read"),
        ("POST", "/stacks", "stack.create"),
        ("PUT", f"/stacks/{SOME_ID}", "stack.update"),
        ("DELETE", f"/stacks/{SOME_ID}", "stack.delete"),
        ("GET", "/people", "person.read"),
        ("GET", f"/people/{SOME_ID}/statistics", "person.statistics"),
        ("POST", f"/people/{SOME_ID}/merge", "person.merge"),
        ("GET", "/faces", "face.read"),
        ("POST", "/faces", "face.create"),
        ("GET", "/users/me", "user.read"),
        ("POST", "/workflows", "workflow.create"),
        ("GET", "/server/about", "server.about"),
    ],
)
async def test_each_route_needs_its_permission(
    immich: SimulatedImmich, connect: Connect, ann: User, method: str, path: str, permission: str
) -> None:
    """A key without the permission is 403; one with just it gets past that, whatever comes then."""
    without = await connect(immich.add_key(ann.id, ("activity.read",))).call(method, path)
    assert (without.status, without.body) == (403, {"message": f"Missing required permission: {permission}"})
    assert (await connect(immich.add_key(ann.id, (permission,))).call(method, path)).status not in (401, 403)


async def test_any_key_may_ask_about_itself(immich: SimulatedImmich, connect: Connect, ann: User) -> None:
    secret = immich.add_key(ann.id, ("tag.read", "tag.asset"))
    limited = connect(secret)
    assert (await limited.call("GET", "/api-keys/me")).body["permissions"] == ["tag.read", "tag.asset"]
    immich.remove_key(secret)
    assert (await limited.call("GET", "/api-keys/me")).body == {"message": "Invalid API key"}


async def test_open_routes_need_no_key(immich: SimulatedImmich) -> None:
    async with aiohttp.ClientSession(immich.url) as session:
        for name in ("ping", "version", "features", "config", "media-types", "version-history"):
            async with session.get(f"/api/server/{name}") as answer:
                assert answer.status == 200
                assert len(answer.headers["X-Correlation-ID"]) == 8
                assert answer.headers["Date"].endswith("GMT")


async def test_ids_must_be_uuid4_and_strangers_are_not_found(api: Api, other: Api) -> None:
    asset = await other.add(1)
    for path in (f"/assets/{asset}", f"/assets/{SOME_ID}"):
        refused = await api.call("GET", path)
        assert (refused.status, refused.body) == (400, {"message": "Not found or no asset.read access"})
    no_id = await api.call("GET", "/assets/not-a-uuid")
    assert (no_id.status, no_id.body["errors"][0]["message"]) == (400, "Invalid UUID")


async def test_unknown_routes_are_404(api: Api) -> None:
    assert (await api.call("GET", "/nosuch")).body == {"message": "Cannot GET /api/nosuch"}
    assert (await api.call("POST", f"/tags/{SOME_ID}/nosuch")).status == 404


async def test_too_much_json_is_500(api: Api) -> None:
    refused = await api.call("PUT", "/tags", {"tags": ["x" * (11 * 1024 * 1024)]})
    assert (refused.status, refused.body) == (500, {"message": "Internal server error"})


async def test_a_fault_hits_the_next_requests_that_fit(api: Api, immich: SimulatedImmich) -> None:
    immich.fail("GET", "/api/tags", status=503, times=2)
    assert [(await api.call("GET", "/tags")).status for _ in range(3)] == [503, 503, 200]
    assert [entry[2] for entry in immich.requests] == [503, 503, 200]


async def test_a_fault_after_the_effect_loses_only_the_answer(api: Api, immich: SimulatedImmich) -> None:
    one, two = await api.add(1), await api.add(2)
    immich.fail("POST", "/api/stacks", drop=True, after=True)
    with pytest.raises(aiohttp.ClientError):
        await api.call("POST", "/stacks", {"assetIds": [one, two]})
    assert len((await api.call("GET", "/stacks")).body) == 1
    assert immich.effective_writes[-1].kind == "stack.create"


async def test_a_hanging_request_is_let_go_by_heal(api: Api, immich: SimulatedImmich) -> None:
    # A POST, since the client tries a GET again by itself when a kept connection breaks.
    immich.fail("POST", "/api/search/*", hang=True)
    waiting = asyncio.create_task(api.search())
    await api.call("GET", "/stacks")
    assert not waiting.done()
    immich.heal()
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_the_hook_runs_after_the_effect_and_before_the_answer(api: Api, immich: SimulatedImmich) -> None:
    asset, tag = await api.add(1), await api.tag("A")
    seen: list[Write] = []
    release = asyncio.Event()

    async def hold(write: Write) -> None:
        seen.append(write)
        await release.wait()

    immich.before_answer = hold
    body = {"tagIds": [tag], "assetIds": [asset]}
    call = asyncio.create_task(api.call("PUT", "/tags/assets", body))
    await until(lambda: bool(seen))
    assert [one["value"] for one in (await api.asset(asset))["tags"]] == ["A"]
    assert not call.done()
    release.set()
    assert (await call).body == {"count": 1}
    assert (seen[0].kind, seen[0].path, seen[0].body) == ("tag.link", "/api/tags/assets", body)


async def test_a_hook_can_cut_the_connection(api: Api, immich: SimulatedImmich) -> None:
    async def cut(_: Write) -> None:
        raise DropConnectionError

    immich.before_answer = cut
    with pytest.raises(aiohttp.ClientError):
        await api.upload(photo(1))
    immich.before_answer = None
    assert (await api.upload(photo(1))).body["status"] == "duplicate"


async def test_the_port_stays_over_a_pause(api: Api, immich: SimulatedImmich) -> None:
    before = immich.url
    asset = await api.add(1)
    await immich.pause()
    with pytest.raises(aiohttp.ClientError):
        await api.call("GET", "/tags")
    await immich.resume()
    assert immich.url == before
    assert (await api.asset(asset))["id"] == asset
