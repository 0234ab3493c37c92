"""Whether a search is so brief that nobody notices it on the loop: a table of what was noted before."""

import pytest

from reactor.adapters.hnsw.pace import COLD_S, FORGOTTEN, Pace


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("noted", "later_s", "photos", "expected"),
    [
        # nothing is known yet
        ([], 0, 1, False),
        ([(1, 0.0006)], 0, 1, True),
        ([(1, 0.0006)], 0, 4, False),
        ([(4, 0.0024)], 0, 3, True),
        # a large library, or a slow machine
        ([(1, 0.003)], 0, 1, False),
        # after a while the memory may have gone to disk
        ([(1, 0.0006)], COLD_S + 1, 1, False),
        # one that took long, and what came after
        ([(1, 0.0006), (1, 0.5)], 0, 1, False),
        ([(1, 0.5)] + [(1, 0.0006)] * 5 * FORGOTTEN, 0, 1, False),
        ([(1, 0.01)] + [(1, 0.0006)] * 5 * FORGOTTEN, 0, 1, True),
        ([(1, 0.0006)] + [(1, 0.003)] * 2 * FORGOTTEN, 0, 1, False),
        ([(0, 0.0001)], 0, 1, True),
    ],
)
def test_what_is_brief(noted: list[tuple[int, float]], later_s: float, photos: int, expected: bool) -> None:
    clock = Clock()
    pace = Pace(clock)
    for count, seconds in noted:
        pace.note(count, seconds)
    clock.now += later_s
    assert pace.is_brief(photos) is expected
