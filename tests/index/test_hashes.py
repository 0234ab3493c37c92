"""Hashes by number: as the table had them, as they are since, and what nobody knows."""

import random
from dataclasses import replace

import numpy as np
import pytest

from reactor.adapters.hnsw.alike import Hashes

from .rig import a_vector, photo

HIGHEST = (1 << 64) - 1


def hashes_of(known: dict[int, int]) -> Hashes:
    return Hashes(np.array(list(known), dtype=np.int64), np.array(list(known.values()), dtype=np.uint64))


@pytest.mark.parametrize("seed", range(20))
def test_a_number_agrees_by_what_is_known_of_it_last(seed: int) -> None:
    chance = random.Random(seed)
    base, bits = chance.getrandbits(64), chance.randint(0, 64)
    near = [base ^ sum(1 << bit for bit in chance.sample(range(64), chance.randint(0, 12))) for _ in range(40)]
    known = {
        number: chance.choice([*near, 0, HIGHEST]) for number in chance.sample(range(1, 60), chance.randint(0, 40))
    }
    hashes = hashes_of(known)
    for _ in range(chance.randint(0, 5)):
        some = {number: chance.choice(near) for number in chance.sample(range(1, 60), 5)}
        hashes.learn(replace(photo("p", a_vector(0)), number=number, phash=phash) for number, phash in some.items())
        known |= some
    asked = chance.sample(range(1, 70), 30)
    expected = [number not in known or (known[number] ^ base).bit_count() <= bits for number in asked]
    assert hashes.agree(np.array(asked, dtype=np.int64), base, bits).tolist() == expected


def test_of_none_and_of_nobody_nothing_is_said() -> None:
    hashes = hashes_of({})
    hashes.learn([replace(photo("p", a_vector(0)), phash=HIGHEST)])  # not stored yet, so it bears no number
    assert hashes.agree(np.array([], dtype=np.int64), 0, 0).tolist() == []
    assert hashes.agree(np.array([7], dtype=np.int64), HIGHEST, 0).tolist() == [True]
