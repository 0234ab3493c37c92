"""Tell other systems of the household how everything stands, whenever that has changed."""

import asyncio
from collections.abc import Awaitable, Callable

from pydantic import TypeAdapter

from reactor.core.notices import Notice, notice_of
from reactor.core.status import Status

TOPIC = "status"
LOOK_S = 5.0
NOTICE = TypeAdapter(Notice)


async def tell(
    status: Callable[[], Awaitable[Status]], publish: Callable[[str, object], None], *, look_s: float = LOOK_S
) -> None:
    """Look at the status every few seconds until cancelled, and publish the notice of it where it is another one."""
    told: Notice | None = None
    while True:
        notice = notice_of(await status())
        if notice != told:
            publish(TOPIC, NOTICE.dump_python(notice, mode="json"))
            told = notice
        await asyncio.sleep(look_s)
