"""The commands as a user gives them: processes beside a running reactor, and without one."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg

from reactor.core.history import DeadFilter
from reactor.core.ids import AssetId

from ..cli import warm
from ..cli.test_run import environment, models, running, towards
from ..crash.stage import stop_the_database
from ..household import Household, a_household, eventually
from ..postgres_embedded.servers import open_home
from .bench import Bench, uploaded
from .camera import take, wall

KEY = {"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": "k" * 20}


async def command(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(warm.command, home, environment(home, **more), *arguments)


async def photos_of(home: Household) -> list[AssetId]:
    return [await take(home, seed, wall(2026, 6, seed, 12)) for seed in (1, 2, 3)]


async def test_a_scan_beside_a_running_reactor_is_done_by_it(demo_model: Path) -> None:
    async with a_household() as home:
        photos = await photos_of(home)
        with open_home() as place:
            settings = towards(home) | models(place, demo_model) | {"REACTOR_PORT": "0", "REACTOR_MODE": "apply"}
            async with running(place, **settings) as (_, said):

                async def up() -> bool:
                    return "the reactor runs" in said()

                await eventually(up, "it runs")
                dry = await command(place, "scan", "--dry-run", "--from", "2026-06-02", **settings)
                assert dry.returncode == 0, dry.stderr
                for photo in photos[1:]:
                    assert f"default: tag {photo}: Auto/Everything\n    Everything: like “a photo”" in dry.stdout
                assert photos[0] not in dry.stdout
                assert not home.writes("tag.link")
                # As the older tool was told: by the environment, with whole times.
                days = {"START_DATE": "2026-06-01T00:00:00Z", "END_DATE": "2026-06-02"}
                whole = await command(place, "scan", "--once", "--json", **settings, **days)
                assert whole.returncode == 0, whole.stderr
                assert json.loads(whole.stdout)["run"]["state"] == "done"
                tagged = [bool((await home.library.asset(photo)).tags) for photo in photos]
                assert tagged == [True, True, False]
                begun = await command(place, "scan", "--rate", "1", **settings)
                assert begun.returncode == 0
                run_id = begun.stdout.split()[0]
                joined = await command(place, "scan", "--only", "stack", **settings)
                assert f"{run_id} was there already" in joined.stderr
                paused = await command(place, "scan", "--pause", **settings)
                assert paused.stdout.startswith(f"{run_id}  paused")
                ended = await command(place, "scan", "--cancel", "--json", **settings)
                assert json.loads(ended.stdout)["state"] == "cancelled"
            assert home.key not in dry.stdout + dry.stderr + whole.stderr + begun.stderr


async def test_without_a_running_reactor_the_command_is_one_until_the_scan_has_ended(demo_model: Path) -> None:
    async with a_household() as home:
        photos = await photos_of(home)
        with open_home() as place:
            settings = towards(home) | models(place, demo_model) | {"REACTOR_PORT": "0", "REACTOR_MODE": "apply"}
            try:
                done = await command(place, "scan", "--once", "--only", "classify", **settings)
            finally:
                await stop_the_database(place / "data")
        assert done.returncode == 0, done.stderr
        assert "done  100%" in done.stdout
        assert all([(await home.library.asset(photo)).tags for photo in photos])


async def test_the_log_is_listed_and_what_was_given_up_is_tried_again_or_dropped(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    bench = Bench(pool)
    await bench.log.append([uploaded("p"), uploaded("q")], source="webhook")
    await bench.kill("embed", ["p", "q"], why="the picture is broken")
    settings = KEY | {"DATABASE_URL": database}

    async def said(*arguments: str) -> str:
        done = await command(tmp_path, *arguments, **settings)
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed = json.loads(await said("events", "--limit", "1", "--asset", "p", "--json"))
    assert [(line["kind"], line["source"], line["payload"]["asset"]) for line in listed] == [
        ("AssetUploaded", "webhook", "p")
    ]
    assert "embed: dead" in await said("events", "--since", "1h")
    assert "  embed  1 try\n    the picture is broken\n" in await said("deadletters")
    letters = json.loads(await said("deadletters", "--json"))
    assert [letter["error"] for letter in letters] == ["the picture is broken"] * 2
    told = json.loads(await said("replay", "--failed", "--dry-run", "--json"))
    assert told["deliveries"] == [["AssetUploaded", "embed", 2]]
    assert await said("deadletters", "retry", str(letters[0]["id"])) == "1 waits again\n"
    assert await said("deadletters", "--json", "drop", "--all") == '{"changed": 1}\n'
    assert await said("deadletters") == "nothing is dead\n"
    assert await bench.history.dead(DeadFilter()) == ()
    # No reactor runs: the replay waits for the next one.
    waits = await command(tmp_path, "replay", "--all", **settings)
    assert (waits.returncode, "running  0%" in waits.stdout) == (0, True)
    assert "no reactor runs here now: the next one takes it up" in waits.stderr
    gone = await command(tmp_path, "deadletters", "retry", str(letters[0]["id"]), **settings)
    assert (gone.returncode, "not given up" in gone.stderr) == (2, True)
    nothing = await command(tmp_path, "replay", **settings)
    assert (nothing.returncode, "needs a filter" in nothing.stderr) == (2, True)
    assert await said("scan", "--status") == "there was no scan yet\n"
    assert "Traceback" not in gone.stderr + nothing.stderr


async def test_the_log_is_followed_until_a_signal(database: str, pool: asyncpg.Pool, tmp_path: Path) -> None:
    bench = Bench(pool)
    settings = environment(tmp_path, DATABASE_URL=database, **KEY)
    following = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "reactor",
        "events",
        "--follow",
        "--json",
        cwd=tmp_path,
        env=settings,
        stdout=asyncio.subprocess.PIPE,
    )
    assert following.stdout is not None
    number = 0
    line = b""
    try:
        async with asyncio.timeout(30):
            reading = asyncio.create_task(following.stdout.readline())
            while not reading.done():
                await bench.log.append([uploaded(f"p{number}")], source="socket")
                number += 1
                await asyncio.wait({reading}, timeout=0.1)
            line = await reading
    finally:
        following.terminate()
        assert await asyncio.wait_for(following.wait(), 30) == 0
    shown = json.loads(line)
    assert (shown["kind"], shown["source"]) == ("AssetUploaded", "socket")
    assert os.environ.get("DATABASE_URL") is None
