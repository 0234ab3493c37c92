"""The maker of labelled bursts: what it writes is what it says, and another seed gives another set."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.training.burst_frames import Window, overlap, see
from models.training.burst_scenes import SCENES
from models.training.burst_set import write
from models.training.burst_stage import Shot, Stage
from reactor.core.bursts import partition
from reactor.core.stack_policy import StackPolicy
from reactor.demo.pictures import draw
from reactor.evaluate.truth import read_truth

from .world import RANDOM_PAIR, photo

KINDS = ("city", "mountains", "dog", "food", "beach", "house", "car", "cat")


def drawn() -> Iterator[Image.Image]:
    for number, kind in enumerate(cycle(KINDS)):
        yield draw(kind, 90 + number, 280, ratio=3 / 2).image


def played(name: str, seed: int) -> list[Shot]:
    return list(SCENES[name][0](Stage(rng=Random(seed), bases=drawn())))


def rows_of(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / "truth.json").read_text())["rows"]
    return rows


def photos_in(folder: Path) -> None:
    folder.mkdir()
    for number, base in zip(range(5), drawn(), strict=False):
        base.save(folder / f"{number}.jpg")


async def test_a_set_is_a_folder_that_the_evaluation_reads(tmp_path: Path) -> None:
    count = write(tmp_path / "set", seed=3, rounds=3, only="raw_pair")
    rows = await read_truth(tmp_path / "set")
    assert count == len(rows) == 6
    assert len({row.burst for row in rows}) == 3
    for raw, jpeg in (rows[0:2], rows[2:4], rows[4:6]):
        assert jpeg.time == raw.time
        assert jpeg.name is not None
        assert raw.name is not None
        assert Path(jpeg.name).stem == Path(raw.name).stem
        assert Path(raw.name).suffix in {".CR2", ".DNG"}
    assert {row.time.utcoffset() is not None for row in rows} == {True}


def test_the_seed_decides(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        write(tmp_path / name, seed=seed, rounds=2, only="edited")
    one, again, two = (rows_of(tmp_path / name) for name in ("one", "again", "two"))
    assert one == again
    assert one != two
    file = one[0]["file"]
    assert (tmp_path / "one" / "images" / file).read_bytes() == (tmp_path / "again" / "images" / file).read_bytes()


def test_photos_of_a_folder_are_used_once_each_and_then_the_set_ends(tmp_path: Path) -> None:
    photos_in(tmp_path / "photos")
    assert write(tmp_path / "set", seed=1, rounds=40, photos=tmp_path / "photos", only="pan") == 10
    with pytest.raises(ValueError, match="too few base pictures"):
        write(tmp_path / "none", seed=1, photos=tmp_path / "photos", only="bulk")


@pytest.mark.parametrize("seed", range(4))
def test_the_frames_have_in_common_what_their_kind_promises(seed: int) -> None:
    assert all((shot.overlap or 0) >= 0.65 for shot in played("reframed", seed))
    for kind, least, most in (("pan", 0.17, 0.42), ("pan_half", 0.37, 0.52), ("side_by_side", 0.0, 0.07)):
        assert all(shot.overlap is not None and least <= shot.overlap <= most for shot in played(kind, seed)), kind


def test_an_overlap_is_the_share_of_the_frame() -> None:
    left, right = (Window(x=x, y=0.5, height=0.5, ratio=1) for x in (0.5, 0.75))
    assert overlap(left, left) == 1
    assert overlap(left, right) == pytest.approx(0.5, abs=0.05)


def test_a_window_shows_its_part_of_the_picture() -> None:
    base = Image.new("RGB", (300, 200), (10, 10, 10))
    base.paste((200, 200, 200), (150, 0, 300, 200))
    sides = [np.asarray(see(base, Window(x=x, y=0.5, height=0.5, ratio=1))).mean() for x in (0.4, 1.1)]
    assert sides == pytest.approx([10, 200], abs=2)


@pytest.mark.parametrize("name", sorted(SCENES.keys() - {"timelapse"}))
def test_every_scene_is_in_order_of_its_labels(name: str) -> None:
    shots = played(name, 5)
    groups = {shot.group for shot in shots} - {None}
    is_burst = any(shot.kind == "burst" for shot in shots)
    assert is_burst == bool(groups)
    assert all((shot.group is None) == (shot.kind != "burst") for shot in shots)
    assert min(shot.at for shot in shots) == 0
    assert all(min(shot.image.size) >= 100 for shot in shots)


def test_imports_without_a_camera_and_dates_without_seconds_look_so(tmp_path: Path) -> None:
    write(tmp_path / "bulk", seed=2, only="bulk")
    bulk = rows_of(tmp_path / "bulk")
    assert {row["camera"] for row in bulk} == {""}
    assert {datetime.fromisoformat(row["time"]).microsecond for row in bulk} == {0}
    write(tmp_path / "takeout", seed=2, only="takeout")
    assert {datetime.fromisoformat(row["time"]).second for row in rows_of(tmp_path / "takeout")} == {0}


def test_a_timelapse_is_stacked_in_rows_within_the_span() -> None:
    # 121 photos of one view, one every 5 s; what the model sees drifts as the light does.
    lapse = [photo(f"{number:03}", 5.0 * number, number / 8) for number in range(121)]
    policy = StackPolicy()
    groups = partition(lapse, policy, RANDOM_PAIR)
    assert [member for group in groups for member in group.members] == [one.asset for one in lapse]
    at = {one.asset: one.taken_at for one in lapse}
    spans = [(at[group.members[-1]] - at[group.members[0]]).total_seconds() for group in groups]
    assert 0 < max(spans) <= policy.maximum_span_s
    assert len(groups) <= 1 + 600 // policy.maximum_span_s
