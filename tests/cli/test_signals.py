"""How a command ends on a signal: the exit code tells whether it was through."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ..household import eventually

ROOT = Path(__file__).resolve().parents[2]
WAITING = """
import asyncio, typer
from reactor.cli.base import run_async

async def work():
    print("up", flush=True)
    await asyncio.Event().wait()
    return 0

typer.run(lambda: run_async(work(), endless={endless}))
"""


@pytest.mark.parametrize(
    ("number", "endless", "code"),
    [
        (signal.SIGTERM, False, 143),
        (signal.SIGINT, False, 130),
        (signal.SIGTERM, True, 0),
        (signal.SIGINT, True, 0),
    ],
)
def test_a_signal_is_an_end_only_where_there_is_no_other(number: signal.Signals, code: int, *, endless: bool) -> None:
    command = [sys.executable, "-c", WAITING.format(endless=endless)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            process.send_signal(number)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, said) == (code, "")


@pytest.mark.parametrize(
    ("count", "until", "number", "code"),
    [
        (2000, "Watch it live", signal.SIGTERM, 143),
        (1, "All is settled", signal.SIGINT, 0),
    ],
)
@pytest.mark.timeout(120)
async def test_a_demo_is_through_when_it_has_settled(
    tmp_path: Path, count: int, until: str, number: signal.Signals, code: int
) -> None:
    said = tmp_path / "said.log"
    with said.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "reactor", "demo", "--count", str(count)), cwd=ROOT, stdout=out, stderr=out
        )
    try:

        async def reached() -> bool:
            return until in said.read_text("utf-8")

        await eventually(reached, until, seconds=60)
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 40) == code, said.read_text("utf-8")
        assert "Traceback" not in said.read_text("utf-8")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
