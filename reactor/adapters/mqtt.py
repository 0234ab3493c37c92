"""Retained messages at an MQTT broker (MQTT 3.1.1), sent beside the work and never in its way.

Below the prefix ``availability`` is ``online``, or ``offline`` by Last Will; all else is JSON.
"""

import asyncio
import contextlib
import json
import logging
import secrets
import socket
import time
from dataclasses import dataclass

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from pydantic import SecretStr

from reactor.core.errors import Blocked, Retryable, Unreachable

AVAILABILITY = "availability"
ONLINE, OFFLINE = b"online", b"offline"

# A connection that dies unseen is given up by the broker after one and a half of this, and the Last Will sent.
KEEPALIVE_S = 30
LEAVE_S = 2.0
# Who throws us out sooner than this is asked more and more seldom.
STEADY_S = 60.0
LONGEST_AFTER_S = 300.0
MOST_WORDS = 200

# Codes of aiomqtt's MqttConnectError that time does not heal (paho names those of MQTT 5 for 3.1.1 too).
REFUSALS = {
    133: "refuses the client's name",
    134: "refuses user or password (mqtt.user, mqtt.password)",
    135: "refuses user or password (mqtt.user, mqtt.password)",
}


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How many seconds the broker has for an answer, and after how many we say again that we are online.

    The Last Will of a connection that died unseen may come after our word on the next one.
    """

    answer_s: float = 5.0
    again_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Broker:
    """Where the broker is, who we are there, and the topic below which we write."""

    host: str
    port: int
    prefix: str
    user: str | None = None
    password: SecretStr | None = None
    tls: bool = False

    @property
    def name(self) -> str:
        return f"the MQTT broker {self.host}:{self.port}"


class MqttPublisher:
    """Keep the newest message of each topic, and bring them to the broker whenever it can be reached.

    ``turn`` and ``rest`` are called one after the other for ever; a failed turn is tried again by who calls it.
    """

    def __init__(self, broker: Broker, patience: Patience | None = None) -> None:
        self._broker = broker
        self._patience = patience or Patience()
        # The same over all connections: the broker then ends the one before, with its Last Will, ahead of the next.
        self._identifier = f"reactor-{secrets.token_hex(6)}"
        self._kept: dict[str, bytes] = {AVAILABILITY: ONLINE}
        self._due: dict[str, None] = {}
        self._news = asyncio.Event()
        self._client: _Client | None = None
        self._watching: asyncio.Task[None] | None = None
        self._since = 0.0
        self._cut_short = 0

    def publish(self, topic: str, message: object) -> None:
        """Keep a message, as JSON, and send it as soon as that goes; the one before it is forgotten. Never waits."""
        if not topic or topic == AVAILABILITY or set(topic) & set("+#\0"):
            raise ValueError(f"{topic!r} is no topic for a message")
        body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        if self._kept.get(topic) != body:
            self._kept[topic] = body
            self._due[topic] = None
            self._news.set()

    async def turn(self) -> int:
        """Send what is due and return how many messages that were; over a new connection everything is due.

        Raises Unreachable or Blocked, and drops the connection before.
        """
        self._news.clear()
        try:
            client = await self._connected()
            return await self._send(client)
        except Retryable:
            self._drop()
            raise
        except Exception as error:  # noqa: BLE001 - whatever a library stumbles over, notices must not end the reactor
            told = _told(error, self._broker, ended=self._drop())
        _heed()
        # Raised out here it holds nothing of the library's: a socket whose TLS failed is closed when its error is gone.
        raise told

    async def rest(self, _: int = 0) -> None:
        """Wait until something is due, or the connection has ended; availability is due again after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience.again_s):
                await self._news.wait()
                return
        self._due[AVAILABILITY] = None

    async def aclose(self) -> None:
        """Say goodbye, where that goes within moments."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            # Whatever goes wrong, the Last Will says it then; nobody is left to be told why.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(LEAVE_S):
                    await client.publish(self._topic(AVAILABILITY), OFFLINE, qos=1, retain=True)
                    await client.__aexit__(None, None, None)
        finally:
            client.abandon()

    async def _connected(self) -> "_Client":
        if self._client is not None and self._watching is not None:
            if not self._watching.done():
                return self._client
            raise self._ended()
        client = await _opened(self._broker, self._patience, self._identifier, self._topic(AVAILABILITY))
        self._client, self._since = client, time.monotonic()
        self._watching = asyncio.create_task(client.watched(), name="mqtt connection")
        self._watching.add_done_callback(lambda _: self._news.set())
        self._due = dict.fromkeys(self._kept)
        return client

    async def _send(self, client: "_Client") -> int:
        sent = 0
        while self._due:
            topic = next(iter(self._due))
            body = self._kept[topic]
            await client.publish(self._topic(topic), body, qos=1, retain=True)
            _heed()
            sent += 1
            if self._kept[topic] is body:
                del self._due[topic]
        return sent

    def _ended(self) -> Unreachable:
        """Return the error of a connection that ended after it had worked; who does so at once is left alone longer."""
        steady = time.monotonic() - self._since >= STEADY_S
        self._cut_short = 0 if steady else min(self._cut_short + 1, 16)
        after = min(LONGEST_AFTER_S, 2.0 ** (self._cut_short - 1)) if self._cut_short else None
        return Unreachable(f"{self._broker.name} ended the connection", after=after)

    def _drop(self) -> bool:
        """Let go of the connection without a goodbye, so that the Last Will is sent; say whether it had ended."""
        client, self._client = self._client, None
        if client is not None:
            client.abandon()
        return client is not None and self._watching is not None and self._watching.done()

    def _topic(self, topic: str) -> str:
        return f"{self._broker.prefix}/{topic}"


class _Client(aiomqtt.Client):
    """A client of one connection that can be let go of in every state."""

    def abandon(self) -> None:
        """Cut the connection off, if there is one.

        aiomqtt 2.5.1 leaves the socket open where the broker answers late, or after an odd packet (``__aenter__``,
        ``__aexit__``): a connection would live on that nobody holds. Its reader sees the end and tidies up.
        """
        self._disconnected.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        if isinstance(there := self._client.socket(), socket.socket):
            with contextlib.suppress(OSError):
                there.shutdown(socket.SHUT_RDWR)

    async def watched(self) -> None:
        """Wait until the connection has ended."""
        with contextlib.suppress(aiomqtt.MqttError):
            async for _ in self.messages:
                pass  # nothing is subscribed to


async def _opened(broker: Broker, patience: Patience, identifier: str, availability: str) -> _Client:
    """Connect; raises what aiomqtt and what it stands on raise."""
    client = _Client(
        broker.host,
        broker.port,
        username=broker.user,
        password=broker.password.get_secret_value() if broker.password is not None else None,
        identifier=identifier,
        will=aiomqtt.Will(availability, OFFLINE, qos=1, retain=True),
        keepalive=KEEPALIVE_S,
        timeout=patience.answer_s,
        # The certificates of this machine; read in the thread that connects.
        tls_params=aiomqtt.TLSParameters() if broker.tls else None,
        logger=logging.Logger("mqtt", logging.CRITICAL + 1),  # all is said in our errors, once
        max_queued_incoming_messages=1,
    )
    opening = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(opening)
    except BaseException:
        # The thread that connects goes on whatever becomes of us; what it brings is let go of.
        opening.add_done_callback(lambda _: client.abandon())
        del opening  # it holds the error, whose traceback holds this frame
        raise
    return client


def _heed() -> None:
    """End with a cancellation that was passed over: who ends the reactor would wait for this task for ever.

    The wait_for of Python 3.11, by which aiomqtt waits for an answer, loses one that comes in the same moment
    (https://github.com/python/cpython/issues/86296).
    """
    if (task := asyncio.current_task()) is not None and task.cancelling():
        raise asyncio.CancelledError


def _told(error: Exception, broker: Broker, ended: bool) -> Retryable:
    """Return what an error means, in words that never hold more than a library's own sentence."""
    if isinstance(error, MqttConnectError):
        code: object = getattr(error.rc, "value", error.rc)
        refusal = REFUSALS.get(code) if isinstance(code, int) else None
        if refusal is not None:
            return Blocked(f"{broker.name} {refusal}")
        return Unreachable(f"{broker.name} does not take us now: {_words(error)}")
    doing = "ended the connection" if ended else "cannot be reached"
    return Unreachable(f"{broker.name} {doing}: {_words(error)}")


def _words(error: BaseException) -> str:
    """Return the sentence of an error of the wire; of any other only its kind, since it may quote what it was given."""
    return str(error)[:MOST_WORDS] if isinstance(error, aiomqtt.MqttError | OSError) else type(error).__name__
