"""Run a poll for ever: wait between turns, back off after errors, go slowly while it may not ask."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from reactor.core.errors import Blocked, Permanent, Retryable

log = structlog.get_logger(__name__)

LONGEST_BACKOFF_S = 300.0
FIRST_BLOCKED_S = 5.0
"""A proxy may refuse for moments only; a key that was revoked is asked about more and more seldom."""


async def repeat(
    name: str,
    once: Callable[[], Awaitable[int]],
    pause: Callable[[int], Awaitable[None]],
    *,
    first_backoff_s: float,
    longest_backoff_s: float = LONGEST_BACKOFF_S,
    blocked_s: float = LONGEST_BACKOFF_S,
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Call ``once`` until cancelled; ``pause`` is given what it found and waits for the next turn.

    No error ends the loop, a permanent one neither: somebody may mend what it names. ``rest`` waits after one, for so
    many seconds; while the key or a permission is refused, up to ``blocked_s``. Each reason is told once, and once
    more when it works again.
    """
    failures = 0
    said = ""
    while True:
        try:
            found = await once()
        except (Retryable, Permanent) as error:
            wait = wait_after(error, failures, first_backoff_s, longest_backoff_s, blocked_s)
            if str(error) != said:
                said = str(error)
                report(name, error, wait)
            failures += 1
            await rest(wait)
        else:
            if said:
                log.info(f"{name} works again")
            failures, said = 0, ""
            await pause(found)


def wait_after(error: Exception, failures: int, first_s: float, longest_s: float, blocked_s: float) -> float:
    """Return how many seconds to wait after so many failures before this one; doubled each time up to ``longest_s``."""
    after = error.after if isinstance(error, Retryable) else None
    doubled = 2.0 ** min(failures, 16)
    if isinstance(error, Blocked):
        return min(blocked_s, max(first_s, FIRST_BLOCKED_S) * doubled) if after is None else after
    return max(min(longest_s, first_s * doubled), after or 0.0)


def report(name: str, error: Exception, wait_s: float) -> None:
    """Say why a source waits. The sentence says all, a stack adds nothing."""
    if isinstance(error, Blocked):
        log.error(f"{name} waits: {error}", again_in_s=wait_s)
    else:
        log.warning(f"{name}: {error}", again_in_s=wait_s)
