"""The webhook route, over real connections."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp
import pytest
import structlog
from aiohttp import web
from structlog.testing import capture_logs

from reactor.core.errors import Permanent, Retryable, Unreachable
from reactor.core.events import AssetUploaded, Event
from reactor.core.ids import LIVE, AccountId, AssetId, RunId
from reactor.server.run import serving
from reactor.server.webhook import MAX_BODY, NOTED_TRIGGERS, WebhookAccount, WebhookRoute

from .fakes import ME, PHOTO, SECRET, World, body

JSON = {"Content-Type": "application/json"}
OTHER = "00000000-0000-4000-8000-00000000000f"


@dataclass
class Sink:
    """Keep each event once, when the gate is open, or fail."""

    events: list[Event] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    error: Exception | None = None
    gate: asyncio.Event | None = None
    asked: bool = False

    async def append(self, events: Sequence[Event], run: RunId = LIVE, *, source: str = "") -> tuple[Event, ...]:
        self.asked = True
        self.sources.add(source)
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error
        new = tuple(event for event in events if event not in self.events)
        self.events.extend(new)
        return new


@dataclass
class Ear:
    """Remembers what the route says that it heard."""

    told: list[tuple[AccountId, list[AssetId]]] = field(default_factory=list)

    def heard(self, account: AccountId, photos: Sequence[AssetId]) -> None:
        self.told.append((account, list(photos)))


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def world(sink: Sink) -> World:
    return World(log=sink)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def listened(sink: Sink, ear: Ear) -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a client of the route alone, with somebody who is told of what was heard."""
    secrets = WebhookAccount(secrets=("new-secret",))
    route = WebhookRoute(
        sink=sink, accounts={ME: secrets, AccountId("you"): secrets}, log=structlog.get_logger(), heard=ear.heard
    )
    app = web.Application()
    app.add_routes([web.post("/webhook/{account}", route.handle)])
    async with (
        serving(app, host="127.0.0.1", port=0) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=SECRET) as session,
    ):
        yield session


async def post(client: aiohttp.ClientSession, sent: object, account: str = "me") -> tuple[int, dict[str, object]]:
    async with client.post(f"/webhook/{account}", json=sent) as answer:
        return answer.status, await answer.json()


async def test_an_accepted_event_is_in_the_log(client: aiohttp.ClientSession, sink: Sink) -> None:
    async with client.post("/webhook/me", json=body(), headers=SECRET) as answer:
        assert (answer.status, await answer.json()) == (202, {"accepted": 1})
    assert sink.events == [AssetUploaded(account=ME, asset=PHOTO)]
    assert sink.sources == {"webhook"}


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


async def test_what_is_none_of_our_business_is_accepted(client: aiohttp.ClientSession, sink: Sink) -> None:
    async with client.post("/webhook/me", json=body(visibility="hidden"), headers=SECRET) as answer:
        assert (answer.status, await answer.json()) == (202, {"accepted": 0})
    assert sink.events == []


async def test_nobody_learns_which_accounts_exist(client: aiohttp.ClientSession, sink: Sink) -> None:
    answers = []
    for account, headers in [("me", {}), ("me", {"Authorization": "Bearer wrong"}), ("closed", SECRET), ("no", SECRET)]:
        async with client.post(f"/webhook/{account}", json=body(), headers=headers) as answer:
            seen = {name: value for name, value in answer.headers.items() if name != "Date"}
            answers.append((answer.status, await answer.text(), seen))
    assert answers[0][0] == 401
    assert all(answer == answers[0] for answer in answers)
    assert sink.events == []


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


async def test_a_log_that_cannot_write_says_when_to_come_again(client: aiohttp.ClientSession, sink: Sink) -> None:
    sink.error = Retryable("the database is not available: secret detail", after=2.5)
    async with client.post("/webhook/me", json=body(), headers=SECRET) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
        assert "detail" not in await answer.text()


@pytest.mark.parametrize("error", [Permanent("refused: secret detail"), ValueError("secret detail")])
async def test_what_nobody_foresaw_is_told_to_the_log_alone(
    client: aiohttp.ClientSession, sink: Sink, error: Exception
) -> None:
    sink.error = error
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


async def test_a_script_tells_of_one_photo_and_of_several(listened: aiohttp.ClientSession, sink: Sink) -> None:
    told = {"event": "asset.uploaded", "asset_id": PHOTO}
    assert await post(listened, told) == (202, {"accepted": 1})
    several = {"event": "asset.uploaded", "asset_ids": [OTHER, PHOTO, OTHER]}
    assert await post(listened, several) == (202, {"accepted": 2})
    assert sink.events == [AssetUploaded(account=ME, asset=PHOTO), AssetUploaded(account=ME, asset=AssetId(OTHER))]
    status, answer = await post(listened, {"event": "asset.deleted", "asset_id": PHOTO})
    assert (status, answer) == (400, {"message": "event is not known; it is one of: asset.uploaded"})


async def test_whoever_listens_is_told_of_every_accepted_webhook(
    listened: aiohttp.ClientSession, sink: Sink, ear: Ear
) -> None:
    for sent in (
        body(),
        body(),  # the log knows it already
        body("AssetMetadataExtraction"),
        body(visibility="hidden"),
        {"event": "asset.uploaded", "asset_ids": [OTHER, PHOTO]},
        body() | {"trigger": "AssetTagged"},
    ):
        assert (await post(listened, sent))[0] == 202
    metadata = AssetId(body("AssetMetadataExtraction")["data"]["asset"]["id"])
    photos = [[PHOTO], [PHOTO], [metadata], [], [AssetId(OTHER), PHOTO], []]
    assert ear.told == [(ME, told) for told in photos]
    assert len(sink.events) == 3


async def test_whoever_listens_is_told_nothing_of_what_was_refused(
    listened: aiohttp.ClientSession, sink: Sink, ear: Ear
) -> None:
    assert (await post(listened, body(), "nobody"))[0] == 401
    assert (await post(listened, body(id="x")))[0] == 400
    sink.error = Unreachable("the database is not available")
    assert (await post(listened, body()))[0] == 503
    assert ear.told == []


async def test_a_trigger_of_a_later_version_is_logged_once_an_account(listened: aiohttp.ClientSession) -> None:
    with capture_logs() as lines:
        for account in ("me", "me", "you", "me"):
            for trigger in ("AssetTagged", "PersonRecognized"):
                assert await post(listened, body() | {"trigger": trigger}, account) == (202, {"accepted": 0})
    told = [(line["log_level"], line["account"], line["trigger"]) for line in lines]
    assert told == [("info", who, what) for who in ("me", "you") for what in ("AssetTagged", "PersonRecognized")]


async def test_triggers_without_end_do_not_fill_the_log(listened: aiohttp.ClientSession) -> None:
    with capture_logs() as lines:
        for number in range(NOTED_TRIGGERS + 20):
            assert (await post(listened, body() | {"trigger": f"Trigger{number}"}))[0] == 202
    assert len(lines) == NOTED_TRIGGERS


async def test_refusals_without_end_do_not_fill_the_log(listened: aiohttp.ClientSession, sink: Sink) -> None:
    sink.error = Unreachable("the database is not available")
    with capture_logs() as lines:
        answers = await asyncio.gather(*(post(listened, body()) for _ in range(50)))
    assert {status for status, _ in answers} == {503}
    assert len(lines) < 10


async def test_many_at_once_are_all_taken(client: aiohttp.ClientSession, sink: Sink) -> None:
    async def send(number: int) -> int:
        photo = f"{number:08x}-0000-4000-8000-000000000000"
        async with client.post("/webhook/me", json=body(id=photo), headers=SECRET) as answer:
            return answer.status

    assert set(await asyncio.gather(*(send(number) for number in range(200)))) == {202}
    assert len({event.subject for event in sink.events}) == 200


async def test_only_posting_is_answered(client: aiohttp.ClientSession) -> None:
    async with client.get("/webhook/me", headers=SECRET) as answer:
        assert answer.status == 405


async def test_an_event_is_kept_though_its_sender_hung_up(client: aiohttp.ClientSession, sink: Sink) -> None:
    sink.gate = asyncio.Event()
    sending = asyncio.create_task(client.post("/webhook/me", json=body(), headers=SECRET))
    async with asyncio.timeout(10):
        while not sink.asked:
            await asyncio.sleep(0.01)
        sending.cancel()
        await asyncio.wait([sending])
        sink.gate.set()
        while not sink.events:
            await asyncio.sleep(0.01)
    assert sink.events == [AssetUploaded(account=ME, asset=PHOTO)]
