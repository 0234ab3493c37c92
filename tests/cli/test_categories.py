"""The commands for categories as a user gives them: without a reactor, and beside one that hears of it by itself."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.cli import app
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import EmbeddedPhoto
from reactor.wiring.models import open_model

from ..household import eventually
from ..stages.house import House
from .test_run import environment, models, running
from .warm import command

DEFAULT = AccountId("default")
TAKEN = datetime(2026, 6, 1, 9, tzinfo=UTC)


@dataclass(kw_only=True)
class Shell:
    """A user's command line beside a database of their own."""

    house: House
    home: Path
    settings: dict[str, str]

    async def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = await asyncio.to_thread(command, self.home, environment(self.home, **self.settings), *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    async def json(self, *arguments: str) -> Any:
        return json.loads((await self(*arguments)).stdout)

    async def refused(self, *arguments: str, code: int = 2) -> str:
        """Return what a refused command says, on one line and without the frame."""
        said = (await self(*arguments, code=code)).stderr
        return " ".join(said.replace("│", " ").split())


@pytest.fixture
def shell(house: House, database: str, tmp_path: Path) -> Shell:
    settings = {"IMMICH_URL": house.home.immich.url, "IMMICH_API_KEY": house.home.key, "DATABASE_URL": database}
    return Shell(house=house, home=tmp_path, settings=settings | {"REACTOR_PORT": "0"})


async def test_categories_are_made_changed_listed_and_removed(shell: Shell) -> None:
    assert "there are no categories" in (await shell("categories")).stdout
    options = ("--strictness", "strict", "--filename", "Screen*", "--no-camera", "--aspect-max", "0.7", "--favourite")
    made = await shell("categories", "add", "Screens", "--prompt", "a screenshot", "--not", "a toy", *options)
    assert made.stdout.startswith("Screens: made")
    listed = (await shell("categories")).stdout
    assert "labelling is on; the categories are kept here" in listed
    assert "the model is not measured yet" in listed
    assert "strictness strict (waits until the model is measured); tags, makes favourites" in listed
    assert "shows a screenshot\n    not a toy\n" in listed
    assert "only named Screen*, without a camera, at most 0.7 as wide as high" in listed
    changed = ("--similarity", "0.3", "--rename", "Shots", "--folder", "*/Pictures")
    await shell("categories", "set", "Screens", *changed, "--clear", "not", "--clear", "filename")
    await shell("categories", "disable", "Shots")
    told = await shell.json("categories", "--json", "off")
    (one,) = told["categories"]
    assert (told["enabled"], told["managed"], told["calibration"], told["measure_again"]) == (
        False,
        "reactor",
        None,
        False,
    )
    assert (one["name"], one["similarity"], one["strictness"], one["threshold"]) == ("Shots", 0.3, None, 0.3)
    assert (one["negative_prompts"], one["enabled"], one["favourite"], one["prompts"]) == (
        [],
        False,
        True,
        ["a screenshot"],
    )
    gates = one["gates"]
    assert (gates["filename"], gates["folder"], gates["camera"], gates["aspect_max"]) == (
        [],
        ["*/Pictures"],
        False,
        0.7,
    )
    assert "labelling is off" in (await shell("categories")).stdout
    await shell("categories", "enable", "Shots")
    assert (await shell("categories", "remove", "Shots")).stdout.startswith("Shots: removed")
    assert (await shell.json("categories", "--json"))["categories"] == []


async def test_a_category_is_read_from_a_file_and_options_go_before_it(shell: Shell) -> None:
    file = shell.home / "bills.yaml"
    file.write_text("name: Bills\nprompts: [a bill]\nsimilarity: 0.3\ngates: {media: photo}\n", "utf-8")
    await shell("categories", "add", "Work/Bills", "--from-file", str(file), "--strictness", "0.75", "--camera")
    done = subprocess.run(
        [sys.executable, "-m", "reactor", "categories", "set", "Work/Bills", "--from-file", "-"],
        env=environment(shell.home, **shell.settings),
        cwd=shell.home,
        input='{"prompts": ["an invoice"], "action": "tag_and_archive"}',
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (one,) = (await shell.json("categories", "--json"))["categories"]
    assert (one["name"], one["prompts"], one["strictness"], one["similarity"], one["share"]) == (
        "Work/Bills",
        ["an invoice"],
        0.75,
        None,
        0.75,
    )
    assert (one["action"], one["gates"]["media"], one["gates"]["camera"]) == ("tag_and_archive", "photo", True)


async def test_what_cannot_be_is_refused_in_a_sentence(shell: Shell) -> None:
    await shell("categories", "add", "Cats", "--prompt", "a cat")
    for arguments, words in (
        (("add", "Dogs"), "a category needs a prompt"),
        (("set", "Birds", "--prompt", "a bird"), "there is no category 'Birds'"),
        (("preview", "Cats"), "(about 606 MB)"),
    ):
        assert words in await shell.refused("categories", *arguments)
    assert [one["name"] for one in (await shell.json("categories", "--json"))["categories"]] == ["Cats"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "Dogs", "--prompt", "a dog", "--strictness", "mild"), "a strictness is one of loose, normal, strict"),
        (("add", "Dogs", "--prompt", "a dog", "--strictness", "nan"), "a strictness is one of loose, normal, strict"),
        (("add", "Dogs", "--from-file", "broken.yaml"), "line 2, column 1 is no valid YAML"),
        (("add", "Dogs", "--from-file", "unknown.yaml"), "prompt: Unexpected keyword argument"),
        (("add", "Dogs", "--from-file", "unknown.yaml"), "gates.camera: Input should be a valid boolean"),
        (("add", "Dogs", "--from-file", "list.yaml"), "the file list.yaml must hold names and values"),
        (("add", "Dogs", "--from-file", "/nowhere"), "/nowhere cannot be read: No such file"),
        (("set", "Cats"), "say what is to be changed"),
        (("set", "Cats", "--clear", "prompts"), "'prompts' that could be forgotten"),
        (("set", "Cats", "--prompt", ""), "--prompt is empty"),
        (("preview", "--strictness", "loud", "--prompt", "a dog"), "a strictness is one of"),
    ],
)
def test_what_is_said_wrongly_is_refused_before_anything_is_opened(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.yaml").write_text("prompts: [a\n", "utf-8")
    (tmp_path / "unknown.yaml").write_text("prompt: a cat\ngates: {camera: perhaps}\n", "utf-8")
    (tmp_path / "list.yaml").write_text("- a cat\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["categories", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == 2, done.output
    assert words in " ".join(done.output.replace("│", " ").split())
    assert done.exception is None or isinstance(done.exception, SystemExit)


async def test_categories_of_a_file_are_changed_there_alone(shell: Shell) -> None:
    kept = [{"name": "Bills", "prompts": ["a bill"], "similarity": 0.28, "accounts": ["default"]}]
    shell.settings["REACTOR_CLASSIFICATION"] = json.dumps({"categories": kept})
    listed = (await shell("categories")).stdout
    assert "the categories are kept in the settings' file" in listed
    assert "similarity 0.28; tags (only of default)" in listed
    for edit in (("remove", "Bills"), ("off",), ("disable", "Bills")):
        said = await shell.refused("categories", *edit, code=1)
        assert said == "reactor: the categories stand in the settings' file; change them there and restart the reactor"
    shell.settings["REACTOR_CLASSIFICATION"] = json.dumps({"enabled": False})
    assert "the settings' file" in await shell.refused("categories", "on", code=1)


async def stored(shell: Shell, folder: Path, seeds: range) -> list[AssetId]:
    """Store photos as the demo model might see them: those of odd seeds are cats, more or less, the others receipts."""
    house, found = shell.house, []
    async with open_model(folder) as model:
        kinds = await model.texts(("a photo of a cat", "a paper receipt from a shop"))
        for seed in seeds:
            chance = np.random.default_rng(seed)
            kind = kinds["a photo of a cat" if seed % 2 else "a paper receipt from a shop"]
            vector = kind + chance.normal(0, 0.4 / np.sqrt(kind.size), kind.size).astype(np.float32)
            asset = await house.home.photo(seed, TAKEN + timedelta(minutes=seed))
            photo = EmbeddedPhoto(
                account=DEFAULT, asset=asset, taken_at=TAKEN, camera="", phash=0, sharpness=1.0, width=4, height=3,
                checksum=f"c{seed}", vector=(vector / np.linalg.norm(vector)).astype(np.float32),
            )  # fmt: skip
            await PostgresPhotos(house.pool).save(photo, model.model)
            found.append(asset)
    return found


async def tags(shell: Shell, photos: list[AssetId]) -> list[list[str]]:
    return [sorted((await shell.house.home.library.asset(photo)).tags) for photo in photos]


@pytest.mark.soak
async def test_a_model_is_measured_and_a_category_tried_on_what_is_stored(shell: Shell, demo_model: Path) -> None:
    shell.settings |= models(shell.home, demo_model)
    photos = await stored(shell, demo_model, range(19))
    assert "on 20 stored photos at least" in await shell.refused("calibrate")
    photos += await stored(shell, demo_model, range(19, 24))
    await shell("categories", "add", "Cats", "--prompt", "a photo of a cat", "--similarity", "0.6")
    dry = await shell.json("calibrate", "--dry-run", "--json")
    assert (dry["before"], dry["after"]["version"], dry["after"]["photos"]) == (None, 1, 24)
    assert (await shell.json("categories", "--json"))["calibration"] is None
    await shell("categories", "set", "Cats", "--strictness", "loose")
    held = (await shell("calibrate")).stdout
    assert "before  never measured\nnow     lo " in held
    assert "default  Cats: - -> 12 photos reach the threshold\nit holds from now on\n" in held
    listed = await shell.json("categories", "--json")
    measured = listed["calibration"]
    assert listed["categories"][0]["threshold"] == pytest.approx(
        measured["lo"] + 0.7 * (measured["hi"] - measured["lo"])
    )
    (found,) = await shell.json("categories", "preview", "Cats", "--json")
    assert (found["photos"], found["fits"], found["gains"], found["loses"]) == (24, 12, 12, 0)
    assert {one["asset"] for one in found["top"] if one["fits"]} == set(photos[1::2])
    # As it would be with a change, and drafted; nothing is written by either.
    shut = (await shell("categories", "preview", "Cats", "--media", "video")).stdout
    assert "0 fit, 12 held by a gate; 0 would gain the tag" in shut
    drafted = (await shell("categories", "preview", "--prompt", "a paper receipt from a shop")).stdout
    assert f"Draft, 24 stored photos of default, from a cosine of {measured_at(measured, 0.8):.4f}:" in drafted
    assert "    12 fit; 12 would gain the tag, 0 would lose it\n" in drafted
    assert "you said yes to 0 photos, no to 0" in drafted
    assert "there is no category 'Birds'" in await shell.refused("categories", "preview", "Birds")
    assert "there is no account 'tom'" in await shell.refused("categories", "preview", "Cats", "--account", "tom")


def measured_at(measured: dict[str, float], share: float) -> float:
    return measured["lo"] + share * (measured["hi"] - measured["lo"])


@pytest.mark.soak
async def test_what_is_stored_is_held_against_the_categories_by_the_command_where_no_reactor_runs(
    shell: Shell, demo_model: Path
) -> None:
    shell.settings |= models(shell.home, demo_model) | {"REACTOR_MODE": "apply"}
    photos = await stored(shell, demo_model, range(6))
    cats, receipts = photos[1::2], photos[::2]
    await shell("categories", "add", "Cats", "--prompt", "a photo of a cat", "--similarity", "0.6")
    dry = (await shell("relabel", "--add", "--dry-run")).stdout
    assert all(f"default: tag {photo}: Auto/Cats" in dry for photo in cats)
    assert not any(photo in dry for photo in receipts)
    assert await tags(shell, cats) == [[]] * len(cats)
    done = (await shell("relabel", "--add", "--once")).stdout
    assert "done  100%  Labels set and taken back by the categories of now: 3 of 3 done" in done
    assert await tags(shell, cats) == [["Auto/Cats"]] * len(cats)
    (found,) = await shell.json("categories", "--json", "preview", "Cats")
    assert (found["gains"], found["loses"]) == (0, 0)
    # A category that is gone takes its tags along with the reactor, or with this.
    await shell("categories", "remove", "Cats")
    waits = await shell("relabel", "--category", "Cats")
    assert "no reactor runs here now: the next one takes it up" in waits.stderr
    assert (await shell("relabel", "--status")).stdout.count("relabel:") >= 1
    assert "cancelled" in (await shell("relabel", "--cancel")).stdout


async def test_a_running_reactor_hears_of_a_category_that_a_command_makes_and_removes(
    shell: Shell, demo_model: Path
) -> None:
    shell.settings |= models(shell.home, demo_model) | {"REACTOR_MODE": "apply", "REACTOR_POLL_SECONDS": "1"}
    home = shell.house.home

    def has(photo: AssetId, *wanted: str) -> Callable[[], Any]:
        async def look() -> bool:
            return set((await home.library.asset(photo)).tags) == set(wanted)

        return look

    async with running(shell.home, **shell.settings) as (_, said):

        async def up() -> bool:
            return "the reactor runs" in said()

        await eventually(up, "it runs")
        await shell("categories", "add", "All", "--prompt", "a photo", "--similarity", "-1")
        # What is read of categories may be a second old.
        await asyncio.sleep(1.5)
        photo = await home.photo(1)
        await eventually(has(photo, "Auto/All"), "the new category is used")
        begun = await shell("relabel", "--add")
        assert begun.stdout.startswith("relabel:")
        await shell("categories", "remove", "All")
        await eventually(has(photo), "the tags of the removed category are taken off")
