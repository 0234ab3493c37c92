"""What the API refuses, and in which words."""

import json
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.core.errors import Permanent, Unreachable
from reactor.server.api.border import MAX_BODY

from ..server.conftest import browsing
from ..server.fakes import WEB_TOKEN, World, a_run
from .client import Api

JSON = {"Content-Type": "application/json"}
POSTS = [
    "/scan",
    "/replay",
    "/runs/scan:1/pause",
    "/runs/scan:1/cancel",
    "/deadletters/drop",
    "/plan/apply",
    "/undo",
    "/vetoes/putback",
    "/limits/confirm",
    "/accounts/me/missed/reset",
    "/accounts/me/people/confirm",
]
SECRET = "postgresql://reactor:hunter2@/run/secret"  # the kind of words that a database error may hold


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "http://[::1"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
async def test_a_foreign_page_cannot_start_anything(api: Api, world: World, headers: dict[str, str]) -> None:
    for path in POSTS:
        status, body = await api.post(path, **headers)
        assert (status, "open" in body["message"].lower()) == (403, True), path
    assert world.runs.runs == {}
    assert world.history.changed == []
    assert world.reset == []


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""],
)
async def test_what_a_form_can_send_is_refused(api: Api, world: World, content_type: str) -> None:
    status, body = await api.raw("POST", "/scan", data=b"{}", headers={"Content-Type": content_type})
    assert (status, "application/json" in body["message"]) == (415, True)
    assert world.runs.runs == {}


async def test_the_own_page_may_ask(api: Api, session: aiohttp.ClientSession) -> None:
    origin = str(session._base_url).rstrip("/")
    status, _ = await api.post("/scan", Origin=origin, **{"Sec-Fetch-Site": "same-origin"})
    assert status == 202


@pytest.mark.parametrize("path", ["/api/status", "/api/openapi.json", "/api/nowhere"])
@pytest.mark.parametrize("headers", [{"Host": "photos.example"}, {"X-Forwarded-For": "127.0.0.1"}], ids=str)
async def test_strangers_are_told_nothing(session: aiohttp.ClientSession, path: str, headers: dict[str, str]) -> None:
    async with session.get(path, headers=headers) as answer:
        assert answer.status == 403
        assert "localhost" in (await answer.json())["message"]


async def test_open_to_a_token_is_not_open_to_foreign_pages() -> None:
    world = World(web_token=SecretStr(WEB_TOKEN))
    async with browsing(world) as session:
        stranger = {"Host": "photos.example:8080", "Authorization": f"Bearer {WEB_TOKEN}"}
        async with session.get("/api/status", headers=stranger) as answer:
            assert answer.status == 200
        for origin, status in (("http://photos.example:8080", 202), ("http://evil.example", 403)):
            headers = stranger | {"Origin": origin}
            async with session.post("/api/scan", json={}, headers=headers) as answer:
                assert answer.status == status


SENSELESS: list[tuple[str, Any, str]] = [
    ("/scan", {"colour": 1}, "colour: there is no such field; there are accounts, since"),
    ("/scan", {"since": "yesterday"}, "since: input should be a valid date"),
    ("/scan", {"only": "all"}, "only: input should be 'stack', 'classify' or 'faces'"),
    ("/scan", {"accounts": []}, "accounts: list should have at least 1 item"),
    ("/scan", {"accounts": ["you"]}, "there is no account 'you'; there are me"),
    ("/scan", {"accounts": ["x" * 101]}, "accounts.0: string should have at most 100 characters"),
    ("/scan", {"since": "2026-06-02", "until": "2026-06-01"}, "ends (2026-06-01) before it begins"),
    ("/scan", {"rate_per_minute": 0}, "rate_per_minute: input should be greater than or equal to 1"),
    ("/scan", {"quiet_hours": "late"}, "quiet hours are written like 22:00-07:00"),
    ("/scan", [], "input should be an object"),
    ("/scan", {"dry": None}, "dry: input should be a valid boolean"),
    ("/replay", {}, "a replay needs a filter"),
    ("/replay", {"dry_run": True}, "a replay needs a filter"),
    ("/replay", {"kinds": ["Party"]}, "there is no kind 'Party'"),
    ("/replay", {"handlers": ["tea"]}, "there is no handler 'tea'"),
    ("/replay", {"since": "2026-06-01T12:00:00"}, "since: input should have timezone info"),
    ("/runs/scan:1/pause", {"x": 1}, "x: there is no such field; there are none"),
    ("/deadletters/drop", {}, "give either ids, or all: true"),
    ("/deadletters/drop", {"ids": [1], "all": True}, "give either ids, or all: true"),
    ("/deadletters/drop", {"ids": []}, "ids: list should have at least 1 item"),
    ("/deadletters/drop", {"ids": [2**63]}, "ids.0: input should be less than"),
    ("/deadletters/drop", {"ids": [1], "handler": "embed"}, "go with all: true"),
]


async def test_what_makes_no_sense_is_named(api: Api, world: World) -> None:
    for path, body, words in SENSELESS:
        status, answer = await api.post(path, body)
        assert (status, words in answer["message"]) == (400, True), (path, body, answer)
    assert world.runs.runs == {}


SENSELESS_QUERIES = [
    ("/status?x=1", "x: there is no such field"),
    ("/events?limit=0", "limit: input should be greater than or equal to 1"),
    ("/events?limit=1001", "limit: input should be less than or equal to 1000"),
    ("/events?limit=1&limit=2", "limit is given 2 times"),
    ("/events?kind=Party", "there is no kind Party; there are AssetUploaded"),
    ("/events?since=now", "since: input should be a valid datetime"),
    ("/events?since=2026-06-01T12:00:00", "timezone"),
    ("/events?before=0", "before: input should be greater"),
    ("/events?before=99999999999999999999", "before: input should be less"),
    ("/events?account=", "account: string should have at least 1 character"),
    ("/events/follow?limit=3", "limit: there is no such field"),
    ("/runs?limit=x", "limit: input should be a valid integer"),
    ("/deadletters?shelved=perhaps", "shelved: input should be a valid boolean"),
]


async def test_a_query_that_makes_no_sense_is_named(api: Api) -> None:
    for path, words in SENSELESS_QUERIES:
        status, answer = await api.get(path)
        assert (status, words in answer["message"]) == (400, True), (path, answer)


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b"nul", b"{'a': 1}", b"[" * 60_000, b'{"album": "' + b"\xed\xa0\x80" + b'"}'],
    ids=range(6),
)
async def test_what_is_no_json_is_refused(api: Api, body: bytes) -> None:
    status, answer = await api.raw("POST", "/scan", data=body, headers=JSON)
    assert status == 400
    assert "JSON" in answer["message"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_is_bounded(api: Api, world: World, chunked: bool) -> None:
    async def drops() -> Any:
        for _ in range(MAX_BODY // 1024 + 1):
            yield b" " * 1024

    body = drops() if chunked else b" " * (MAX_BODY + 1)
    status, answer = await api.raw("POST", "/scan", data=body, headers=JSON)
    assert (status, str(MAX_BODY) in answer["message"]) == (413, True)
    assert world.runs.runs == {}


EVIL = "<script>alert(1)</script>\u202e\u0000\x1b[31m\r\nSet-Cookie: a=b"


async def test_what_was_sent_comes_back_as_harmless_words(api: Api) -> None:
    for body in ({EVIL: 1}, {"accounts": [EVIL[:90]]}, {"album": EVIL, "only": EVIL}):
        status, answer = await api.post("/scan", body)
        assert status == 400
        assert not set(answer["message"]) & set("<>\u202e\u0000\x1b\r\n"), answer
    status, answer = await api.get("/events", **{EVIL: "1"})
    assert (status, "<" in answer["message"]) == (400, False)
    status, answer = await api.post("/scan", {f"field {number}": 1 for number in range(900)})
    assert (status, len(answer["message"]) < 2000, "895 more" in answer["message"]) == (400, True, True)


@pytest.mark.parametrize(
    "run",
    ["scan:nope", "scan%3Anope", "nope", "..%2f..%2fetc", "scan:" + "a" * 500, "scan:а", "%00", "%3Cb%3E"],
)
async def test_a_run_that_does_not_exist(api: Api, run: str) -> None:
    for path in (f"/runs/{run}", f"/runs/{run}/plan"):
        assert (await api.get(path))[0] == 404
    for step in ("pause", "resume", "cancel"):
        assert (await api.post(f"/runs/{run}/{step}"))[0] == 404


@pytest.mark.parametrize("account", ["you", "%00", "me%2f..", "мe", "<b>"])
async def test_an_account_that_does_not_exist(api: Api, world: World, account: str) -> None:
    for step in ("missed/reset", "people/confirm"):
        assert (await api.post(f"/accounts/{account}/{step}"))[0] == 404
    assert world.reset == []


async def test_addresses_and_methods_that_do_not_exist(session: aiohttp.ClientSession) -> None:
    for method, path, status in (
        ("GET", "/api/", 404),
        ("GET", "/api/statuses", 404),
        ("GET", "/api/scan", 405),
        ("DELETE", "/api/status", 405),
        ("PUT", "/api/scan", 405),
    ):
        async with session.request(method, path, json={} if method != "GET" else None) as answer:
            assert answer.status == status, path
            assert (await answer.json()).keys() == {"message"}
            assert ("Allow" in answer.headers) == (status == 405)


async def test_a_huge_query_is_refused_and_the_server_lives_on(session: aiohttp.ClientSession, api: Api) -> None:
    async with session.get("/api/events?account=" + "a" * 100_000) as answer:
        assert answer.status == 400
    status, answer = await api.get("/events", account="a" * 4000)
    assert (status, "at most 100 characters" in answer["message"]) == (400, True)
    status, _ = await api.get("/status")
    assert status == 200


async def test_a_database_that_is_away_is_said_without_its_words(api: Api, world: World) -> None:
    error = Unreachable(f"the database is not available: {SECRET}")
    world.runs.error = world.history.error = error
    with capture_logs() as lines:
        answers = [
            await api.post("/scan"),
            await api.post("/replay", {"failed": True, "dry_run": True}),
            await api.post("/runs/scan:1/pause"),
            await api.get("/runs/scan:1"),
            await api.get("/runs"),
            await api.get("/events"),
            await api.get("/events/follow"),
        ]
    assert [status for status, _ in answers] == [503] * len(answers)
    assert "hunter2" not in json.dumps(answers)
    assert any("hunter2" in str(line) for line in lines)


async def test_what_the_database_refuses_is_a_fault_of_ours(session: aiohttp.ClientSession, world: World) -> None:
    for error in (Permanent(f"the database refused: {SECRET}"), ValueError(SECRET)):
        world.runs.error = error
        with capture_logs() as lines:
            async with session.get("/api/runs") as answer:
                assert answer.status == 500
                assert "hunter2" not in await answer.text()
        assert lines


async def test_a_run_that_is_over_cannot_be_steered(api: Api, world: World) -> None:
    run = a_run(1)
    world.runs.runs[run.id] = run
    assert (await api.post(f"/runs/{run.id}/cancel"))[0] == 200
    for step in ("pause", "resume"):
        status, answer = await api.post(f"/runs/{run.id}/{step}")
        assert (status, answer["message"]) == (409, "the run is cancelled already")
