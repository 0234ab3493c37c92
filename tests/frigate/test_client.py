"""Our client against the simulated Frigate: what it reads, writes and makes of errors."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from reactor.core.errors import Blocked, Gone, Permanent, Retryable, StartError, Unreachable
from reactor.core.portraits import NoFace, Recognition
from reactor.demo.frigate import SimulatedFrigate

from .conftest import Client, connect
from .faces import ALICE, CAROL, draw, jpeg, nobody

FACE = jpeg(draw(ALICE))
OTHER = jpeg(draw(CAROL))
VERSIONS = ("0.16.4-rig", "0.17.2-3d4dd3a", "0.18.0-e3fa701")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_face_is_stored_recognised_and_deleted(version: str) -> None:
    async with SimulatedFrigate(version=version, camera_fps=200) as frigate, connect(frigate.url) as client:
        assert await client.faces.version() == version
        assert await client.faces.faces() == {}
        await client.writer.register("Åsa O'Neil", FACE)
        (write,) = frigate.effective_writes
        assert (write.kind, write.name, write.sha256) == ("register", "Åsa O'Neil", hashlib.sha256(FACE).hexdigest())
        assert await client.faces.faces() == {"Åsa O'Neil": (write.file,)}
        stored = await client.faces.picture("Åsa O'Neil", write.file)
        assert stored[:4] == b"RIFF"
        assert await client.writer.settle(FACE) == Recognition(name="Åsa O'Neil", score=1.0)
        assert await client.faces.recognize(OTHER) == Recognition(name=None, score=0.0)
        await client.writer.delete("Åsa O'Neil", [write.file])
        assert await client.faces.faces() == {}
        with pytest.raises(Gone):
            await client.faces.picture("Åsa O'Neil", write.file)


async def test_the_list_is_fresh_right_after_a_write(client: Client) -> None:
    await client.writer.register("Jane", FACE)
    assert len((await client.faces.faces())["Jane"]) == 1
    await client.writer.register("Jane", OTHER)
    assert len((await client.faces.faces())["Jane"]) == 2


async def test_registers_go_one_at_a_time(frigate: SimulatedFrigate, client: Client) -> None:
    await asyncio.gather(*(client.writer.register(f"Person {number}", FACE) for number in range(6)))
    assert len(frigate.effective_writes) == 6


async def test_a_picture_without_a_face_is_refused_for_good(client: Client) -> None:
    with pytest.raises(NoFace, match="no face"):
        await client.writer.register("Jane", jpeg(nobody()))
    with pytest.raises(NoFace):
        await client.faces.recognize(jpeg(nobody()))


async def test_the_misleading_500_may_be_tried_again(frigate: SimulatedFrigate, client: Client) -> None:
    frigate.faults.failing_registers = 1
    with pytest.raises(Retryable, match="misleading"):
        await client.writer.register("Jane", FACE)
    await client.writer.register("Jane", FACE)
    assert len(frigate.effective_writes) == 1


async def test_only_names_that_can_be_deleted_again_are_written(frigate: SimulatedFrigate, client: Client) -> None:
    for name in ("Dr. Who", "train", "a/b", "..", "", " Jane", "x" * 51):
        with pytest.raises(Permanent, match="no name"):
            await client.writer.register(name, FACE)
    with pytest.raises(Permanent, match="bytes"):
        await client.writer.register("Jane", bytes(21 * 1024 * 1024))
    with pytest.raises(Permanent, match="cannot be a name"):
        await client.faces.picture("..", "passwd")
    assert not frigate.requests


async def test_delete_spares_what_is_not_named(frigate: SimulatedFrigate, client: Client) -> None:
    await client.writer.register("Jane", FACE)
    await client.writer.delete("Jane", [])
    await client.writer.delete("Jane", ["nope.webp"])
    await client.writer.delete("Nobody", ["nope.webp"])
    with pytest.raises(Permanent, match="train"):
        await client.writer.delete("train", ["x.webp"])
    assert [write.kind for write in frigate.effective_writes] == ["register"]


async def test_a_file_that_frigate_cannot_delete_is_named(frigate: SimulatedFrigate, client: Client) -> None:
    folder = frigate.folder / "a:b"
    folder.mkdir()
    (folder / "a:b_1.webp").write_bytes(b"x")
    with pytest.raises(Permanent, match=r"a:b_1\.webp"):
        await client.writer.delete("a:b", ["a:b_1.webp"])


async def test_settle_makes_late_pictures_known(client: Client) -> None:
    assert await client.writer.settle(FACE) is None
    await client.writer.register("Alice", FACE)
    assert await client.faces.recognize(FACE) is None  # starts a build without Carol
    await client.writer.register("Carol", OTHER)
    assert await client.writer.settle(OTHER) == Recognition(name="Carol", score=1.0)


async def test_a_login_is_made_and_renewed() -> None:
    async with (
        SimulatedFrigate(camera_fps=200, auth=("admin", "secret")) as frigate,
        connect(frigate.url, user="admin", password="secret") as client,
    ):
        await client.writer.register("Jane", FACE)
        frigate.expire_sessions()
        await asyncio.gather(client.faces.faces(), client.faces.version())
        await client.writer.register("Jane", FACE)
        assert len(frigate.effective_writes) == 2
        assert len([path for _, path, _ in frigate.requests if path == "/api/login"]) == 2


async def test_wrong_logins_are_said_without_the_password() -> None:
    auth, viewer = ("admin", "secret"), ("guest", "welcome")
    async with SimulatedFrigate(camera_fps=200, auth=auth, viewer=viewer) as frigate:
        async with connect(frigate.url) as nobody_at_all:
            with pytest.raises(Blocked, match="asks for a login"):
                await nobody_at_all.faces.faces()
        async with connect(frigate.url, user="admin", password="pssst") as wrong:
            with pytest.raises(Blocked, match="user or password is wrong") as caught:
                await wrong.faces.faces()
            assert "pssst" not in repr(caught.value)
        async with connect(frigate.url, user="guest", password="welcome") as guest:
            with pytest.raises(Blocked, match="no admin"):
                await guest.faces.faces()
        frigate.faults.login_limited = True
        async with connect(frigate.url, user="admin", password="secret") as limited:
            with pytest.raises(Unreachable, match="slow down"):
                await limited.faces.faces()


async def test_a_login_that_the_port_does_not_know_is_said() -> None:
    async with (
        odd_server({"/api/faces": web.Response(status=401), "/api/login": web.Response(status=404)}) as url,
        connect(url, user="admin", password="secret") as client,
    ):
        with pytest.raises(Blocked, match="switched off on this port"):
            await client.faces.faces()


@pytest.mark.parametrize("url", ["frigate:5000", "ftp://frigate", "http://admin:secret@frigate", "", "http://[::1"])
async def test_an_unusable_address_stops_the_start(url: str) -> None:
    with pytest.raises(StartError, match="no URL") as caught:
        async with connect(url):
            pass
    assert "secret" not in str(caught.value)


async def test_a_slash_or_api_in_the_address_is_forgiven(frigate: SimulatedFrigate) -> None:
    for url in (f"{frigate.url}/", f"{frigate.url}/api", f" {frigate.url}/api/ "):
        async with connect(url) as client:
            assert await client.faces.faces() == {}


@asynccontextmanager
async def odd_server(answers: dict[str, web.Response]) -> AsyncIterator[str]:
    """Serve answers by path that no Frigate gives; yield the address."""

    async def answer(request: web.Request) -> web.Response:
        made = answers[request.path]
        return web.Response(body=made.body, status=made.status, headers=made.headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


ODD = {
    "a redirect": (web.Response(status=302, headers={"Location": "http://elsewhere/"}), Permanent, "redirects"),
    "a page": (web.Response(text="<html>", content_type="text/html"), Permanent, "no JSON"),
    "a list": (web.json_response(["a"]), Permanent, "not an object"),
    "too much": (web.Response(body=b'{"a":"' + b"x" * 1_100_000 + b'"}'), Permanent, "larger than 1 MB"),
    "no frigate": (web.json_response({"detail": "Not Found"}, status=404), Gone, "0.16"),
    "a proxy's error": (web.Response(status=502, text="bad gateway", content_type="text/html"), Unreachable, "502"),
    "a plain error": (web.Response(status=500, text="Internal Server Error"), Retryable, "HTTP 500"),
    "the wrong scheme": (
        web.Response(status=400, text="The plain HTTP request was sent to HTTPS port", content_type="text/html"),
        Permanent,
        "https://",
    ),
    "busy": (web.Response(status=429, headers={"Retry-After": "7"}), Unreachable, "slow down"),
    "a refusal": (web.json_response({"detail": [{"msg": "Field required"}]}, status=422), Permanent, "Field required"),
}


@pytest.mark.parametrize(("response", "kind", "words"), ODD.values(), ids=ODD)
async def test_odd_answers_become_errors_by_what_to_do(
    response: web.Response, kind: type[Exception], words: str
) -> None:
    async with odd_server({"/api/faces": response}) as url, connect(url) as client:
        with pytest.raises(kind, match=words) as caught:
            await client.faces.faces()
    assert isinstance(caught.value, Retryable) == issubclass(kind, Retryable)
    assert isinstance(caught.value, Unreachable) == issubclass(kind, Unreachable)
    assert getattr(caught.value, "after", None) == (7 if response.status == 429 else None)


@pytest.mark.parametrize(("header", "seconds"), [("0", 1.0), ("99999", 300.0), ("soon", None)])
async def test_the_wait_that_frigate_asks_for_is_bounded(header: str, seconds: float | None) -> None:
    busy = web.Response(status=429, headers={"Retry-After": header})
    async with odd_server({"/api/faces": busy}) as url, connect(url) as client:
        with pytest.raises(Unreachable) as caught:
            await client.faces.faces()
    assert caught.value.after == seconds


async def test_odd_values_become_errors() -> None:
    answers = {
        "/api/stats": web.json_response({"cameras": {"a": {"camera_fps": 5}, "b": {}, "c": None}}),
        "/api/version": web.Response(text="<html>", content_type="text/html"),
        "/api/faces/recognize": web.json_response({"success": True, "score": "high"}),
    }
    async with odd_server(answers) as url, connect(url) as client:
        assert await client.faces.camera_fps() == {"a": 5.0}
        with pytest.raises(Permanent, match="no version"):
            await client.faces.version()
        with pytest.raises(Permanent, match="neither a face nor a score"):
            await client.faces.recognize(FACE)
    async with odd_server({"/api/stats": web.json_response({})}) as url, connect(url) as client:
        with pytest.raises(Permanent, match="no cameras"):
            await client.faces.camera_fps()
