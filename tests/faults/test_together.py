"""Several at once: two reactors on one database, events twice and out of order, a clock that jumps."""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from ..crash.roll import camera_roll
from ..crash.stage import ACCOUNT, SECRET, Child, Stage, World, a_stage, a_stage_of
from ..crash.test_kill import undisturbed
from ..free_ports import a_free_port
from ..postgres_embedded.servers import open_home


class SharedStage(Stage):
    """A stage whose reactors share a database that outlives them."""

    dsn: str = ""

    async def database(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.dsn, server_settings={"search_path": "reactor"})


@asynccontextmanager
async def another(stage: Stage, home: Path) -> AsyncIterator[Child]:
    """Run one more reactor beside the stage's own, with a data directory of its own, and no webhook to it."""
    settings = stage.settings | {"data_dir": str(home / "second"), "port": 0}
    file = home / "second.json"
    file.write_text(json.dumps(settings), "utf-8")
    async with AsyncExitStack() as exits:
        child = Child(await child_process(file))
        exits.push_async_callback(child.process.wait)
        exits.callback(child.kill)
        yield child


async def child_process(file: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.crash.child", str(file), stdout=asyncio.subprocess.PIPE
    )


async def as_undisturbed(stage: Stage, expected: World) -> None:
    found = await stage.ends_as(expected)
    assert found == expected
    assert stage.doubled() == []
    assert found.dead == ()


@pytest.mark.soak
@pytest.mark.timeout(240)
async def test_two_reactors_share_the_work_and_one_dies(database: str) -> None:
    batches = await asyncio.to_thread(camera_roll, 3)
    calm = asyncio.create_task(undisturbed(batches))
    with open_home() as home:
        async with a_stage_of(SharedStage, a_free_port()) as stage:
            stage.dsn = database
            stage.more = {"database_url": database}
            stage.lease_seconds = 8.0  # what the one that dies had in hand is given back when its lease ends
            async with stage.reactor() as first, another(stage, home) as second:
                assert await first.up()
                assert await second.up()
                await stage.upload(batches[0])
                await stage.settle()
                upload = asyncio.create_task(stage.upload(batches[1]))
                await asyncio.sleep(0.5)  # in the middle of the work
                second.kill()
                await upload
                await stage.upload(batches[2])
                await stage.settle()
                await as_undisturbed(stage, await calm)
                connection = await stage.database()
                workers = await connection.fetchval("SELECT count(DISTINCT worker) FROM deliveries")
                await connection.close()
                assert workers == 2


async def told_in_disorder(stage: Stage, url: str, chance: random.Random) -> None:
    """Tell everything four times, in any order, in the short form too."""
    bodies: list[dict[str, object]] = []
    for asset in stage.names:
        bodies += [{"event": "asset.uploaded", "asset_id": asset}] * 2
        bodies += [{"type": "AssetV1", "trigger": "AssetCreate", "data": {"asset": {"id": asset.upper()}}}] * 2
    chance.shuffle(bodies)
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for body in bodies:
            async with session.post(f"{url}/webhook/{ACCOUNT}", json=body) as answer:
                assert answer.status == 202


@pytest.mark.timeout(240)
async def test_events_twice_and_out_of_order_and_a_clock_that_is_set_back() -> None:
    await disorder((0, 1))


@pytest.mark.soak
@pytest.mark.timeout(480)
async def test_events_twice_and_out_of_order_and_a_clock_that_jumps() -> None:
    await disorder((0, 1, -1))


async def disorder(jumps: Sequence[int]) -> None:
    """Upload a batch before each jump (hours by which the clock is set back), and tell of everything in disorder."""
    chance = random.Random(5)
    batches = await asyncio.to_thread(camera_roll, len(jumps))
    calm = asyncio.create_task(undisturbed(batches))
    async with a_stage(a_free_port()) as stage, stage.reactor() as child:
        assert await child.up()
        await stage.settle()
        for batch, hours in zip(batches, jumps, strict=True):
            await stage.upload(chance.sample(list(batch), len(batch)))
            await jump(stage, hours)
            await told_in_disorder(stage, child.url, chance)
        await stage.settle()
        await as_undisturbed(stage, await calm)
        connection = await stage.database()
        heard = await connection.fetchval("SELECT count(*) FROM events WHERE kind = 'AssetUploaded'")
        await connection.close()
        assert heard == len(stage.names)


async def jump(stage: Stage, hours: int) -> None:
    """Let everything that waits bear times as if the clock had been set back (or forward) by so many hours since."""
    connection = await stage.database()
    try:
        await connection.execute(
            """
            UPDATE deliveries SET run_at = run_at + make_interval(hours => $1),
                created_at = created_at + make_interval(hours => $1),
                first_tried_at = first_tried_at + make_interval(hours => $1),
                lease_until = lease_until + make_interval(hours => greatest($1, 0))
            WHERE state IN ('waiting', 'running', 'joined')
            """,
            hours,
        )
    finally:
        await connection.close()
