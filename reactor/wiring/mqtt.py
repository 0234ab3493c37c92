"""Notices for the household's MQTT broker, where there is one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from reactor.adapters.mqtt import Broker, MqttPublisher, Patience
from reactor.config import Settings
from reactor.config.mqtt import MqttSettings
from reactor.core.status import Status
from reactor.server.desk import Activity, Desk
from reactor.server.notices import LOOK_S, tell
from reactor.server.overview import Overview
from reactor.sources.loop import Backoff, repeat

log = structlog.get_logger(__name__)

FIRST_S = 1.0


@asynccontextmanager
async def notices(settings: Settings, activity: Activity, desk: Desk) -> AsyncIterator[None]:
    """Publish how everything stands for as long as the context lasts; nothing is opened where no broker is set."""
    if (found := settings.broker()) is None:
        yield
        return
    overview = Overview(activity, desk)
    try:
        async with publishing(found, overview.status):
            yield
    finally:
        await overview.aclose()


@asynccontextmanager
async def publishing(
    settings: MqttSettings,
    status: Callable[[], Awaitable[Status]],
    *,
    first_s: float = FIRST_S,
    look_s: float = LOOK_S,
    patience: Patience | None = None,
) -> AsyncIterator[None]:
    """Publish a status for as long as the context lasts; whatever goes wrong with that ends nothing else.

    ``first_s`` is the first wait after a failure, in seconds, and ``look_s`` the one between two looks.
    """
    publisher = MqttPublisher(broker_of(settings), patience)
    sending = repeat("MQTT", publisher.turn, publisher.rest, backoff=Backoff(first_s=first_s))
    looking = tell(status, publisher.publish, look_s=look_s)
    tasks = [asyncio.create_task(_alone(loop)) for loop in (sending, looking)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await publisher.aclose()


def broker_of(settings: MqttSettings) -> Broker:
    """Return where and as whom the publisher connects."""
    return Broker(
        host=settings.host,
        port=settings.port_there(),
        prefix=settings.topic_prefix,
        user=settings.user,
        password=settings.password,
        tls=settings.tls,
    )


async def _alone(loop: Coroutine[Any, Any, None]) -> None:
    """Run a loop of the notices; a fault of it is told, and ends it alone."""
    try:
        await loop
    except Exception:  # notices are a courtesy: what nobody foresaw here must not end the reactor
        log.exception("the notices by MQTT have ended; restart the reactor to have them again")
