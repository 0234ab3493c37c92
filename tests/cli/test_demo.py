"""`reactor demo` as a user starts it."""

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def demo(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reactor", "demo", *arguments],
        cwd=ROOT,
        env=os.environ | more,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


@pytest.mark.timeout(200)
def test_the_demo_settles_and_never_meets_a_real_server() -> None:
    # Nothing listens there; a demo that heard of it would say so and fail.
    done = demo("--once", "--json", "--count", "24", IMMICH_URL="http://127.0.0.1:9", IMMICH_API_KEY="real")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found["assets"] == 24
    assert found["deliveries"]["failed"] == 0
    counts = ("events", "tags", "archived", "stacks", "stacked_assets", "portraits", "seconds", "photos_per_second")
    assert {name: found[name] for name in counts if not found[name] > 0} == {}
    assert set(found) == {"assets", "deliveries", *counts}
    assert "http://127.0.0.1:" in done.stderr
    assert "level=error" not in done.stderr


@pytest.mark.parametrize("place", ["/nowhere/at/all", str(ROOT / "migrations")])
def test_a_folder_without_pictures_gets_a_sentence(place: str) -> None:
    done = demo("--photos", place, "--once")
    assert done.returncode == 2
    assert place in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.timeout(200)
def test_a_users_folder_settles_whatever_lies_in_it(tmp_path: Path) -> None:
    out = BytesIO()
    Image.effect_noise((320, 240), 50).convert("RGB").save(out, "JPEG")
    for name in (b"plain.jpg", b"twice.jpg", b"line\nend.jpg", b"latin-\xe4.jpg", b'say "hello".jpg'):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(out.getvalue() + name.split(b".")[0][:5])
    (tmp_path / "plain-again.jpg").write_bytes(out.getvalue() + b"plain")
    (tmp_path / "broken.png").write_text("no picture")
    done = demo("--photos", str(tmp_path), "--once", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["assets"] == 5
    assert done.stderr.count("skipped") == 1
    assert "skipped broken.png: it is no picture that can be read here" in done.stderr


def test_a_folder_of_broken_pictures_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("no picture")
    done = demo("--photos", str(tmp_path), "--once")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "skipped broken.png: it is no picture that can be read here",
        "reactor: none of the pictures can be read",
    ]
