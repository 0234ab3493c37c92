"""`reactor eval labels` on a folder of labelled photos."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from reactor.core.errors import StartError
from reactor.demo.pictures import draw
from reactor.evaluate.label_report import to_tables
from reactor.evaluate.labels import evaluate_labels, main
from reactor.ports import Embedder

PROMPTS = {
    "Receipts": ["a paper receipt from a shop with prices"],
    "Screens": ["a screenshot of a whatsapp chat with friends", "my smartphone home screen full of app icons"],
}
KINDS = {"receipt": ["Receipts"], "chat": ["Screens"], "homescreen": ["Screens"], "beach": [], "dog": []}


def labels_of(folder: Path) -> dict[str, Any]:
    labels: dict[str, Any] = json.loads((folder / "labels.json").read_text())
    return labels


def change(folder: Path, what: Callable[[dict[str, Any]], object]) -> None:
    labels = labels_of(folder)
    what(labels)
    (folder / "labels.json").write_text(json.dumps(labels))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    photos = []
    for number in range(5):
        for kind, names in KINDS.items():
            draw(kind, 3_200_000 + number, 112).image.save(tmp_path / "images" / f"{kind}{number}.jpg")
            photos.append({"file": f"{kind}{number}.jpg", "labels": names})
    categories = [{"name": name, "prompts": prompts} for name, prompts in PROMPTS.items()]
    (tmp_path / "labels.json").write_text(json.dumps({"categories": categories, "photos": photos}))
    return tmp_path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reactor", "eval", "labels", *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_says_what_was_found(folder: Path) -> None:
    done = run(folder, "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    report = json.loads(line)
    assert report["photos"] == 25
    assert report["strictness"] == "normal"
    assert report["lo"] < report["threshold"] < report["hi"]
    assert report["loss"] == pytest.approx(report["best_macro_f1"] - report["macro_f1"], abs=2e-4)
    receipts, screens = report["categories"]
    assert (receipts["name"], receipts["labelled"]) == ("Receipts", 5)
    assert (screens["name"], screens["labelled"]) == ("Screens", 10)
    assert min(receipts["f1"], screens["f1"]) >= 0.8


def test_a_number_is_a_strictness_too(folder: Path) -> None:
    done = run(folder, "--json", "--strictness", "0.5")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["strictness"] == 0.5
    assert report["threshold"] == pytest.approx((report["lo"] + report["hi"]) / 2, abs=2e-4)


@pytest.mark.parametrize("wrong", ["lax", "nan"])
def test_what_is_no_strictness_is_refused(folder: Path, wrong: str) -> None:
    done = run(folder, "--strictness", wrong)
    assert done.returncode == 2
    assert "loose, normal, strict" in done.stderr


async def test_a_negative_prompt_takes_photos_away(folder: Path, model: Embedder) -> None:
    before = await evaluate_labels(folder, model)
    change(folder, lambda labels: labels["categories"][1].update(negative_prompts=[PROMPTS["Screens"][1]]))
    change(folder, lambda labels: labels["categories"][1].update(prompts=PROMPTS["Screens"][:1]))
    after = await evaluate_labels(folder, model)
    assert before.categories[1].matched >= 8
    assert 4 <= after.categories[1].matched <= 5


async def test_the_tables_say_the_same_and_show_names_as_they_are(folder: Path, model: Embedder) -> None:
    odd = "[red]Rec\x1b[31meipts[/nothing]"

    def rename(labels: dict[str, Any]) -> None:
        labels["categories"][0]["name"] = odd
        for photo in labels["photos"]:
            photo["labels"] = [odd if name == "Receipts" else name for name in photo["labels"]]

    change(folder, rename)
    report = await evaluate_labels(folder, model)
    console = Console(width=120, record=True, file=io.StringIO(), force_terminal=True)
    console.print(*to_tables(report))
    shown = console.export_text(styles=True)
    assert "[red]Rec\ufffd[31meipts[/nothing]" in shown
    assert "\x1b[31m" not in shown
    for number in (report.lo, report.hi, report.threshold, report.macro_f1, report.best_macro_f1, report.loss):
        assert f"{number:.3f}" in shown


async def test_json_is_one_line_whatever_the_names_hold(
    folder: Path, model: Embedder, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, lambda labels: labels["categories"].append({"name": "a\nb\x1b[31m", "prompts": ["x"]}))
    assert await main(folder, True, model, "normal") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isprintable()
    assert json.loads(line)["categories"][2]["name"] == "a\nb\x1b[31m"


def without(folder: Path) -> None:
    (folder / "labels.json").unlink()


def broken(folder: Path) -> None:
    (folder / "labels.json").write_text("{")


def nested(folder: Path) -> None:
    (folder / "labels.json").write_text("[" * 100_000)


def changed(what: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda folder: change(folder, what)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without, "labels.json cannot be read"),
        (broken, "not as expected"),
        (nested, "not as expected"),
        (changed(lambda labels: labels.pop("photos")), "photos: Field required"),
        (changed(lambda labels: labels["photos"][0].pop("labels")), "photos.0.labels: Field required"),
        (changed(lambda labels: labels.update(photos=[])), "names no photo"),
        (changed(lambda labels: labels.update(categories=[])), "names no category"),
        (changed(lambda labels: labels["photos"].append(labels["photos"][0])), "names a photo twice"),
        (changed(lambda labels: labels["categories"].append(labels["categories"][0])), "'Receipts' twice"),
        (changed(lambda labels: labels["categories"][0].update(prompts=[])), "no prompt for 'Receipts'"),
        (changed(lambda labels: labels["categories"][0].update(prompts=[" "])), "categories.0.prompts.0"),
        (changed(lambda labels: labels["categories"][0].update(negative_promts=["x"])), "negative_promts: Extra"),
        (changed(lambda labels: labels["photos"][0].update(labels=["Recipes"])), "'Recipes', which is none of"),
        (changed(lambda labels: labels["photos"][0].update(file="gone.jpg")), "names 'gone.jpg'"),
        (changed(lambda labels: labels["photos"][0].update(file="a\0b")), r"names 'a\\x00b'"),
        (changed(lambda labels: labels["photos"][0].update(file="a" * 5000)), "holds no such file"),
        (changed(lambda labels: labels["photos"][0].update(file="\x1b[31m")), r"names '\\x1b\[31m'"),
        (changed(lambda labels: [photo.update(labels=[]) for photo in labels["photos"]]), "labels no photo"),
        (changed(lambda labels: labels.update(photos=labels["photos"][:19])), "names 19 photos; .* on 20 or more"),
        (lambda folder: (folder / "images" / "dog0.jpg").write_text("no picture"), "dog0.jpg cannot be looked at"),
    ],
)
async def test_a_bad_folder_is_told_in_a_sentence(
    folder: Path, model: Embedder, spoil: Callable[[Path], object], says: str
) -> None:
    spoil(folder)
    with pytest.raises(StartError, match=says):
        await evaluate_labels(folder, model)


def test_too_few_photos_end_with_a_sentence_and_2(folder: Path) -> None:
    change(folder, lambda labels: labels.update(photos=labels["photos"][:19]))
    done = run(folder)
    assert done.returncode == 2
    assert "19 photos" in done.stderr
    assert "Traceback" not in done.stderr
