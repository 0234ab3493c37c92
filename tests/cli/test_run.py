"""`reactor run` as a user starts it: a process, the environment, a signal."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from ..crash.stage import stop_the_database
from ..free_ports import a_free_port
from ..household import Household, a_household, eventually
from ..postgres_embedded.servers import open_home
from .warm import command

SECRET = "the-secret-of-the-webhook"


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"REACTOR_DATA_DIR": str(home / "data"), "PYTHONPATH": str(Path(__file__).parents[2])} | more


def run(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reactor", *arguments],
        cwd=home,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@asynccontextmanager
async def running(home: Path, **more: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Callable[[], str]]]:
    """Run `reactor run` and yield its process and a way to read what it has said; it must end well on SIGTERM."""
    said = home / "said.log"
    with said.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "reactor", "run", cwd=home, env=environment(home, **more), stdout=out, stderr=out
        )
    try:
        yield process, lambda: said.read_text("utf-8")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0, said.read_text("utf-8")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
            await stop_the_database(home / "data")


def models(home: Path, demo_model: Path) -> dict[str, str]:
    """Lay the demo model's files out as Immich's cache lays out its default model: no real weights are at hand."""
    folder = home / "cache" / "clip" / "ViT-B-32__openai"
    shutil.copytree(demo_model, folder)
    return {"REACTOR_MODEL_CACHE": str(home / "cache")}


def towards(home: Household) -> dict[str, str]:
    return {
        "IMMICH_URL": home.immich.url,
        "IMMICH_API_KEY": home.key,
        "REACTOR_WEBHOOK_SECRET": SECRET,
        "REACTOR_CLASSIFICATION": json.dumps(
            {"categories": [{"name": "Everything", "prompts": ["a photo"], "similarity": -1.0}]}
        ),
        "REACTOR_POLL_SECONDS": "1",
        "REACTOR_STACKS__QUIET_SECONDS": "0.2",
    }


async def ready(port: int) -> dict[str, str] | None:
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as answer,
        ):
            body = await answer.json()
            return dict(body["checks"]) if body["ready"] else None
    except aiohttp.ClientError:
        return None


async def test_it_runs_beside_immich_hears_of_a_photo_and_ends_on_a_signal(demo_model: Path) -> None:
    port = a_free_port()
    async with a_household() as home:
        with open_home() as place:
            settings = towards(home) | models(place, demo_model) | {"REACTOR_PORT": str(port), "REACTOR_MODE": "apply"}
            async with running(place, **settings) as (_, said):
                await eventually(lambda: _is_up(port), "it is ready")
                checks = await ready(port)
                assert checks is not None
                assert checks["provider"] == "cpu"
                await home.phone.tell_reactor(f"http://127.0.0.1:{port}/webhook/default", SECRET)
                photo = await home.photo(1)

                async def tagged() -> bool:
                    return "Auto/Everything" in (await home.library.asset(photo)).tags

                await eventually(tagged, "the photo is tagged")
            assert home.key not in said()
            assert SECRET not in said()
            assert "provider=cpu" in said()


async def _is_up(port: int) -> bool:
    return await ready(port) is not None


async def test_observing_is_the_default_and_changes_nothing(demo_model: Path) -> None:
    port = a_free_port()
    async with a_household() as home:
        with open_home() as place:
            settings = towards(home) | models(place, demo_model) | {"UI_PORT": str(port)}
            async with running(place, **settings):
                await eventually(lambda: _is_up(port), "it is ready")
                await home.phone.tell_reactor(f"http://127.0.0.1:{port}/webhook/default", SECRET)
                photo = await home.photo(1)

                async def planned() -> bool:
                    async with (
                        aiohttp.ClientSession() as session,
                        session.get(f"http://127.0.0.1:{port}/") as answer,
                    ):
                        return "would be: Everything" in await answer.text()

                await eventually(planned, "the plan is shown")
            assert (await home.library.asset(photo)).tags == set()
            assert not home.writes("tag.link")


async def test_a_wrong_key_is_said_and_not_shown(demo_model: Path) -> None:
    async with a_household() as home:
        with open_home() as place:
            settings = towards(home) | models(place, demo_model) | {"IMMICH_API_KEY": "a-wrong-key-0123456789"}
            done = await asyncio.to_thread(run, place, "run", **settings)
    assert done.returncode == 2
    assert "account default" in done.stderr
    assert "a-wrong-key" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "IMMICH_API_KEY is missing"),
        ({"IMMICH_API_KEY": "k" * 20}, "IMMICH_URL is missing"),
        ({"IMMICH_API_KEY": "k" * 20, "IMMICH_URL": "http://127.0.0.1:9"}, "ViT-B-32__openai (about 606 MB)"),
        ({"IMMICH_API_KEY": "k", "IMMICH_URL": "http://127.0.0.1:9", "REACTOR_MODEL": "ViT-Tiny-Demo"}, "never used"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        ({"REACTOR_ACCOUNTS": "xx"}, "accounts: "),
        ({"REACTOR_FEATURES": "tags"}, "features: "),
    ],
)
def test_what_is_missing_is_named(more: dict[str, str], said: str) -> None:
    with open_home() as place:
        done = command(place, environment(place, **more), "run")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_older_python_gets_a_sentence() -> None:
    older = [path for version in ("3.10", "3.9", "3.8") if (path := shutil.which(f"python{version}")) is not None]
    if not older:
        pytest.skip("no Python older than 3.11 is installed here")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([older[0], "-m", "reactor"], cwd=root, capture_output=True, text=True, check=False)
    if "not found" in done.stderr or "pyenv" in done.stderr:
        pytest.skip("the older Python on the path is only a signpost")
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Traceback" not in done.stderr
