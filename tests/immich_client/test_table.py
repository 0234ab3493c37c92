"""The table of what may be sent: each line works on a server that holds us to it, and nothing else gets out."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from reactor.adapters.immich.errors import ForbiddenCall
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.routes import ALLOWED, UUID, allows
from reactor.adapters.immich.timeline import ImmichTimeline
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.core.errors import Unreachable
from reactor.core.ids import AccountId, PersonId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from tests.immich_client.phone import ask, jpeg, upload

ANNA = AccountId("anna")
ID = "0e1d2c3b-4a59-4687-9a8b-7c6d5e4f3a2b"
OTHER = "1e1d2c3b-4a59-4687-9a8b-7c6d5e4f3a2b"
# Written by hand, and not read from the table: what a person reads here is all that may ever be sent.
LINES = """
    GET /server/ping, GET /server/version, GET /users/me, GET /api-keys/me, POST /search/metadata, GET /assets/{id},
    GET /assets/{id}/thumbnail, GET /stacks/{id}, GET /tags, GET /faces, GET /albums, GET /albums/{id}, GET /people,
    GET /people/{id}, GET /people/{id}/statistics, PUT /tags, PUT /tags/assets, DELETE /tags/{id}/assets,
    DELETE /tags/{id}, PUT /assets, PUT /assets/{id}, POST /albums, PUT /albums/{id}/assets,
    DELETE /albums/{id}/assets, POST /stacks, PUT /stacks/{id}, DELETE /stacks/{id}, DELETE /stacks/{id}/assets/{id}
"""
KNOWN = frozenset(line.strip() for line in LINES.split(","))
BODIES: dict[str, dict[str, Any]] = {
    "PUT /tags": {"tags": ["Auto/x"]},
    "PUT /tags/assets": {"tagIds": [ID], "assetIds": [ID, OTHER]},
    f"DELETE /tags/{ID}/assets": {"ids": [ID]},
    "PUT /assets": {"ids": [ID], "visibility": "archive"},
    f"PUT /assets/{ID}": {"isFavorite": True},
    "POST /albums": {"albumName": "Bills", "assetIds": [ID]},
    f"PUT /albums/{ID}/assets": {"ids": [ID]},
    f"DELETE /albums/{ID}/assets": {"ids": [ID]},
    "POST /stacks": {"assetIds": [ID, OTHER]},
    f"PUT /stacks/{ID}": {"primaryAssetId": ID},
}


def line_of(method: str, path: str) -> str:
    return f"{method} {re.sub(UUID, '{id}', path)}"


def test_the_table_is_what_is_written_here() -> None:
    assert {line_of(route.method, route.path.pattern.replace(UUID, ID)) for route in ALLOWED} == KNOWN
    assert len(ALLOWED) == len(KNOWN)


async def test_every_line_works_on_a_server_that_holds_us_to_the_table(
    immich: SimulatedImmich, user: User, session: aiohttp.ClientSession
) -> None:
    key = immich.add_key(user.id, name="reactor")
    immich.hold_to(key, allows)
    transport = ImmichTransport(immich.url, SecretStr(key), ANNA, timeout_s=5, session=session)
    library, writer = ImmichLibrary(transport), ImmichWriter(transport, pause_s=0.01)
    one, two, three = [await upload(immich.url, user.api_key, jpeg(number)) for number in range(3)]
    async with asyncio.timeout(10):
        while not immich.idle:
            await asyncio.sleep(0.01)
    written = len(immich.effective_writes)
    person = PersonId(immich.recognise(one, box=(1, 1, 20, 20), image_size=(64, 48)))

    await library.server_time()
    await library.version()
    await library.permissions()
    await library.preview(one)
    await library.faces(one)
    await library.person(person)
    await library.people()
    await library.photo_count(person)
    assert len(await library.photos_of(person, limit=5)) == 1
    await ImmichTimeline(transport, library).albums()
    await writer.add_tags(one, ["Auto/x"])
    assert await library.tags() == {"Auto", "Auto/x"}
    await writer.remove_tags(one, ["Auto/x"])
    ids = await library.tag_ids()
    assert not await library.is_tagged(ids["Auto"])
    await writer.delete_tag(ids["Auto/x"])
    assert await library.tags() == {"Auto"}
    await writer.archive([one])
    await writer.set_visibility([one], "timeline")
    await writer.set_favourite(one, favourite=True)
    assert (await library.asset(one)).favourite
    await writer.make_album("Bills", one)
    (album,) = await library.albums()
    assert await library.album(album.id) == album
    await writer.put_into_album(album.id, two)
    assert await library.albums_of(two) == {(album.id, "Bills")}
    await writer.take_out_of_album(album.id, one)
    assert await library.photos_in(album.id) == {two}
    await writer.make_stack([one, two, three])
    stack = (await library.asset(one)).stack
    assert stack is not None
    await writer.set_cover(stack, two)
    await writer.remove_from_stack(stack, three)
    assert (await library.stack(stack)).members == {one, two}
    await writer.delete_stack(stack)

    ours = [request for request in immich.received if request.key == "reactor"]
    assert {line_of(request.method, request.path.removeprefix("/api")) for request in ours} == KNOWN
    assert {request.status for request in ours} <= {200, 201, 204}
    assert immich.violations == []
    assert {write.key for write in immich.effective_writes[written:]} == {"reactor"}


async def test_the_held_key_cannot_do_what_the_phone_can(immich: SimulatedImmich, user: User) -> None:
    photo = await upload(immich.url, user.api_key, jpeg())
    key = immich.add_key(user.id, name="reactor")
    immich.hold_to(key, allows)
    before = len(immich.effective_writes)
    for method, path, body in (
        ("DELETE", "/assets", {"ids": [photo]}),
        ("POST", "/trash/empty", None),
        ("PUT", "/assets", {"ids": [photo], "visibility": "locked"}),
        ("PUT", f"/assets/{photo}", {"description": "x"}),
        ("GET", f"/assets/{photo.upper()}", None),
    ):
        with pytest.raises(AssertionError, match="held to a table"):
            await ask(immich.url, key, method, path, body)
    assert len(immich.effective_writes) == before
    assert [(one.method, one.key, one.status) for one in immich.violations] == [
        (method, "reactor", 500) for method in ("DELETE", "POST", "PUT", "PUT", "GET")
    ]
    await ask(immich.url, user.api_key, "DELETE", "/assets", {"ids": [photo]})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/assets", {"ids": [ID], "visibility": "locked"}),
        ("PUT", "/assets", {"ids": [ID], "visibility": "hidden"}),
        ("PUT", "/assets", {"ids": [ID]}),
        ("PUT", "/assets", {"visibility": "archive"}),
        ("PUT", "/assets", {"ids": [ID], "visibility": "archive", "isFavorite": True}),
        ("PUT", "/assets", {"ids": [ID], "visibility": ["archive"]}),
        ("PUT", "/assets", {"ids": ID, "visibility": "archive"}),
        ("PUT", "/assets", {"ids": ["../x"], "visibility": "archive"}),
        ("PUT", "/assets", {"ids": [f"{ID}\n"], "visibility": "archive"}),
        ("PUT", "/assets", [{"ids": [ID], "visibility": "archive"}]),
        ("PUT", "/assets", None),
        ("PUT", "/assets", {"ids": [ID], "isFavorite": True}),
        ("PUT", f"/assets/{ID}", {"isFavorite": "true"}),
        ("PUT", f"/assets/{ID}", {"isFavorite": 1}),
        ("PUT", f"/assets/{ID}", {"isFavorite": True, "visibility": "locked"}),
        ("PUT", f"/assets/{ID}", {"visibility": "archive"}),
        ("PUT", f"/assets/{ID}", None),
        ("POST", "/albums", {"albumName": "", "assetIds": [ID]}),
        ("POST", "/albums", {"albumName": "x"}),
        ("POST", "/albums", {"albumName": "x", "assetIds": [ID], "albumUsers": []}),
        ("DELETE", f"/albums/{ID}", None),
        ("DELETE", f"/albums/{ID}/assets", None),
        ("PATCH", f"/albums/{ID}", {"albumName": "x"}),
        ("PUT", f"/albums/{ID}/users", {"albumUsers": []}),
        ("PUT", f"/stacks/{ID}", {"primaryAssetId": [ID]}),
        ("PUT", f"/stacks/{ID}", {"primaryAssetId": ID, "assetIds": [ID]}),
        ("PUT", "/tags", {"tags": [1]}),
        ("PUT", "/tags/assets", {"tagIds": [ID]}),
        ("DELETE", f"/tags/{ID}/assets", {"ids": [ID], "force": True}),
        ("DELETE", f"/tags/{ID}/assets", None),
        ("DELETE", f"/tags/{ID}", {"ids": [ID]}),
        ("DELETE", "/tags", {"ids": [ID]}),
        ("DELETE", "/stacks", {"ids": [ID]}),
        ("DELETE", f"/stacks/{ID}", {"ids": [ID]}),
        ("GET", f"/assets/{ID}", {"ids": [ID]}),
    ],
)
async def test_a_body_that_its_line_does_not_bear_is_never_sent(
    method: str, path: str, body: object, immich: SimulatedImmich, transport: ImmichTransport
) -> None:
    with pytest.raises(ForbiddenCall, match="nothing was sent"):
        await transport.json(method, path, body=body)
    assert not immich.requests


@asynccontextmanager
async def deaf() -> AsyncIterator[tuple[ImmichTransport, list[str]]]:
    """Yield our client, and the list of those who connected to the port that it speaks to."""
    connected: list[str] = []

    async def count(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    async with server, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield ImmichTransport(url, SecretStr("key"), ANNA, timeout_s=1, session=session), connected


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


RIGHT = [line.replace("{id}", ID).split(" ") for line in sorted(KNOWN)]
ODD = ["/", "//", "/..", "/.", "\n", "\r\n", "\x00", "?x=1", "#x", "%2f", "%2e%2e", "%0a", ";", " ", "\\", "é", "𝟎"]


@st.composite
def near_misses(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a request that is almost one of the table's."""
    method, path = draw(st.sampled_from(RIGHT))
    change = draw(st.sampled_from(("method", "insert", "cut", "upper", "encode", "join")))
    at = draw(st.integers(0, len(path)))
    match change:
        case "method":
            return draw(st.sampled_from(("GET", "PUT", "POST", "DELETE", "PATCH", "get", "PUT ", ""))), path
        case "insert":
            return method, path[:at] + draw(st.sampled_from(ODD) | st.text(max_size=4)) + path[at:]
        case "cut":
            return method, path[:at]
        case "upper":
            return method, path.upper()
        case "encode":
            return method, path[:at] + "".join(f"%{ord(letter):02x}" for letter in path[at : at + 1]) + path[at + 1 :]
    return method, path + draw(st.sampled_from(RIGHT))[1]


ANY_JSON = st.none() | st.dictionaries(st.sampled_from(("ids", "tags", "visibility", "force", "x")), st.just([ID]))


def test_nothing_outside_the_table_gets_out(runner: asyncio.Runner) -> None:
    context = deaf()
    transport, connected = runner.run(context.__aenter__())

    @settings(max_examples=400, deadline=None)
    @given(near_misses() | st.tuples(st.text(max_size=8), st.text(max_size=60)), st.booleans(), ANY_JSON)
    @example(("DELETE", "/assets"), False, {"ids": [ID]})
    @example(("DELETE", f"/stacks/{ID}/../../assets"), False, {"ids": [ID]})
    @example(("GET", f"/users/me{chr(10)}"), False, None)
    def refused(request: tuple[str, str], fitting: bool, other: object) -> None:
        method, path = request
        assume(line_of(method, path) not in KNOWN)
        body = BODIES.get(f"{method} {path}") if fitting else other
        with pytest.raises(ForbiddenCall):
            runner.run(transport.json(method, path, body=body))

    try:
        refused()
        assert connected == []
        with pytest.raises(Unreachable):  # the port is there, and it counts
            runner.run(transport.json("PUT", "/tags", body={"tags": []}))
        assert len(connected) == 1
    finally:
        runner.run(context.__aexit__(None, None, None))


@pytest.mark.parametrize("request_line", sorted(BODIES))
def test_a_body_with_any_other_field_is_refused(request_line: str) -> None:
    method, path = request_line.split(" ")
    right = BODIES[request_line]
    assert allows(method, path, right)

    @settings(max_examples=60, deadline=None)
    @given(st.text(max_size=20), st.none() | st.booleans() | st.text() | st.just([ID]))
    @example("visibility", "locked")
    @example("dateTimeOriginal", "2026-01-01T00:00:00Z")
    def refused(name: str, value: object) -> None:
        assume(name not in right)
        assert not allows(method, path, right | {name: value})
        assert all(not allows(method, path, {key: right[key] for key in right if key != gone}) for gone in right)

    refused()
