"""Answers of Immich, or of whoever stands in its place, that mean harm.

Other hosts, circles and redirected writes, an endless answer, proxies' pages, and messages with control characters:
tests/immich_client/test_transport.py. The table of what may be asked: tests/immich_client/test_table.py.
"""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.errors import Permanent, Retryable, Unreachable
from reactor.core.ids import AccountId, AssetId, PersonId, StackId

from .peak import peak
from .raw import Raw, answer, raw_server

KEY = "TheSecretKeyThatNobodyMaySee"
PHOTO = AssetId("0e1d2c3b-4a59-4687-9a8b-7c6d5e4f3a2b")


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    async with raw_server() as server:
        yield server


@pytest.fixture
async def immich(raw: Raw) -> AsyncIterator[ImmichTransport]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield ImmichTransport(raw.url, SecretStr(KEY), AccountId("anna"), timeout_s=5, session=session)


async def refused(asking: Awaitable[object], kind: type[Exception]) -> str:
    """Return what is said of a failed call: one harmless line without the key, however Immich told it."""
    with pytest.raises(kind) as caught:
        await asking
    words = str(caught.value)
    assert words.isprintable()
    assert len(words) < 700
    for piece in (KEY[at : at + 12] for at in range(len(KEY) - 11)):
        assert piece.lower() not in words.lower()
    return words


def packed(*, megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    spaces = b" " * (1 << 20)
    return b"".join(packer.compress(spaces) for _ in range(megabytes)) + packer.flush()


async def test_what_unpacks_without_end_is_cut_off(raw: Raw, immich: ImmichTransport) -> None:
    raw.says = answer(packed(megabytes=300), b"Content-Encoding: gzip")
    with peak() as memory:
        assert "larger than 32 MB" in await refused(immich.json("GET", "/users/me"), Permanent)
    assert memory.grown < 96


async def test_a_thumbnail_is_bounded_by_what_a_page_shows(raw: Raw, immich: ImmichTransport) -> None:
    raw.says = answer(b"\xff\xd8" + b"x" * (5 << 20), b"Content-Type: image/jpeg")
    assert "larger than 4 MB" in await refused(ImmichLibrary(immich).thumbnail(PHOTO), Permanent)


@pytest.mark.parametrize("packing", ["gzip", "deflate", "br", "zstd"])
async def test_what_cannot_be_unpacked_is_an_outage(packing: str, raw: Raw, immich: ImmichTransport) -> None:
    raw.says = answer(b"no such thing", f"Content-Encoding: {packing}".encode())
    await refused(immich.json("GET", "/users/me"), Unreachable)


async def test_what_is_packed_twice_is_no_json(raw: Raw, immich: ImmichTransport) -> None:
    raw.says = answer(gzip.compress(packed(megabytes=200)), b"Content-Encoding: gzip, gzip")
    with peak() as memory:
        assert "no JSON" in await refused(immich.json("GET", "/users/me"), Unreachable)
    assert memory.grown < 64


BOMBS = {
    "ten million objects": b"[" + b"{}," * 10_000_000 + b"{}]",
    "two million brackets": b"[" * 2_000_000,
    "a million objects in one another": b'{"a":' * 400_000,
    "a number of 5,000 digits": b'{"major":' + b"9" * 5000 + b"}",
    "UTF-16": '{"major": 3}'.encode("utf-16"),
    "half a letter": b'{"name": "\xc3"}',
}


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request", b"500 Oh"])
@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
async def test_json_that_is_a_bomb_is_none(body: bytes, status: bytes, raw: Raw, immich: ImmichTransport) -> None:
    raw.says = answer(body, status=status)
    with peak() as memory:
        await refused(immich.json("PUT", "/tags", body={"tags": []}), Retryable if status[:1] != b"4" else Permanent)
    assert memory.grown < 160, "the body itself is 30 MB, and is held twice while it is read"


async def _drip(writer: asyncio.StreamWriter, begin: bytes, drop: bytes) -> None:
    writer.write(begin)
    while True:
        writer.write(drop)
        await writer.drain()
        await asyncio.sleep(0.01)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "a body": (CHUNKED, b"1\r\n \r\n"),
    "a head": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "promises": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
}


@pytest.mark.parametrize(("begin", "drop"), DRIPS.values(), ids=DRIPS)
async def test_what_comes_in_drops_is_waited_for_no_longer_than_a_call(begin: bytes, drop: bytes, raw: Raw) -> None:
    async with aiohttp.ClientSession() as session:
        immich = ImmichTransport(raw.url, SecretStr(KEY), AccountId("anna"), timeout_s=0.4, session=session)
        raw.says = lambda writer: _drip(writer, begin, drop)
        async with asyncio.timeout(4):
            await refused(immich.json("GET", "/users/me"), Unreachable)


HEADS = {
    "a header of 60 KB that holds the key": answer(b"{}", b"X: " + KEY.encode() * 2000),
    "a hundred thousand headers": answer(b"{}", *(b"X%d: y" % number for number in range(100_000))),
    "a key for a status": b"HTTP/1.1 " + KEY.encode() + b"\r\n\r\n",
    "a long reason": answer(b"{}", status=b"200 " + KEY.encode() * 1000),
    "a header that is none": b"HTTP/1.1 200 OK\r\n" + KEY.encode() + b"\r\n\r\n",
    "a chunk of no number": CHUNKED + KEY.encode() + b"\r\n",
}


@pytest.mark.parametrize("says", HEADS.values(), ids=HEADS)
async def test_a_head_that_is_none_is_an_outage_and_tells_no_key(
    says: bytes, raw: Raw, immich: ImmichTransport
) -> None:
    raw.says = says
    with peak() as memory:
        await refused(immich.json("GET", "/users/me"), Unreachable)
    assert memory.grown < 32


PLACES = [
    b"http://" + KEY.encode() + b".evil.example/api/users/me",
    b"http://user:" + KEY.encode() + b"@127.0.0.1/api/users/me",
    b"https://%s/api/users/me",
    b"//evil.example/api/users/me",
    b"http://127.0.0.1:1/api/users/me",
    b"http://[::1]/api/users/me",
    b"javascript:alert('" + KEY.encode() + b"')",
    b"file:///etc/passwd",
    b"data:application/json,{}",
    b"http://127.0.0.1:99999/",
    b"/users/me",
    b"/apis/users/me",
    b"/api/" + KEY.encode(),
    b"/" + KEY.encode() + b"/users/me",
    b"/api/users%2Fme",
    b"/api/%2e%2e/users/me",
    b"/api/x/../../users/me",
    b"/api/users/me/",
    b"/api/users/me;x",
    b"/api/trash/empty",
    b"\\\\evil.example\\api",
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.decode()[:40])
async def test_a_redirect_that_means_harm_takes_the_key_nowhere(
    place: bytes, raw: Raw, immich: ImmichTransport
) -> None:
    here = raw.origin.removeprefix(b"http://")
    raw.says = answer(b"{}", b"Location: " + place.replace(b"%s", here), status=b"302 Found")
    await refused(immich.json("GET", "/users/me"), Permanent)
    assert len(raw.heads) == 1


async def test_a_redirect_that_names_a_user_is_not_followed(raw: Raw, immich: ImmichTransport) -> None:
    there = raw.origin.replace(b"http://", b"http://user:word@")
    raw.says = answer(b"{}", b"Location: " + there + b"/api/users/me", status=b"302 Found")
    await refused(immich.json("GET", "/users/me"), Permanent)
    assert len(raw.heads) == 1


ECHOES = [
    KEY,
    KEY.lower(),
    KEY[:14] + "...",
    KEY[3:],
    f"{KEY[:14]}\0{KEY[14:]}",
    " ".join((KEY, KEY)),
    "x" * 290 + KEY,
    "\n" * 300 + KEY,
]


@pytest.mark.parametrize("status", [400, 403, 500])
async def test_an_error_that_repeats_the_key_is_told_without_it(status: int, raw: Raw, immich: ImmichTransport) -> None:
    for echo in ECHOES:
        body = {"message": f"Missing required permission: {echo}", "errors": [{"path": [echo], "message": echo}]}
        raw.says = answer(json.dumps(body).encode(), b"Retry-After: 1", status=b"%d No" % status)
        await refused(immich.json("GET", "/users/me"), Exception)
    await refused(immich.media(f"/assets/{PHOTO}/thumbnail"), Exception)


async def test_a_content_type_that_repeats_the_key_is_told_without_it(raw: Raw, immich: ImmichTransport) -> None:
    raw.says = answer(b"x", b"Content-Type: text/" + KEY.encode())
    await refused(immich.media(f"/assets/{PHOTO}/thumbnail"), Retryable)


@pytest.mark.parametrize("date", [b"Fri, 31 Dec 9999 23:59:59 -1000", b"Sat, 01 Jan 4000 00:00:00 GMT", b"soon", b""])
async def test_a_clock_at_the_end_of_all_days_is_none(date: bytes, raw: Raw, immich: ImmichTransport) -> None:
    raw.says = answer(b"{}", b"Date: " + date)
    await immich.json("GET", "/users/me")
    await refused(immich.server_time(), Retryable)
    assert immich.clock().year < 3000


CALLS: dict[str, Callable[[ImmichLibrary], Awaitable[object]]] = {
    "asset": lambda library: library.asset(PHOTO),
    "people": lambda library: library.people(),
    "version": lambda library: library.version(),
    "photo_count": lambda library: library.photo_count(PersonId(PHOTO)),
    "stack": lambda library: library.stack(StackId(PHOTO)),
    "whoami": lambda library: library.whoami(),
}
JSONS = [
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"NaN",
    b"1e999",
    b'{"id":{},"people":{},"major":NaN,"assets":1e999}',
    b'{"id":"' + b"x" * 200_000 + b'","people":null,"major":-Infinity,"assets":-1}',
]


@pytest.mark.parametrize("body", JSONS, ids=range(len(JSONS)))
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_what_is_not_of_the_form_raises_what_the_sources_bear(
    call: Callable[[ImmichLibrary], Awaitable[object]], body: bytes, raw: Raw, immich: ImmichTransport
) -> None:
    raw.says = answer(body)
    await refused(call(ImmichLibrary(immich)), Retryable)


async def test_an_answer_about_another_photo_is_not_taken_for_it(raw: Raw, immich: ImmichTransport) -> None:
    other = PHOTO.replace("0", "1")
    moments = dict.fromkeys(("fileCreatedAt", "createdAt", "updatedAt"), "2026-11-20T20:44:17.131Z")
    raw.says = answer(json.dumps({"id": other, "ownerId": "me", **moments}).encode())
    assert "another photo" in await refused(ImmichLibrary(immich).asset(PHOTO), Retryable)
