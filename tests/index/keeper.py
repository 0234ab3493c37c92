"""A worker with a role in a process of its own: ``python -m tests.index.keeper DSN NAME``.

Says ``HOLDS`` when it has the role, and ``stack NAME of SUBJECT`` or ``embed ...`` for everything that it does.
"""

import asyncio
import os
import random
import sys
from collections.abc import Sequence
from typing import Any, cast

from reactor.adapters.postgres.pool import open_pool
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.role import PostgresRole
from reactor.adapters.postgres.wake import Wake
from reactor.core.events import AssetUploaded, Event
from reactor.ports import Services
from reactor.routing import Outcome, Router
from reactor.worker.worker import Worker, WorkerPolicy

from ..working import AT_ONCE, LEASE, NoActs

router = Router()


def say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


@router.on(AssetUploaded, name="stack", lane=lambda event: event.account, batch=True, role="stack")
async def stack(events: Sequence[Event], services: Services) -> Outcome:
    for event in events:
        say(f"stack {sys.argv[2]} {event.subject}")
    return Outcome()


@router.on(AssetUploaded, name="embed")
async def embed(events: Sequence[Event], services: Services) -> Outcome:
    await asyncio.sleep(0.05)  # so that one process alone does not have it all done before the other looks
    say(f"embed {sys.argv[2]} {events[0].subject}")
    return Outcome()


async def main(dsn: str, name: str) -> None:
    async with open_pool(dsn) as pool:
        wake = Wake(pool)
        role = PostgresRole(pool, "stack")
        worker = Worker(
            queue=PostgresQueue(pool, router, wake, worker=name, lease=LEASE),
            router=router,
            services=cast("Any", None),
            acts=NoActs(),
            wake=wake,
            policy=WorkerPolicy(quiet=AT_ONCE, deadline_s=20.0),
            chance=random.Random(1),
            holds=lambda asked: asked == "stack" and role.term is not None,
        )

        async def tell() -> None:
            while role.term is None:
                await asyncio.sleep(0.02)
            say("HOLDS")

        async with asyncio.TaskGroup() as tasks:
            for loop in (worker.run(), wake.listen(), role.run(), tell()):
                tasks.create_task(loop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
