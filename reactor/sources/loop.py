"""Run a poll for ever: wait between turns, back off after errors, end when the key is refused."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from reactor.core.errors import Permanent, Retryable

log = structlog.get_logger(__name__)

LONGEST_BACKOFF_S = 300.0


async def repeat(
    name: str,
    once: Callable[[], Awaitable[int]],
    pause: Callable[[int], Awaitable[None]],
    *,
    first_backoff_s: float,
    key_refused: type[Exception],
) -> None:
    """Call ``once`` until cancelled; ``pause`` is given what it found and waits for the next turn.

    A permanent error is tried again too, at the longest distance at last: somebody may grant what was missing. Only a
    refused key ends the loop, since another key means a new start.
    """
    failures = 0
    while True:
        try:
            found = await once()
        except key_refused as error:
            log.error(f"{name} ends: {error}")  # noqa: TRY400 - the sentence says all, a stack adds nothing
            return
        except (Retryable, Permanent) as error:
            wait = min(LONGEST_BACKOFF_S, first_backoff_s * 2.0 ** min(failures, 16))
            if isinstance(error, Retryable) and error.after is not None:
                wait = max(wait, error.after)
            log.warning(f"{name}: {error}", again_in_s=wait)
            failures += 1
            await asyncio.sleep(wait)
        else:
            failures = 0
            await pause(found)
