"""Measuring stacks on a folder of labelled photos."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from reactor.core.errors import StartError
from reactor.evaluate.report import to_table
from reactor.evaluate.scores import RuleScore, StackReport
from reactor.evaluate.stacks import evaluate_stacks, main
from reactor.evaluate.truth import read_truth
from reactor.ports import ImageFeatures

COLOURS = {"red": (250, 5, 5), "rose": (250, 40, 40), "green": (5, 250, 5), "blue": (5, 5, 250)}
# Two red bursts an hour apart, one of them with a stranger that looks alike, and photos of no burst.
ROWS = [
    ("r1", "08:00:00", "red", "b1", "burst"),
    ("r2", "08:00:04", "rose", "b1", "burst"),
    ("g1", "08:00:05", "green", None, "near_time"),
    ("r3", "08:00:06", "red", "b1", "burst"),
    ("r4", "09:00:00", "red", "b2", "burst"),
    ("r5", "09:00:01", "red", "b2", "burst"),
    ("r6", "09:00:05", "rose", None, "pan"),
    ("u1", "10:00:00", "blue", "b3", "burst"),
    ("u2", "10:00:20", "blue", "b3", "burst"),
]


class Colours:
    """An embedder that sees the mean colour, and a hash that is another for each colour."""

    model = "colours"

    async def image(self, data: bytes) -> ImageFeatures:
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.float32).mean(axis=(0, 1))
        vector = (pixels / np.linalg.norm(pixels)).astype(np.float32)
        return ImageFeatures(vector=vector, phash=(1 << min(int(pixels[1]), 64)) - 1, sharpness=1.0, width=8, height=8)

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        return {}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    rows: list[dict[str, Any]] = []
    for name, at, colour, burst, kind in ROWS:
        Image.new("RGB", (8, 8), COLOURS[colour]).save(tmp_path / "images" / f"{name}.jpg", quality=95)
        time = f"2026-05-03T{at}.000+02:00"
        rows.append({"file": f"{name}.jpg", "time": time, "camera": "cam", "burst": burst, "kind": kind})
    (tmp_path / "truth.json").write_text(json.dumps({"images": len(rows), "rows": rows}))
    return tmp_path


# Made: r1 r2 r3 and r4 r5 r6, six pairs, four of them right; labelled: five pairs.
OURS = RuleScore(precision=4 / 6, recall=4 / 5, f1=8 / 11, exact_bursts=1, wrong_singles={"pan": 1})
# One day; all that is red looks the same, and blue has red's hash: eight photos, 28 pairs.
AUTO_STACKER = RuleScore(precision=5 / 28, recall=1.0, f1=10 / 33, exact_bursts=0, wrong_singles={"pan": 1})
HALF_A_SECOND = RuleScore(precision=1.0, recall=0.0, f1=0.0, exact_bursts=0, wrong_singles={})
# r2 g1 r3 and r4 r5: four pairs, two of them right.
A_SECOND = RuleScore(precision=0.5, recall=2 / 5, f1=4 / 9, exact_bursts=1, wrong_singles={"near_time": 1})


def expected(seconds: float) -> StackReport:
    others = {"Auto Stacker": AUTO_STACKER, "immich-go (500 ms)": HALF_A_SECOND, "immich-stack (1 s)": A_SECOND}
    return StackReport(images=9, bursts=3, score=OURS, others=others, seconds=seconds)


async def test_pairs_bursts_and_wrong_singles_are_counted_for_every_rule(folder: Path) -> None:
    report = await evaluate_stacks(folder, Colours(), random_pair_cosine=0.4)
    assert report == expected(report.seconds)
    assert report.seconds > 0


async def test_json_is_one_line_and_the_table_says_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await main(folder, True, Colours(), random_pair_cosine=0.4) == 0
    (line,) = capsys.readouterr().out.splitlines()
    values = json.loads(line)
    assert values.pop("seconds") >= 0
    rules = values.pop("rules")
    assert values == {
        "images": 9,
        "precision": 0.6667,
        "recall": 0.8,
        "f1": 0.7273,
        "exact_bursts": 1,
        "bursts": 3,
        "wrong_singles": {"pan": 1},
    }
    assert {name: score["f1"] for name, score in rules.items()} == {
        "Auto Stacker": 0.303,
        "immich-go (500 ms)": 0.0,
        "immich-stack (1 s)": 0.4444,
    }
    assert rules["immich-stack (1 s)"]["wrong_singles"] == {"near_time": 1}
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(to_table(expected(1.0)))
    shown = console.export_text().splitlines()
    (ours,) = [line for line in shown if "Immich Reactor" in line]
    (peer,) = [line for line in shown if "Auto Stacker" in line]
    assert [word in ours for word in ("0.727", "1 of 3", "pan 1")] == [True] * 3
    assert "0.303" in peer


async def test_a_file_goes_by_the_name_that_immich_shows(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    truth["rows"][0]["name"] = "IMG_1.CR2"
    (folder / "truth.json").write_text(json.dumps(truth))
    rows = await read_truth(folder)
    assert [(row.file, row.name) for row in rows[:2]] == [("r1.jpg", "IMG_1.CR2"), ("r2.jpg", None)]


async def test_a_model_that_nobody_measured_is_measured_on_the_images(folder: Path) -> None:
    # Random pairs of red, rose, green and blue are far apart, so the likes of red still meet.
    report = await evaluate_stacks(folder, Colours())
    assert report == expected(report.seconds)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "truth.json").unlink(), "truth.json cannot be read"),
        (lambda folder: (folder / "truth.json").write_text("{"), "not as expected"),
        (lambda folder: (folder / "truth.json").write_text('{"rows": [{"file": "r1.jpg"}]}'), "not as expected"),
        (lambda folder: (folder / "truth.json").write_text('{"rows": []}'), "names no photo"),
        (lambda folder: (folder / "images" / "g1.jpg").unlink(), "names 'g1.jpg'"),
    ],
)
async def test_a_bad_folder_is_told_in_a_sentence(folder: Path, spoil: Any, says: str) -> None:
    spoil(folder)
    with pytest.raises(StartError, match=says):
        await evaluate_stacks(folder, Colours())
