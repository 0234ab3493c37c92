"""Webhook bodies that mean harm, as bytes on a real connection.

Wrong forms and arbitrary JSON: tests/server/test_parsing.py. Too large, declared, in chunks or packed, and strangers:
tests/server/test_webhook.py. Ten thousand at once: tests/server/test_flood.py.
"""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from reactor.core.events import AssetUploaded
from reactor.server.app import make_app
from reactor.server.run import serving
from reactor.server.webhook import MAX_BODY, WebhookAccount

from ..server.fakes import ME, PHOTO, World, body
from .peak import peak

SECRET = "a-secret-that-nobody-guesses"


@dataclass
class Door:
    """A running application, spoken to in bytes."""

    world: World
    port: int

    async def posted(self, sent: bytes, *headers: str, secret: str = SECRET) -> tuple[int, Any]:
        """Post a body with these headers beside its length; return status and answer."""
        head = [
            "POST /webhook/me HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            "Content-Type: application/json",
            f"Authorization: Bearer {secret}",
            *headers,
        ]
        if not any(header.startswith(("Content-Length", "Transfer-Encoding")) for header in headers):
            head.append(f"Content-Length: {len(sent)}")
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write("\r\n".join([*head, "", ""]).encode() + sent)
            answer = b""
            async with asyncio.timeout(10):
                # Who goes on sending after the answer may find the connection reset.
                with suppress(ConnectionResetError):
                    while part := await reader.read(1 << 16):
                        answer += part
        finally:
            writer.close()
        top, _, said = answer.partition(b"\r\n\r\n")
        status = int(top.split()[1])
        return status, json.loads(said) if b"application/json" in top else said.decode()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    world = World()
    app = make_app(
        sink=world.sink,
        accounts={ME: WebhookAccount(secrets=(SECRET,))},
        activity=world.board,
        thumbnail=world.thumbnail,
        log=structlog.get_logger(),
        desk=world.desk(),
    )
    async with serving(app, host="127.0.0.1", port=0) as port:
        yield Door(world, port)


async def test_a_gigabyte_in_a_megabyte_is_not_unpacked(door: Door) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    spaces = b" " * (1 << 20)
    bomb = b"".join(packer.compress(spaces) for _ in range(300)) + packer.flush()
    assert len(bomb) < MAX_BODY
    with peak() as memory:
        status, said = await door.posted(bomb, "Content-Encoding: gzip")
    assert (status, said["message"]) == (413, f"the body is larger than {MAX_BODY} bytes")
    assert memory.grown < 32


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
async def test_a_body_that_cannot_be_unpacked_is_the_senders_fault(
    packing: str, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as lines:
        status, said = await door.posted(b"no such thing", f"Content-Encoding: {packing}")
    assert (status, said) == (400, {"message": "the body is not what its Content-Encoding or Transfer-Encoding says"})
    assert ("a webhook was not taken", "warning") in [(line["event"], line["log_level"]) for line in lines]
    assert [record.name for record in caplog.records] == []


async def test_a_packed_body_that_is_cut_off_is_no_json(door: Door) -> None:
    status, _ = await door.posted(gzip.compress(json.dumps(body()).encode())[:-12], "Content-Encoding: gzip")
    assert status == 400
    assert door.world.sink.events == []


FORMS = {
    "a million brackets": b"[" * (MAX_BODY - 1),
    "350,000 lists": b"[" + b"[]," * 349_000 + b"[]]",
    "50,000 objects, one in the other": b'{"a":' * 50_000,
    "a name of a megabyte": b'{"' + b"x" * (MAX_BODY - 10) + b'":1}',
    "numbers without end": b'{"event":"asset.uploaded","asset_ids":[1e999,-1e999,NaN,Infinity]}',
    "a number of 5,000 digits": b'{"event":"asset.uploaded","asset_id":' + b"9" * 5000 + b"}",
    "UTF-16": '{"event":"asset.uploaded"}'.encode("utf-16"),
    "a mark of the order of bytes": b"\xef\xbb\xbf" + json.dumps(body()).encode(),
    "half a pair": b'{"type":"\\ud800","trigger":"AssetCreate"}',
    "NUL": b'{"type":"Asset\\u0000","trigger":"AssetCreate"}',
    "words that run backwards": '{"type":"AssetV1","trigger":"\u202eetaerCtessA"}'.encode(),
    "an id in letters that look alike": json.dumps(body(id=PHOTO.replace("e", "е"))).encode(),
    "an id in full-width digits": json.dumps(body(id=PHOTO.replace("4", "４"))).encode(),
    "an id with path parts": json.dumps(body(id="../../../../../../etc/passwd")).encode(),
    "an id that is a template": json.dumps(body(id="{{7*7}}")).encode(),
}


@pytest.mark.parametrize("sent", FORMS.values(), ids=FORMS)
async def test_a_body_of_a_hostile_form_is_refused_and_tells_nothing(sent: bytes, door: Door) -> None:
    with peak() as memory, capture_logs() as lines:
        status, said = await door.posted(sent)
    assert status == 400
    assert said["message"].isprintable()
    assert len(said["message"]) < 200
    assert all(line["log_level"] == "warning" and "exc_info" not in line for line in lines)
    assert memory.grown < 64
    assert door.world.sink.events == []
    assert (await door.posted(json.dumps(body()).encode()))[0] == 202


async def test_of_a_name_that_stands_twice_the_last_counts_and_nothing_else(door: Door) -> None:
    twice = b'{"event":"asset.deleted","event":"asset.uploaded","asset_id":"x","asset_id":"%s"}' % PHOTO.encode()
    assert await door.posted(twice) == (202, {"accepted": 1})
    assert door.world.sink.events == [AssetUploaded(account=ME, asset=PHOTO)]


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: -5",),
        ("Content-Length: 99999999999999999999",),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Transfer-Encoding: chunked, chunked",),
        (f"X-Long: {SECRET * 2000}",),
        ("Broken",),
        (f"{SECRET} : x",),
        *((f"Authorization: Bearer {SECRET}{letter}",) for letter in ("\0", "\x7f\0", "\r")),
    ],
    ids=range(11),
)
async def test_a_request_that_is_none_is_refused_and_its_secret_repeated_nowhere(
    headers: tuple[str, ...], door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as lines:
        status, said = await door.posted(b"0\r\n\r\n", *headers)
    assert status in (400, 413)
    assert SECRET not in f"{said} {lines} {caplog.text}"
    assert (await door.posted(json.dumps(body()).encode()))[0] == 202


@pytest.mark.parametrize(
    "secret", ["", "x", SECRET[:-1], SECRET + "x", SECRET.upper(), "{{secret}}", "\xff\xfe", "é" * 100, "*" * 8000]
)
async def test_a_secret_that_is_almost_one_opens_nothing(secret: str, door: Door) -> None:
    with capture_logs() as lines:
        status, _ = await door.posted(json.dumps(body()).encode(), secret=secret)
    assert status in (400, 401)
    assert (door.world.sink.events, SECRET in str(lines)) == ([], False)


@pytest.mark.parametrize(
    "path", ["/webhook/%00", "/webhook/%0d%0aX:y", "/webhook/..%2fme", "/webhook/%ff", "/webhook/ＭＥ"]
)
async def test_an_account_of_a_hostile_name_is_none(path: str, door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Reactor-Secret: {SECRET}\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] in (b"400", b"401", b"404")
    assert b"X:y" not in answer
