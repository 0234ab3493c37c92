"""A Frigate that is away, starting, blind or shut to us: what costs a try and what is waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from reactor.adapters.frigate.faces import NoFrames
from reactor.core.errors import Blocked, Retryable, Unreachable
from reactor.demo.frigate import SimulatedFrigate

from .conftest import Client, connect, until
from .faces import ALICE, draw, jpeg

FACE = jpeg(draw(ALICE))
VERSIONS = ("0.16.4-rig", "0.17.2-3d4dd3a", "0.18.0-e3fa701")


@asynccontextmanager
async def silent_server(silent: str, gone: str | int = "hang") -> AsyncIterator[str]:
    """Serve a Frigate with frames that at one path never answers ("hang"), breaks off ("cut") or lets nginx answer."""
    over = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path != silent:
            return web.json_response({"cameras": {"a": {"camera_fps": 5}}})
        await request.read()
        if gone == "hang":
            await over.wait()
        elif gone == "cut":
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=gone if isinstance(gone, int) else 200, text="<html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        try:
            yield str(server.make_url("")).rstrip("/")
        finally:
            over.set()


async def test_an_unanswered_register_may_still_be_stored(frigate: SimulatedFrigate) -> None:
    frigate.faults.late_registers, frigate.faults.late_seconds = 1, 0.6
    async with connect(frigate.url, timeout_s=0.3) as impatient:
        with pytest.raises(Retryable, match="did not answer") as caught:
            await impatient.writer.register("Jane", FACE)
    assert type(caught.value) is Retryable  # counted: nobody knows what became of it
    assert frigate.effective_writes == []
    await until(lambda: len(frigate.effective_writes) == 1)


async def test_without_camera_frames_nothing_is_sent(frigate: SimulatedFrigate, client: Client) -> None:
    frigate.camera_fps = 0
    assert await client.faces.camera_fps() == {"front_door": 0.0}
    for call in (client.writer.register("Jane", FACE), client.faces.recognize(FACE)):
        with pytest.raises(NoFrames, match="no camera of Frigate delivers frames") as caught:
            await call
        assert isinstance(caught.value, Unreachable)
    assert not [path for method, path, _ in frigate.requests if method == "POST"]


async def test_a_starting_frigate_may_be_tried_again(frigate: SimulatedFrigate, client: Client) -> None:
    frigate.faults.starting = True
    for call in (client.faces.faces(), client.faces.version(), client.writer.register("Jane", FACE)):
        with pytest.raises(Unreachable, match="starting"):
            await call


async def test_a_frigate_that_is_down_may_be_tried_again(frigate: SimulatedFrigate, client: Client) -> None:
    await frigate.stop()
    for call in (client.faces.faces(), client.writer.register("Jane", FACE), client.writer.delete("Jane", ["x.webp"])):
        with pytest.raises(Unreachable, match="cannot be reached"):
            await call


@pytest.mark.parametrize("path", ["/api/faces", "/api/faces/recognize"])
async def test_a_call_other_than_a_register_that_is_not_answered_costs_no_try(path: str) -> None:
    async with silent_server(path) as url, connect(url, timeout_s=0.3) as client:
        with pytest.raises(Unreachable, match="did not answer"):
            await (client.faces.faces() if path == "/api/faces" else client.faces.recognize(FACE))


async def test_a_delete_that_is_cut_off_costs_no_try() -> None:
    async with silent_server("/api/faces/Jane/delete", "cut") as url, connect(url) as client:
        with pytest.raises(Unreachable, match="cannot be reached"):
            await client.writer.delete("Jane", ["x.webp"])


@pytest.mark.parametrize("gone", ["cut", 502, 504])
async def test_a_register_that_is_cut_off_counts(gone: str | int) -> None:
    async with silent_server("/api/faces/Jane/register", gone) as url, connect(url) as client:
        with pytest.raises(Retryable) as caught:
            await client.writer.register("Jane", FACE)
    assert type(caught.value) is Retryable


async def test_a_register_to_a_frigate_that_just_went_costs_no_try() -> None:
    async with silent_server("/api/faces/Jane/register", 500) as url, connect(url) as client:
        with pytest.raises(Unreachable, match="starting"):
            await client.writer.register("Jane", FACE)


async def test_settle_stops_at_once_for_what_takes_long(frigate: SimulatedFrigate, client: Client) -> None:
    await client.writer.register("Jane", FACE)
    frigate.camera_fps = 0
    with pytest.raises(NoFrames):
        await client.writer.settle(FACE)
    assert not [path for _, path, _ in frigate.requests if path == "/api/faces/recognize"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_switched_off_face_recognition_is_said(version: str) -> None:
    async with (
        SimulatedFrigate(version=version, camera_fps=200, face_recognition=False) as frigate,
        connect(frigate.url) as client,
    ):
        assert await client.faces.faces() == {}
        for call in (client.writer.register("Jane", FACE), client.faces.recognize(FACE)):
            with pytest.raises(Blocked, match="switched off"):
                await call
