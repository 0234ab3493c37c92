"""Run a poll for ever: wait between turns, back off after errors, go slowly while it may not ask."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from reactor.core.errors import Blocked, Permanent, Retryable

log = structlog.get_logger(__name__)

LONGEST_BACKOFF_S = 300.0
FIRST_BLOCKED_S = 5.0
"""A proxy may refuse for moments only; a key that was revoked is asked about more and more seldom."""


class Alarm:
    """A rest that can be cut short; it lasts ``least_s`` all the same, so that no storm of rings becomes one of turns.

    A ring while nobody rests cuts the next rest short.
    """

    def __init__(self, *, least_s: float = 1.0) -> None:
        self._least_s = least_s
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def rest(self, seconds: float) -> bool:
        """Wait so long at most; return whether it was cut short."""
        least = min(self._least_s, seconds)
        await asyncio.sleep(least)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds - least):
                await self._rung.wait()
        rung = self._rung.is_set()
        self._rung.clear()
        return rung


@dataclass(kw_only=True)
class Backoff:
    """How long to wait after each failure of a row: ``first_s``, doubled each time up to ``longest_s``.

    While Immich refuses, up to ``blocked_s``; an outage that ends in a refusal begins a new row, and so does a refusal
    that ends: neither says how long the other lasts.
    """

    first_s: float
    longest_s: float = LONGEST_BACKOFF_S
    blocked_s: float = LONGEST_BACKOFF_S
    _failures: int = 0
    _refused: bool = False

    def after(self, error: Exception) -> float:
        """Return how many seconds to wait after one more failure."""
        refused = isinstance(error, Blocked)
        if refused is not self._refused:
            self._refused, self._failures = refused, 0
        wait = wait_after(error, self._failures, self.first_s, self.longest_s, self.blocked_s)
        self._failures += 1
        return wait

    def reset(self) -> None:
        """Begin a new row: it worked."""
        self._failures = 0


async def repeat(
    name: str,
    once: Callable[[], Awaitable[int]],
    pause: Callable[[int], Awaitable[None]],
    *,
    backoff: Backoff,
    rest: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Call ``once`` until cancelled; ``pause`` is given what it found and waits for the next turn.

    No error ends the loop, a permanent one neither: somebody may mend what it names. ``rest`` waits after one, for so
    many seconds, but for what the other side asked for, which nothing cuts short. Each reason is told once, and once
    more when it works again.
    """
    said = ""
    while True:
        try:
            found = await once()
        except Exception as error:  # noqa: BLE001 - one source that nobody foresaw failing must not end all others
            wait = backoff.after(error)
            words = str(error) if isinstance(error, Retryable | Permanent) else type(error).__name__
            if words != said:
                said = words
                report(name, error, wait)
            asked = min(wait, _asked(error))
            await asyncio.sleep(asked)
            await rest(wait - asked)
        else:
            if said:
                log.info(f"{name} works again")
            backoff.reset()
            said = ""
            await pause(found)


def wait_after(error: Exception, failures: int, first_s: float, longest_s: float, blocked_s: float) -> float:
    """Return how many seconds to wait after so many failures before this one; doubled each time up to ``longest_s``."""
    asked = _asked(error)
    doubled = 2.0 ** min(failures, 16)
    if isinstance(error, Blocked):
        return asked or min(blocked_s, max(first_s, FIRST_BLOCKED_S) * doubled)
    return max(min(longest_s, first_s * doubled), asked)


def _asked(error: Exception) -> float:
    """Return how many seconds the other side asked to be left alone, 0 where it did not say."""
    return (error.after or 0.0) if isinstance(error, Retryable) else 0.0


def report(name: str, error: Exception, wait_s: float) -> None:
    """Say why a source waits. The sentence says all, a stack adds nothing."""
    if isinstance(error, Blocked):
        log.error(f"{name} waits: {error}", again_in_s=wait_s)
    elif not isinstance(error, Retryable | Permanent):
        log.error(f"{name} failed in a way that nobody foresaw", again_in_s=wait_s, exc_info=error)
    else:
        log.warning(f"{name}: {error}", again_in_s=wait_s)
