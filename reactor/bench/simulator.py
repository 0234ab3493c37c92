"""A simulated Immich in another process, so that its work is not counted as the reactor's."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from reactor.core.errors import StartError

MODULE = "reactor.demo.immich.crowd"
START_SECONDS = 300.0
END_SECONDS = 10.0
LONGEST_LINE = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Where it serves, its one user's key, and the ids of the photos that were there from the start, in their order."""

    url: str
    key: str
    assets: tuple[str, ...]
    process: asyncio.subprocess.Process

    async def told(self) -> dict[str, Any]:
        """Return the next request that changed something: its kind, ``at`` (seconds since 1970) and its changes."""
        return await _line(self.process)


@asynccontextmanager
async def simulated_immich(folder: Path) -> AsyncIterator[Simulated]:
    """Serve what the plan in the folder says; raises StartError where that fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE, str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
        # Ctrl-C is for the benchmark, which ends it in good order.
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            first = await _line(process)
        yield Simulated(url=first["url"], key=first["key"], assets=tuple(first["assets"]), process=process)
    except TimeoutError as error:
        raise StartError(f"the simulated Immich did not start within {START_SECONDS:.0f} s") from error
    finally:
        await _end(process)


async def previews_of(immich: Simulated, pictures: Sequence[str]) -> dict[str, bytes]:
    """Fetch each picture's preview as Immich serves it; ``pictures`` names the one of each asset, in their order."""
    one_of_each = dict(zip(pictures, immich.assets, strict=True))
    found = {}
    async with aiohttp.ClientSession(f"{immich.url}/api/", headers={"x-api-key": immich.key}) as session:
        for picture, asset in one_of_each.items():
            async with session.get(f"assets/{asset}/thumbnail", params={"size": "preview"}) as answer:
                answer.raise_for_status()
                found[picture] = await answer.read()
    return found


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise StartError("the simulated Immich ended; what it said stands above")
    found: dict[str, Any] = json.loads(line)
    return found


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, which is its sign to end; what does not end by that is killed."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
