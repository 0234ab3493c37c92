"""Run a poll for ever: wait between turns, back off after errors, go slowly while it may not ask."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from reactor.core.errors import Blocked, Permanent, Retryable

log = structlog.get_logger(__name__)

LONGEST_BACKOFF_S = 300.0


async def repeat(
    name: str,
    once: Callable[[], Awaitable[int]],
    pause: Callable[[int], Awaitable[None]],
    *,
    first_backoff_s: float,
    blocked_s: float = LONGEST_BACKOFF_S,
) -> None:
    """Call ``once`` until cancelled; ``pause`` is given what it found and waits for the next turn.

    No error ends the loop, a permanent one neither: somebody may mend what it names. While the key or a permission is
    refused it asks every ``blocked_s`` seconds, and says so once for each reason, and once more when it works again.
    """
    failures = 0
    blocked = ""
    while True:
        try:
            found = await once()
        except Blocked as error:
            if str(error) != blocked:
                blocked = str(error)
                # The sentence says all, a stack adds nothing.
                log.error(f"{name} waits: {error}", again_in_s=blocked_s)  # noqa: TRY400
            await asyncio.sleep(blocked_s)
        except (Retryable, Permanent) as error:
            wait = min(LONGEST_BACKOFF_S, first_backoff_s * 2.0 ** min(failures, 16))
            if isinstance(error, Retryable) and error.after is not None:
                wait = max(wait, error.after)
            log.warning(f"{name}: {error}", again_in_s=wait)
            failures += 1
            await asyncio.sleep(wait)
        else:
            if blocked:
                log.info(f"{name} works again")
            failures, blocked = 0, ""
            await pause(found)
