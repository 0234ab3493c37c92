"""What the index tells of photos that look alike, and that a photo comes in whatever happens meanwhile."""

from dataclasses import replace
from pathlib import Path

import hnswlib
import pytest
from structlog.testing import capture_logs

from reactor.core.errors import Permanent, Unreachable
from reactor.core.library import LookalikesWanted

from ..household import ME
from .rig import MODEL, Shelf, a_vector, an_index, names_of, nearest, photo, ready


async def test_only_lookalikes_of_one_structure_are_told_and_read_unless_they_are_known(
    shelf: Shelf, tmp_path: Path
) -> None:
    asked, near, other, known, dropped = await shelf.put(["p1", "p2", "p3", "p4", "p5"])
    await shelf.photos.save(replace(other, phash=0b1111), MODEL)
    negative = replace(near, phash=(1 << 63) | 0b1)
    await shelf.photos.save(negative, MODEL)
    wanted = LookalikesWanted(account=ME, model=MODEL, photos=[asked], known={known.asset: known}, limit=10, bits=3)
    async with an_index(shelf, tmp_path) as index:
        await shelf.photos.drop(ME, [dropped.asset])
        found = await index.lookalikes(wanted)
        assert sorted(names_of(found.near[asked.asset])) == ["p2", "p4"]
        assert found.read == (negative,)
        (read,) = found.read
        assert (read.number, read.vector.tolist()) == (near.number, near.vector.tolist())
        found = await index.lookalikes(replace(wanted, photos=[replace(asked, phash=0b0111)], known={}, bits=1))
        assert [one.asset for one in found.read] == ["p3"]
        assert names_of(found.near[asked.asset]) == ["p3"]


async def test_copies_are_found_among_many_that_only_look_alike(shelf: Shelf, tmp_path: Path) -> None:
    (asked,) = await shelf.put(["p0"])
    for number in range(40):
        await shelf.photos.save(replace(photo(f"other {number}", a_vector(0)), phash=(1 << 64) - 1), MODEL)
    await shelf.photos.save(photo("copy", a_vector(1)), MODEL)
    wanted = LookalikesWanted(account=ME, model=MODEL, photos=[asked], limit=16, bits=3)
    async with an_index(shelf, tmp_path) as index:
        assert names_of((await index.lookalikes(wanted)).near[asked.asset]) == ["copy"]


async def test_another_structure_of_a_photo_counts_once_it_is_asked_about(shelf: Shelf, tmp_path: Path) -> None:
    first, second = await shelf.put(["p1", "p2"])
    wanted = LookalikesWanted(account=ME, model=MODEL, photos=[first], limit=5, bits=3)
    async with an_index(shelf, tmp_path) as index:
        assert names_of((await index.lookalikes(wanted)).near[first.asset]) == ["p2"]
        changed = replace(second, phash=0b1111)
        await shelf.photos.save(changed, MODEL)
        await index.lookalikes(replace(wanted, photos=[changed]))
        assert (await index.lookalikes(wanted)).near[first.asset] == ()


async def test_what_could_not_be_taken_in_is_caught_up_from_the_table(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = await shelf.put(["p1"])
    async with an_index(shelf, tmp_path) as index:
        second, third = await shelf.put(["p2", "p3"])
        add, refused = hnswlib.Index.add_items, list[object]()

        def no_memory_twice(*arguments: object, **named: object) -> None:
            if len(refused) < 2:
                refused.append(arguments)
                raise MemoryError
            add(*arguments, **named)

        monkeypatch.setattr(hnswlib.Index, "add_items", no_memory_twice)
        monkeypatch.setattr("reactor.adapters.hnsw.index.WANT_S", 0.05)
        with capture_logs() as logs:
            assert names_of((await nearest(index, ME, [second], MODEL, limit=5))[second.asset]) == ["p1"]
            # Who asks meanwhile would not be told of it.
            with pytest.raises(Unreachable):
                await nearest(index, ME, [third], MODEL, limit=5)
            await ready(index)
        assert [line["event"] for line in logs] == [
            "photos are not in the index yet; it catches up",
            "the index of vectors waits",
            "the index of vectors is ready",
        ]
        assert sorted(names_of((await nearest(index, ME, [first], MODEL, limit=5))[first.asset])) == ["p2", "p3"]


async def test_a_photo_comes_in_though_the_table_could_not_be_read(shelf: Shelf, tmp_path: Path) -> None:
    (first,) = await shelf.put(["p1"])
    async with an_index(shelf, tmp_path) as index:
        (second,) = await shelf.put(["p2"])
        await shelf.pool.execute("ALTER TABLE bursts RENAME TO away")
        with pytest.raises(Permanent):
            await nearest(index, ME, [second], MODEL, limit=5)
        await shelf.pool.execute("ALTER TABLE away RENAME TO bursts")
        assert names_of((await nearest(index, ME, [first], MODEL, limit=5))[first.asset]) == ["p2"]


async def test_photos_that_are_gone_hide_no_copy(shelf: Shelf, tmp_path: Path) -> None:
    (asked,) = await shelf.put(["p0"])
    gone = [photo(f"gone {number}", a_vector(0)) for number in range(40)]
    for one in gone:
        await shelf.photos.save(one, MODEL)
    await shelf.photos.save(photo("copy", a_vector(1)), MODEL)
    wanted = LookalikesWanted(account=ME, model=MODEL, photos=[asked], limit=16, bits=3)
    async with an_index(shelf, tmp_path) as index:
        await shelf.photos.drop(ME, [one.asset for one in gone])  # by another process, which told nobody
        assert names_of((await index.lookalikes(wanted)).near[asked.asset]) == ["copy"]
