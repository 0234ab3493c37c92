"""kill -9 at every named point, then a restart: nothing is lost, nothing happens twice."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from reactor.demo.phone import Shot

from ..free_ports import a_free_port
from ..postgres_embedded.servers import server_pid
from .child import POINTS
from .roll import camera_roll
from .stage import Child, Stage, World, a_stage

# After the simulated server has carried out a write, and before it answers.
IMMICH_WRITES = ("tag.create", "tag.link", "asset.update", "stack.create")
FRIGATE_WRITES = ("register",)
# One of each kind of commit; what the journal writes for one feature it writes for all in the same way, and the rest is
# gone through by `pytest -m soak`.
SOME_COMMITS = (
    "a batch was claimed",
    "a delivery was settled with its follow-ups",
    "the journal was opened for a stack",
    "the journal was settled for tags",
)
RANDOM_MOMENTS = 20
# A delivery that is in hand at eight kills in a row is taken for what kills, and kept among the dead.
KILLS_IN_A_ROW = 6


async def undisturbed(batches: Sequence[Sequence[Shot]]) -> World:
    """Return what stands at the end when nothing dies."""
    async with a_stage(a_free_port()) as stage, stage.reactor() as child:
        assert await child.up()
        for batch in batches:
            await stage.upload(batch)
        await stage.settle()
        assert stage.doubled() == []
        return await stage.world()


async def live_on(stage: Stage, expected: World | None = None) -> World:
    """Restart the reactor, let it finish, and return what stands."""
    async with stage.reactor() as child:
        assert await child.up()
        await stage.settle()
        return await stage.world() if expected is None else await stage.ends_as(expected)


def deadly_hook(child: Child, kind: str) -> Callable[[Any], Awaitable[None]]:
    async def kill(write: Any) -> None:
        if write.kind == kind:
            child.hit = True
            child.kill()
            await child.process.wait()

    return kill


async def die_at(stage: Stage, batch: Sequence[Shot], *, commit: str = "", immich: str = "", frigate: str = "") -> None:
    """Upload a batch to a reactor that dies at the point, and see that it died there."""
    async with stage.reactor(commit or None) as child:
        await child.up()
        stage.immich.before_answer = deadly_hook(child, immich) if immich else None
        stage.frigate.before_answer = deadly_hook(child, frigate) if frigate else None
        await stage.upload(batch)
        point = commit or immich or frigate
        assert await child.died(), f"it never came to: {point}"
        assert child.hit, f"it died elsewhere than at: {point}"
        print(f"killed at: {point}")
        stage.immich.before_answer = None
        stage.frigate.before_answer = None


@pytest.mark.timeout(330)
async def test_killed_at_named_points_it_ends_as_if_undisturbed() -> None:
    await killed_at(SOME_COMMITS)


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_killed_at_every_named_point_it_ends_as_if_undisturbed() -> None:
    await killed_at(tuple(POINTS))


async def killed_at(commits: Sequence[str]) -> None:
    """Kill the reactor after each effect outside and each of these commits, once, and see how it ends."""
    points = [
        *({"immich": kind} for kind in IMMICH_WRITES),  # first, since a tag is created only once
        *({"commit": point} for point in commits),
        *({"frigate": kind} for kind in FRIGATE_WRITES),
    ]
    batches = await asyncio.to_thread(camera_roll, len(points))
    undisturbed_run = asyncio.create_task(undisturbed(batches))
    async with a_stage(a_free_port()) as stage:
        async with stage.reactor() as first:  # the poll's cursor begins at the first start
            assert await first.up()
            await stage.settle()
        for number, (point, batch) in enumerate(zip(points, batches, strict=True), 1):
            await die_at(stage, batch, **point)
            if number % KILLS_IN_A_ROW == 0:
                await live_on(stage)
        expected = await undisturbed_run
        world = await live_on(stage, expected)
    assert world == expected
    assert world.embedded == {shot.file_name for batch in batches for shot in batch}
    assert world.dead == ()
    assert stage.doubled() == []


async def test_the_database_killed_under_load_it_ends_as_if_undisturbed() -> None:
    batches = await asyncio.to_thread(camera_roll, 2)
    undisturbed_run = asyncio.create_task(undisturbed(batches))
    async with a_stage(a_free_port()) as stage:
        stage.lease_seconds = 8.0  # a claim whose answer died with the database is given back when its lease ends
        async with stage.reactor() as child:
            assert await child.up()
            await stage.settle()
            for batch in batches:
                upload = asyncio.create_task(stage.upload(batch))
                await asyncio.sleep(0.5)
                os.kill(server_pid(stage.home / "data"), signal.SIGKILL)
                await upload
                await stage.settle()
            expected = await undisturbed_run
            assert await stage.ends_as(expected) == expected
            assert stage.doubled() == []
            assert child.process.returncode is None


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_killed_at_random_moments_it_ends_as_if_undisturbed() -> None:
    chance = random.Random(20261121)
    batches = await asyncio.to_thread(camera_roll, RANDOM_MOMENTS)
    expected = await undisturbed(batches)
    async with a_stage(a_free_port()) as stage:
        async with stage.reactor() as first:
            assert await first.up()
            await stage.settle()
        for number, batch in enumerate(batches, 1):
            async with stage.reactor() as child:
                assert await child.up()
                upload = asyncio.create_task(stage.upload(batch))
                await asyncio.sleep(chance.uniform(0.0, 3.0))
                child.kill()
                await upload
            if number % KILLS_IN_A_ROW == 0:
                await live_on(stage)
        world = await live_on(stage, expected)
    assert world == expected
    assert stage.doubled() == []
