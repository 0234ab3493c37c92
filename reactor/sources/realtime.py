"""Hear of new photos within moments, over Immich's socket, where the key allows it."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, assert_never

import structlog
from pydantic import SecretStr

from reactor.core.errors import BadWebhook, Blocked, Permanent, Retryable, Unreachable
from reactor.core.events import AssetUploaded
from reactor.core.ids import AccountId
from reactor.core.realtime import EVERYTHING, Hint, parse_realtime
from reactor.ports import EventSink
from reactor.sources.loop import Alarm, Backoff, report
from reactor.sources.outbox import Outbox
from reactor.sources.pushes import Pushes
from reactor.sources.socket import Wire, connected

log = structlog.get_logger(__name__)


class KeyHolder(Protocol):
    """What the source asks of a library."""

    async def permissions(self) -> frozenset[str]: ...

    async def owner(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the source waits, in seconds.

    Between tries ``first_s``, doubled up to ``longest_s``; from the first again after a login that held ``steady_s``.
    While the key lacks the permission ``lacking_s``; where the server refuses it all the same, ``refused_s``: it says
    "unauthorized" of its own troubles too.
    """

    login_s: float = 10.0
    first_s: float = 1.0
    longest_s: float = 60.0
    steady_s: float = 60.0
    lacking_s: float = 600.0
    refused_s: float = 60.0
    wire: Wire = field(default_factory=Wire)


class RealtimeSource:
    """Append AssetUploaded for what the socket of one account tells, and wake the polls by hints.

    What is told while nobody listens is lost, so ``on_login`` is called after every login, and must wake all polls; it
    is called too where the log was away for so long that photos were dropped. ``on_change`` and ``on_person`` say that
    a photo, or a person, is not as it was.
    """

    def __init__(
        self,
        account: AccountId,
        url: str,
        key: SecretStr,
        library: KeyHolder,
        sink: EventSink,
        pushes: Pushes,
        on_login: Callable[[], None],
        on_change: Callable[[], None],
        on_person: Callable[[], None],
        *,
        patience: Patience | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._account = account
        self._url = url
        self._key = key
        self._library = library
        self._pushes = pushes
        self._on_login = on_login
        self._on_change = on_change
        self._on_person = on_person
        self._patience = patience or Patience()
        self._now = now
        self._chance = chance
        self._alarm = Alarm()
        self._state = "connecting"
        self._said = ""
        self._held_s = 0.0
        self._odd = 0
        self._outbox = Outbox(f"the log of what the socket of {account} tells", sink, "socket", on_login)

    def wake(self) -> None:
        """Connect now, where it waits to: Immich is back."""
        self._alarm.ring()

    def status(self) -> str:
        """Say in words how the connection stands."""
        return f"{self._state}; {self._odd} odd messages" if self._odd else self._state

    async def run(self) -> None:
        """Listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._outbox.run())

    async def _listen(self) -> None:
        patience = self._patience
        backoff = Backoff(first_s=patience.first_s, longest_s=patience.longest_s, blocked_s=patience.lacking_s)
        while True:
            self._held_s = 0.0
            try:
                await self._visit()
            except (Retryable, Permanent) as error:
                if self._held_s >= patience.steady_s:
                    backoff.reset()
                wait = backoff.after(error)
                wait *= 0.75 + 0.5 * self._chance()  # so that not all come at once to a server that has just started
                self._tell(error, wait)
                await self._alarm.rest(wait)

    async def _visit(self) -> None:
        """Connect, log in and listen; raises what ended it."""
        if EVERYTHING not in await self._library.permissions():
            raise Blocked(
                f"the key lacks the permission {EVERYTHING}, without which Immich's socket lets nobody listen; "
                "photos are heard of by webhook and by asking"
            )
        owner = await self._library.owner()
        verdict: asyncio.Future[Hint] = asyncio.get_running_loop().create_future()

        def hear(name: str, *arguments: object) -> None:
            self._hear(owner, verdict, name, arguments)

        async with connected(self._url, self._key, hear, self._count_odd, self._patience.wire) as ended:
            waits: set[asyncio.Future[Any]] = {verdict, ended}
            await asyncio.wait(waits, timeout=self._patience.login_s, return_when=asyncio.FIRST_COMPLETED)
            self._require_login(verdict, ended)
            since = time.monotonic()
            self._logged_in()
            try:
                await asyncio.wait({ended})
            finally:
                self._held_s = time.monotonic() - since
                self._pushes.socket_down()
        raise Unreachable("the connection was lost")

    def _require_login(self, verdict: asyncio.Future[Hint], ended: asyncio.Task[None]) -> None:
        if verdict.done():
            if verdict.result() is Hint.LOGIN:
                return
            refusal = "Immich does not let this key listen at its socket, though it has the permission all"
            raise Blocked(refusal, after=self._patience.refused_s)
        if ended.done():
            raise Unreachable("the connection ended before the login")
        raise Unreachable(f"connected, but not logged in within {self._patience.login_s:g} s")

    def _logged_in(self) -> None:
        now = self._now()
        self._state = f"connected since {now:%Y-%m-%d %H:%M:%S %Z}"
        log.info(f"the socket of {self._account} is logged in")
        self._said = ""
        self._pushes.socket_up(now)
        self._on_login()

    def _tell(self, error: Exception, wait_s: float) -> None:
        """Show why nobody listens; in the log once for each reason."""
        self._state = f"off: {error}" if isinstance(error, Blocked) else f"reconnecting: {error}"
        if str(error) != self._said:
            self._said = str(error)
            report(f"the socket of {self._account}", error, wait_s)

    def _hear(self, owner: str, verdict: asyncio.Future[Hint], name: str, arguments: tuple[object, ...]) -> None:
        try:
            meaning = parse_realtime(self._account, owner, name, arguments)
        except BadWebhook as error:
            self._count_odd(str(error))
            return
        match meaning:
            case AssetUploaded():
                self._pushes.heard("socket", [meaning.asset], self._now())
                self._outbox.put(meaning)
            case Hint.LOGIN | Hint.REFUSED:
                if not verdict.done():
                    verdict.set_result(meaning)
            case Hint.CHANGE:
                self._on_change()
            case Hint.PERSON:
                self._on_person()
            case None:
                pass
            case _:
                assert_never(meaning)

    def _count_odd(self, what: str) -> None:
        """Count what is not understood; only the first goes into the log, since a server could send any number."""
        self._odd += 1
        if self._odd == 1:
            log.warning(f"the socket of {self._account} told something odd; more is only counted", what=what)
