"""The wheel carries what the program needs, and runs from where it is unpacked."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LOOK = """
import asyncio, sys
from pathlib import Path
import reactor
from reactor.config import resource
from reactor.adapters.clip.embedder import open_embedder
here = Path(reactor.__file__).parent
assert here.is_relative_to(sys.argv[1]), here
assert resource("migrations").is_relative_to(here)
assert list(resource("migrations").glob("*.sql"))
async def main():
    from reactor.wiring.models import demo_model
    assert demo_model().is_relative_to(here)
    async with open_embedder(demo_model()) as embedder:
        vectors = await embedder.texts(["a photo of a dog"])
        print(embedder.provider, len(vectors["a photo of a dog"]))
asyncio.run(main())
"""


def test_the_wheel_runs(tmp_path: Path) -> None:
    candidates = [Path(os.environ["UV"])] if "UV" in os.environ else []
    uv = next((path for path in (*candidates, *which("uv")) if path.exists()), None)
    if uv is None:
        pytest.skip("uv is not on the path, so no wheel can be built here")
    subprocess.run([uv, "build", "--wheel", "--out-dir", tmp_path, ROOT], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 8_000_000
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        packed.extractall(tmp_path / "site")
    assert not [name for name in names if name.startswith(("tests/", "models/"))]
    environment = {"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(tmp_path / "site")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in ("cpu", "cuda", "CPUExecutionProvider", "CUDAExecutionProvider")
    helped = subprocess.run(
        [sys.executable, "-m", "reactor", "--help"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "demo" in helped.stdout, helped.stderr


def which(name: str) -> list[Path]:
    found = shutil.which(name)
    return [Path(found)] if found else []
