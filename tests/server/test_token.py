"""With a web token page and API answer to whoever carries it, and to nobody else."""

import asyncio
import base64
from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.server.seldom import Seldom
from reactor.server.token import CHALLENGES

from ..api.conftest import an_api
from .conftest import browsing
from .fakes import PHOTO, SECRET, WEB_TOKEN, World, body

GUARDED = ["/", "/categories", "/feed", f"/thumb/me/{PHOTO}", "/static/page.js", "/api/status", "/api/events/follow"]


def basic(text: str | bytes) -> dict[str, str]:
    data = text.encode() if isinstance(text, str) else text
    return {"Authorization": f"Basic {base64.b64encode(data).decode()}"}


RIGHT = [
    {"Authorization": f"Bearer {WEB_TOKEN}"},
    {"Authorization": f"bearer   {WEB_TOKEN}"},
    basic(f":{WEB_TOKEN}"),
    basic(f"anna:{WEB_TOKEN}"),
    basic(f"ännä:{WEB_TOKEN}"),
    basic(b"\xff\xfe:" + WEB_TOKEN.encode()),
]
WRONG = [
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": f"Bearer {WEB_TOKEN}x"},
    {"Authorization": f"Bearer {WEB_TOKEN[:-1]}"},
    {"Authorization": f"Bearer {WEB_TOKEN.upper()}"},
    {"Authorization": f"Bearer {WEB_TOKEN} {WEB_TOKEN}"},
    {"Authorization": f"Token {WEB_TOKEN}"},
    {"Authorization": WEB_TOKEN},
    {"Authorization": "Bearer ünïcödé-\U0001f511"},
    {"Authorization": f"Basic {WEB_TOKEN}"},
    {"Authorization": "Basic =!="},
    {"Authorization": "Basic ü"},
    basic(WEB_TOKEN),
    basic(f"{WEB_TOKEN}:"),
    basic(f"anna:{WEB_TOKEN}:"),
    basic(f"anna:{WEB_TOKEN}\n"),
    basic(b"anna:\xff\xfe"),
    basic(""),
]
NONE = [{}, {"X-Reactor-Secret": WEB_TOKEN}, {"Cookie": f"token={WEB_TOKEN}"}, {"Authorization": ""}]


@pytest.fixture
def world() -> World:
    return World(web_token=SecretStr(WEB_TOKEN))


@pytest.mark.parametrize("headers", RIGHT, ids=range(len(RIGHT)))
async def test_the_token_opens_everything_under_any_name(
    client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    for path in GUARDED:
        for more in ({}, {"Host": "photos.example"}, {"X-Forwarded-For": "192.0.2.1", "Host": "localhost"}):
            async with client.get(path, headers=headers | more) as answer:
                assert answer.status == 200, path


@pytest.mark.parametrize("headers", [*WRONG, *NONE], ids=range(len(WRONG) + len(NONE)))
async def test_without_it_nothing_is_shown_not_even_to_this_machine(
    client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    for path in (*GUARDED, "/nowhere", "/api/nowhere", f"/?token={WEB_TOKEN}"):
        async with client.get(path, headers=headers) as answer:
            assert answer.status == 401, path
            assert tuple(answer.headers.getall("WWW-Authenticate")) == CHALLENGES
            assert answer.headers["Cache-Control"] == "no-store"
            text = (await answer.json())["message"] if path.startswith("/api/") else await answer.text()
            assert text.startswith("Page and API ask for the web token")
            assert path.startswith("/api/") or answer.content_type == "text/plain"


async def test_nothing_is_started_without_it(client: aiohttp.ClientSession, world: World) -> None:
    for headers in WRONG:
        async with client.post("/api/scan", json={}, headers=headers) as answer:
            assert answer.status == 401
    assert world.runs.runs == {}
    async with client.post("/api/scan", json={}, headers=RIGHT[0]) as answer:
        assert answer.status == 202


@pytest.mark.parametrize("foreign", ["http://evil.example", "null", "http://photos.example:81"])
@pytest.mark.parametrize("known", [RIGHT[0], RIGHT[2]], ids=["bearer", "basic"])
async def test_what_a_browser_sends_by_itself_starts_nothing_for_a_foreign_page(
    client: aiohttp.ClientSession, world: World, known: dict[str, str], foreign: str
) -> None:
    ours = known | {"Host": "photos.example"}
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        headers = ours | {"Origin": foreign, "Content-Type": content_type}
        async with client.post("/api/scan", data=b"{}", headers=headers) as answer:
            assert answer.status == 403
    # Before it sends JSON a browser asks whether it may; without the password.
    asks = {"Host": "photos.example", "Origin": foreign, "Access-Control-Request-Method": "POST"}
    async with client.options("/api/scan", headers=asks) as answer:
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    # A form that no Origin comes with is no JSON.
    async with client.post("/api/scan", data=b"{}", headers=ours | {"Content-Type": "text/plain"}) as answer:
        assert answer.status == 415
    assert world.runs.runs == {}


async def test_webhooks_have_their_own_secrets(client: aiohttp.ClientSession) -> None:
    async with client.post("/webhook/me", json=body(), headers=SECRET) as answer:
        assert answer.status == 202
    async with client.post("/webhook/me", json=body(), headers=RIGHT[0]) as answer:
        assert answer.status == 401
    async with client.get("/", headers=SECRET) as answer:
        assert answer.status == 401
    async with client.get("/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"alive": True})


async def test_a_flood_of_guesses_is_one_line_without_the_guess(client: aiohttp.ClientSession, world: World) -> None:
    async def guess(number: int) -> int:
        async with client.get("/", headers={"Authorization": f"Bearer guess-{number}"}) as answer:
            return answer.status

    with capture_logs() as lines:
        statuses = await asyncio.gather(*(guess(number) for number in range(100)))
        async with client.get("/") as answer:  # a browser that was not asked yet is no guess
            assert answer.status == 401
    assert set(statuses) == {401}
    assert [(line["log_level"], line["peer"], line["since_last"]) for line in lines] == [("warning", "127.0.0.1", 1)]
    assert "guess-" not in str(lines)
    assert world.board.asked == 0


async def test_a_guess_that_sends_a_large_body_is_not_read(client: aiohttp.ClientSession) -> None:
    sent = 0

    async def drops() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(4096):
            sent += 65536
            yield b" " * 65536

    async with client.post("/api/scan", data=drops(), headers=WRONG[2]) as answer:
        assert answer.status == 401
    assert sent < 4096 * 65536


def test_what_comes_within_the_time_is_counted_for_the_next_line() -> None:
    moments = iter([0.0, 1.0, 59.9, 60.0, 60.1, 200.0])
    seldom = Seldom(60.0, clock=lambda: next(moments))
    assert [seldom.due() for _ in range(6)] == [1, 0, 0, 3, 0, 2]


async def test_the_token_is_kept_nowhere_where_it_could_be_read(world: World) -> None:
    assert WEB_TOKEN not in repr(world)
    with capture_logs() as lines:
        async with browsing(world) as client, client.get("/", headers=RIGHT[0]) as answer:
            assert WEB_TOKEN not in await answer.text()
    assert WEB_TOKEN not in str(lines)


async def test_the_document_tells_how_to_ask(world: World) -> None:
    async with browsing(world) as client:
        client.headers.update(RIGHT[0])
        api = await an_api(client)
        assert set(api.contract.document["components"]["securitySchemes"]) == {"bearer", "basic"}
        assert api.contract.document["security"] == [{"bearer": []}, {"basic": []}, {}]
        for operation in api.contract.operations:
            assert "401" in operation.details["responses"], operation.name
        assert (await api.get("/status"))[0] == 200
        client.headers.update(WRONG[0])
        for path in ("/status", "/events", "/events/follow", "/runs/scan:1", "/openapi.json"):
            assert (await api.get(path))[0] == 401
        assert (await api.post("/scan"))[0] == 401
