"""Files of the index that were damaged, cut or exchanged: each is noticed, and the index is built anew."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from reactor.core.ids import AssetId

from ..household import ME
from .rig import DIMENSION, MODEL, OTHER, Shelf, an_index, names_of, nearest


def flipped(at: float) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (graph,) = folder.glob("*.hnsw")
        content = bytearray(graph.read_bytes())
        content[min(int(at * len(content)), len(content) - 1)] ^= 0x5A
        graph.write_bytes(content)

    return damage


def truncated(share: float) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (graph,) = folder.glob("*.hnsw")
        graph.write_bytes(graph.read_bytes()[: int(share * graph.stat().st_size)])

    return damage


def without(pattern: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for path in folder.glob(pattern):
            path.unlink()

    return damage


def told(**changes: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (note,) = folder.glob("*.json")
        note.write_text(json.dumps(json.loads(note.read_text()) | changes))

    return damage


def garbled(folder: Path) -> None:
    (note,) = folder.glob("*.json")
    note.write_bytes(note.read_bytes()[:40] + b"\x00\xff")


DAMAGES = {
    **{f"a byte at {at:.0%}": flipped(at) for at in (0.0, 0.01, 0.2, 0.4, 0.6, 0.8, 0.99, 1.0)},
    **{f"cut at {share:.0%}": truncated(share) for share in (0.0, 0.001, 0.5, 0.999)},
    "no graph": without("*.hnsw"),
    "no sidecar": without("*.json"),
    "a garbled sidecar": garbled,
    "another dimension": told(dimension=DIMENSION // 2),
    "another count": told(count=5),
    "another model": told(model="other"),
    "another account": told(account="other"),
    "a newer format": told(format=99),
    "a path for a checksum": told(sha256="../../" + "a" * 58),
    "photos that it has not": told(gone=[123456]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_a_damaged_file_is_noticed_and_built_anew(
    shelf: Shelf, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    stored = await shelf.put([f"p{number}" for number in range(30)])
    async with an_index(shelf, tmp_path):
        pass
    damage(tmp_path)
    with capture_logs() as logs:
        async with an_index(shelf, tmp_path) as index:
            found = await nearest(index, ME, stored[4:5], MODEL, limit=5)
    assert names_of(found[AssetId("p4")]) == names_of(await shelf.exact(stored[4], 5))
    (said,) = [line for line in logs if line["event"] == "the index of vectors is ready"]
    assert said["added"] == 30, "it was not built anew"
    # What was built takes the place of what was damaged.
    assert len(list(tmp_path.glob("*.hnsw"))) == 1
    with capture_logs() as logs:
        async with an_index(shelf, tmp_path):
            pass
    assert [line["added"] for line in logs if line["event"] == "the index of vectors is ready"] == [0]


async def test_sidecars_that_changed_places_are_noticed(shelf: Shelf, tmp_path: Path) -> None:
    accounts = (ME, OTHER)
    await shelf.put([f"p{number}" for number in range(20)])
    await shelf.put([f"x{number}" for number in range(20, 40)], OTHER)
    async with an_index(shelf, tmp_path, accounts=accounts):
        pass
    first, second = sorted(tmp_path.glob("*.json"))
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    async with an_index(shelf, tmp_path, accounts=accounts) as index:
        (asked,) = await shelf.get(["x25"], OTHER)
        found = await nearest(index, OTHER, (asked,), MODEL, limit=3)
    assert names_of(found[asked.asset]) == names_of(await shelf.exact(asked, 3))
