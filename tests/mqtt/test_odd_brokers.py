"""Connections that break, brokers that answer late, nonsense or nothing: the reactor and the next try do not suffer."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiomqtt
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.adapters.mqtt import Broker, MqttPublisher, Patience
from reactor.core.errors import Blocked, Unreachable

from ..faults.proxy import Weather, a_proxy
from ..free_ports import a_free_port
from .broker import PASSWORD, USER, a_broker, listening, until
from .publishing import AVAILABILITY, a_publisher, a_status, planned

IMPATIENT = Patience(answer_s=0.2, again_s=0.3)
CONNACK = bytes([0x20, 2, 0, 0])


@dataclass(kw_only=True)
class Odd:
    """A server that answers a connection with some bytes after some seconds."""

    answer: bytes
    after_s: float = 0.0
    closes: bool = False
    came: int = 0
    open: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        self.open += 1
        try:
            await reader.read(1)
            await asyncio.sleep(self.after_s)
            writer.write(self.answer)
            while not self.closes and await reader.read(1000):
                pass
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def an_odd_broker(odd: Odd) -> AsyncIterator[int]:
    server = await asyncio.start_server(odd.serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_connection_that_breaks_is_made_anew() -> None:
    port = a_free_port()
    async with a_broker(port), a_proxy(port) as proxy, listening(port) as listener, a_publisher(proxy.port) as told:
        await until(lambda: planned(listener) == 0)
        proxy.change(cut=True)
        await until(lambda: (AVAILABILITY, b"offline") in listener.heard)
        told.now = a_status(planned=3)
        await until(lambda: planned(listener) == 3 and listener.newest[AVAILABILITY] == b"online")


async def test_a_connection_that_is_dead_but_open_is_left() -> None:
    port = a_free_port()
    async with (
        a_broker(port),
        a_proxy(port) as proxy,
        listening(port) as listener,
        a_publisher(proxy.port, patience=IMPATIENT),
    ):
        await until(lambda: planned(listener) == 0)
        with capture_logs() as logs:
            proxy.change(Weather(swallow=True))
            await until(lambda: bool(logs))
            proxy.change()
            await until(lambda: logs[-1]["event"] == "MQTT works again")
        await until(lambda: listener.newest[AVAILABILITY] == b"online")
    assert logs[0]["event"].endswith("cannot be reached: Operation timed out")


async def test_a_last_will_that_comes_late_does_not_stand() -> None:
    port = a_free_port()
    async with a_broker(port), listening(port) as listener, a_publisher(port, patience=IMPATIENT):
        await until(lambda: planned(listener) == 0)
        async with aiomqtt.Client("127.0.0.1", port) as late:
            await late.publish(AVAILABILITY, b"offline", qos=1, retain=True)
        await until(lambda: (AVAILABILITY, b"offline") in listener.heard)
        await until(lambda: listener.newest[AVAILABILITY] == b"online")


@pytest.mark.parametrize(
    "odd",
    [
        Odd(answer=b""),
        Odd(answer=CONNACK, after_s=0.4),
        Odd(answer=CONNACK),
        Odd(answer=CONNACK, closes=True),
        Odd(answer=b"", closes=True),
        Odd(answer=b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        Odd(answer=bytes(500)),
        Odd(answer=CONNACK + b"\x30\x02\xff\xff" * 50),
        Odd(answer=CONNACK + b"\x32\x03\x00\x01\xff" * 50),
    ],
    ids=["silent", "late", "deaf", "gone", "shut", "http", "zeros", "broken", "no UTF-8"],
)
async def test_no_try_leaves_anything_open(odd: Odd) -> None:
    publisher = MqttPublisher(Broker(host="127.0.0.1", port=0, prefix="x"), IMPATIENT)
    async with an_odd_broker(odd) as port:
        publisher = MqttPublisher(Broker(host="127.0.0.1", port=port, prefix="x"), IMPATIENT)
        for _ in range(3):
            with pytest.raises(Unreachable, match=f"the MQTT broker 127.0.0.1:{port} (ended|cannot)"):
                await publisher.turn()
        await publisher.aclose()
        await until(lambda: odd.came == 3 and odd.open == 0)


async def test_nobody_waits_for_a_broker_that_is_silent() -> None:
    odd = Odd(answer=b"")
    async with an_odd_broker(odd) as port, asyncio.timeout(2), a_publisher(port) as told:
        await until(lambda: odd.open == 1 and told.looks > 2)


async def test_who_is_thrown_out_at_once_comes_again_more_and_more_seldom() -> None:
    port = a_free_port()
    async with a_broker(port), a_proxy(port) as proxy:
        publisher = MqttPublisher(Broker(host="127.0.0.1", port=proxy.port, prefix="x"))
        asked = []
        for _ in range(12):
            assert await publisher.turn() == 1
            proxy.change(cut=True)
            await publisher.rest()
            with pytest.raises(Unreachable, match="ended the connection") as caught:
                await publisher.turn()
            asked.append(caught.value.after)
        await publisher.aclose()
    assert asked == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        (1, Unreachable, "cannot be reached"),
        (2, Blocked, "refuses the client's name"),
        (3, Unreachable, "does not take us now"),
        (4, Blocked, "refuses user or password"),
        (5, Blocked, "refuses user or password"),
    ],
)
async def test_every_refusal_is_told(code: int, error: type[Exception], said: str) -> None:
    odd = Odd(answer=bytes([0x20, 2, 0, code]), closes=True)
    async with an_odd_broker(odd) as port:
        publisher = MqttPublisher(Broker(host="127.0.0.1", port=port, prefix="x"), IMPATIENT)
        with pytest.raises(error, match=said):
            await publisher.turn()
        await until(lambda: odd.open == 0)


async def test_a_broker_without_tls_is_told_and_an_odd_host_too() -> None:
    odd = Odd(answer=b"HTTP/1.1 400 Bad Request\r\n\r\n")
    gc.disable()  # no connection may wait for it to be closed
    try:
        async with an_odd_broker(odd) as port:
            for host, tls in (("127.0.0.1", True), ("a" * 64 + ".local", False), ("nobody.invalid", False)):
                broker = Broker(host=host, port=port, prefix="x", user=USER, password=SecretStr(PASSWORD), tls=tls)
                with pytest.raises(Unreachable, match="cannot be reached: ") as caught:
                    await MqttPublisher(broker, IMPATIENT).turn()
                assert PASSWORD not in str(caught.value)
                await until(lambda: odd.open == 0)
    finally:
        gc.enable()
    assert odd.came == 1


@pytest.mark.parametrize("topic", ["", "availability", "a/#", "+", "a\0"])
async def test_what_is_no_topic_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="is no topic"):
        MqttPublisher(Broker(host="h", port=1, prefix="x")).publish(topic, {})
