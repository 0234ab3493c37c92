"""The tools that keep the code: part of the one test command."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_MODULE = 300


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "--strict"],
        ["lint-imports"],
    ],
    ids=" ".join,
)
def test_the_code_is_clean(command: list[str]) -> None:
    tool = Path(sys.executable).parent / command[0]
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_outgrows_its_room() -> None:
    sizes = {path: len(path.read_text("utf-8").splitlines()) for path in ROOT.glob("reactor/**/*.py")}
    assert {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > LONGEST_MODULE} == {}


def test_the_layers_have_no_exceptions() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    assert [contract["name"] for contract in contracts if "ignore_imports" in contract] == []
    assert contracts[0]["exhaustive"] is True


def test_the_lock_holds_what_the_constraints_say() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pinned = dict(line.split("==") for line in project["tool"]["uv"]["constraint-dependencies"])
    locked: dict[str, str] = {}
    hashes = 0
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            name, _, version = line.split(";")[0].strip(" \\").partition("==")
            locked[name.strip()] = version.strip()
        hashes += "--hash=sha256:" in line
    assert locked
    assert {name: pinned.get(name) for name in locked} == locked
    assert hashes >= len(locked)
    direct = {line.split("[")[0].split(">")[0].lower() for line in project["project"]["dependencies"]}
    assert {name for name in direct if name not in locked and name != "onnxruntime"} == set()


def test_no_file_names_a_download_host() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout: nothing tells which files belong to the project")
    hosts = [
        part + "." + end for part, end in (("python" + "hosted", "org"), ("py" + "pi", "org"), ("npm" + "js", "org"))
    ]
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if path.is_file():
            content = path.read_bytes()
            assert not [host for host in hosts if host.encode() in content], name
