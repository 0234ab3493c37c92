"""Random histories of the index against exact search: added, dropped, forgotten, restarted, found all the same."""

import random
import tempfile
from pathlib import Path

import asyncpg
import pytest

from reactor.core.ids import AssetId

from ..household import ME
from .rig import MODEL, Shelf, an_index, names_of, nearest

STEPS, LIMIT = 12, 10


@pytest.mark.parametrize("seed", range(6))
async def test_a_history_of_changes_finds_what_exact_search_finds(pool: asyncpg.Pool, seed: int) -> None:
    chance = random.Random(seed)
    shelf = Shelf(pool)
    names: list[str] = []
    wanted = found = 0
    fresh = iter(range(10_000))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(STEPS):
            async with an_index(shelf, Path(folder)) as index:
                for _ in range(chance.randint(1, 3)):
                    new = [f"p{next(fresh)}" for _ in range(chance.randint(1, 40))]
                    stored = await shelf.put(new)
                    names += new
                    # What other processes embed is told by its delivery, or found at the next start.
                    await nearest(index, ME, chance.sample(stored, chance.randint(0, len(stored))), MODEL, limit=1)
                    gone = [AssetId(name) for name in chance.sample(names, min(len(names) // 3, chance.randint(0, 25)))]
                    names = [name for name in names if name not in gone]
                    if chance.random() < 0.5:
                        await index.forget(ME, gone)
                    await shelf.photos.drop(ME, gone)
            async with an_index(shelf, Path(folder)) as index:
                asked = await shelf.get(chance.sample(names, min(len(names), 12)))
                near = await nearest(index, ME, asked, MODEL, limit=LIMIT)
            for one in asked:
                exact = dict(await shelf.exact(one, LIMIT))
                told = near[one.asset]
                assert len(told) == len(exact)
                assert [cosine for _, cosine in told] == sorted((cosine for _, cosine in told), reverse=True)
                assert all(cosine == pytest.approx(exact[name], abs=1e-5) for name, cosine in told if name in exact)
                assert set(names_of(told)) <= set(names) - {one.asset}
                wanted += len(exact)
                found += len(exact.keys() & set(names_of(told)))
    assert wanted > 500
    assert found >= 0.99 * wanted
