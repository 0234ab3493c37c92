"""What the transport sends, follows, repeats and refuses."""

import asyncio
import re

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import SecretStr

from reactor.adapters.immich import transport as transport_module
from reactor.adapters.immich.errors import ForbiddenCall, Garbled, KeyRefused, MissingPermission, NotImmich
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.errors import Blocked, Gone, Permanent, Retryable, StartError, Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from tests.immich_client.oddities import odd_server

ID = "0e1d2c3b-4a59-4687-9a8b-7c6d5e4f3a2b"
KEY = "TheSecretKeyThatNobodyMaySee"


def client(url: str, session: aiohttp.ClientSession, *, timeout_s: float = 5) -> ImmichTransport:
    return ImmichTransport(url, SecretStr(KEY), AccountId("anna"), timeout_s=timeout_s, session=session)


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "ключ"])
async def test_keys_that_cannot_be_one_are_refused(key: str, session: aiohttp.ClientSession) -> None:
    with pytest.raises(StartError, match="API key") as caught:
        ImmichTransport("http://immich", SecretStr(key), AccountId("anna"), session=session)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/assets"),
        ("POST", "/trash/empty"),
        ("POST", "/assets"),
        ("DELETE", f"/assets/{ID}"),
        ("PUT", f"/assets/{ID}"),
        ("GET", "/assets/../users/me"),
        ("GET", f"/assets/{ID}/original"),
        ("GET", "/assets/%2e%2e"),
        ("GET", f"/assets/{ID}?x=1"),
        ("GET", f"/assets/{ID}\n"),
        ("GET", ""),
        ("get", "/users/me"),
    ],
)
async def test_what_is_not_in_the_table_is_never_sent(
    method: str, path: str, immich: SimulatedImmich, transport: ImmichTransport
) -> None:
    with pytest.raises(ForbiddenCall, match="nothing was sent"):
        await transport.json(method, path)
    assert list(immich.requests) == []


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Not found or no asset.read access", Gone),
        (400, "Validation failed", Permanent),
        (401, "Invalid API key", KeyRefused),
        (401, "Elevated permission is required", Permanent),
        (403, "Missing required permission: tag.asset", MissingPermission),
        (403, "Forbidden", Permanent),
        (404, "Cannot GET /api/users/me", Permanent),
        (408, "too slow", Unreachable),
        (413, "too large", Permanent),
        (429, "slow down", Unreachable),
        (500, "Failed to create stack", Retryable),
        (503, "starting", Unreachable),
    ],
)
async def test_each_answer_means_one_thing(
    status: int, message: str, kind: type[Exception], immich: SimulatedImmich, transport: ImmichTransport
) -> None:
    immich.fail("GET", "/api/users/me", status=status, message=message, times=9)
    with pytest.raises(Exception, match=re.escape(message.removeprefix("Missing required permission: "))) as caught:
        await transport.json("GET", "/users/me")
    assert type(caught.value) is kind
    tried = 3 if issubclass(kind, Retryable) and not issubclass(kind, Blocked) else 1
    assert [entry[1] for entry in immich.requests] == ["/api/users/me"] * tried


async def test_a_read_is_repeated_quickly_and_then_succeeds(
    immich: SimulatedImmich, transport: ImmichTransport
) -> None:
    immich.fail("GET", "/api/users/me", status=502, times=1)
    immich.fail("GET", "/api/users/me", drop=True, times=1)
    answer = await transport.json("GET", "/users/me")
    assert isinstance(answer, dict)
    assert answer["name"] == "Anna"


@pytest.mark.parametrize("drop", [False, True])
async def test_a_write_is_never_repeated(drop: bool, immich: SimulatedImmich, transport: ImmichTransport) -> None:
    immich.fail("PUT", "/api/tags", times=9, status=500, drop=drop)
    with pytest.raises(Retryable) as caught:
        await transport.json("PUT", "/tags", body={"tags": ["Auto/x"]})
    assert type(caught.value) is (Unreachable if drop else Retryable)
    assert [entry[:2] for entry in immich.requests] == [("PUT", "/api/tags")]


async def test_a_server_that_hangs_or_is_away_is_unreachable(
    immich: SimulatedImmich, user: User, session: aiohttp.ClientSession
) -> None:
    impatient = ImmichTransport(immich.url, SecretStr(user.api_key), AccountId("anna"), timeout_s=0.3, session=session)
    immich.fail("GET", "/api/users/me", hang=True)
    with pytest.raises(Unreachable, match=r"did not answer within 0\.3 s"):
        await impatient.json("GET", "/users/me")
    await immich.pause()
    with pytest.raises(Unreachable, match=r"cannot be reached at http://[\d.:]+: nothing answers there \(Connection"):
        await client(immich.url, session).json("GET", "/users/me")


class Nowhere(AbstractResolver):
    """A name server that knows no name."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        raise OSError(f"no such name: {host}")

    async def close(self) -> None:
        return None


async def test_a_name_that_leads_nowhere_is_unreachable() -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Nowhere())) as session:
        with pytest.raises(Unreachable, match="there is no host of this name"):
            await client("http://immich:2283", session).json("GET", "/users/me")


@pytest.mark.parametrize("path", ["/users/me", f"/assets/{ID}/thumbnail"])
@pytest.mark.parametrize("status", [404, 500, 502])
async def test_a_proxys_own_error_is_unreachable(status: int, path: str, session: aiohttp.ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text="404 page not found")

    async with odd_server(answer) as odd:
        asked = client(odd.url, session)
        with pytest.raises(Unreachable, match="not from Immich"):
            await (asked.media(path) if "thumbnail" in path else asked.json("GET", path))


async def test_a_retry_after_of_nothing_is_still_a_pause(session: aiohttp.ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "0"})

    async with odd_server(answer) as odd:
        with pytest.raises(Unreachable) as caught:
            await client(odd.url, session).json("GET", "/users/me")
        assert (caught.value.after, len(odd.requests)) == (1.0, 1)


async def test_an_odd_photo_of_immichs_own_is_no_outage(session: aiohttp.ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"id": ID})

    async with odd_server(answer) as odd:
        with pytest.raises(Garbled) as caught:
            await ImmichLibrary(client(odd.url, session)).asset(AssetId(ID))
    assert not isinstance(caught.value, Unreachable)


async def test_a_proxys_page_is_unreachable_and_named(session: aiohttp.ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="<html>nginx</html>")

    async with odd_server(answer) as odd:
        with pytest.raises(NotImmich, match="no JSON") as caught:
            await client(odd.url, session).json("GET", "/users/me")
    assert isinstance(caught.value, Unreachable)


@pytest.mark.parametrize(
    ("content_type", "kind"), [("text/html", NotImmich), ("image/svg+xml", Garbled), ("application/json", Garbled)]
)
async def test_what_is_no_picture_is_not_taken_for_one(
    content_type: str, kind: type[Exception], session: aiohttp.ClientSession
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="<script>", content_type=content_type)

    async with odd_server(answer) as odd:
        with pytest.raises(kind, match="no picture"):
            await client(odd.url, session).media(f"/assets/{ID}/thumbnail")


async def test_a_redirect_on_the_same_origin_is_followed_with_the_key(session: aiohttp.ClientSession) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/api/users/me":
            return web.Response(status=302, headers={"Location": "../server/version"})
        return web.json_response({"key": request.headers["x-api-key"]})

    async with odd_server(answer) as odd:
        assert await client(odd.url, session).json("GET", "/users/me") == {"key": "***"}
        assert [headers["x-api-key"] for _, _, headers in odd.requests] == [KEY, KEY]


async def test_a_redirect_to_a_path_outside_the_table_is_not_followed(session: aiohttp.ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/login"})

    async with odd_server(answer) as odd:
        with pytest.raises(ForbiddenCall):
            await client(odd.url, session).json("GET", "/users/me")
        assert [path for _, path, _ in odd.requests] == ["/api/users/me"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/users/me"), ("PUT", "/tags")])
async def test_a_redirect_to_another_host_gets_no_key(method: str, path: str, session: aiohttp.ClientSession) -> None:
    async def steal(_: web.Request) -> web.Response:
        return web.json_response({})

    async with odd_server(steal) as thief:

        async def away(request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": f"{thief.url}{request.path}"})

        async with odd_server(away) as odd:
            with pytest.raises(Permanent, match="where the key does not go"):
                await client(odd.url, session).json(method, path, body={"tags": []} if method == "PUT" else None)
        assert thief.requests == []


@pytest.mark.parametrize("location", ["", "/api/users/me", "http://[bad", "/api/tags"])
async def test_circles_and_redirected_writes_end(location: str, session: aiohttp.ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": location})

    async with odd_server(answer) as odd:
        with pytest.raises(Permanent):
            await client(odd.url, session).json("GET", "/users/me")
        with pytest.raises(Permanent):
            await client(odd.url, session).json("PUT", "/tags", body={"tags": []})
        assert 2 <= len(odd.requests) <= 5


async def test_an_answer_too_large_is_cut_off(session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "LONGEST_JSON", 1024 * 1024)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65536)

    async with odd_server(endless) as odd:
        with pytest.raises(Permanent, match="larger than 1 MB"):
            await client(odd.url, session).json("GET", "/users/me")


async def test_a_message_of_the_other_side_is_bounded_and_harmless(session: aiohttp.ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"message": f"\x1b[31m\r\n{KEY} " + "x" * 5000}, status=400)

    async with odd_server(answer) as odd:
        with pytest.raises(Permanent) as caught:
            await client(odd.url, session).json("GET", "/users/me")
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 400
    assert "***" in text


async def test_the_key_is_in_no_error_and_no_repr(session: aiohttp.ClientSession) -> None:
    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(next(answers) if KEY.encode() in asked else b"")
        await writer.drain()
        writer.close()

    bad = b"HTTP/1.1 200 OK\r\nBad Header\x00: " + KEY.encode() + b"\r\n\r\n"
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    echo = b"HTTP/1.1 500 No\r\nContent-Length: 60\r\n\r\n" + b'{"message":"' + KEY.encode().ljust(46) + b'"}'
    answers = iter([bad] * 3 + [cut] * 3 + [echo] * 3)
    server = await asyncio.start_server(raw, "127.0.0.1", 0)
    async with server:
        transport = client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", session)
        assert KEY not in repr(transport)
        for _ in range(3):
            with pytest.raises(Retryable) as caught:
                await transport.json("GET", "/users/me")
            error: BaseException | None = caught.value
            while error is not None:  # aiohttp's own errors carry the headers of the request
                assert KEY not in f"{error} {error!r}"
                error = error.__cause__ or error.__context__
        assert next(answers, None) is None
