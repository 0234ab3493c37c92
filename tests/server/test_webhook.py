"""The webhook route, over real connections."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from structlog.testing import capture_logs

from reactor.core.errors import Permanent, Retryable
from reactor.core.events import AssetUploaded
from reactor.server.webhook import MAX_BODY

from .fakes import ME, PHOTO, SECRET, World, body

JSON = {"Content-Type": "application/json"}


async def test_an_accepted_event_is_in_the_log(client: aiohttp.ClientSession, world: World) -> None:
    async with client.post("/webhook/me", json=body(), headers=SECRET) as answer:
        assert (answer.status, await answer.json()) == (202, {"accepted": 1})
    assert world.sink.events == [AssetUploaded(account=ME, asset=PHOTO)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer old-secret"},
        {"Authorization": "new-secret"},
        {"X-Reactor-Secret": "new-secret"},
        {"X-Reactor-Secret": "Bearer old-secret"},
    ],
)
async def test_both_headers_and_both_secrets_open(client: aiohttp.ClientSession, headers: dict[str, str]) -> None:
    async with client.put("/webhook/me", json=body(), headers=headers) as answer:
        assert answer.status == 202


async def test_what_is_none_of_our_business_is_accepted(client: aiohttp.ClientSession, world: World) -> None:
    async with client.post("/webhook/me", json=body(visibility="hidden"), headers=SECRET) as answer:
        assert (answer.status, await answer.json()) == (202, {"accepted": 0})
    assert world.sink.events == []


async def test_nobody_learns_which_accounts_exist(client: aiohttp.ClientSession, world: World) -> None:
    answers = []
    for account, headers in [("me", {}), ("me", {"Authorization": "Bearer wrong"}), ("closed", SECRET), ("no", SECRET)]:
        async with client.post(f"/webhook/{account}", json=body(), headers=headers) as answer:
            seen = {name: value for name, value in answer.headers.items() if name != "Date"}
            answers.append((answer.status, await answer.text(), seen))
    assert answers[0][0] == 401
    assert all(answer == answers[0] for answer in answers)
    assert world.sink.events == []


async def chunks(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 65536 + 1):
        yield b" " * 65536


@pytest.mark.parametrize("kind", ["declared", "chunked", "packed"])
async def test_a_body_that_is_too_large_is_not_read(client: aiohttp.ClientSession, kind: str) -> None:
    spaces = b" " * (MAX_BODY + 1)
    data = {"declared": spaces, "chunked": chunks(MAX_BODY), "packed": gzip.compress(spaces)}[kind]
    headers = SECRET | JSON | ({"Content-Encoding": "gzip"} if kind == "packed" else {})
    async with client.post("/webhook/me", data=data, headers=headers) as answer:
        assert answer.status == 413
        assert "larger than" in (await answer.json())["message"]


async def test_a_stranger_cannot_make_us_read(client: aiohttp.ClientSession) -> None:
    async with client.post("/webhook/me", data=chunks(4 * MAX_BODY), headers=JSON) as answer:
        assert answer.status == 401


@pytest.mark.parametrize(
    ("content_type", "sent", "status", "words"),
    [
        ("text/plain", b"{}", 415, "the content type must be application/json"),
        ("application/json", b"{", 400, "the body is not JSON"),
        ("application/json", b"[]", 400, "the body must be an object"),
        ("application/json", json.dumps(body(id="x")).encode(), 400, "data.asset.id must be a UUID"),
    ],
)
async def test_a_refusal_says_why(
    client: aiohttp.ClientSession, content_type: str, sent: bytes, status: int, words: str
) -> None:
    headers = SECRET | {"Content-Type": content_type}
    async with client.post("/webhook/me", data=sent, headers=headers) as answer:
        assert (answer.status, await answer.json()) == (status, {"message": words})


async def test_a_log_that_cannot_write_says_when_to_come_again(client: aiohttp.ClientSession, world: World) -> None:
    world.sink.error = Retryable("the database is not available: secret detail", after=2.5)
    async with client.post("/webhook/me", json=body(), headers=SECRET) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
        assert "detail" not in await answer.text()


@pytest.mark.parametrize("error", [Permanent("refused: secret detail"), ValueError("secret detail")])
async def test_what_nobody_foresaw_is_told_to_the_log_alone(
    client: aiohttp.ClientSession, world: World, error: Exception
) -> None:
    world.sink.error = error
    with capture_logs() as lines:
        async with client.post("/webhook/me", json=body(), headers=SECRET) as answer:
            assert answer.status == 500
            assert "detail" not in await answer.text()
    assert [line["log_level"] for line in lines] == ["error"]
    assert lines[0]["path"] == "/webhook/me"


async def test_no_log_line_carries_a_secret(client: aiohttp.ClientSession) -> None:
    with capture_logs() as lines:
        async with client.post("/webhook/me", data=b"new-secret", headers=SECRET | JSON) as answer:
            assert answer.status == 400
    assert lines
    assert "new-secret" not in str(lines)


async def test_many_at_once_are_all_taken(client: aiohttp.ClientSession, world: World) -> None:
    async def send(number: int) -> int:
        photo = f"{number:08x}-0000-4000-8000-000000000000"
        async with client.post("/webhook/me", json=body(id=photo), headers=SECRET) as answer:
            return answer.status

    assert set(await asyncio.gather(*(send(number) for number in range(200)))) == {202}
    assert len({event.subject for event in world.sink.events}) == 200


async def test_only_posting_is_answered(client: aiohttp.ClientSession) -> None:
    async with client.get("/webhook/me", headers=SECRET) as answer:
        assert answer.status == 405


async def test_an_event_is_kept_though_its_sender_hung_up(client: aiohttp.ClientSession, world: World) -> None:
    world.sink.gate = asyncio.Event()
    sending = asyncio.create_task(client.post("/webhook/me", json=body(), headers=SECRET))
    async with asyncio.timeout(10):
        while not world.sink.asked:
            await asyncio.sleep(0.01)
        sending.cancel()
        await asyncio.wait([sending])
        world.sink.gate.set()
        while not world.sink.events:
            await asyncio.sleep(0.01)
    assert world.sink.events == [AssetUploaded(account=ME, asset=PHOTO)]
