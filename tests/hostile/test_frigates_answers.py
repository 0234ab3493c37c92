"""Answers of Frigate, or of whoever stands in its place, that mean harm.

Odd shapes and outages: tests/frigate/test_client.py and test_outages.py. A redirect is never followed (test_client.py).
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from reactor.adapters.frigate.faces import FrigateFaces
from reactor.adapters.frigate.transport import FrigateTransport, Request
from reactor.core.errors import Permanent, Retryable

from .peak import peak
from .raw import Raw, answer, raw_server
from .test_immichs_answers import packed

PASSWORD = "ThePasswordOf/Frigate&co"


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    async with raw_server() as server:
        yield server


@pytest.fixture
async def transport(raw: Raw) -> AsyncIterator[FrigateTransport]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield FrigateTransport(raw.url, session=session, user="anna", password=PASSWORD)


@pytest.fixture
def frigate(transport: FrigateTransport) -> FrigateFaces:
    return FrigateFaces(transport, timeout_s=2)


CALLS: dict[str, Callable[[FrigateFaces], Awaitable[object]]] = {
    "faces": lambda frigate: frigate.faces(),
    "version": lambda frigate: frigate.version(),
    "camera_fps": lambda frigate: frigate.camera_fps(),
    "recognize": lambda frigate: frigate.recognize(b"jpeg"),
}
BODIES = {
    "two million brackets": b"[" * 1_000_000,
    "400,000 objects": b"[" + b"{}," * 300_000 + b"{}]",
    "a megabyte too many": b" " * (2 << 20),
    "a gigabyte": b"",
    "numbers without end": b'{"cameras": 1e999, "score": 1e999, "face_name": "x"}',
    "a terminal's words": b"0.18\x1b[31m",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_what_is_no_answer_is_refused_in_words(
    call: Callable[[FrigateFaces], Awaitable[object]], body: bytes, raw: Raw, frigate: FrigateFaces
) -> None:
    raw.says = answer(body) if body else answer(packed(megabytes=50), b"Content-Encoding: gzip")
    with peak() as memory:
        try:
            found = await call(frigate)
        except (Retryable, Permanent) as error:
            assert str(error).isprintable()
        else:
            assert found == {}, "only a list of faces may hold whatever names there are, and these are none"
    assert memory.grown < 64


async def test_numbers_without_measure_are_left_out(raw: Raw, frigate: FrigateFaces) -> None:
    fps = {"a": 5, "b": 10**400, "c": 1e999, "d": float("nan"), "e": "5", "f": -1e308, "g": 2.5}
    raw.says = answer(json.dumps({"cameras": {name: {"camera_fps": value} for name, value in fps.items()}}).encode())
    assert await frigate.camera_fps() == {"a": 5.0, "f": -1e308, "g": 2.5}


async def test_files_and_folders_of_hostile_names_can_be_kept(raw: Raw, frigate: FrigateFaces) -> None:
    raw.says = answer(json.dumps({"An\0na\ud800": ["\udfffx.webp", 7, "../../x"], "b": "no list"}).encode())
    assert await frigate.faces() == {"Anna": ("x.webp", "../../x")}
    with pytest.raises(Permanent, match="cannot be a name"):
        await frigate.picture("Anna", "../../x")


@pytest.mark.parametrize("status", [400, 403, 404, 413, 429, 500, 503])
@pytest.mark.parametrize(
    "echo", [PASSWORD, PASSWORD.lower(), "ThePasswordOf%2FFrigate%26co", PASSWORD[:12] + "...", "c00kie-of-the-login"]
)
async def test_an_error_that_repeats_the_password_is_told_without_it(
    echo: str, status: int, raw: Raw, frigate: FrigateFaces
) -> None:
    said = json.dumps({"message": f"no: {echo} \x1b[31m\r\n" + "x" * 9000}).encode()
    raw.says = answer(said, b"Set-Cookie: frigate_token=c00kie-of-the-login", status=b"%d No" % status)
    with pytest.raises((Retryable, Permanent)) as caught:
        await frigate.faces()
    words = str(caught.value)
    assert words.isprintable()
    assert len(words) < 600
    for secret in (PASSWORD, "ThePasswordOf%2FFrigate%26co", "c00kie-of-the-login"):
        assert not any(secret[at : at + 12].lower() in words.lower() for at in range(len(secret) - 11))


@pytest.mark.parametrize("password", ["PassWord-1.8", 'A"quoted\\pass/wörd'])
async def test_a_success_that_repeats_the_password_is_read_without_it(password: str, raw: Raw) -> None:
    cookie = "c00kie-of-the-login"
    login = b"Set-Cookie: frigate_token=" + cookie.encode()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        frigate = FrigateFaces(FrigateTransport(raw.url, session=session, user="anna", password=password))
        for ascii_only in (True, False):
            listed = {password: [f"x-{password.lower()}.webp"], "Anna": [cookie.upper(), "Anna-1.webp"]}
            raw.says = answer(json.dumps(listed, ensure_ascii=ascii_only).encode(), login)
            assert await frigate.faces() == {"***": ("x-***.webp",), "Anna": ("***", "Anna-1.webp")}
        for said in (password, cookie):
            raw.says = answer(said.encode(), login)
            with pytest.raises(Permanent, match="is no version"):
                await frigate.version()


async def test_a_short_password_is_nobodys_name(raw: Raw) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        frigate = FrigateFaces(FrigateTransport(raw.url, session=session, user="anna", password="anna"))
        raw.says = answer(b'{"Anna": ["Anna-1.webp"]}')
        assert await frigate.faces() == {"Anna": ("Anna-1.webp",)}


COOKIES = {
    "of 400 KB": [b"Set-Cookie: a%d=%s" % (number, b"x" * 4000) for number in range(100)],
    "of bytes that no header takes": [b"Set-Cookie: frigate_token=\xff\xfe"],
    "that ends the line": [b'Set-Cookie: frigate_token="a\\012X-Evil: y"'],
}


@pytest.mark.parametrize("headers", COOKIES.values(), ids=COOKIES)
async def test_a_cookie_that_would_spoil_every_later_request_is_not_kept(
    headers: list[bytes], raw: Raw, transport: FrigateTransport
) -> None:
    request = Request(method="GET", path="/api/faces")
    raw.says = answer(b"{}", *headers)
    await transport.call(request)
    raw.says = answer(b"{}")
    assert (await transport.call(request)).status == 200
    assert b"x-evil" not in raw.heads[-1].lower()
    assert len(raw.heads[-1]) < 5000


async def test_the_password_goes_to_no_other_place(raw: Raw, transport: FrigateTransport) -> None:
    async with raw_server() as thief:
        raw.says = answer(b"{}", b"Location: " + thief.origin + b"/api/login", status=b"307 Elsewhere")
        found = await transport.call(Request(method="GET", path="/api/faces"))
    assert (found.status, thief.heads) == (307, [])
    assert PASSWORD not in repr(found)
    assert PASSWORD not in repr(transport)
