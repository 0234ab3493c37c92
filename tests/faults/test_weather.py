"""Immich away, slow, cut, half-closed, answering nonsense: nothing is lost, nothing happens twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from reactor.demo.phone import Shot

from ..crash.roll import camera_roll
from ..crash.stage import World
from ..crash.test_kill import undisturbed
from ..household import eventually
from .proxy import GARBAGE, HTML, Weather, a_proxy
from .scene import Scene, Verdict, a_scene, judged, told, until_met


def answering(status: str, message: str) -> bytes:
    body = f'{{"message":"{message}"}}'.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A weather, for how long it lasts while photos come, and the words by which it shows in /readyz."""

    name: str
    weather: Weather
    seconds: float = 2.0
    cut: bool = False
    shows: str = ""


AWAY = "failed"
FAULTS = (
    Fault(name="Immich away", weather=Weather(refuse=True), cut=True, shows=AWAY),
    Fault(name="connections cut in the middle of answers", weather=Weather(cut_after=700)),
    Fault(name="Immich slow (half a second a chunk)", weather=Weather(delay_s=0.5), seconds=4.0),
    Fault(name="half-closed connections", weather=Weather(half_close=True), cut=True),
    Fault(name="answers lost on the way", weather=Weather(swallow=True)),
    Fault(name="500 to everything", weather=Weather(answer=answering("500 Internal Server Error", "Internal"))),
    Fault(
        name="401 to everything",
        weather=Weather(answer=answering("401 Unauthorized", "Invalid API key")),
        shows="refuse",
    ),
    Fault(
        name="403 to everything",
        weather=Weather(answer=answering("403 Forbidden", "Missing required permission: asset.read")),
    ),
    Fault(name="answers that are no JSON", weather=Weather(answer=GARBAGE)),
    Fault(name="a proxy's error page", weather=Weather(answer=HTML)),
)


async def weather_over(scene: Scene, fault: Fault, batch: Sequence[Shot], url: str) -> None:
    """Upload photos while the fault lasts, and see that the reactor met it and says so."""
    before = scene.proxy.broken
    scene.proxy.change(fault.weather, cut=fault.cut)
    upload = asyncio.create_task(scene.upload(batch))
    if not fault.weather.delay_s:
        await until_met(scene.proxy, before)
    if fault.shows:

        async def shown() -> bool:
            _, text = await scene.says(f"{url}/readyz")
            return fault.shows in text

        await eventually(shown, f"/readyz says {fault.shows!r} during: {fault.name}", seconds=20)
    await asyncio.sleep(fault.seconds)  # the length of the fault itself
    await upload
    scene.proxy.change(cut=fault.weather.swallow)


async def run_through(faults: Sequence[Fault]) -> tuple[list[Verdict], World, World]:
    batches = await asyncio.to_thread(camera_roll, len(faults))
    calm = asyncio.create_task(undisturbed(batches))
    async with a_scene() as scene, scene.reactor() as child:
        assert await child.up()
        await scene.settle()
        for fault, batch in zip(faults, batches, strict=True):
            await weather_over(scene, fault, batch, child.url)
        await scene.settle()
        expected = await calm
        found = await scene.ends_as(expected)
        status, _ = await scene.says(f"{child.url}/readyz")
        assert status == 200
        verdicts = [
            judged(fault.name, batch, scene, expected, found) for fault, batch in zip(faults, batches, strict=True)
        ]
    return verdicts, expected, found


@pytest.mark.timeout(300)
async def test_through_every_weather_it_ends_as_if_undisturbed() -> None:
    verdicts, expected, found = await run_through(FAULTS)
    print(told(verdicts))
    assert [verdict for verdict in verdicts if verdict.lost or verdict.doubled] == []
    assert found == expected


@pytest.mark.parametrize(
    ("weather", "least", "most"),
    [
        (Weather(), 600, 600),
        (Weather(cut_after=100), 0, 100),
        (Weather(refuse=True), 0, 0),
        (Weather(delay_s=0.1), 600, 600),
    ],
    ids=["calm", "cut", "refused", "slow"],
)
async def test_the_proxy_does_what_it_says(weather: Weather, least: int, most: int) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello " * 100)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server, a_proxy(server.sockets[0].getsockname()[1]) as proxy:
        proxy.change(weather)
        got = b""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            async with asyncio.timeout(5):
                while chunk := await reader.read(1000):
                    got += chunk
            writer.close()
        except ConnectionResetError:
            assert weather != Weather()
        assert least <= len(got) <= most
