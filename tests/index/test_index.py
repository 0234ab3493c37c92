"""The index of vectors: what it finds, what it leaves out, and that it lives without its file."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from reactor.adapters.hnsw.files import IndexFiles
from reactor.adapters.hnsw.index import VectorIndex
from reactor.adapters.hnsw.kept import SavePolicy
from reactor.core.errors import Permanent, Unreachable
from reactor.core.ids import AssetId

from ..household import ME, eventually
from .rig import DIMENSION, MODEL, OTHER, Shelf, a_vector, an_index, names_of, nearest, photo


def ids(*names: str) -> list[AssetId]:
    return [AssetId(name) for name in names]


async def test_it_finds_the_nearest_others_of_the_same_account(shelf: Shelf, tmp_path: Path) -> None:
    mine = await shelf.put([f"p{number}" for number in range(40)])
    await shelf.put([f"x{number}" for number in range(40)], OTHER)
    async with an_index(shelf, tmp_path, accounts=(ME, OTHER)) as index:
        found = await nearest(index, ME, mine[:2], MODEL, limit=5)
        theirs = await nearest(index, OTHER, await shelf.get(["x7"], OTHER), MODEL, limit=100)
    for asked in mine[:2]:
        exact = await shelf.exact(asked, 5)
        assert names_of(found[asked.asset]) == names_of(exact)
        assert [cosine for _, cosine in found[asked.asset]] == pytest.approx([cosine for _, cosine in exact], abs=1e-5)
    # More were asked for than there are, and another account's equal vectors are none of its own.
    assert sorted(names_of(theirs[AssetId("x7")])) == sorted(f"x{number}" for number in range(40) if number != 7)


async def test_what_came_after_the_start_is_found(shelf: Shelf, tmp_path: Path) -> None:
    async with an_index(shelf, tmp_path) as index:
        assert await nearest(index, ME, [photo("0", a_vector(0))], MODEL, limit=5) == {"0": ()}
        first, second = await shelf.put(["p1", "p2"])
        found = await nearest(index, ME, (first, second), MODEL, limit=5)
        assert names_of(found[first.asset]) == ["p2"]
        (late,) = await shelf.put(["p3"])
        assert sorted(names_of((await nearest(index, ME, (late,), MODEL, limit=5))[late.asset])) == ["p1", "p2"]


async def test_gone_photos_are_not_found_whoever_dropped_them(shelf: Shelf, tmp_path: Path) -> None:
    stored = await shelf.put([f"p{number}" for number in range(8)])
    async with an_index(shelf, tmp_path) as index:
        await index.forget(ME, ids("p1"))
        await shelf.photos.drop(ME, ids("p1"))
        await shelf.photos.drop(ME, ids("p2"))  # by another process, which told nobody
        found = await nearest(index, ME, stored[:1], MODEL, limit=10)
        assert sorted(names_of(found[stored[0].asset])) == ["p3", "p4", "p5", "p6", "p7"]
        (back,) = await shelf.put(["p1"])
        found = await nearest(index, ME, (stored[0], back), MODEL, limit=10)
        assert "p1" in names_of(found[stored[0].asset])
    async with an_index(shelf, tmp_path) as again:
        found = await nearest(again, ME, stored[:1], MODEL, limit=10)
        assert sorted(names_of(found[stored[0].asset])) == ["p1", "p3", "p4", "p5", "p6", "p7"]


async def test_ten_thousand_equal_vectors_do_no_harm(shelf: Shelf, tmp_path: Path) -> None:
    blank = a_vector(0)
    await shelf.photos.save(photo("first", blank), MODEL)
    await shelf.pool.execute(
        """
        INSERT INTO photos (account, asset, taken_at, phash, sharpness, width, height, checksum)
        SELECT account, 'copy ' || n, taken_at, phash, sharpness, width, height, checksum
        FROM photos, generate_series(1, 10500) n
        """
    )
    await shelf.pool.execute(
        "INSERT INTO vectors SELECT account, 'copy ' || n, model, vector FROM vectors, generate_series(1, 10500) n"
    )
    stored = await shelf.put(["p11", "p12"])
    async with an_index(shelf, tmp_path) as index:
        found = await nearest(index, ME, (*stored, photo("0", blank)), MODEL, limit=20)
        assert [cosine for _, cosine in found[AssetId("0")]] == pytest.approx([1.0] * 20, abs=1e-3)
        assert "p12" in names_of(found[AssetId("p11")])


async def test_a_restart_reads_the_file_and_catches_up(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put([f"p{number}" for number in range(30)])
    async with an_index(shelf, tmp_path):
        pass
    await shelf.photos.drop(ME, ids("p3"))
    late = await shelf.put(["p30", "p31"])
    with capture_logs() as logs:
        async with an_index(shelf, tmp_path) as index:
            found = await nearest(index, ME, late, MODEL, limit=40)
    (said,) = [line for line in logs if line["event"] == "the index of vectors is ready"]
    assert (said["photos"], said["added"], said["removed"]) == (31, 2, 1)
    assert len(found[AssetId("p30")]) == 30
    assert "p3" not in names_of(found[AssetId("p30")])


async def test_names_of_files_tell_nothing_of_accounts(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put(["p1", "p2"], OTHER)
    folder = tmp_path / "index"
    async with an_index(shelf, folder, accounts=(OTHER,)):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index"]
    assert {path.suffix for path in folder.iterdir()} == {".json", ".hnsw"}
    assert all("other" not in path.name and "model" not in path.name for path in folder.iterdir())


async def test_the_file_of_a_former_model_stays_until_the_new_one_covers_it(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put(["p1", "p2"])
    async with an_index(shelf, tmp_path):
        pass
    old = IndexFiles(tmp_path, ME, MODEL).sidecar
    await shelf.put(["p1"], model="newer", dimension=2 * DIMENSION)
    async with an_index(shelf, tmp_path, model="newer"):
        assert old.exists()
    await shelf.put(["p2"], model="newer", dimension=2 * DIMENSION)
    async with an_index(shelf, tmp_path, model="newer") as index:
        (asked,) = await shelf.get(["p1"], model="newer")
        assert names_of((await nearest(index, ME, (asked,), "newer", limit=3))[asked.asset]) == ["p2"]

        async def removed() -> bool:
            return not old.exists()

        await eventually(removed, "the former model's file is removed")
    assert len(list(tmp_path.iterdir())) == 2


async def test_it_waits_while_another_process_keeps_it_and_for_another_model(shelf: Shelf, tmp_path: Path) -> None:
    stored = await shelf.put(["p1", "p2"])
    elsewhere = VectorIndex(tmp_path, shelf.vectors, accounts=(ME,), model=lambda: MODEL, term=lambda: None)
    with pytest.raises(Unreachable, match="another process"):
        await nearest(elsewhere, ME, stored, MODEL, limit=1)
    await elsewhere.aclose()
    async with an_index(shelf, tmp_path) as index:
        with pytest.raises(Unreachable):
            await nearest(index, ME, stored, "newer", limit=1)
        with pytest.raises(Permanent, match="7 numbers"):
            await nearest(index, ME, [photo("q", a_vector(1, 7))], MODEL, limit=1)


async def test_another_term_of_the_role_catches_up_what_happened_meanwhile(shelf: Shelf, tmp_path: Path) -> None:
    terms: list[int | None] = [1]
    index = VectorIndex(tmp_path, shelf.vectors, accounts=(ME,), model=lambda: MODEL, term=lambda: terms[0])
    stored = await shelf.put(["p1"])
    await index._turn()
    terms[0] = None
    with pytest.raises(Unreachable):
        await nearest(index, ME, stored, MODEL, limit=5)
    await shelf.put(["p2"])
    terms[0] = 2
    with pytest.raises(Unreachable):
        await nearest(index, ME, stored, MODEL, limit=5)
    await index._turn()
    assert names_of((await nearest(index, ME, stored, MODEL, limit=5))[AssetId("p1")]) == ["p2"]
    await index.aclose()


async def test_vectors_that_are_no_numbers_are_left_out(shelf: Shelf, tmp_path: Path) -> None:
    stored = await shelf.put(["p1", "p2"])
    broken = photo("nan", np.full(DIMENSION, np.nan, dtype=np.float32))
    await shelf.photos.save(broken, MODEL)
    async with an_index(shelf, tmp_path) as index:
        found = await nearest(index, ME, (*stored, broken), MODEL, limit=5)
    assert names_of(found[AssetId("p1")]) == ["p2"]
    assert AssetId("nan") not in found


async def test_it_is_saved_while_it_lives_and_asked_while_it_grows(shelf: Shelf, tmp_path: Path) -> None:
    often = SavePolicy(many=5, few=1, quiet_s=0.05)
    await shelf.put(["p0"])
    async with an_index(shelf, tmp_path, policy=often) as index:

        async def saved() -> bool:
            return bool(list(tmp_path.glob("*.json")))

        await eventually(saved, "it is saved")
        before = next(tmp_path.glob("*.hnsw"))
        stored = await shelf.put([f"p{number}" for number in range(1, 20)])
        await nearest(index, ME, stored, MODEL, limit=5)

        async def saved_again() -> bool:
            return not before.exists() and len(list(tmp_path.glob("*.hnsw"))) == 1

        await eventually(saved_again, "it is saved again")
        assert "20 photos" in await index.answers()


async def test_a_save_that_is_given_up_is_not_disturbed_by_the_last_one(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put([f"p{number}" for number in range(60)])
    with capture_logs() as logs:
        async with an_index(shelf, tmp_path) as index:
            given_up = [asyncio.create_task(index.save()) for _ in range(3)]
            await asyncio.sleep(0)
            for task in given_up:
                task.cancel()
    assert [line["event"] for line in logs if "cannot be saved" in line["event"]] == []
    with capture_logs() as logs:
        async with an_index(shelf, tmp_path):
            pass
    assert [line["added"] for line in logs if line["event"] == "the index of vectors is ready"] == [0]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("changes", "quiet_s", "saved_s", "due"),
    [
        (0, 1e6, 1e6, False),
        (10_000, 0.0, 61.0, True),
        (10_000, 0.0, 1.0, False),
        (500, 59.0, 100.0, False),
        (500, 61.0, 100.0, True),
        (1, 61.0, 100.0, False),
        (1, 61.0, 30_000.0, True),
    ],
)
def test_when_it_is_saved(changes: int, quiet_s: float, saved_s: float, due: bool) -> None:
    assert SavePolicy().is_due(changes, quiet_s, saved_s) is due
