"""How well small pictures match when one is shifted."""

import pytest

from reactor.core.framing import best_match, still_match
from reactor.core.thumbs import SIDE, thumb_of

from .test_thumbs import scene


def test_a_frame_matches_itself_in_other_light_and_nothing_matches_a_plain_one() -> None:
    view = scene(3)
    near, far = best_match(thumb_of(view), thumb_of(0.6 * view + 30))
    assert near > 0.999
    assert far < 0.8
    assert best_match(bytes(SIDE * SIDE), thumb_of(view)) == (0.0, 0.0)


def test_as_they_lie_only_pictures_of_one_framing_match() -> None:
    wide = scene(4, 256, 512)
    view = thumb_of(wide[:, :256])
    assert still_match(view, thumb_of(0.6 * wide[:, :256] + 30)) > 0.999
    assert still_match(view, thumb_of(wide[:, 48:304])) < 0.9 < best_match(view, thumb_of(wide[:, 48:304]))[0]
    assert still_match(view, bytes(SIDE * SIDE)) == 0.0


@pytest.mark.parametrize(("moved", "is_near"), [(0, True), (48, True), (112, True), (144, False), (192, False)])
def test_a_camera_that_was_turned_shows_by_how_much(moved: int, is_near: bool) -> None:
    wide = scene(4, 256, 512)
    for one, other in (
        (wide[:, :256], wide[:, moved : moved + 256]),
        (wide[:, :256].T, wide[:, moved : moved + 256].T),
    ):
        near, far = best_match(thumb_of(one), thumb_of(other))
        assert (near > far) is is_near
        assert max(near, far) > 0.9
