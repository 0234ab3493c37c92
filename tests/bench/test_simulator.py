"""The camera roll, and the simulated Immich that holds it from the start."""

import io
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from PIL import Image

from reactor.bench.roll import START, Photo, make_pictures, roll, write_plan
from reactor.bench.simulator import previews_of, simulated_immich
from reactor.core.errors import StartError

SIZE = (160, 120)


def test_a_fifth_of_the_roll_is_in_bursts_and_few_pictures_are_shared() -> None:
    photos = roll(300)
    assert photos == roll(400)[:300]
    assert len({photo.picture for photo in photos}) == 30
    gaps = [(later.taken_at - photo.taken_at).total_seconds() for photo, later in itertools.pairwise(photos)]
    assert sum(gap <= 4 for gap in gaps) == 2 * (300 // 15)
    assert all(gap <= 4 or gap >= 180 for gap in gaps)


def test_frames_of_a_burst_look_alike_and_scenes_do_not(tmp_path: Path) -> None:
    make_pictures(tmp_path, ["12-0.jpg", "12-1.jpg", "03-0.jpg"], SIZE)

    def small(name: str) -> np.ndarray:
        return np.asarray(Image.open(tmp_path / name).convert("L").resize((8, 8)), np.float32).ravel()

    first, second, other = small("12-0.jpg"), small("12-1.jpg"), small("03-0.jpg")
    assert (tmp_path / "12-0.jpg").read_bytes() != (tmp_path / "12-1.jpg").read_bytes()
    assert np.abs(first - second).mean() * 4 < np.abs(first - other).mean()


async def test_every_photo_is_there_from_the_start_with_its_own_time(tmp_path: Path) -> None:
    photos = [Photo(picture="a.jpg", taken_at=START), Photo(picture="a.jpg", taken_at=START + timedelta(hours=1))]
    make_pictures(tmp_path, ["00-0.jpg"], SIZE)
    (tmp_path / "00-0.jpg").rename(tmp_path / "a.jpg")
    write_plan(tmp_path, photos, tell=True)
    async with simulated_immich(tmp_path) as immich:
        assert len(set(immich.assets)) == 2
        previews = await previews_of(immich, [photo.picture for photo in photos])
        assert Image.open(io.BytesIO(previews["a.jpg"])).size == SIZE
        async with aiohttp.ClientSession(f"{immich.url}/api/", headers={"x-api-key": immich.key}) as session:
            found = []
            for asset in immich.assets:
                async with session.get(f"assets/{asset}") as answer:
                    found.append(await answer.json())
            async with session.put("tags", json={"tags": ["Auto/A"]}) as answer:
                (tag,) = await answer.json()
            body = {"tagIds": [tag["id"]], "assetIds": [immich.assets[1]]}
            async with session.put("tags/assets", json=body) as answer:
                assert (await answer.json())["count"] == 1
        told = [await immich.told(), await immich.told()]
    assert [datetime.fromisoformat(one["fileCreatedAt"]) for one in found] == [photo.taken_at for photo in photos]
    aged = [
        datetime.now(UTC) - datetime.fromisoformat(one[name]) for one in found for name in ("createdAt", "updatedAt")
    ]
    assert min(aged) > timedelta(hours=23)
    assert found[0]["checksum"] != found[1]["checksum"]
    assert all(one["exifInfo"]["dateTimeOriginal"] and one["exifInfo"]["make"] == "Bench" for one in found)
    assert [write["kind"] for write in told] == ["tag.create", "tag.link"]
    assert told[1]["changes"] == [f"{immich.assets[1]}:Auto/A"]
    assert immich.process.returncode == 0


async def test_one_that_cannot_start_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    write_plan(tmp_path, [Photo(picture="a.jpg", taken_at=START)])
    with pytest.raises(StartError, match="the simulated Immich ended"):
        async with simulated_immich(tmp_path):
            pass
