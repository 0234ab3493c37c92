"""The security headers, on every kind of answer."""

import asyncio
from collections.abc import Mapping

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.core.errors import Unreachable
from reactor.server.guard import SECURITY_HEADERS

from .conftest import browsing
from .fakes import PHOTO, SECRET, WEB_TOKEN, World, body

ANSWERS = [
    ("GET", "/", {}, 200),
    ("HEAD", "/", {}, 200),
    ("GET", "/categories", {}, 200),
    ("GET", "/healthz", {}, 200),
    ("GET", "/readyz", {}, 200),
    ("GET", "/feed", {}, 200),
    ("GET", "/api/events/follow", {}, 200),
    ("GET", "/api/status", {}, 200),
    ("GET", "/api/nowhere", {}, 404),
    ("GET", "/api/scan", {}, 405),
    ("POST", "/api/scan", {}, 415),
    ("GET", "/static/page.css", {}, 200),
    ("GET", "/static/page.css", {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 304),
    ("GET", "/static/page.css", {"Range": "bytes=0-9"}, 206),
    ("GET", "/static/page.css", {"Range": "bytes=99999999-"}, 416),
    ("GET", "/static/nowhere.css", {}, 404),
    ("GET", "/static/", {}, 403),
    ("GET", f"/thumb/me/{PHOTO}", {}, 200),
    ("GET", "/thumb/me/x", {}, 400),
    ("GET", "/nowhere", {}, 404),
    ("GET", "/", {"Host": "photos.example"}, 403),
    ("GET", "/feed", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("GET", "/", {"Expect": "the-impossible"}, 417),
    ("POST", "/webhook/me", SECRET, 415),
    ("POST", "/webhook/me", {}, 401),
    ("OPTIONS", "/api/scan", {"Origin": "http://evil.example"}, 403),
]


def check(headers: Mapping[str, str]) -> None:
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "Python" not in headers.get("Server", "")
    # Nobody else's page may read anything here.
    assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_nothing_but_our_own_files_runs_on_the_page() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert SECURITY_HEADERS["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"), ANSWERS, ids=[f"{one[0]} {one[1]} {one[3]}" for one in ANSWERS]
)
async def test_every_answer_carries_them(
    client: aiohttp.ClientSession, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async with client.request(method, path, headers=headers) as answer:
        assert answer.status == status
        check(answer.headers)


async def test_so_do_a_webhook_that_was_taken_and_a_request_for_the_token(world: World) -> None:
    world.web_token = SecretStr(WEB_TOKEN)
    async with browsing(world) as client:
        async with client.post("/webhook/me", json=body(), headers=SECRET) as answer:
            assert answer.status == 202
            check(answer.headers)
        for path in ("/", "/feed", "/api/status", "/static/page.js"):
            async with client.get(path) as answer:
                assert answer.status == 401
                check(answer.headers)


@pytest.mark.parametrize(("error", "status"), [(Unreachable("away"), 503), (ValueError("unforeseen"), 500)])
async def test_so_do_faults(client: aiohttp.ClientSession, world: World, error: Exception, status: int) -> None:
    world.runs.error = error
    with capture_logs():
        async with client.get("/api/runs") as answer:
            assert answer.status == status
            check(answer.headers)


UNREADABLE = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"secret-word " * 2000 + b"\r\n\r\n",
    b"GET /" + b"secret-word" * 2000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"<secret-word>\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: secret-word\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a browser that tries https
]


async def test_so_does_the_answer_to_what_is_no_request_which_repeats_nothing(
    client: aiohttp.ClientSession, capfd: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as lines:
        for sent in UNREADABLE * 5:
            status, headers, text = await raw(client, sent)
            assert (status, text) == ("400", "this request cannot be read\n")
            check(headers)
    assert [line["since_last"] for line in lines] == [1]
    assert "Traceback" not in capfd.readouterr().err


async def raw(client: aiohttp.ClientSession, sent: bytes) -> tuple[str, dict[str, str], str]:
    """Return status, headers and body of the answer to these very bytes."""
    assert client._base_url is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client._base_url.port)
    try:
        writer.write(sent)
        async with asyncio.timeout(10):
            head, _, text = (await reader.read()).decode().partition("\r\n\r\n")
    finally:
        writer.close()
    first, *rest = head.split("\r\n")
    return first.split()[1], dict(line.split(": ", 1) for line in rest), text
