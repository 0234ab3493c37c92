"""A real broker in this process, and who listens there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiomqtt
from amqtt.broker import Broker, BrokerContext
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

USER, PASSWORD = "reactor", "a-password-that-must-never-be-seen"


class Keeper(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """Let in one user, or everybody who gives neither user nor password where none is asked for."""

    @dataclass
    class Config:
        secured: bool = False

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)

    async def authenticate(self, *, session: Session) -> bool:
        return not self.config.secured or (session.username, session.password) == (USER, PASSWORD)


@asynccontextmanager
async def a_broker(port: int, *, secured: bool = False) -> AsyncIterator[Broker]:
    """Run a broker on loopback that forgets everything when it ends."""
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"tests.mqtt.broker.Keeper": {"secured": secured}},
        }
    )
    await broker.start()
    try:
        yield broker
    finally:
        await broker.shutdown()


@dataclass(kw_only=True)
class Listener:
    """What a subscriber heard: every message in order, and the newest of each topic."""

    heard: list[tuple[str, bytes]] = field(default_factory=list)
    newest: dict[str, bytes] = field(default_factory=dict)
    retained: set[str] = field(default_factory=set)

    async def listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            topic = str(message.topic)
            self.heard.append((topic, message.payload))
            self.newest[topic] = message.payload
            if message.retain:
                self.retained.add(topic)


@asynccontextmanager
async def listening(port: int, *, secured: bool = False) -> AsyncIterator[Listener]:
    """Subscribe to everything."""
    listener = Listener()
    user, password = (USER, PASSWORD) if secured else (None, None)
    async with aiomqtt.Client("127.0.0.1", port, timeout=5, username=user, password=password) as client:
        await client.subscribe("#", qos=1)
        task = asyncio.create_task(listener.listen(client))
        try:
            yield listener
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a state, for a bounded time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
