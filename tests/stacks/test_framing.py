"""One view or two: the match of small pictures of real drawings, shifted, zoomed and turned."""

import numpy as np
import pytest
from PIL import Image

from models.training.burst_frames import Window, see
from reactor.core.bursts import partition
from reactor.core.framing import best_match, closest_match
from reactor.core.stack_policy import StackPolicy
from reactor.core.thumbs import SIDE, thumb_of
from reactor.demo.pictures import draw

from .world import RANDOM_PAIR, photo

LEVEL = Window(x=0.75, y=0.5, height=0.6, ratio=4 / 3)


def thumb(base: Image.Image, window: Window) -> bytes:
    return thumb_of(np.asarray(see(base, window).convert("L"), np.float32))


@pytest.fixture(scope="module")
def town() -> Image.Image:
    return draw("city", 5, 560, ratio=3 / 2).image


@pytest.mark.parametrize("kind", ["city", "mountains", "portrait", "food"])
def test_a_photo_that_was_turned_and_zoomed_still_matches(kind: str) -> None:
    base = draw(kind, 7, 560, ratio=3 / 2).image
    reframed = Window(x=0.81, y=0.53, height=0.67, ratio=4 / 3, angle=4)
    near, far = closest_match(thumb(base, LEVEL), thumb(base, reframed))
    assert near > best_match(thumb(base, LEVEL), thumb(base, reframed))[0]
    assert near > 0.7
    assert near > far


def test_the_halves_of_a_pan_match_better_with_little_in_common(town: Image.Image) -> None:
    left, right = (Window(x=x, y=0.5, height=0.7, ratio=1.0) for x in (0.4, 0.9))
    near, far = closest_match(thumb(town, left), thumb(town, right))
    assert far > near + 0.05


def test_a_picture_matches_itself_and_a_plain_one_nothing(town: Image.Image) -> None:
    photo, plain = thumb(town, LEVEL), bytes([90]) * SIDE**2
    assert closest_match(photo, photo)[0] == pytest.approx(1, abs=1e-3)
    assert closest_match(plain, photo) == closest_match(plain, plain) == (0.0, 0.0)


def test_who_comes_to_a_long_row_is_compared_with_those_near_by_only() -> None:
    # A walk through one place: to the model all alike, each framed otherwise, so that every pair is looked at closely.
    chance = np.random.default_rng(5)
    walk = [
        photo(f"p{n:02}", 4.0 * n, 5.0 * (n % 2), int(chance.integers(1 << 63)), thumb=chance.bytes(SIDE**2))
        for n in range(40)
    ]
    partition(walk[:-1], StackPolicy(), RANDOM_PAIR)
    known = closest_match.cache_info().misses
    partition(walk, StackPolicy(), RANDOM_PAIR)
    assert closest_match.cache_info().misses - known <= 4
