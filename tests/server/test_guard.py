"""Who may look at what."""

import socket

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from reactor.core.errors import StartError
from reactor.server.guard import is_local_host
from reactor.server.run import serving

from .conftest import browsing
from .fakes import PHOTO, SECRET, WEB_TOKEN, World, body

GUARDED = [
    "/",
    "/categories",
    "/feed",
    f"/thumb/me/{PHOTO}",
    "/static/page.js",
    "/nowhere",
    "/api/status",
    "/api/events/follow",
]
FORGED = [
    {"Host": "photos.example"},
    {"Host": "localhost.example:8000"},
    {"Host": "127.0.0.1.example"},
    {"Host": "localhost:80@photos.example"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"Forwarded": "for=127.0.0.1"},
]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("headers", FORGED, ids=str)
async def test_a_page_is_not_shown_under_a_foreign_name(
    client: aiohttp.ClientSession, path: str, headers: dict[str, str]
) -> None:
    async with client.get(path, headers=headers) as answer:
        assert answer.status == 403
        assert "localhost" in await answer.text()


@pytest.mark.parametrize("token", [None, WEB_TOKEN])
@pytest.mark.parametrize(
    "foreign",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},  # what is left where the connection is neither https nor loopback
        {"Origin": "null"},
    ],
    ids=str,
)
async def test_another_sites_page_may_lead_here_and_take_nothing(
    world: World, token: str | None, foreign: dict[str, str]
) -> None:
    world.web_token = SecretStr(token) if token else None
    known = {"Authorization": f"Bearer {token}"} if token else {}
    async with browsing(world) as client:
        for path in ("/", "/categories"):
            async with client.get(path, headers=known | foreign) as answer:
                assert answer.status == 200
        for path in ("/feed", "/api/events/follow", "/api/status", f"/thumb/me/{PHOTO}", "/static/page.js"):
            # Nor does it make the browser ask for the token.
            for headers in (foreign, known | foreign):
                async with client.get(path, headers=headers) as answer:
                    assert answer.status == 403, path
                    assert "another site" in await answer.text()
                    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("token", [None, WEB_TOKEN])
async def test_the_own_page_and_an_address_that_was_typed_in_get_everything(world: World, token: str | None) -> None:
    world.web_token = SecretStr(token) if token else None
    known = {"Authorization": f"Bearer {token}"} if token else {}
    async with browsing(world) as client:
        own = str(client._base_url).rstrip("/")
        # A proxy that speaks under another name changes the Host; the browser's word holds.
        for more in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": own}):
            async with client.get("/api/status", headers=known | more) as answer:
                assert answer.status == 200, more


async def test_a_page_is_not_shown_to_another_machine(world: World) -> None:
    # An address of this machine that is none of its loopback: the peer is then that address too.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        address = probe.getsockname()[0]
    async with browsing(world, address) as client:
        for headers in ({}, {"Host": "localhost"}):
            async with client.get("/", headers=headers) as answer:
                assert answer.status == 403
        async with client.get("/healthz") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("headers", FORGED, ids=str)
async def test_webhooks_and_health_are_open(client: aiohttp.ClientSession, headers: dict[str, str]) -> None:
    async with client.post("/webhook/me", json=body(), headers=SECRET | headers) as answer:
        assert answer.status == 202
    for path in ("/healthz", "/readyz"):
        async with client.get(path, headers=headers) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.8.8.8:1", "[::1]", "[::1]:8000"])
def test_names_of_this_machine(host: str) -> None:
    assert is_local_host(host)


@pytest.mark.parametrize(
    "host", ["", "[::1", "::1]", "[::1]x", "10.0.0.1", "localhost:x", "localhost@a", "a:localhost"]
)
def test_other_names(host: str) -> None:
    assert not is_local_host(host)


async def test_a_taken_port_is_said_in_words() -> None:
    async with serving(web.Application(), host="127.0.0.1", port=0) as port:
        with pytest.raises(StartError, match=f"{port}.*another port"):
            async with serving(web.Application(), host="127.0.0.1", port=port):
                raise AssertionError("two servers on one port")
