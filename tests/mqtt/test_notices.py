"""What a subscriber of the broker sees of the reactor."""

import asyncio
import errno
import json
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from structlog.testing import capture_logs

from reactor.config import FixedSettings
from reactor.core.activity import Summary
from reactor.server.overview import Overview
from reactor.wiring.mqtt import notices

from ..free_ports import a_free_port
from ..server.fakes import World
from ..server.orders import Limits
from .broker import PASSWORD, USER, a_broker, listening, until
from .publishing import AVAILABILITY, STATUS, a_publisher, a_status, a_trip, planned

ROOT = Path(__file__).resolve().parents[2]


async def test_a_subscriber_that_comes_later_sees_how_everything_stands() -> None:
    port = a_free_port()
    async with a_broker(port), a_publisher(port) as told:
        told.now = a_status(planned=7, trips=(a_trip(),))
        async with listening(port) as first:
            await until(lambda: planned(first) == 7)
        async with listening(port) as late:
            await until(lambda: set(late.newest) == {AVAILABILITY, STATUS})
            assert late.retained == {AVAILABILITY, STATUS}
            assert late.newest[AVAILABILITY] == b"online"
            assert json.loads(late.newest[STATUS]) == {
                "ready": False,
                "mode": "observe",
                "faults": ["tags of anna stand still: 103 changes within an hour"],
                "limits": [
                    {
                        "account": "anna",
                        "feature": "tags",
                        "why": "103 changes within an hour",
                        "since": "2026-06-01T12:00:00Z",
                    }
                ],
                "planned": 7,
            }


async def test_only_a_change_is_told() -> None:
    port = a_free_port()
    async with a_broker(port), listening(port) as listener, a_publisher(port) as told:
        await until(lambda: planned(listener) == 0)
        looks = told.looks
        await until(lambda: told.looks > looks + 3)
        told.now = a_status(planned=1)
        await until(lambda: planned(listener) == 1)
        assert [topic for topic, _ in listener.heard].count(STATUS) == 2


async def test_a_goodbye_says_offline() -> None:
    port = a_free_port()
    async with a_broker(port), listening(port) as listener:
        async with a_publisher(port):
            await until(lambda: AVAILABILITY in listener.newest)
        await until(lambda: listener.newest[AVAILABILITY] == b"offline")


async def test_a_reactor_that_dies_is_offline_by_its_last_will() -> None:
    port = a_free_port()
    async with a_broker(port), listening(port) as listener:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.mqtt.dying", str(port), cwd=ROOT)
        try:
            await until(lambda: listener.newest.get(AVAILABILITY) == b"online", 30)
        finally:
            process.kill()
            await process.wait()
        await until(lambda: listener.newest[AVAILABILITY] == b"offline")


async def test_a_broker_that_comes_back_is_told_the_newest_alone() -> None:
    port = a_free_port()
    async with AsyncExitStack() as exits:
        before = await exits.enter_async_context(AsyncExitStack())
        await before.enter_async_context(a_broker(port))
        listener = await before.enter_async_context(listening(port))
        told = await exits.enter_async_context(a_publisher(port))
        await until(lambda: planned(listener) == 0)
        with capture_logs() as logs:
            await before.aclose()
            for number in range(1, 6):
                told.now, looks = a_status(planned=number), told.looks
                await until(partial(told.looked, looks + 2))
            await until(lambda: len(logs) == 2)
            async with a_broker(port), listening(port) as listener:
                await until(lambda: planned(listener) == 5 and listener.newest.get(AVAILABILITY) == b"online")
                await until(lambda: len(logs) == 3)
                assert [topic for topic, _ in listener.heard] == [AVAILABILITY, STATUS]
                said = [entry["event"] for entry in logs]
    broker = f"the MQTT broker 127.0.0.1:{port}"
    assert said == [
        f"MQTT: {broker} ended the connection",
        f"MQTT: {broker} cannot be reached: [Errno {errno.ECONNREFUSED}] Connection refused",
        "MQTT works again",
    ]


async def test_a_wrong_password_is_said_once_and_never_printed() -> None:
    port = a_free_port()
    with capture_logs() as logs:
        async with a_broker(port, secured=True), listening(port, secured=True) as listener:
            async with a_publisher(port, user=USER, password="wrong-" + PASSWORD):
                await until(lambda: bool(logs))
            assert listener.heard == []
            async with a_publisher(port, user=USER, password=PASSWORD):
                await until(lambda: listener.newest.get(AVAILABILITY) == b"online")
    (said,) = logs
    assert said["event"] == (
        f"MQTT waits: the MQTT broker 127.0.0.1:{port} refuses user or password (mqtt.user, mqtt.password)"
    )
    assert said["log_level"] == "error"
    assert said["again_in_s"] >= 5
    assert PASSWORD not in str(logs)


async def test_the_notices_of_a_whole_reactor_are_those_of_its_page() -> None:
    port = a_free_port()
    world = World(limits=Limits(trips=[a_trip()]))
    world.board.counts = Summary(planned=3)
    desk = world.desk()
    assert desk is not None
    overview = Overview(world.board, desk)
    status = await overview.status()
    await overview.aclose()
    async with a_broker(port), listening(port) as listener:
        async with notices(FixedSettings(mqtt={"host": "127.0.0.1", "port": port}), world.board, desk):
            await until(lambda: "immich-reactor/status" in listener.newest)
        await until(lambda: listener.newest["immich-reactor/availability"] == b"offline")
    told = {"account": "anna", "feature": "tags", "why": "103 changes within an hour", "since": "2026-06-01T12:00:00Z"}
    assert status.faults
    assert json.loads(listener.newest["immich-reactor/status"]) == {
        "ready": status.ready,
        "mode": status.mode,
        "faults": list(status.faults),
        "limits": [told],
        "planned": 3,
    }


async def test_without_a_broker_nothing_is_opened() -> None:
    world = World()
    desk = world.desk()
    assert desk is not None
    before = len(asyncio.all_tasks())
    async with notices(FixedSettings(mqtt={"port": 1}), world.board, desk):
        assert len(asyncio.all_tasks()) == before
