"""A flood of webhooks: every event that was acknowledged is done, none twice, and memory stays bounded."""

import asyncio
import uuid
from pathlib import Path

import aiohttp
import pytest

from ..crash.stage import ACCOUNT, SECRET, Stage, a_stage
from ..free_ports import a_free_port
from ..household import eventually

TOGETHER = 64
GROWTH_MB = 100.0


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process, as Linux tells it."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the process has no memory; is it gone?")


async def post_all(url: str, assets: list[str]) -> int:
    """Post each id once, again where the reactor says later; return how many were sent again."""
    waiting = asyncio.Queue[str]()
    for asset in assets:
        waiting.put_nowait(asset)
    again = 0

    async def post(session: aiohttp.ClientSession) -> None:
        nonlocal again
        while not waiting.empty():
            asset = waiting.get_nowait()
            async with session.post(url, json={"event": "asset.uploaded", "asset_id": asset}) as answer:
                assert answer.status in (202, 503), await answer.text()
                if answer.status == 503:
                    again += 1
                    waiting.put_nowait(asset)

    headers = {"Authorization": f"Bearer {SECRET}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=TOGETHER)) as session:
        await asyncio.gather(*(post(session) for _ in range(TOGETHER)))
    return again


async def counts(stage: Stage) -> dict[str, int]:
    connection = await stage.database()
    try:
        rows = await connection.fetch(
            "SELECT state, count(*) AS number FROM deliveries WHERE handler = 'embed' GROUP BY state"
        )
    finally:
        await connection.close()
    return {row["state"]: row["number"] for row in rows}


async def flood(events: int, seconds: float) -> float:
    """Send so many events for photos that are gone already, and return the growth of memory in MB."""
    async with a_stage(a_free_port()) as stage, stage.reactor() as child:
        assert await child.up()
        await stage.settle()
        before = highest = resident_mb(child.process.pid)
        assets = [str(uuid.uuid4()) for _ in range(events)]
        await post_all(f"{child.url}/webhook/{ACCOUNT}", [*assets, *assets[: events // 10]])

        async def drained() -> bool:
            nonlocal highest
            highest = max(highest, resident_mb(child.process.pid))
            return await counts(stage) == {"done": events}

        await eventually(drained, f"{events} deliveries are done, none lost and none doubled", seconds=seconds)
        assert [write.kind for write in stage.immich.effective_writes] == ["workflow.create"] * 2
        print(f"flood of {events}: {before:.0f} MB before, {highest:.0f} MB at most")
        return highest - before


async def test_a_flood_of_webhooks_loses_nothing() -> None:
    assert await flood(1000, 90) < GROWTH_MB


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_a_flood_of_ten_thousand_webhooks_loses_nothing() -> None:
    assert await flood(10_000, 600) < GROWTH_MB
