"""Every kind of picture is drawn, at every size, and the same each time."""

import numpy as np
import pytest

from reactor.demo.pictures import KINDS, draw


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_pixels_and_another_seed_others(kind: str) -> None:
    first, again, other = draw(kind, 5, 96), draw(kind, 5, 96), draw(kind, 6, 96)
    assert first.image.tobytes() == again.image.tobytes()
    assert first.attributes == again.attributes
    assert first.image.tobytes() != other.image.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_tall_picture_has_the_asked_size(kind: str) -> None:
    picture = draw(kind, 8, 90, ratio=0.5).image
    assert (picture.mode, picture.size) == ("RGB", (90, 180))


def test_the_size_is_the_short_side() -> None:
    assert draw("sea", 1, 300, ratio=4 / 3).image.size == (400, 300)


def test_a_motif_keeps_its_place_at_another_size() -> None:
    small = np.asarray(draw("car", 3, 112).image.convert("L"), float)
    large = np.asarray(draw("car", 3, 448).image.resize((112, 112)).convert("L"), float)
    # Noise is drawn afresh at each size; the shapes are not.
    assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.8


def test_there_are_43_kinds_and_no_other() -> None:
    assert len(set(KINDS)) == 43
    with pytest.raises(KeyError):
        draw("unicorn", 1)
